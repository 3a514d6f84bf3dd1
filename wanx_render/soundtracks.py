"""Custom soundtracks: a file in, its format, length and bytes out; nothing is decoded."""

import struct
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from tinytag import TinyTag, TinyTagException


class BadSoundtrack(ValueError):
    """The soundtrack cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Soundtrack:
    """What is known of a soundtrack."""

    format: str
    seconds: Fraction
    bytes: int


def inspect(path: Path) -> Soundtrack:
    """Format, length and size of the sound file at ``path``. Raises BadSoundtrack."""
    try:
        size = path.stat().st_size
        read = TinyTag.get(path, tags=False)
    except TinyTagException:
        raise BadSoundtrack("is not a sound file that can be read") from None
    except OSError as error:
        raise BadSoundtrack(f"cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, IndexError, struct.error):
        raise BadSoundtrack("is damaged") from None
    if not read.duration:
        raise BadSoundtrack("is not a sound file that can be read")
    return Soundtrack(path.suffix.lower().lstrip("."), Fraction(read.duration), size)
