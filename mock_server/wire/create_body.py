"""Bodies of create calls: which model, which request, and what is wrong with it."""

import random
from dataclasses import dataclass, replace
from typing import Any

from mock_server.wire.body_fields import BodyFields
from mock_server.wire.body_media import Resolve, media_of, references_in
from mock_server.wire.errors import URL_ERROR, ErrorAnswer
from mock_server.wire.known_fields import note_fields
from mock_server.wire.notes import DEFAULT_CHECKS, Checks, RequestNote
from mock_server.wire.picture_body import picture_request, size_in
from mock_server.wire.provenance import ERRORS, FAMILIES, OFFICIAL, SWEEP, rests_on
from wanx_render.backends.imitation.refusals import refusals_of
from wanx_render.backends.simulator import Fate
from wanx_render.catalog.abilities import Model, PictureModel
from wanx_render.catalog.capabilities import Catalog
from wanx_render.geometry import Size
from wanx_render.task import InputMedia, Role, SoundMode, TaskRequest


@dataclass(frozen=True, slots=True)
class CreateCall:
    """A create call: the request, and its first flaw where it has one."""

    request: TaskRequest
    flaw: Fate | None
    results: int = 1  # pictures that are asked for
    notes: tuple[RequestNote, ...] = ()


@rests_on("official text", ERRORS, "No model is BadRequest.EmptyModel, no input is EmptyInput")
@rests_on("captured", SWEEP, "A model that the region does not have is 404: Model not exist.")
def named_model(body: dict[str, Any], catalog: Catalog, region: str) -> Model | PictureModel:
    """The model a body asks for. Raises ErrorAnswer."""
    name = body.get("model")
    if not name:
        raise ErrorAnswer(400, "BadRequest.EmptyModel", 'Required parameter "model" missing.')
    if body.get("input") is None:
        raise ErrorAnswer(400, "BadRequest.EmptyInput", 'Required parameter "input" missing.')
    entry = (catalog.model(name) or catalog.picture_model(name)) if isinstance(name, str) else None
    if entry is None or entry.region_names.value.get(region) != name:
        raise ErrorAnswer(404, "InvalidParameter", "Model not exist.")
    return entry


@rests_on("third party", "issues of public clients", "A model at another's path is 400: url error")
@rests_on("captured", SWEEP, "Where the path makes something else, it is 403 AccessDenied")
def check_path(path: str, entry: Model | PictureModel, catalog: Catalog) -> None:
    """Refuse a call to a path that is not the model's. Raises ErrorAnswer."""
    form = catalog.form(entry)
    if path == form.path:
        return
    makes = {other.makes for other in catalog.forms.values() if other.path == path}
    if form.makes in makes:
        raise ErrorAnswer(400, "InvalidParameter", URL_ERROR)
    message = "current user api does not support asynchronous calls."
    raise ErrorAnswer(403, "AccessDenied", message)


@rests_on("third party", "a live test of July 2026", "Flaws can show after acceptance, as FAILED")
@rests_on("guess", "nobody says", "Of several flaws the first is named: of fields, then of files")
def read_create(
    body: dict[str, Any],
    entry: Model | PictureModel,
    catalog: Catalog,
    region: str,
    resolve: Resolve,
    checks: Checks = DEFAULT_CHECKS,
) -> CreateCall:
    """The request in a body, and what is wrong with it."""
    fields, results = BodyFields(body, checks), 1
    if isinstance(entry, PictureModel):
        request, results = picture_request(fields, entry, catalog, region, resolve)
    else:
        request = _clip_request(fields, entry, catalog, region, resolve)
    for refusal in refusals_of(request, catalog):
        fields.refused(refusal)
    note_fields(fields, body, entry, catalog)
    possible = _possible(request, entry) if isinstance(entry, Model) else request
    return CreateCall(possible, fate_of(fields), results, tuple(fields.notes))


def fate_of(fields: BodyFields) -> Fate | None:
    """What becomes of the task, if something is wrong with its body."""
    first = fields.first_flaw
    return Fate("fail-at-once", first.code, first.message, first.seconds) if first else None


