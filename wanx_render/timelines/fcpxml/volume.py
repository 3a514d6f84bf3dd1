"""The level of a sound in FCPXML: one amount, or fades and keyframes."""

from fractions import Fraction

from wanx_render.timelines.fcpxml.elements import Element, child, element, seconds
from wanx_render.timelines.levels import SILENCE, Levels
from wanx_render.timelines.timeline import seconds_of


def volume(levels: Levels, start: Fraction) -> Element:
    """The adjustment of a stretch whose first sample is at ``start`` of the clip's own time.

    Keyframes are straight lines between decibels; a fade is straight in amplitude.
    """
    if levels.gain is None:
        return element("adjust-volume", amount=_amount(SILENCE))
    gain = Fraction(levels.gain)
    if not levels.points:
        result = element("adjust-volume", amount=_amount(gain))
    else:
        result = element("adjust-volume")
    if not levels.changes:
        return result
    amount = child(result, "param", name="amount")
    for tag, samples in (("fadeIn", levels.fade_in), ("fadeOut", levels.fade_out)):
        if samples:
            child(amount, tag, type="linear", duration=seconds(seconds_of(samples)))
    if levels.points:
        keyframes = child(amount, "keyframeAnimation")
        for at, level in levels.points:
            child(
                keyframes, "keyframe", time=seconds(start + seconds_of(at)),
                value=_amount(max(gain + level, SILENCE)), curve="linear",
            )  # fmt: skip
    return result


def _amount(decibels: Fraction) -> str:
    return f"{float(decibels):.2f}".rstrip("0").rstrip(".") + "dB"
