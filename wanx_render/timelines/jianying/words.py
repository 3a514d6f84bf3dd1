"""The words of a draft: captions and a visible label, as text that can be edited.

The programs set them in a font of their own, so sizes are close and lines keep their breaks.
"""

from typing import Any

from pyJianYingDraft import (
    ClipSettings,
    TextBackground,
    TextBorder,
    TextSegment,
    TextStyle,
    Timerange,
)

from wanx_render.manifest import CaptionRecord, CaptionStyleRecord
from wanx_render.media import paint
from wanx_render.timelines.jianying.microseconds import TimeRange
from wanx_render.timelines.timeline import Timeline


def words(caption: CaptionRecord, timeline: Timeline) -> Any:
    """A caption, for as long as it is read and in the middle of its box."""
    rate, canvas, style = timeline.rate, timeline.size, timeline.caption_style
    span = TimeRange.of(caption.start / rate, (caption.start + caption.frames) / rate)
    across = 2 * (caption.x + caption.width / 2) / canvas.width - 1
    down = 2 * (caption.y + caption.height / 2) / canvas.height - 1
    return TextSegment(
        caption.text,
        Timerange(span.start, span.length),
        style=TextStyle(
            size=_size(caption.pixels, timeline),
            color=_shares(style.colour),
            align=1,  # in the middle
            max_line_width=1.0,
        ),
        clip_settings=ClipSettings(transform_x=across, transform_y=-down),
        border=None if style.outline == "none" else TextBorder(color=_shares(style.outline)),
        background=_behind(style),
    )


def _size(pixels: int, timeline: Timeline) -> float:
    """A text of size 1 is about a hundredth of the canvas's shorter side: measured by others for
    1920x1080 with Jianying 11.2 (video-shotcraft), taken to be so for portrait too."""
    return round(100 * pixels / min(timeline.size.width, timeline.size.height), 1)


def _behind(style: CaptionStyleRecord) -> Any:
    if style.box == "none":
        return None
    red, green, blue = paint.rgb(style.box)
    return TextBackground(color=f"#{red:02X}{green:02X}{blue:02X}")


def _shares(colour: str) -> tuple[float, float, float]:
    """The colour's red, green and blue, 0 to 1."""
    red, green, blue = (round(part / 255, 4) for part in paint.rgb(colour))
    return red, green, blue
