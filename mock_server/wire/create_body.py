"""Bodies of create calls: which model, which request, and what is wrong with it."""

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

from mock_server.wire.errors import ErrorAnswer, Flaw
from mock_server.wire.provenance import ERRORS, OFFICIAL, SDK, rests_on
from wanx_render.backends.imitation.refusals import refusal_of
from wanx_render.backends.simulator import Fate
from wanx_render.catalog.abilities import Model
from wanx_render.catalog.capabilities import Catalog
from wanx_render.catalog.request_forms import Form, Place
from wanx_render.task import InputMedia, Role, SoundMode, TaskRequest

# Finds the picture or the sound at a URL; raises Flaw where the service could not use it.
Resolve = Callable[[str, Literal["image", "sound"]], InputMedia]


@dataclass(frozen=True, slots=True)
class CreateCall:
    """A create call: the request, and its first flaw where it has one."""

    request: TaskRequest
    flaw: Fate | None


@rests_on("official text", ERRORS, "No model is BadRequest.EmptyModel, no input is EmptyInput")
@rests_on("official text", ERRORS, "A model that the region does not have is 404 ModelNotFound")
def named_model(body: dict[str, Any], catalog: Catalog, region: str) -> Model:
    """The model a body asks for. Raises ErrorAnswer."""
    name = body.get("model")
    if not name:
        raise ErrorAnswer(400, "BadRequest.EmptyModel", 'Required parameter "model" missing.')
    if body.get("input") is None:
        raise ErrorAnswer(400, "BadRequest.EmptyInput", 'Required parameter "input" missing.')
    model = catalog.model(name) if isinstance(name, str) else None
    if model is None or model.region_names.value.get(region) != name:
        raise ErrorAnswer(404, "ModelNotFound", "Model not exist.")
    return model


@rests_on("captured", SDK, "Unknown fields, a null prompt and absent parameters are passed over")
@rests_on("official text", OFFICIAL, "Without values, the model's defaults hold")
@rests_on("third party", "a live test of July 2026", "Flaws can show after acceptance, as FAILED")
def read_create(
    body: dict[str, Any], model: Model, catalog: Catalog, region: str, resolve: Resolve
) -> CreateCall:
    """The request in a body, and what is wrong with it."""
    flaws: list[Flaw] = []
    fields, form = _Fields(body, flaws), catalog.form(model)
    image, last = _frames(fields, form, model, resolve)
    sound, track = _sound(fields, form, model, resolve)
    request = TaskRequest(
        model=model.name,
        region=region,
        image=image,
        last_image=last,
        prompt=fields.text("prompt"),
        negative_prompt=fields.text("negative_prompt"),
        template=fields.text("template") or None,
        resolution=fields.parameter("resolution", str, model.tiers.value[0]),
        duration=fields.parameter("duration", int, model.durations.value[0]),
        sound=sound,
        sound_file=track,
        prompt_extend=fields.parameter("prompt_extend", bool, True),
        watermark=fields.parameter("watermark", bool, False),
        seed=fields.seed(image.identity if image else ""),
    )
    refusal = refusal_of(request, catalog)
    if refusal:
        flaws.append(Flaw(refusal.code, refusal.message))
        request = _possible(request, model)
    flaw = Fate("fail-at-once", flaws[0].code, flaws[0].message) if flaws else None
    return CreateCall(request, flaw)


def _possible(request: TaskRequest, model: Model) -> TaskRequest:
    """The same request with a tier and length that exist: a failed task still has a price row."""
    tiers, durations = model.tiers.value, model.durations.value
    return replace(
        request,
        resolution=request.resolution if request.resolution in tiers else tiers[0],
        duration=request.duration if request.duration in durations else durations[0],
    )


