"""LRC, the words of a song: ``[00:12.50]words``, several times before words that are repeated.

A line has no end in LRC. It is seen until the next one, also where that has no words, but not
longer than ``LONGEST``. Lines of the same time, as in bilingual files, are one cue.
"""

import re
from collections.abc import Iterator, Sequence

from wanx_render.captions import markup
from wanx_render.captions.cues import LONGEST_TEXT, BadSubtitles, ParsedCues, TimedCue, too_long
from wanx_render.language import tr

LONGEST = 10_000  # milliseconds
_STAMP = re.compile(r"\s*\[(\d{1,3}):(\d{1,2})(?::(\d{1,2}))?(?:[.,:](\d{1,3}))?\]")
_TAG = re.compile(r"\s*\[\s*([A-Za-z#_]{1,20})\s*:(.*)\]\s*")
_WORD_STAMP = re.compile(r"<\d{1,3}:\d{1,2}(?:[.:]\d{1,3})?>")


def has_times(lines: Sequence[str]) -> bool:
    """Whether any line begins with a time of LRC."""
    return any(_STAMP.match(line) for line in lines)


def read(lines: Sequence[str]) -> ParsedCues:
    """The cues of an LRC file. Raises BadSubtitles."""
    reading = ParsedCues()
    offset = _offset(lines)
    moments: dict[int, list[tuple[int, str]]] = {}
    for number, line in enumerate(lines, start=1):
        stamps, words = _stamps(line)
        if not stamps:
            if line.strip() and not _TAG.fullmatch(line):
                reading.skipped(number, tr("it has no time such as [00:12.50]"))
            continue
        text = markup.without(re.sub(" {2,}", " ", _WORD_STAMP.sub("", words)))
        reading.question(text, (line,), number)
        for stamp in stamps:
            moments.setdefault(max(stamp - offset, 0), []).append((number, text))
    if not moments:
        raise BadSubtitles(tr("no line has a time such as [00:12.50]"))
    reading.cues += _cues(moments, reading)
    return reading


def _offset(lines: Sequence[str]) -> int:
    """Milliseconds by which all words come earlier."""
    for line in lines:
        tag = _TAG.fullmatch(line)
        if tag and tag[1].lower() == "offset" and re.fullmatch(r"[+-]?\d{1,8}", tag[2].strip()):
            return int(tag[2])
    return 0


def _stamps(line: str) -> tuple[list[int], str]:
    """The times before the words, in milliseconds, and the words."""
    stamps, at = list[int](), 0
    while match := _STAMP.match(line, at):
        first, second, third, fraction = match.groups()
        minutes, seconds = (int(first), int(second))
        if third and fraction:  # hours; with three parts alone the last is hundredths
            minutes, seconds = minutes * 60 + seconds, int(third)
        part = (fraction or third or "0").ljust(3, "0")
        stamps.append((minutes * 60 + seconds) * 1000 + int(part))
        at = match.end()
    return stamps, line[at:]


def _cues(moments: dict[int, list[tuple[int, str]]], reading: ParsedCues) -> Iterator[TimedCue]:
    times = sorted(moments)
    for start, following in zip(times, [*times[1:], times[-1] + LONGEST], strict=True):
        line = moments[start][0][0]
        text = "\n".join(dict.fromkeys(text for _, text in moments[start] if text))
        if len(text) > LONGEST_TEXT:
            reading.skipped(line, too_long(text))
        elif text:
            yield TimedCue(text, start, min(following, start + LONGEST), line)
