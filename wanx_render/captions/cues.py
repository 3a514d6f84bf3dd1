"""What a reader of subtitles gives: cues in milliseconds, and notices of what it could not use."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from wanx_render.captions import markup

LONGEST_TEXT = 1000  # characters of one cue; a caption of four lines has about 150

_SUSPECTS = (
    (markup.LEFTOVER, "mark-up"),
    (markup.TIME, "a time"),
    (markup.DAMAGE, "characters that an earlier conversion lost"),
)
SKIPPED = "the cue is skipped: "


class BadSubtitles(ValueError):
    """A subtitle file cannot be used; the message says why, ``hint`` what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


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
    message: str
    line: int = 0  # from 1; 0 means the whole file
    hint: str = ""


@dataclass(slots=True)
class Reading:
    """What was read so far."""

    cues: list[TimedCue] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    def skipped(self, line: int, why: str) -> None:
        """Note that the cue at ``line`` is left out."""
        self.notices.append(Notice("cue-skipped", f"{SKIPPED}{why}", line))

    def doubted(self, line: int, message: str, hint: str = "") -> None:
        """Note that what stands at ``line`` may not be meant so."""
        self.notices.append(Notice("cue-doubtful", message, line, hint))

    def question(self, text: str, body: Sequence[str], first: int) -> None:
        """Note what in ``text`` may not be meant to be seen; ``body`` begins at line ``first``."""
        for pattern, meaning in _SUSPECTS:
            if match := pattern.search(text):
                line = next((n for n, row in enumerate(body) if match[0] in row), 0)
                self.doubted(first + line, f"{match[0][:60]!r} is shown, but looks like {meaning}")
