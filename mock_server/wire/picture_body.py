"""Bodies of create calls that ask for pictures: as words, or as a conversation."""

from math import isqrt
from typing import Any

from mock_server.wire.body_fields import BodyFields
from mock_server.wire.body_media import Resolve, media_of, references_in
from mock_server.wire.provenance import PICTURES, rests_on
from wanx_render.catalog.abilities import PictureModel
from wanx_render.catalog.capabilities import Catalog
from wanx_render.geometry import Size
from wanx_render.task import TaskRequest

_USUAL_SIDE = 1024
MOST_PICTURES = 4


@rests_on("third party", PICTURES, "Pictures are asked for by input.prompt or input.messages")
@rests_on("third party", PICTURES, "n pictures are asked for at once, 1 to 4")
def picture_request(
    fields: BodyFields, model: PictureModel, catalog: Catalog, region: str, resolve: Resolve
) -> tuple[TaskRequest, int]:
    """The request in a body, and how many pictures it asks for."""
    form = catalog.form(model)
    if form.prompt == "messages":
        fields.input = {**fields.input, **_from_messages(fields)}
    media = media_of(fields, form, frozenset(form.places), resolve)
    results: int = fields.parameter("n", int, 1)
    if not 1 <= results <= MOST_PICTURES:
        fields.invalid("parameters.n", f"n must be between 1 and {MOST_PICTURES}.")
        results = 1
    request = TaskRequest(
        model=model.name,
        region=region,
        image=None,
        last_image=None,
        prompt=fields.text("prompt"),
        negative_prompt=fields.text("negative_prompt")
        or fields.parameter("negative_prompt", str, ""),
        template=None,
        resolution="",
        duration=0,
        sound="none",
        sound_file=None,
        prompt_extend=fields.parameter("prompt_extend", bool, True),
        watermark=fields.parameter("watermark", bool, False),
        seed=fields.seed("", catalog.service.seed_range.value),
        references=references_in(media),
        size=_size(fields, model),
    )
    return request, results


def _from_messages(fields: BodyFields) -> dict[str, Any]:
    """The words and pictures of a conversation, as the fields of the other form."""
    texts: list[str] = []
    pictures: list[Any] = []
    messages = fields.input.get("messages")
    for message in messages if isinstance(messages, list) else ():
        content = message.get("content") if isinstance(message, dict) else None
        for part in content if isinstance(content, list) else ():
            if isinstance(part, dict) and isinstance(part.get("text"), str):
                texts.append(part["text"])
            if isinstance(part, dict) and part.get("image"):
                pictures.append(part["image"])
    return {"prompt": "\n".join(texts), "image": pictures}


@rests_on("guess", "nobody says", "Without a size, a picture is square, about a megapixel")
def _size(fields: BodyFields, model: PictureModel) -> Size:
    """The size asked for, or the usual one."""
    text: str = fields.parameter("size", str, "")
    size = size_in(text) if text else None
    if text and size is None:
        fields.invalid("parameters.size", f"The size is not match {text[:40]}")
    return size or _usual(model)


def _usual(model: PictureModel) -> Size:
    sizes = model.sizes.value
    if isinstance(sizes, tuple):
        return size_in(sizes[0]) or Size(_USUAL_SIDE, _USUAL_SIDE)
    low, high = sizes.area
    side = isqrt(min(max(_USUAL_SIDE**2, low), high)) // sizes.multiple * sizes.multiple
    return Size(side, side)


def size_in(text: str) -> Size | None:
    """``1280*720`` as a size; None for anything else."""
    width, _, height = text.replace("x", "*").partition("*")
    sides = [int(side) for side in (width, height) if side.isascii() and side.isdecimal()]
    if len(sides) != 2 or not all(0 < side < 100_000 for side in sides):
        return None
    return Size(*sides)
