"""What a request to a model looks like on the wire, with addresses and words that are made up."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from wanx_render.backends import wire
from wanx_render.catalog.abilities import Model, PictureModel
from wanx_render.catalog.capabilities import Catalog
from wanx_render.catalog.shapes import size_of
from wanx_render.geometry import Size
from wanx_render.task import InputMedia, Reference, TaskRequest

_FILES = {
    "first_frame": "first.png", "last_frame": "last.png", "soundtrack": "song.mp3",
    "first_clip": "clip.mp4", "reference_image": "person.png", "reference_video": "person.mp4",
    "reference_sound": "voice.mp3",
}  # fmt: skip
_PLACE = "https://example.com/"


@dataclass(frozen=True, slots=True)
class Example:
    """One create call: which media go with it, its address after the base URL, and its body."""

    roles: tuple[str, ...]
    path: str
    body: Mapping[str, Any]


def examples(model: Model | PictureModel, catalog: Catalog) -> Iterator[Example]:
    """One call for each combination, with all that it may hold."""
    combinations = model.combinations.value if isinstance(model, Model) else ((),)
    for combination in combinations:
        roles = tuple(role.removesuffix("?") for role in combination)
        request = _request(model, roles)
        body = wire.create_body(request, catalog, lambda medium: medium.url or "")
        yield Example(roles, catalog.form(model).path, body)


def _request(model: Model | PictureModel, roles: Sequence[str]) -> TaskRequest:
    """A request with one medium in each of these roles, and the defaults of the model."""
    media = {role: InputMedia(role, url=_PLACE + _FILES[role]) for role in roles}
    request = TaskRequest(
        model=model.name,
        region=next(iter(model.region_names.value)),
        image=media.get("first_frame"),
        last_image=media.get("last_frame"),
        prompt="A cat wakes",
        negative_prompt="",
        template=None,
        resolution="",
        duration=0,
        sound="file" if "soundtrack" in media else "auto",
        sound_file=media.get("soundtrack"),
        prompt_extend=True,
        watermark=False,
        seed=7,
        first_clip=media.get("first_clip"),
        references=tuple(Reference(kind, media[role]) for kind, role in _KINDS if role in media),
        size=_size(model),
    )
    return _with_defaults(request, model) if isinstance(model, Model) else request


_KINDS: tuple[tuple[Literal["image", "video", "sound"], str], ...] = (
    ("image", "reference_image"), ("video", "reference_video"), ("sound", "reference_sound"),
)  # fmt: skip


def _with_defaults(request: TaskRequest, model: Model) -> TaskRequest:
    return replace(
        request,
        resolution=model.tiers.value[0],
        duration=model.durations.value[0],
        ratio=model.ratios.value[0] if model.ratios else "",
        shot_type=model.shot_types.value[0] if model.shot_types else "",
    )


def _size(model: Model | PictureModel) -> Size | None:
    """The first of the sizes that may be asked for outright."""
    if isinstance(model, Model):
        texts = model.sizes.value[model.tiers.value[0]] if model.sizes else ()
    else:
        texts = model.sizes.value if isinstance(model.sizes.value, tuple) else ("1280x1280",)
    return size_of(texts[0]) if texts else None