@rests_on("official text", OFFICIAL, "Without values, the model's defaults hold")
def _clip_request(
    fields: BodyFields, model: Model, catalog: Catalog, region: str, resolve: Resolve
) -> TaskRequest:
    media = media_of(fields, catalog.form(model), model.roles, resolve)
    last_of = dict(media)
    sound, track = _sound(fields, model, last_of)
    tier, size = _tier_and_size(fields, model, catalog)
    first = last_of.get("first_frame")
    allowed = (model.seed_range or catalog.service.seed_range).value
    seed = fields.seed(first.identity if first else "", allowed)
    return TaskRequest(
        model=model.name,
        region=region,
        image=first,
        last_image=last_of.get("last_frame"),
        prompt=fields.text("prompt"),
        negative_prompt=fields.text("negative_prompt"),
        template=fields.text("template") or None,
        resolution=tier,
        duration=_duration(fields, model, seed),
        sound=sound,
        sound_file=track,
        prompt_extend=fields.parameter("prompt_extend", bool, True),
        watermark=fields.parameter("watermark", bool, _watermark(model)),
        seed=seed,
        first_clip=last_of.get("first_clip"),
        references=references_in(media),
        size=size,
        ratio=_choice(fields, "ratio", model.ratios.value if model.ratios else ()),
        shot_type=_choice(fields, "shot_type", model.shot_types.value if model.shot_types else ()),
    )


def _watermark(model: Model) -> bool:
    return bool(model.watermark_default and model.watermark_default.value)


def _choice(fields: BodyFields, name: str, choices: tuple[str, ...]) -> str:
    """One of several words, the first where none is given; passed over by models without it."""
    if not choices:
        return ""
    value: str = fields.parameter(name, str, choices[0])
    return value


@rests_on("official text", FAMILIES, "A duration of -1 lets the service choose, where it is known")
@rests_on("guess", "nobody says", "The chosen duration is any of the model's")
@rests_on("guess", "duration counts the first clip", "A first clip is shorter than the duration")
def _duration(fields: BodyFields, model: Model, seed: int) -> int:
    durations = model.durations.value
    duration: int = fields.parameter("duration", int, durations[0])
    if duration == -1 and model.adaptive_duration and model.adaptive_duration.value:
        return random.Random(seed).choice(sorted(durations))  # noqa: S311  # no secret
    return duration


@rests_on("official text", FAMILIES, "Some models take a size, W*H; others a tier and a ratio")
@rests_on("captured", "public answers of 2026", "A size is passed over where a tier is asked for")
def _tier_and_size(fields: BodyFields, model: Model, catalog: Catalog) -> tuple[str, Size | None]:
    """The tier asked for, or that of the size asked for; a size of no tier stays to be refused."""
    tier: str = model.tiers.value[0]
    if "size" not in catalog.parameters(model) or model.sizes is None:
        return fields.parameter("resolution", str, tier), None
    sizes = model.sizes.value
    text: str = fields.parameter("size", str, "")
    size = size_in(text) if text else size_in(next(iter(sizes.get(tier, ("1280x720",)))))
    if size is None:
        fields.invalid("parameters.size", f"The size is not match {text[:40]}")
        return tier, None
    return next((name for name in sizes if str(size) in sizes[name]), tier), size


@rests_on("official text", OFFICIAL, "audio_url and audio decide the sound; which wins is data")
def _sound(
    fields: BodyFields, model: Model, media: dict[Role, InputMedia]
) -> tuple[SoundMode, InputMedia | None]:
    if model.sound.value == "none":
        return "none", None
    audio = fields.parameter("audio", bool, True)
    silent = not audio and model.sound.value == "switchable"
    switch_wins = model.sound_precedence is not None and model.sound_precedence.value == "switch"
    track = None if silent and switch_wins else media.get("soundtrack")
    if track:
        return "file", track
    return ("silent" if silent else "auto"), None


def _possible(request: TaskRequest, model: Model) -> TaskRequest:
    """The same request with values that exist: a failed task still has a price row."""
    tiers, durations = model.tiers.value, model.durations.value
    ratios = model.ratios.value if model.ratios else ("",)
    return replace(
        request,
        resolution=request.resolution if request.resolution in tiers else tiers[0],
        duration=request.duration if request.duration in durations else durations[0],
        ratio=request.ratio if request.ratio in ratios else ratios[0],
    )
