"""What of a picture is seen, and where: how it is fitted, enlarged and moved in FCPXML.

Positions are parts of the frame's height in per cent, from its middle, to the right and up.
"""

from fractions import Fraction

from wanx_render.geometry import Box, Size
from wanx_render.timelines.fcpxml.elements import Element, child, decimal, element, seconds
from wanx_render.timelines.timeline import OverlayPicture, Piece, Timeline

_STEPS = 8  # of a crop that moves, slow at both ends


def framed(piece: Piece, timeline: Timeline, start: Fraction) -> list[Element]:
    """The picture of a clip, of which the film shows what its crop says; ``start`` is the piece's
    first moment, in the clip's own time."""
    clip = piece.clip
    if not clip.crop or timeline.fit != "crop":
        return [element("adjust-conform", type="fill" if timeline.fit == "crop" else "fit")]
    conform = element("adjust-conform", type="fill")
    first, last = clip.crop[0], clip.crop[-1]
    scale = _enlarged(clip.size, first, timeline.size)
    place = _position(clip.size, first, timeline.size)
    if first == last and scale == 1 and not any(place):
        return [conform]
    transform = element("adjust-transform", scale=_pair((scale, scale)))
    if first == last:
        transform.set("position", _pair(place))
        return [conform, transform]
    keyframes = child(child(transform, "param", name="position"), "keyframeAnimation")
    for step in range(_STEPS + 1):
        share = Fraction(step, _STEPS)
        moment = clip.begin + share * (clip.end - clip.begin - 1)
        time = start + (moment - piece.begin) / timeline.rate
        value = _position(clip.size, _between(first, last, share), timeline.size)
        child(keyframes, "keyframe", time=seconds(time), value=_pair(value))
    return [conform, transform]


_Corner = tuple[Fraction, Fraction, Fraction, Fraction]  # x, y, width, height


def _between(first: Box, last: Box, share: Fraction) -> Box | _Corner:
    """The crop after a share of the shot's time; slow at both ends, as the film has it."""
    part = share * share * (3 - 2 * share)
    x, y = (a + (b - a) * part for a, b in ((first.x, last.x), (first.y, last.y)))
    return Fraction(x), Fraction(y), Fraction(first.width), Fraction(first.height)


def _enlarged(source: Size, crop: Box, frame: Size) -> Fraction:
    """How much larger than it takes to fill the frame."""
    filling = max(Fraction(frame.width, source.width), Fraction(frame.height, source.height))
    return Fraction(frame.width, crop.width) / filling


def _position(source: Size, crop: Box | _Corner, frame: Size) -> tuple[Fraction, Fraction]:
    """Where the middle of the picture is when the middle of the crop is that of the frame."""
    x, y, width, height = (
        (crop.x, crop.y, crop.width, crop.height) if isinstance(crop, Box) else crop
    )
    scale = Fraction(frame.width) / width
    right = (Fraction(source.width, 2) - (x + Fraction(width) / 2)) * scale
    up = ((y + Fraction(height) / 2) - Fraction(source.height, 2)) * scale
    return right * 100 / frame.height, up * 100 / frame.height


def placed(box: Box, frame: Size) -> tuple[Fraction, Fraction]:
    """The position of what has its middle in the middle of ``box``."""
    right = box.x + Fraction(box.width, 2) - Fraction(frame.width, 2)
    up = Fraction(frame.height, 2) - (box.y + Fraction(box.height, 2))
    return right * 100 / frame.height, up * 100 / frame.height


def over_film(overlay: OverlayPicture, frame: Size) -> list[Element]:
    """A picture in its box: first fitted into the frame, then made smaller and moved."""
    size = overlay.size or overlay.box.size
    fitting = min(Fraction(frame.width, size.width), Fraction(frame.height, size.height))
    scales = (
        overlay.box.width / (size.width * fitting), overlay.box.height / (size.height * fitting)
    )  # fmt: skip
    result = [
        element("adjust-conform", type="fit"),
        element(
            "adjust-transform", position=_pair(placed(overlay.box, frame)), scale=_pair(scales)
        ),
    ]
    if overlay.opacity < 1:
        result.append(element("adjust-blend", amount=decimal(overlay.opacity)))
    return result


def moved(box: Box, frame: Size) -> Element:
    """The transform that puts what is in the middle of the frame into the middle of ``box``."""
    return element("adjust-transform", position=_pair(placed(box, frame)))


def _pair(values: tuple[Fraction, Fraction]) -> str:
    return " ".join(map(decimal, values))
