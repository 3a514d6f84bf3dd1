"""SSA (version 4), the older form of ASS, converted by pysubs2: other colours and alignments."""

import re
import warnings
from collections.abc import Sequence
from dataclasses import replace

from wanx_render.captions import ass
from wanx_render.captions.ass import Script
from wanx_render.captions.cues import BadSubtitles, ParsedCues
from wanx_render.language import tr

_STYLES = re.compile(r"\s*\[V4 Styles\]\s*$", re.IGNORECASE)
_FIELDS = 10  # of an event; their order is fixed


def is_ssa(lines: Sequence[str]) -> bool:
    """Whether these lines are SSA, not ASS."""
    return any(_STYLES.match(line) for line in lines)


def read(lines: Sequence[str], typeface: str) -> Script:
    """The clean script of an SSA file, in one typeface. Raises BadSubtitles.

    pysubs2 refuses a file for one bad time; such lines are left out before, and noted.
    """
    reading = ParsedCues()
    numbers = []  # of the lines with the events, in order
    usable = []
    for number, line in enumerate(lines, start=1):
        head, _, rest = line.partition(":")
        kind = head.strip()
        if kind == "Comment":
            continue
        if kind == "Dialogue" and not _usable(rest):
            reading.skipped(number, tr("it requires two times such as 0:00:01.50"))
            continue
        if kind == "Dialogue":
            numbers.append(number)
        usable.append(line)
    text = _converted(usable)
    old = dict(zip(_events(text), numbers, strict=True))
    script = ass.read(text, typeface)
    dialogue = tuple(replace(line, number=old[line.number]) for line in script.lines)
    notices = (replace(notice, line=old.get(notice.line, 0)) for notice in script.notices)
    return replace(script, lines=dialogue, notices=(*reading.notices, *notices))


def _usable(rest: str) -> bool:
    """Whether pysubs2 can read an event with these fields."""
    fields = rest.split(",", _FIELDS - 1)
    return len(fields) == _FIELDS and all(
        ass.hundredths(field.strip()) is not None for field in fields[1:3]
    )


def _converted(lines: Sequence[str]) -> str:
    import pysubs2  # 40 ms, for the few files that need it

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about fields that get a default
            document = pysubs2.SSAFile.from_string("\n".join(lines), "ssa")
            document.fonts_opaque.clear()
            document.graphics_opaque.clear()
            return str(document.to_string("ass"))
    except (ValueError, TypeError, IndexError, KeyError, pysubs2.Pysubs2Error):
        raise BadSubtitles(tr("its SSA styles cannot be read"), tr("save it as ASS")) from None


def _events(text: str) -> list[int]:
    return [n for n, line in enumerate(text.splitlines(), 1) if line.startswith("Dialogue:")]
