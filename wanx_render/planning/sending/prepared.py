"""Requests with their pictures prepared as the list says, or the shape that is asked for."""

from collections.abc import Iterable
from dataclasses import replace

from wanx_render.geometry import Aspect
from wanx_render.shotlist.preparing import Preparing
from wanx_render.task import InputMedia, Reference, TaskRequest


def prepared(request: TaskRequest, preparing: Preparing) -> TaskRequest:
    """The request with its pictures prepared: the last frame in the aspect of the first.

    Without a first frame it asks for a shape outright.
    """
    first, last = request.image, request.last_image
    if request.references:
        request = replace(request, references=_references(request.references, preparing))
    if request.first_clip:
        return _ending(request, preparing)
    if first is None and preparing.shape:
        return replace(request, size=preparing.shape.size, ratio=preparing.shape.ratio)
    if preparing.following:
        request = replace(request, ratio=preparing.following)
    if first is None or first.size is None:
        return request
    aspect = preparing.aspect(first.size)
    image, end = _frame(first, aspect, preparing), _frame(last, aspect, preparing) if last else None
    is_as_it_was = image is first and end is last
    return request if is_as_it_was else replace(request, image=image, last_image=end)


def _references(references: Iterable[Reference], preparing: Preparing) -> tuple[Reference, ...]:
    """The references as they are sent: whole, whatever shape they have."""
    whole = preparing.of_references
    return tuple(replace(entry, media=_frame(entry.media, None, whole)) for entry in references)


def _ending(request: TaskRequest, preparing: Preparing) -> TaskRequest:
    """A request that continues a clip, whose last frame is prepared in the aspect of the clip."""
    last, size = request.last_image, request.first_clip.size if request.first_clip else None
    aspect = Aspect.of(size.width, size.height) if size and preparing.wish else None
    return replace(request, last_image=_frame(last, aspect, preparing) if last else None)


def _frame(picture: InputMedia, aspect: Aspect | None, preparing: Preparing) -> InputMedia:
    if picture.size is None:
        return picture
    preparation = preparing.of(picture.size, aspect, transparent=picture.transparent)
    as_it_is = preparation is None and picture.preparation is None
    return picture if as_it_is else replace(picture, preparation=preparation)
