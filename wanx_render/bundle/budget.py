"""How many bytes each proxy of a bundle may have, so that the whole stays below a limit.

All proxies share one bit rate. It decides the size of the pictures: few bits for many pixels look
worse than the same bits for fewer.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from wanx_render.geometry import Size
from wanx_render.language import Message, tr, verbatim

# Providers count a message as it is sent, and base64 with its line breaks makes 1.37 bytes of one.
# The smallest limit among the large ones is 20 MB (iCloud Mail, Outlook.com), so 14.6 MB. WeChat
# takes files of 100 MB. See docs/decisions/0057-a-bundle-for-clients.md.
DEFAULT = 14_000_000
_UNITS = {
    "": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30,
}  # fmt: skip
_SIZE = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)\s*([A-Za-z]*)")
_CONTAINER = 12_000  # bytes of an mp4 besides its packets, at a minute; generous
_SPARE = Fraction(97, 100)  # an encoder keeps a mean rate to a few per cent


def read_size(text: str) -> int:
    """Bytes from ``20MB``, ``500 kB`` or ``1.5GiB``. Raises ValueError."""
    match = _SIZE.fullmatch(text.strip())
    unit = _UNITS.get(match[2].upper()) if match else None
    if match is None or unit is None or not (size := int(Decimal(match[1]) * unit)):
        raise ValueError(tr("{text!r} is not a valid size such as 20MB", text=text[:40]))
    return size


def show_size(size: int) -> Message:
    """Bytes for people, in units of a thousand, never shown smaller than they are."""
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if size >= unit:
            tenths = -(-size * 10 // unit)
            return verbatim(f"{tenths // 10}.{tenths % 10} {name}")
    return verbatim(f"{size} B")


@dataclass(frozen=True, slots=True)
class Rung:
    """How proxies are encoded: pixels of the shorter side at most, bits a second."""

    side: int
    least: int  # bits a second of picture; with fewer the next rung looks better
    sound: int

    def size(self, size: Size) -> Size:
        """A picture of ``size``, made no larger; both sides are even."""
        shorter = min(size.width, size.height)
        side = min(self.side, shorter)
        width, height = (
            2 * round(Fraction(pixels * side, 2 * shorter)) for pixels in (size.width, size.height)
        )
        return Size(max(width, 2), max(height, 2))


# From sharp on any phone to what still shows who moves where. ``least`` is about 0.03 to 0.05 bits
# for each pixel of 30 frames a second, where x264 begins to show blocks on moving pictures.
RUNGS = (
    Rung(720, 900_000, 96_000),
    Rung(540, 500_000, 80_000),
    Rung(480, 350_000, 64_000),
    Rung(360, 200_000, 48_000),
    Rung(270, 110_000, 32_000),
)
MOST = 4_000_000  # bits a second of picture; more is not seen at this size


@dataclass(frozen=True, slots=True)
class ProxyEncoding:
    """A rung, and the mean bits a second of picture; None for what a constant quality takes."""

    rung: Rung
    rate: int | None = None


def target_for(room: int, seconds: Sequence[Fraction]) -> ProxyEncoding | None:
    """How proxies of ``seconds`` are encoded into ``room`` bytes together; None where none fits."""
    total = sum(seconds, Fraction(0))
    bits = (room - _CONTAINER * len(seconds)) * 8 * _SPARE
    for rung in RUNGS:
        rate = int(bits / total) - rung.sound if total else 0
        if rate >= rung.least:
            return ProxyEncoding(rung, min(rate, MOST))
    return None


def least_room(seconds: Sequence[Fraction]) -> int:
    """The smallest number of bytes for which ``target_for`` has an answer."""
    rung = RUNGS[-1]
    bits = (rung.least + rung.sound + 1) * sum(seconds, Fraction(0)) / _SPARE
    return int(bits / 8) + 1 + _CONTAINER * len(seconds)
