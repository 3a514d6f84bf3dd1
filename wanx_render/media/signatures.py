"""What a picture file is by its first bytes, whatever its name says, and how to convert it.

Only the formats that people have and that are not taken are listed: a message can then say what
the file is and what to do, instead of "unknown format".
"""

import re

_PNG_OR_JPEG = "save it as PNG or JPEG"
_HEIC = f"{_PNG_OR_JPEG}: on a Mac `sips -s format jpeg IN --out OUT.jpg`, else `magick IN OUT.jpg`"
_MAGICK = f"{_PNG_OR_JPEG}, for example with `magick IN OUT.png`"
_RAW = "develop it: export a JPEG or a 16-bit PNG from a raw converter such as darktable"
_DRAWING = (
    "export it at the size you need, for example with `inkscape IN --export-filename=OUT.png`"
)
_LAYERS = "export a PNG of it from the program that made it"
_FRAME = "save one of its frames as PNG: `ffmpeg -i IN -frames:v 1 OUT.png`"
_PAGE = "the download went wrong: fetch the picture itself"
_JPEG_XL = f"{_PNG_OR_JPEG}: `djxl IN OUT.png`"

# Brands of ISO media files (ISO/IEC 14496-12), which stand behind "ftyp".
_BRANDS = {
    b"avif": ("an AVIF picture", _MAGICK), b"avis": ("an AVIF picture", _MAGICK),
    b"heic": ("a HEIC picture", _HEIC), b"heix": ("a HEIC picture", _HEIC),
    b"heim": ("a HEIC picture", _HEIC), b"heis": ("a HEIC picture", _HEIC),
    b"hevc": ("a HEIC picture", _HEIC), b"hevx": ("a HEIC picture", _HEIC),
    b"mif1": ("a HEIF picture", _HEIC), b"msf1": ("a HEIF picture", _HEIC),
    b"crx ": ("a camera's raw picture (CR3)", _RAW),
}  # fmt: skip

# The first pattern that matches decides; raw pictures that are TIFF files come before TIFF.
_KINDS = (
    (rb"GIF8[79]a", "a GIF picture", _FRAME),
    (rb"\xff\x0a|\x00\x00\x00\x0cJXL ", "a JPEG XL picture", _JPEG_XL),
    (rb"\x00\x00\x00\x0cjP  |\xff\x4f\xff\x51", "a JPEG 2000 picture", _MAGICK),
    (rb"II\*\x00.{4}CR", "a camera's raw picture (CR2)", _RAW),
    (rb"FUJIFILMCCD-RAW", "a camera's raw picture (RAF)", _RAW),
    (rb"II(?:RO|RS)", "a camera's raw picture (ORF)", _RAW),
    (rb"IIU\x00", "a camera's raw picture (RW2)", _RAW),
    (rb"\x00MRM|FOVb", "a camera's raw picture", _RAW),
    (rb"II\*\x00|MM\x00\*|II\+\x00|MM\x00\+", "a TIFF picture, or a camera's raw one", _MAGICK),
    (rb"8BPS", "a Photoshop document", _LAYERS),
    (rb"gimp xcf", "a GIMP document", _LAYERS),
    (rb"%PDF-", "a PDF document", _LAYERS),
    (rb"%!PS", "a PostScript document", _LAYERS),
    (rb"\x00\x00[\x01\x02]\x00", "an icon (ICO)", _MAGICK),
    (rb"v/1\x01", "an OpenEXR picture", _MAGICK),
    (rb"#\?RADIANCE", "a Radiance HDR picture", _MAGICK),
    (rb"P[1-7]\s", "a Netpbm picture", _MAGICK),
    (rb"qoif", "a QOI picture", _MAGICK),
    (rb"\x1aE\xdf\xa3|....ftyp|....moov|RIFF....AVI ", "a video", _FRAME),
    (rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml.*?)?(?:<!--.*?-->\s*)?(?:<!DOCTYPE svg.*?)?<svg\b",
     "an SVG drawing", _DRAWING),
    (rb"(?i)(?:\xef\xbb\xbf)?\s*<(?:!doctype )?html\b", "a web page", _PAGE),
)  # fmt: skip
_HEAD = 4096  # bytes in which a drawing's first tag must stand


def named(data: bytes) -> tuple[str, str]:
    """What ``data`` is, with its article, and how to convert it; both empty where unknown."""
    if data[4:8] == b"ftyp" and (brand := _brand(data)):
        return brand
    head = data[:_HEAD]
    matches = (
        (kind, advice) for pattern, kind, advice in _KINDS if re.match(pattern, head, re.DOTALL)
    )
    return next(matches, ("", ""))


def _brand(data: bytes) -> tuple[str, str] | None:
    """By the major brand, or by the first compatible one that is known."""
    end = min(int.from_bytes(data[:4], "big"), 256)
    brands = [data[8:12], *(data[at : at + 4] for at in range(16, end, 4))]
    # AVIF and HEIC files often have the general brand of all HEIF files in front.
    brands.sort(key=lambda brand: brand in (b"mif1", b"msf1"))
    return next((_BRANDS[brand] for brand in brands if brand in _BRANDS), None)
