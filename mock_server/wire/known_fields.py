"""What a body has that documents do not: unknown fields, and words that are too long."""

from collections.abc import Collection, Mapping
from typing import Any

from mock_server.wire.body_fields import DOCUMENTS, BodyFields
from mock_server.wire.provenance import FAMILIES, SDK, rests_on
from wanx_render.catalog.abilities import Model, PictureModel
from wanx_render.catalog.capabilities import Catalog

_BODY = ("model", "input", "parameters")
_ENTRY = ("type", "url", "reference_voice")  # of a list of media
_MOST = 20  # differences of one kind that are noted
_PASSED_OVER = f"captured: {SDK}"


@rests_on("captured", SDK, "Unknown fields, a null prompt and absent parameters are passed over")
def note_fields(
    fields: BodyFields, body: Mapping[str, Any], model: Model | PictureModel, catalog: Catalog
) -> None:
    """Note every field of ``body`` that no document has for ``model``."""
    _note_unknown(fields, "", body, _BODY)
    _note_unknown(fields, "input.", fields.input, _inputs(model, catalog))
    parameters = catalog.parameters(model)
    if isinstance(model, PictureModel):
        parameters = (*parameters, "negative_prompt")
    _note_unknown(fields, "parameters.", fields.parameters, parameters)
    media = fields.input.get("media")
    for entry in media if isinstance(media, list) else ():
        if isinstance(entry, dict):
            _note_unknown(fields, "input.media.", entry, _ENTRY)
    if isinstance(model, Model):
        _note_long(fields, "prompt", model.prompt_characters.value)
        _note_long(fields, "negative_prompt", model.negative_prompt_characters.value)


def _inputs(model: Model | PictureModel, catalog: Catalog) -> set[str]:
    """What may stand in ``input``."""
    form = catalog.form(model)
    if isinstance(model, PictureModel):
        return {form.prompt, "negative_prompt", "image"}
    names = {place.field for role, place in form.fields.items() if role in model.roles}
    if "reference_urls" in names:
        names.add("reference_video_urls")
    if model.negative_prompt_characters.value:
        names.add("negative_prompt")
    return names | {"prompt"} | ({"template"} if model.templates else set())


def _note_unknown(
    fields: BodyFields, place: str, values: Mapping[str, Any], known: Collection[str]
) -> None:
    unknown = [str(name)[:40] for name in values if name not in known]
    for name in unknown[:_MOST]:
        message = f"{name} is in no document of the model."
        fields.passed_over(place + name, message, _PASSED_OVER)


@rests_on("official text", FAMILIES, "Words that are too long are cut, not refused")
def _note_long(fields: BodyFields, name: str, most: int) -> None:
    text = fields.input.get(name)
    if isinstance(text, str) and len(text) > most > 0:
        message = f"{name} has {len(text)} characters; at most {most} are read."
        fields.passed_over(f"input.{name}", message, DOCUMENTS)
