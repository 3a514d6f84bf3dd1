"""SRT and WebVTT, read as players read them: a line of times opens a cue, whatever is around it.

The text is scanned line by line because pysubs2 and strict readers lose or show the wrong thing in
files that are common: see docs/decisions. Every notice names its line.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from wanx_render.captions import markup
from wanx_render.captions.cues import (
    ENDS_AT_START,
    ENDS_BEFORE_START,
    LONGEST_TEXT,
    BadSubtitles,
    ParsedCues,
    TimedCue,
    too_long,
)
from wanx_render.language import NOTHING, Message, tr

EXAMPLE = tr("start each cue with a line such as 00:00:01,000 --> 00:00:02,500")
PLACES = tr("captions can be at the bottom, or at the top with {tag}", tag="{\\an8}")
_LONGEST_LINE = 300  # a line of times is shorter, also one with the settings of WebVTT

_STAMP = r"(-)?(?:(\d{1,6})\s?:\s?)?(\d{1,6})\s?:\s?(\d{1,6})(?:\s?[.,]\s?(\d{1,9}))?"
_ARROW = r"\s*(?:[-–—−]{1,3}\s?[-–—]?>|=>|→|[-–—]{1,3})\s*|\s+"
_TIMES = re.compile(rf"\s*(?:\d{{1,9}}[.:)]?\s+)?{_STAMP}({_ARROW}){_STAMP}(?:\s+(.*))?\s*")
_SETTING = re.compile(r"[A-Za-z]\w*[:=]\S*")  # of WebVTT, and X1:10 of SubRip
_TIME_OF_DAY = re.compile(r"\d\s*:\s*\d")
_CLOCK = re.compile(r"\d\s*:\s*\d+\s*:\s*\d")
_TWO_LETTERS = re.compile(r"[^\W\d_]{2}")
_NUMBERLIKE = re.compile(r"\W{0,3}\d{1,9}\W{0,3}")
_BLOCK = re.compile(r"(?:NOTE|STYLE|REGION)(?:\s.*)?")
_LINE_SETTING = re.compile(r"\bline:(-?\d+(?:\.\d+)?)(%?)")
# Translation programs turn signs into their full-width forms.
_FULL_WIDTH = str.maketrans("０１２３４５６７８９：，．。－＞﹣", "0123456789:,..->-")
_NARROW = {**_FULL_WIDTH, **markup.UNSEEN}


@dataclass(frozen=True, slots=True)
class _Times:
    """A line of times: its place from 0, milliseconds, what follows; or why it cannot be used."""

    at: int
    start: int = 0
    end: int = 0
    settings: str = ""
    words: str = ""  # that begin in the same line
    problem: Message = NOTHING


def has_times(lines: Sequence[str]) -> bool:
    """Whether any line is one of times."""
    return any(_times(0, line) for line in lines)


def read(lines: Sequence[str], *, vtt: bool = False) -> ParsedCues:
    """The cues of an SRT or WebVTT file. Raises BadSubtitles where it has no line of times."""
    if vtt:
        lines = _without_blocks(lines)
    times = [cue for at, line in enumerate(lines) if (cue := _times(at, line))]
    reading = ParsedCues()
    if not times:
        if any(line.strip() for line in lines):
            raise BadSubtitles(tr("it has no line of times"), EXAMPLE)
        return reading
    headers = _Headers(lines, reading, vtt=vtt)
    starts = [headers.before(cue.at) for cue in times]
    for cue, end in zip(times, [*starts[1:], len(lines)], strict=True):
        _add(reading, cue, lines[cue.at + 1 : end], vtt=vtt)
    return reading


def _times(at: int, line: str) -> _Times | None:
    """The line as one of times, or None where it is not."""
    if len(line) > _LONGEST_LINE or ":" not in (narrow := line.translate(_NARROW)):
        return None
    if match := _TIMES.fullmatch(narrow):
        groups = match.groups()
        first, arrow, second, settings = groups[:5], groups[5], groups[6:11], groups[11]
        full = all(first[n] and second[n] for n in (1, 4))
        if full or ((">" in arrow or "→" in arrow) and (first[1] or first[4])):
            rest = (settings or "").split()
            are_settings = all(map(_SETTING.fullmatch, rest))
            remainder = ("", " ".join(rest)) if rest and not are_settings else (" ".join(rest), "")
            return _Times(at, _milliseconds(first), _milliseconds(second), *remainder)
    before, arrow, after = narrow.partition("-->")
    looks_timed = _TIME_OF_DAY.search(narrow) and not _TWO_LETTERS.search(before)
    if arrow and looks_timed and (_CLOCK.search(narrow) or not _TWO_LETTERS.search(after)):
        text = line.strip()[:60]
        return _Times(at, problem=tr("its times cannot be read: {text}", text=text))
    return None


def _milliseconds(groups: Sequence[str | None]) -> int:
    """Digits after the point are a decimal fraction, as in WebVTT: ``0:0:0,5`` is half a second."""
    sign, hours, minutes, seconds, fraction = groups
    total = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
    return (total * 1000 + int((fraction or "0")[:3].ljust(3, "0"))) * (-1 if sign else 1)


class _Headers:
    """Finds what stands above a cue's line of times and is not of the words before: a number of
    SRT, a name of WebVTT. Notes where that is doubtful."""

    def __init__(self, lines: Sequence[str], reading: ParsedCues, *, vtt: bool) -> None:
        self._lines, self._reading, self._vtt = lines, reading, vtt
        self._floor = 0  # the line behind the last line of times
        self._last = 0  # the number of the last cue
        self._numbered = False  # whether the first cue has a number
        self._spaced = False  # whether an empty line is below that number

    def before(self, at: int) -> int:
        """Where the header of the cue with its times at ``at`` begins; ``at`` where it has none."""
        start = self._header(at)
        if self._floor == 0:
            stray = next((n for n in range(start) if self._lines[n].strip()), None)
            if stray is not None:
                self._reading.doubted(stray + 1, tr("words before the first cue are not shown"))
        number = _number(self._lines[start]) if start < at else None
        self._last = self._last + 1 if number is None else number
        self._floor = at + 1
        return start

    def _header(self, at: int) -> int:
        above = self._above(at)
        number = _number(self._lines[above]) if above >= self._floor else None
        following, apart = number == self._last + 1, self._blank(above - 1)
        gap = above < at - 1
        if number is None:
            if not gap and above >= self._floor and self._numbered and not apart:
                self._reading.doubted(at + 1, tr("a line of times within words starts a cue"))
            return above if not gap and apart and self._is_name(above) else at
        if self._floor == 0:
            self._numbered, self._spaced = True, gap
        if gap and not (apart and (following or self._spaced)):
            return at  # with an empty line below it, a number is mostly words
        if not (apart or self._numbered):
            return at
        if not following and not (apart and self._numbered):
            self._reading.doubted(above + 1, tr("{n} is read as the number of a cue", n=number))
        return above

    def _above(self, at: int) -> int:
        """The nearest line above ``at`` that is not empty."""
        above = at - 1
        while above >= self._floor and not self._lines[above].strip():
            above -= 1
        return above

    def _blank(self, at: int) -> bool:
        """Whether the line is empty, or the file begins behind it."""
        if at < self._floor:
            return self._floor == 0
        return not self._lines[at].strip()

    def _is_name(self, at: int) -> bool:
        """Whether a line alone above the times names the cue, instead of being words."""
        if at < self._floor:
            return False
        line = self._lines[at].strip()
        if self._vtt or _NUMBERLIKE.fullmatch(line):
            return True
        if self._numbered:
            self._reading.doubted(
                at + 1, tr("{words!r} is shown: the cue below has no number", words=line[:40])
            )
            return False
        self._reading.doubted(at + 1, tr("{words!r} is read as the name of a cue", words=line[:40]))
        return True


def _number(line: str) -> int | None:
    text = line.translate(_NARROW).strip() if len(line) < _LONGEST_LINE else ""
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _without_blocks(lines: Sequence[str]) -> list[str]:
    """WebVTT without its head, notes, styles and regions; lines keep their numbers."""
    result, inside, blank = list[str](), True, True
    for line in lines:
        if not line.strip() or (result and _times(0, line)):
            inside = False
        elif blank and _BLOCK.fullmatch(line.strip()):
            inside = True
        blank = not line.strip()
        result.append("" if inside else line)
    return result


def _add(reading: ParsedCues, cue: _Times, body: Sequence[str], *, vtt: bool) -> None:
    """Add the cue, or note why it is skipped."""
    line = cue.at + 1
    words = _body(reading, cue, body) if vtt else "\n".join([cue.words, *body])
    text = markup.without(words)
    if problem := cue.problem or _span_problem(cue) or _text_problem(text):
        reading.skipped(line, problem)
        return
    if not text:
        return
    reading.question(text, (cue.words, *body), line)
    if not vtt:
        _question_numbers(reading, body, line + 1)
    if place := markup.unkept_place(words) or _unkept_setting(cue.settings):
        reading.doubted(line, tr("{tag} is ignored", tag=place), PLACES)
    top = markup.at_top(words) or _line_at_top(cue.settings)
    reading.cues.append(TimedCue(text, max(cue.start, 0), cue.end, line, top))


def _question_numbers(reading: ParsedCues, body: Sequence[str], first: int) -> None:
    """Note a number between empty lines behind words: it may be all that is left of a cue."""
    begin = next((at for at, line in enumerate(body) if line.strip()), len(body))
    for at in range(begin + 2, len(body)):
        around = "".join([body[at - 1], *body[at + 1 : at + 2]]).strip()
        number = _number(body[at]) if not around else None
        if number is not None:
            reading.doubted(
                first + at, tr("{n} is shown, but looks like the number of a cue", n=number)
            )


def _body(reading: ParsedCues, cue: _Times, body: Sequence[str]) -> str:
    """The words of a WebVTT cue: up to the first empty line behind them."""
    first = next((n for n, line in enumerate(body) if line.strip()), len(body))
    last = next((n for n in range(first, len(body)) if not body[n]), len(body))  # " " is words
    stray = next((n for n in range(last, len(body)) if body[n].strip()), None)
    if stray is not None:
        reading.doubted(cue.at + 2 + stray, tr("words after an empty line are not shown"))
    return "\n".join(body[first:last])


def _span_problem(cue: _Times) -> Message:
    if cue.end == cue.start:
        return ENDS_AT_START
    if cue.end < cue.start:
        return ENDS_BEFORE_START
    return tr("it ends before the video starts") if cue.end <= 0 else NOTHING


def _text_problem(text: str) -> Message:
    return too_long(text) if len(text) > LONGEST_TEXT else NOTHING


def _line_at_top(settings: str) -> bool:
    """Whether WebVTT's ``line`` is in the upper half: lines and per cents count from the top."""
    line = _LINE_SETTING.search(settings)
    if not line or line[1].startswith("-"):
        return False
    return float(line[1]) < (50 if line[2] else 8)


def _unkept_setting(settings: str) -> str:
    vertical = re.search(r"\bvertical:\w+", settings)
    return vertical[0] if vertical else ""
