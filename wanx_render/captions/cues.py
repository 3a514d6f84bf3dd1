"""What a reader of subtitles gives: cues in milliseconds, and notices of what it could not use."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from wanx_render.captions import markup
from wanx_render.language import NOTHING, Message, plural, tr

LONGEST_TEXT = 1000  # characters of one cue; a caption of four lines has about 150

_SUSPECTS: tuple[tuple[re.Pattern[str], Callable[[str], Message]], ...] = (
    (markup.LEFTOVER, lambda words: tr("{words!r} is shown, but looks like markup", words=words)),
    (markup.TIME, lambda words: tr("{words!r} is shown, but looks like a time", words=words)),
    (markup.DAMAGE, lambda words: tr("{words!r} is shown, but looks damaged", words=words)),
)


class BadSubtitles(ValueError):
    """A subtitle file cannot be used; the message says why, ``hint`` what to do."""

    def __init__(self, message: Message, hint: Message = NOTHING) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


ENDS_AT_START = tr("it ends when it starts")
ENDS_BEFORE_START = tr("it ends before it starts")


def too_long(text: str) -> Message:
    """Why a cue of these words is skipped."""
    return plural(
        "it has {n} character; the limit is {limit}",
        "it has {n} characters; the limit is {limit}",
        len(text),
        limit=LONGEST_TEXT,
    )


@dataclass(frozen=True, slots=True)
class TimedCue:
    """Words that are seen from ``start`` to ``end``, in milliseconds from the beginning.

    ``line`` is where they stand in the file, from 1. ``top`` places them at the upper edge.
    """

    text: str
    start: int
    end: int
    line: int
    top: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a reader could not use or doubts: a code of a diagnostic, a sentence, a line."""

    code: str
    message: Message
    line: int = 0  # from 1; 0 means the whole file
    hint: Message = NOTHING


@dataclass(slots=True)
class ParsedCues:
    """What was read so far."""

    cues: list[TimedCue] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    def skipped(self, line: int, reason: Message) -> None:
        """Note that the cue at ``line`` is left out."""
        self.notices.append(Notice("cue-skipped", tr("cue skipped: {reason}", reason=reason), line))

    def doubted(self, line: int, message: Message, hint: Message = NOTHING) -> None:
        """Note that what stands at ``line`` may not be meant so."""
        self.notices.append(Notice("cue-doubtful", message, line, hint))

    def question(self, text: str, body: Sequence[str], first: int) -> None:
        """Note what in ``text`` may not be meant to be seen; ``body`` begins at line ``first``."""
        for pattern, meaning in _SUSPECTS:
            if match := pattern.search(text):
                line = next((n for n, row in enumerate(body) if match[0] in row), 0)
                self.doubted(first + line, meaning(match[0][:60]))
