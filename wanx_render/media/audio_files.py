"""Custom soundtracks: a file in, its format, length and bytes out; nothing is decoded."""

import struct
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from tinytag import TinyTag, TinyTagException

from wanx_render.language import Message, tr
from wanx_render.media.ai_labels import NO_PROVENANCE, Provenance, provenance_of


class BadSoundtrack(ValueError):
    """The soundtrack cannot be used; ``sentence`` says why, without a subject: "is damaged"."""

    def __init__(self, sentence: Message) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Soundtrack:
    """What is known of a soundtrack."""

    format: str
    seconds: Fraction
    bytes: int
    channels: int = 2


def inspect(path: Path) -> Soundtrack:
    """Format, length and size of the sound file at ``path``. Raises BadSoundtrack."""
    try:
        size = path.stat().st_size
        tag = TinyTag.get(path, tags=False)
    except TinyTagException:
        raise BadSoundtrack(tr("is not a sound file that can be read")) from None
    except OSError as error:
        raise BadSoundtrack(tr("cannot be read: {reason}", reason=error.strerror)) from None
    except (ValueError, KeyError, IndexError, struct.error):
        raise BadSoundtrack(tr("is damaged")) from None
    if not tag.duration:
        raise BadSoundtrack(tr("is not a sound file that can be read"))
    kind, seconds = path.suffix.lower().lstrip("."), Fraction(tag.duration)
    return Soundtrack(kind, seconds, size, tag.channels or 2)


def provenance(path: Path) -> Provenance:
    """What the tags of the sound file at ``path`` say of its origin; nothing where they cannot be
    read."""
    try:
        tag = TinyTag.get(path, duration=False)
    except (TinyTagException, OSError, ValueError, KeyError, IndexError, struct.error):
        return NO_PROVENANCE
    tags = [(name, value) for name, values in tag.other.items() for value in values]
    return provenance_of([*tags, ("comment", tag.comment or "")])
