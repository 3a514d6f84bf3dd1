"""What a request gives: the size and shape of its clip, its seconds, and what its usage says."""

from collections.abc import Iterator
from fractions import Fraction
from math import ceil
from typing import Any

from wanx_render.catalog.abilities import Model
from wanx_render.catalog.capabilities import Catalog
from wanx_render.catalog.shapes import clip_of, shapes_of
from wanx_render.geometry import Size, predicted_size
from wanx_render.task import InputMedia, TaskRequest

# Where only the service could fetch the first frame, its shape is not known here.
_ASSUMED = Size(1280, 720)
_ROUNDED = Fraction(1, 10)  # of a video's length by its container
_RATIOS = ("16:9", "9:16", "1:1", "4:3", "3:4", "21:9", "3:2", "2:3", "4:5", "5:4")


def clip_size(request: TaskRequest, catalog: Catalog) -> Size:
    """The clip's size by the catalog's rules: as asked, of its first frame, or of its ratio."""
    if request.size:
        return request.size
    area = catalog.tier_area(request.resolution)
    leader = request.image or request.first_clip
    frame = _shape_of(leader)
    if frame:
        return predicted_size(frame, area)
    shapes = shapes_of(catalog.models[request.model], request.resolution, area)
    by_ratio = None if leader else clip_of(None, request.ratio, shapes, area)
    return by_ratio or predicted_size(_ASSUMED, area)


def _shape_of(medium: InputMedia | None) -> Size | None:
    if medium is None:
        return None
    return medium.sent_size or (medium.footage.size if medium.footage else None)


def ratio_of(size: Size) -> str:
    """The usual name of a shape: sides are rounded, so the nearest one."""
    return min(_RATIOS, key=lambda name: _apart(size, Fraction(*map(int, name.split(":")))))


def _apart(size: Size, ratio: Fraction) -> Fraction:
    actual = Fraction(size.width, size.height)
    return max(actual, ratio) / min(actual, ratio)


def input_seconds(request: TaskRequest) -> Fraction:
    """The length of all videos that go with a request, as far as it is known."""
    return sum((medium.footage.seconds for medium in _videos(request) if medium.footage),
               Fraction(0))  # fmt: skip


def _videos(request: TaskRequest) -> Iterator[InputMedia]:
    if request.first_clip:
        yield request.first_clip
    yield from (entry.media for entry in request.references if entry.kind == "video")


def counted_input_seconds(request: TaskRequest, model: Model) -> int:
    """The seconds of its inputs as the answer counts them, whether they are paid for or not.

    A second that has begun counts, but for what a container rounds.
    """
    seconds, cap = max(ceil(input_seconds(request) - _ROUNDED), 0), model.input_seconds_cap
    return min(seconds, cap.value) if cap else seconds


def billed_seconds(request: TaskRequest, model: Model) -> int:
    """The seconds that are paid for: of the clip, and of inputs where the model counts them."""
    if model.billed_seconds is None or model.billed_seconds.value == "output":
        return request.duration
    return request.duration + counted_input_seconds(request, model)


def usage(request: TaskRequest, catalog: Catalog, pictures: int = 1) -> dict[str, Any]:
    """The usage in the answer about a task that succeeded, as its model's family writes it."""
    model = catalog.models.get(request.model)
    if model is None:
        return {"image_count": pictures}
    tier, seconds = int(request.resolution.removesuffix("P")), request.duration
    match model.usage.value:
        case "2.1":
            return {"video_duration": seconds, "video_ratio": "standard", "video_count": 1}
        case "2.2":
            return {"duration": seconds, "SR": tier, "video_count": 1}
        case "2.2-kf2v":
            return {"video_duration": seconds, "SR": tier, "video_count": 1}
        case "2.5-t2v":
            size = _starred(clip_size(request, catalog))
            return {"video_duration": seconds, "video_ratio": size, "video_count": 1}
        case "2.6":
            return _counted(request, model)
        case "2.6-flash":
            return {**_counted(request, model), "audio": request.sound != "silent"}
        case "2.6-sized":
            size = _starred(clip_size(request, catalog))
            return {**_counted(request, model), "size": size}
        case "2.7":
            ratio = ratio_of(clip_size(request, catalog))
            return {**_counted(request, model), "ratio": ratio}
        case "3.0":
            ratio, rate = ratio_of(clip_size(request, catalog)), int(model.fps.value)
            return {**_counted(request, model), "ratio": ratio, "fps": rate}


def _counted(request: TaskRequest, model: Model) -> dict[str, Any]:
    """What all families since 2.6 have, which count the seconds of inputs too."""
    return {
        "duration": billed_seconds(request, model),
        "input_video_duration": counted_input_seconds(request, model),
        "output_video_duration": request.duration,
        "SR": int(request.resolution.removesuffix("P")),
        "video_count": 1,
    }


def _starred(size: Size) -> str:
    return f"{size.width}*{size.height}"
