"""Colours of any kind to BT.709, limited range: the part of a graph that converts.

zscale calculates in floating point: the result is off by the rounding to 8 bits and nothing else,
where swscale's fast way darkens and tints by up to three of 255.
"""

from typing import Any

import ffmpeg as graph

from wanx_render.geometry import Size
from wanx_render.media import paint
from wanx_render.media.colour_tags import HDR, Alpha, Colours

_PLANAR = "gbrp|gbrp10|gbrp12|gbrp14|gbrp16"
_PLANAR_ALPHA = "gbrap|gbrap10|gbrap12|gbrap16"
_EVEN = ("floor(iw/2)*2", "floor(ih/2)*2", 0, 0)
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
    stream = stream.filter("crop", *_EVEN)
    if colours.transfer in HDR:
        stream = _mapped(stream, colours)
    else:
        stream = _zscale(stream, colours, transfer=_out(colours.transfer))
    return stream.filter("format", "yuv420p")


def over_background(stream: Any, colours: Colours, background: str, alpha: Alpha) -> Any:
    """``stream``, pictures in ``colours`` with transparency, laid over a colour; as BT.709.

    In RGB, for premultiplied colours have no black level there.
    """
    if colours.matrix == "gbr":
        stream = stream.filter("format", _PLANAR_ALPHA)
    stream = stream.filter("crop", *_EVEN)
    curve = _out(colours.transfer)
    stream = _zscale(stream, colours, matrix="gbr", range="full", transfer=curve)
    opaque = _laid(stream.filter("format", "gbrap"), background, alpha)
    return _zscale(opaque, _RGB, transfer="bt709").filter("format", "yuv420p")


def _laid(stream: Any, background: str, alpha: Alpha) -> Any:
    """A stream of RGB over a plane that is made of itself, so that its frames come when it does.

    Premultiplied colours are added to what shows of the plane: the overlay filter's own way differs
    between versions, and unpremultiply does nothing on new ones to frames without a mode of alpha.
    """
    red, green, blue = paint.rgb(background)
    parts = stream.filter_multi_output("split", 2 if alpha == "straight" else 3)
    behind = parts[0].filter("lutrgb", r=red, g=green, b=blue, a=255)
    if alpha == "straight":
        return behind.overlay(parts[1], format="gbrp", alpha="straight")
    black = parts[1].filter("lutrgb", r=0, g=0, b=0)
    plane = behind.overlay(black, format="gbrp", alpha="straight").filter("format", "gbrp")
    foreground = parts[2].filter("format", "gbrp")
    return graph.filter([foreground, plane], "blend", all_mode="addition")


def even(size: Size) -> Size:
    """The size of what ``to_bt709`` makes of pictures of ``size``."""
    return Size(size.width - size.width % 2, size.height - size.height % 2)


def _out(curve: str) -> str:
    """The curve of the result. That of sRGB is kept: nothing else is done with SDR's curves."""
    return curve if curve == "iec61966-2-1" else "bt709"


def _zscale(stream: Any, colours: Colours, **to: object) -> Any:
    """From ``colours`` to BT.709 and ``to``."""
    source = {
        "matrixin": colours.matrix,
        "rangein": "full" if colours.full_range else "limited",
        "primariesin": colours.primaries,
        "transferin": colours.transfer,
    }
    target = {"matrix": "bt709", "range": "limited", "primaries": "bt709", **to}
    return stream.filter("zscale", **source, **target, filter="bicubic")


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


_RGB = Colours(matrix="gbr", full_range=True)
_LIGHT = Colours(matrix="gbr", full_range=True, transfer="linear")
