"""What a picture file is by its first bytes, whatever its name says, and how to convert it.

Only the formats that people have and that are not taken are listed: a message can then say what
the file is and what to do, instead of "unknown format".
"""

import re

from wanx_render.language import NOTHING, Message, tr

_HEIC = tr(
    "install the extra heic, for example with `pip install 'wanx-render[heic]'`, or save it as "
    "JPEG: on a Mac `sips -s format jpeg IN --out OUT.jpg`, else `magick IN OUT.jpg`"
)
_MAGICK = tr("save it as PNG or JPEG, for example with `magick IN OUT.png`")
_RAW = tr("export a JPEG or a 16-bit PNG from a raw converter such as darktable")
_DRAWING = tr("export it at the size you need: `inkscape IN --export-filename=OUT.png`")
_LAYERS = tr("export a PNG from the program that made it")
_FRAME = tr("save one of its frames as PNG: `ffmpeg -i IN -frames:v 1 OUT.png`")
_PAGE = tr("download the picture itself")
_JPEG_XL = tr("save it as PNG or JPEG: `djxl IN OUT.png`")
AVIF, VIDEO = tr("an AVIF picture"), tr("a video")
_HEIC_PICTURE = tr("a HEIC picture")

# Brands of ISO media files (ISO/IEC 14496-12), which come after "ftyp".
_BRANDS = {
    b"avif": (AVIF, _MAGICK), b"avis": (AVIF, _MAGICK),
    b"heic": (_HEIC_PICTURE, _HEIC), b"heix": (_HEIC_PICTURE, _HEIC),
    b"heim": (_HEIC_PICTURE, _HEIC), b"heis": (_HEIC_PICTURE, _HEIC),
    b"hevc": (_HEIC_PICTURE, _HEIC), b"hevx": (_HEIC_PICTURE, _HEIC),
    b"mif1": (tr("a HEIF picture"), _HEIC), b"msf1": (tr("a HEIF picture"), _HEIC),
    b"crx ": (tr("a camera's raw picture (CR3)"), _RAW),
}  # fmt: skip

# The first pattern that matches decides; raw pictures that are TIFF files come before TIFF.
_KINDS = (
    (rb"GIF8[79]a", tr("a GIF picture"), _FRAME),
    (rb"\xff\x0a|\x00\x00\x00\x0cJXL ", tr("a JPEG XL picture"), _JPEG_XL),
    (rb"\x00\x00\x00\x0cjP  |\xff\x4f\xff\x51", tr("a JPEG 2000 picture"), _MAGICK),
    (rb"II\*\x00.{4}CR", tr("a camera's raw picture (CR2)"), _RAW),
    (rb"FUJIFILMCCD-RAW", tr("a camera's raw picture (RAF)"), _RAW),
    (rb"II(?:RO|RS)", tr("a camera's raw picture (ORF)"), _RAW),
    (rb"IIU\x00", tr("a camera's raw picture (RW2)"), _RAW),
    (rb"\x00MRM|FOVb", tr("a camera's raw picture"), _RAW),
    (rb"II\*\x00|MM\x00\*|II\+\x00|MM\x00\+", tr("a TIFF picture, or a camera's raw one"), _MAGICK),
    (rb"8BPS", tr("a Photoshop document"), _LAYERS),
    (rb"gimp xcf", tr("a GIMP document"), _LAYERS),
    (rb"%PDF-", tr("a PDF document"), _LAYERS),
    (rb"%!PS", tr("a PostScript document"), _LAYERS),
    (rb"\x00\x00[\x01\x02]\x00[^\x00]", tr("an icon (ICO)"), _MAGICK),
    (rb".[\x00\x01][\x01-\x03\x09-\x0b].{13}[\x08\x0f\x10\x18\x20]",
     tr("a Targa picture"), _MAGICK),
    (rb"v/1\x01", tr("an OpenEXR picture"), _MAGICK),
    (rb"#\?RADIANCE", tr("a Radiance HDR picture"), _MAGICK),
    (rb"P[1-7]\s", tr("a Netpbm picture"), _MAGICK),
    (rb"qoif", tr("a QOI picture"), _MAGICK),
    (rb"\x1aE\xdf\xa3|....ftyp|....moov|RIFF....AVI ", VIDEO, _FRAME),
    (rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml.*?)?(?:<!--.*?-->\s*)?(?:<!DOCTYPE svg.*?)?<svg\b",
     tr("an SVG drawing"), _DRAWING),
    (rb"(?i)(?:\xef\xbb\xbf)?\s*<(?:!doctype )?html\b", tr("a web page"), _PAGE),
)  # fmt: skip
_HEAD = 4096  # bytes in which a drawing's first tag must be


def named(data: bytes) -> tuple[Message, Message]:
    """What ``data`` is, with its article, and how to convert it; both empty where unknown."""
    if data[4:8] == b"ftyp" and (brand := _brand(data)):
        return brand
    head = data[:_HEAD]
    matches = (
        (kind, advice) for pattern, kind, advice in _KINDS if re.match(pattern, head, re.DOTALL)
    )
    return next(matches, (NOTHING, NOTHING))


def is_heif(data: bytes) -> bool:
    """Whether ``data`` is a picture as phones save it: HEIC, or HEIF in general."""
    brand = _brand(data) if data[4:8] == b"ftyp" else None
    return brand is not None and brand[1] == _HEIC


def _brand(data: bytes) -> tuple[Message, Message] | None:
    """By the major brand, or by the first compatible one that is known."""
    end = min(int.from_bytes(data[:4], "big"), 256)
    brands = [data[8:12], *(data[at : at + 4] for at in range(16, end, 4))]
    # AVIF and HEIC files often have the general brand of all HEIF files in front.
    brands.sort(key=lambda brand: brand in (b"mif1", b"msf1"))
    return next((_BRANDS[brand] for brand in brands if brand in _BRANDS), None)