class _Fields:
    """The two objects of a create body; values of a wrong type are noted and left out."""

    def __init__(self, body: dict[str, Any], flaws: list[Flaw]) -> None:
        self.flaws = flaws
        self.input = self._object("input", body.get("input"))
        self.parameters = self._object("parameters", body.get("parameters"))

    def _object(self, name: str, value: Any) -> dict[str, Any]:
        if value is None or isinstance(value, dict):
            return value or {}
        self.flaw("InvalidParameter", f"{name} must be an object.")
        return {}

    def flaw(self, code: str, message: str) -> None:
        self.flaws.append(Flaw(code, message))

    def text(self, name: str) -> str:
        value = self.input.get(name)
        if value is None or isinstance(value, str):
            return value or ""
        self.flaw("InvalidParameter", f"{name} must be a string.")
        return ""

    def parameter(self, name: str, kind: Any, default: Any) -> Any:
        value = self.parameters.get(name)
        if value is None:
            return default
        if kind is int and isinstance(value, float) and math.isfinite(value) and value % 1 == 0:
            value = int(value)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self.flaw("InvalidParameter", f"{name} must be a {_KINDS[kind]}.")
            return default
        return value

    def seed(self, identity: str) -> int:
        """The seed asked for; else one that the same request always gets."""
        seed: int = self.parameter("seed", int, -1)
        if "seed" in self.parameters and not 0 <= seed <= 2_147_483_647:
            self.flaw("InvalidParameter", "seed must be between 0 and 2147483647.")
        if 0 <= seed <= 2_147_483_647:
            return seed
        basis = json.dumps([identity, self.input.get("prompt")], default=str)
        return int(hashlib.sha256(basis.encode()).hexdigest()[:7], 16)

    def media(self, name: str, url: Any, resolve: Resolve) -> InputMedia | None:
        """The picture or sound at ``url``; None where there is none or it cannot be used."""
        if url is None or url == "":
            return None
        try:
            if not isinstance(url, str):
                raise Flaw("InvalidParameter", f"{name} must be a string.")
            return resolve(url, "sound" if "audio" in name else "image")
        except Flaw as flaw:
            self.flaws.append(flaw)
            return InputMedia("unusable:" + hashlib.sha256(repr(url)[:4096].encode()).hexdigest())


_KINDS = {int: "whole number", str: "string", bool: "boolean"}


@rests_on("captured", SDK, "Frames stand in img_url, first_frame_url or media, as the model has it")
def _frames(
    fields: _Fields, form: Form, model: Model, resolve: Resolve
) -> tuple[InputMedia | None, InputMedia | None]:
    first, last = (_at(fields, form, role, resolve) for role in ("first_frame", "last_frame"))
    if first is None and model.needs_first_frame:
        name = form.places["first_frame"]
        fields.flaw("InvalidParameter", f'Required parameter "{name}" missing.')
        first = InputMedia("missing")
    return first, last if model.takes_last_image else None


def _at(fields: _Fields, form: Form, role: Role, resolve: Resolve) -> InputMedia | None:
    """What a body has for ``role``, where its form has a place for it."""
    place = form.fields.get(role)
    if place is None:
        return None
    return fields.media(form.places[role], _address(fields, place), resolve)


def _address(fields: _Fields, place: Place) -> Any:
    """The address at a place; of several the last."""
    value = fields.input.get(place.field)
    match place.kind:
        case "address":
            return value
        case "list":
            return value[-1] if isinstance(value, list) and value else None
        case "typed":  # SDK 1.25.8 puts the list into the parameters
            value = fields.parameters.get(place.field) if value is None else value
            entries = [e for e in value if isinstance(e, dict)] if isinstance(value, list) else []
            return next((e.get("url") for e in entries[::-1] if e.get("type") == place.type), None)


@rests_on("official text", OFFICIAL, "audio_url and audio decide the sound; which wins is data")
def _sound(
    fields: _Fields, form: Form, model: Model, resolve: Resolve
) -> tuple[SoundMode, InputMedia | None]:
    if model.sound.value == "none":
        return "none", None
    audio = fields.parameter("audio", bool, True)
    silent = not audio and model.sound.value == "switchable"
    switch_wins = model.sound_precedence is not None and model.sound_precedence.value == "switch"
    track = None if silent and switch_wins else _at(fields, form, "soundtrack", resolve)
    if track:
        return "file", track
    return ("silent" if silent else "auto"), None
