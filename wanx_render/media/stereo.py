"""Any number of channels as stereo, each at a level of its own that does not depend on the others.

One channel goes to both sides as it is. More than two are mixed down by ITU-R BS.775: the front
sides as they are, centre and surrounds 3 dB softer, a rear centre 6 dB softer in both, without the
bass channel; peaks that would clip are held. ffmpeg's own weights make one channel 3 dB softer, and
the fronts of 5.1 nearly 8 dB.
"""

import re
from typing import Any

_NEAR, _REAR = "0.707107", "0.5"  # -3 and -6 dB
_SIDES = {
    "FL": ("FL", ("FC", "BL", "SL", "FLC", "TFL", "TBL", "WL")),
    "FR": ("FR", ("FC", "BR", "SR", "FRC", "TFR", "TBR", "WR")),
}


def mixed_down(stream: Any, channels: int, sample_format: str) -> Any:
    """``stream`` of so many ``channels`` as stereo samples of ffmpeg's ``sample_format``."""
    if channels == 1:
        stream = stream.filter("pan", args="stereo|c0=c0|c1=c0")
    elif channels > 2:
        stream = stream.filter("aformat", sample_fmts="fltp")
        stream = stream.filter("pan", args=f"stereo|{_side('FL')}|{_side('FR')}")
        stream = stream.filter("alimiter", limit=1, attack=5, release=50, level=0, latency=1)
    return stream.filter("aformat", sample_fmts=sample_format, channel_layouts="stereo")


def _side(name: str) -> str:
    """One side by the names of its channels; pan leaves out those that there are not."""
    front, weaker = _SIDES[name]
    return f"{name}={front}+{'+'.join(f'{_NEAR}*{channel}' for channel in weaker)}+{_REAR}*BC"


_LAYOUTS = {"mono": 1, "stereo": 2, "downmix": 2, "binaural": 2, "quad": 4, "cube": 8}


def channel_count(layout: str) -> int:
    """How many channels ffmpeg's name of a layout means: 6 of ``5.1(side)``; 2 of one unknown."""
    name = layout.split("(")[0].strip()
    if re.fullmatch(r"\d+(\.\d+)+", name):
        return sum(map(int, name.split(".")))
    if count := re.match(r"(\d+) channels", name):
        return int(count[1])
    return _LAYOUTS.get(name, 2)


def channels_of(layout: str) -> int:
    """How many channels ffmpeg's name of a layout means; more than two are all given as 3."""
    if layout.startswith(("mono", "1 channels")):
        return 1
    return 2 if layout.startswith(("stereo", "downmix", "2 channels")) or not layout else 3
