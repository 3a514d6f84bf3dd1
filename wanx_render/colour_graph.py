"""Colours of any kind to BT.709, limited range: the part of a graph that converts.

zscale reckons in floating point: the result is off by the rounding to 8 bits and nothing else,
where swscale's fast way darkens and tints by up to three of 255.
"""

from typing import Any

from wanx_render.colour_tags import HDR, Colours
from wanx_render.geometry import Size

_PLANAR = "gbrp|gbrp10|gbrp12|gbrp14|gbrp16"
# Reference white of HLG and PQ in candelas per square metre (ITU-R BT.2408); it is SDR's white.
# HLG is shown on a display of 1000, for which most PQ is graded too.
_WHITE, _PEAK = 203, 1000
# Up to this part of white nothing is changed: faces and what stands around them.
_KNEE = 0.3


def to_bt709(stream: Any, colours: Colours) -> Any:
    """``stream``, pictures in ``colours``, as BT.709 in limited range; the sides become even."""
    if colours.matrix == "gbr":
        stream = stream.filter("format", _PLANAR)
    # zscale takes no odd sides where chroma has half the lines.
    stream = stream.filter("crop", "floor(iw/2)*2", "floor(ih/2)*2", 0, 0)
    if colours.transfer in HDR:
        stream = _mapped(stream, colours)
    else:
        stream = _zscale(stream, colours, transfer=_out(colours.transfer))
    return stream.filter("format", "yuv420p")


def even(size: Size) -> Size:
    """The size of what ``to_bt709`` makes of pictures of ``size``."""
    return Size(size.width - size.width % 2, size.height - size.height % 2)


def _out(curve: str) -> str:
    """The curve of the result. That of sRGB is kept: nothing else is done with SDR's curves."""
    return curve if curve == "iec61966-2-1" else "bt709"


def _zscale(stream: Any, colours: Colours, **to: object) -> Any:
    """From ``colours`` to BT.709 and ``to``."""
    given = {
        "matrixin": colours.matrix,
        "rangein": "full" if colours.full_range else "limited",
        "primariesin": colours.primaries,
        "transferin": colours.transfer,
    }
    wanted = {"matrix": "bt709", "range": "limited", "primaries": "bt709", **to}
    return stream.filter("zscale", **given, **wanted, filter="bicubic")


def _mapped(stream: Any, colours: Colours) -> Any:
    """HDR to SDR: as light, by a curve for the brightest of red, green and blue, back to video.

    So hues stay. Without ``agamma=0`` zscale takes HLG's system gamma for each of the three alone,
    which makes saturated colours by up to a half too bright; with it it is BT.2100's, of luminance.
    """
    light = _zscale(stream, colours, transfer="linear", npl=_WHITE, agamma=0)
    light = light.filter("format", "gbrpf32le")
    peak = f"{_PEAK / _WHITE:.3f}"
    light = light.filter("tonemap", "mobius", param=_KNEE, desat=0, peak=peak)
    return _zscale(light, _LIGHT, transfer="bt709", dither="error_diffusion")


_LIGHT = Colours(matrix="gbr", full_range=True, transfer="linear")
