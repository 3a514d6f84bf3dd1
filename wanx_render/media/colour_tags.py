"""What a video says of its colours, and how its numbers are read: matrix, range, primaries, curve.

Names are ffmpeg's, for the code points of ITU-T H.273. What is not tagged is read by convention:
BT.601 for standard definition, BT.709 above it.
"""

from dataclasses import dataclass
from typing import Literal, get_args

from wanx_render.geometry import Size
from wanx_render.language import Message, joined, tr, verbatim

# What a user may say of a clip's colours: instead of its tags, or where it has none.
ColourName = Literal[
    "bt709", "bt709-full", "bt601", "bt601-full", "display-p3", "bt2020", "hlg", "pq"
]  # fmt: skip
Alpha = Literal["straight", "premultiplied"]


@dataclass(frozen=True, slots=True)
class Tags:
    """The pixel format of a stream and its tags; a tag that is not there is empty."""

    pixels: str = "yuv420p"
    range: str = ""  # tv or pc
    matrix: str = ""
    primaries: str = ""
    transfer: str = ""

    @property
    def rgb(self) -> bool:
        return self.pixels.startswith(_RGB)

    @property
    def alpha(self) -> bool:
        return self.pixels.startswith(_ALPHA)

    @property
    def grey(self) -> bool:
        return self.pixels.startswith(("gray", "ya"))


# Of whatever becomes RGB without a matrix; the last are one bit, XYZ and a palette.
_RGB = ("rgb", "bgr", "gbr", "argb", "abgr", "0rgb", "0bgr", "x2", "mono", "xyz", "pal8")
_ALPHA = ("yuva", "rgba", "bgra", "argb", "abgr", "gbrap", "ya8", "ya16", "ayuv", "vuya")
BT709_TAGS = Tags("yuv420p", "tv", "bt709", "bt709", "bt709")


@dataclass(frozen=True, slots=True)
class Colours:
    """How the numbers of a stream are read. The defaults are what every deliverable is."""

    matrix: str = "bt709"  # gbr for RGB
    full_range: bool = False
    primaries: str = "bt709"
    transfer: str = "bt709"
    guessed: bool = False  # by the size, for want of tags

    @property
    def plain(self) -> bool:
        """Whether nothing has to be converted."""
        return (self.matrix, self.full_range, self.primaries, self.transfer) == _PLAIN

    @property
    def hdr(self) -> str:
        """HLG or PQ, or nothing."""
        return HDR.get(self.transfer, "")

    @property
    def title(self) -> Message:
        """Their name for people, such as ``BT.601, full range``."""
        main = self.matrix if self.primaries == "bt709" else self.primaries
        name = verbatim(self.hdr or _NAMES.get(main, main))
        is_full = self.full_range and self.matrix != "gbr"
        return tr("{colours}, full range", colours=name) if is_full else name

    def __str__(self) -> str:
        return self.title


_PLAIN = ("bt709", False, "bt709", "bt709")
BT709 = Colours()
HDR = {"arib-std-b67": "HLG", "smpte2084": "PQ"}
_NAMES = {
    "smpte170m": "BT.601", "fcc": "FCC", "smpte240m": "SMPTE 240M", "bt2020": "BT.2020",
    "smpte432": "Display P3", "smpte431": "DCI-P3", "film": "film primaries", "gbr": "RGB",
    "smpte428": "SMPTE 428", "ebu3213": "EBU 3213", "ycgco": "YCgCo", "ictcp": "ICtCp",
    "bt2020nc": "BT.2020", "bt2020c": "BT.2020", "bt709": "BT.709",
}  # fmt: skip

