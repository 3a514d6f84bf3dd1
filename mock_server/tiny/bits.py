"""Bits as H.264 writes them: fixed numbers, codes of Golomb, and bytes that look like no start."""

import re
from functools import lru_cache

_LIKE_A_START = re.compile(rb"\x00\x00(?=[\x00-\x03])")


@lru_cache(4096)
def unsigned(value: int) -> str:
    """The code of a number from 0 on: short for small numbers."""
    digits = f"{value + 1:b}"
    return "0" * (len(digits) - 1) + digits


def signed(value: int) -> str:
    """The code of a number of either sign."""
    return unsigned(2 * value - 1 if value > 0 else -2 * value)


def escaped(data: bytes) -> bytes:
    """The bytes with a 3 wherever they would look like the start of the next unit."""
    return _LIKE_A_START.sub(b"\x00\x00\x03", data)


class BitWriter:
    """Collects bits; each call returns the writer."""

    def __init__(self) -> None:
        self._parts: list[str] = []

    def add(self, value: int, width: int) -> "BitWriter":
        return self.text(f"{value:0{width}b}")

    def codes(self, *values: int) -> "BitWriter":
        return self.text("".join(map(unsigned, values)))

    def text(self, bits: str) -> "BitWriter":
        self._parts.append(bits)
        return self

    def ended(self) -> bytes:
        """All bits, with the one that ends them, filled up to whole bytes."""
        bits = "".join(self._parts) + "1"
        bits += "0" * (-len(bits) % 8)
        return int(bits, 2).to_bytes(len(bits) // 8, "big")
