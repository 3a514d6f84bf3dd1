"""How pictures were prepared for a request, as the journal and the manifest keep it.

What was paid for may differ from what would be prepared today: limits of a model change, and a list
asks for other deliverables. So a request that was sent is known with its own preparation.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from wanx_render.geometry import Aspect, Box, Focus, Size
from wanx_render.preparation import Preparation
from wanx_render.task import InputMedia, TaskRequest


def record_of(request: TaskRequest) -> dict[str, Any] | None:
    """How the frames of ``request`` were prepared, as plain data; None where none was."""
    frames = {"image": request.image, "last_image": request.last_image}
    prepared = {name: _frame(media) for name, media in frames.items() if _is_prepared(media)}
    source = request.image.source if request.image else ""
    return {"source": source, **prepared} if prepared else None


def _is_prepared(media: InputMedia | None) -> bool:
    return media is not None and media.preparation is not None


def _frame(media: InputMedia | None) -> dict[str, Any]:
    if media is None or media.preparation is None:
        return {}
    size = [media.size.width, media.size.height] if media.size else None
    return {"source": media.source, "size": size, **written(media.preparation)}


def written(preparation: Preparation) -> dict[str, Any]:
    """A preparation as plain data."""
    window, sent, focus = preparation.window, preparation.sent, preparation.focus
    return {
        "aspect": str(preparation.aspect) if preparation.aspect else None,
        "fit": preparation.fit,
        "focus": [str(focus.x), str(focus.y)],
        "background": preparation.background,
        "window": [window.x, window.y, window.width, window.height],
        "sent": [sent.width, sent.height],
    }


def read(record: Mapping[str, Any]) -> Preparation:
    """The preparation that ``written`` made ``record`` of."""
    x, y = record["focus"]
    return Preparation(
        aspect=Aspect.parse(record["aspect"]) if record["aspect"] else None,
        fit=record["fit"],
        focus=Focus(Fraction(x), Fraction(y)),
        background=record["background"],
        window=Box(*record["window"]),
        sent=Size(*record["sent"]),
    )


def of_frame(record: Mapping[str, Any] | None, frame: str) -> Preparation | None:
    """How one frame of a request was prepared; None where it was sent as it is."""
    fields = (record or {}).get(frame)
    return read(fields) if fields else None