# What zscale can read.
_MATRICES = (
    "bt709", "smpte170m", "bt470bg", "fcc", "smpte240m", "bt2020nc", "bt2020c", "ycgco", "ictcp",
    "chroma-derived-nc", "chroma-derived-c",
)  # fmt: skip
_BT601 = ("smpte170m", "bt470bg")  # two names of the same matrix
# Those that differ from BT.709's by more than old cameras and studios did from each other. The
# primaries of standard definition are kept as they are, as players do: its tags come in a bundle
# from encoders, of pictures that were never converted.
_WIDE = ("bt2020", "smpte432", "smpte431", "film", "smpte428", "ebu3213")
# Curves that are converted. All others are those of cameras and displays for SDR: a few per cent
# apart, and shown as if they were one.
_CURVES = ("arib-std-b67", "smpte2084", "linear", "log100", "log316")
_SRGB = "iec61966-2-1"

_SAID: dict[str, tuple[str, str, str]] = {
    "bt709": ("bt709", "", ""),
    "bt601": ("smpte170m", "", ""),
    "display-p3": ("bt709", "smpte432", _SRGB),
    "bt2020": ("bt2020nc", "bt2020", ""),
    "hlg": ("bt2020nc", "bt2020", "arib-std-b67"),
    "pq": ("bt2020nc", "bt2020", "smpte2084"),
}


def parsed(pixels: str, notes: str | None) -> Tags:
    """The tags of a pixel format and the notes behind it, as ffmpeg's log has them.

    ``yuv420p`` and ``tv, bt2020nc/bt2020/arib-std-b67, progressive``, for one.
    """
    words = [word.strip() for word in (notes or "").split(",")]
    span = next((word for word in words if word in ("tv", "pc")), "")
    span = "pc" if pixels.startswith("yuvj") else span
    names = next((word for word in words if _is_names(word)), "unknown")
    three = names.split("/") if "/" in names else [names] * 3
    values = ("" if name in ("unknown", "reserved") else name for name in three)
    return Tags(pixels, span, *values)


def _is_names(word: str) -> bool:
    return "/" in word or word.startswith(("bt", "smpte", "gbr", "fcc", "ycgco", "ictcp"))


def read(tags: Tags, size: Size, name: ColourName | None = None) -> Colours:
    """How to read a stream with these tags; ``name`` is what the user says of it.

    Raises ValueError for a matrix that ffmpeg cannot convert.
    """
    matrix, primaries, transfer = tags.matrix, tags.primaries, tags.transfer
    full = tags.range == "pc" or ((tags.rgb or tags.grey) and tags.range != "tv")
    if name:
        matrix, primaries, transfer = _SAID[name.removesuffix("-full")]
        full = full or name.endswith("-full")
    if transfer in HDR:
        matrix, primaries = matrix or "bt2020nc", primaries or "bt2020"
    is_guess = not (matrix or primaries or tags.rgb or tags.grey)
    matrix = "gbr" if tags.rgb else matrix or _usual(primaries, size)
    if matrix not in _MATRICES and not tags.rgb:
        choices = joined(get_args(ColourName), tr(", "))
        message = tr(
            "the colour matrix {matrix} cannot be converted; use {choices}",
            matrix=matrix, choices=choices,
        )  # fmt: skip
        raise ValueError(message)
    matrix = "smpte170m" if matrix in _BT601 else matrix
    wide = primaries if primaries in _WIDE else "bt709"
    curve = transfer if transfer in _CURVES else "bt709"
    if wide != "bt709" and transfer == _SRGB:
        curve = _SRGB  # of use for the primaries only: it is kept
    return Colours(matrix, full, wide, curve, is_guess)


def _usual(primaries: str, size: Size) -> str:
    """The matrix that goes with primaries, or with the size where they are not known either.

    Players differ; most take what has fewer than 720 lines for standard definition. Both sides are
    asked, so that an upright and a turned video are read alike, and a wide film of 1280x534 is not
    taken for an old one.
    """
    if primaries in (*_BT601, "smpte240m"):
        return "smpte170m"
    if primaries:
        return "bt2020nc" if primaries == "bt2020" else "bt709"
    return "smpte170m" if is_small(size) else "bt709"


def is_small(size: Size) -> bool:
    """Whether a video of unknown colours is taken for standard definition."""
    sides = sorted((size.width, size.height))
    return sides[0] < 720 and sides[1] < 1280
