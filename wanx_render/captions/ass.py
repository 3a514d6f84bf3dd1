"""ASS subtitles, made harmless: text in, a clean script with one known typeface out.

Such a file may carry fonts, pictures and the notes of its editor, and may name any typeface of any
machine. Kept are the size of the script, its styles and its lines, with all their effects; every
typeface becomes the one whose glyphs were checked.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from wanx_render.captions.cues import (
    ENDS_AT_START,
    ENDS_BEFORE_START,
    BadSubtitles,
    Notice,
    ParsedCues,
)
from wanx_render.language import tr

_KEPT = ("PlayResX", "PlayResY", "WrapStyle", "ScaledBorderAndShadow")
_VALUE = re.compile(r"[0-9]{1,5}|yes|no", re.IGNORECASE)
_TIME = re.compile(r"(\d{1,4}):(\d{1,2}):(\d{1,2})(?:[.:,](\d{1,3}))?")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_BLOCK = re.compile(r"\{[^}]*\}")
_TYPEFACE = re.compile(r"\\fn[^\\}]*")
_DRAWING = re.compile(r"\\p(\d+)")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the script: when it is seen, and how it is written."""

    start: Fraction
    end: Fraction
    written: str  # all of it, as the script has it
    words: str  # what is drawn of it, without effects
    number: int = field(default=0, compare=False)  # its line in the file, from 1


@dataclass(frozen=True, slots=True)
class Script:
    """A clean script, and what of the file was left out of it."""

    head: str
    lines: tuple[Line, ...]
    notices: tuple[Notice, ...] = ()

    @property
    def words(self) -> str:
        """Everything that must be drawn."""
        return "\n".join(line.words for line in self.lines)

    def text(self) -> str:
        """The script as a file; it may have no lines."""
        return self.head + "".join(f"{line.written}\n" for line in self.lines)

    def within(self, start: Fraction, end: Fraction) -> "Script":
        """Only what is seen between two moments, its times as they were."""
        lines = tuple(line for line in self.lines if line.start < end and line.end > start)
        return replace(self, lines=lines)


def is_script(lines: Sequence[str]) -> bool:
    """Whether these lines are ASS or SSA."""
    return any(_SECTION.match(line) for line in lines)


_SECTION = re.compile(r"\s*\[(?:Script Info|V4\+? Styles|Events)\]\s*$", re.IGNORECASE)


def read(text: str, typeface: str) -> Script:
    """The clean script of an ASS file, in one typeface. Raises BadSubtitles.

    A line that cannot be used is left out, and noted.
    """
    sections = _sections(text)
    if "v4+ styles" not in sections or "events" not in sections:
        raise BadSubtitles(tr("an ASS file requires [V4+ Styles] and [Events]"))
    reading = ParsedCues()
    head = ["[Script Info]", "ScriptType: v4.00+", *_info(sections.get("script info", []))]
    fields, styles = _rows(sections["v4+ styles"], "Style", reading)
    place = _place(fields, "Fontname")
    head += ["", "[V4+ Styles]", f"Format: {', '.join(fields)}"]
    for _, style in styles:
        style[place] = typeface
        head.append(f"Style: {','.join(style)}")
    fields, events = _rows(sections["events"], "Dialogue", reading)
    if fields[-1].lower() != "text":
        raise BadSubtitles(tr("the last field of [Events] must be Text"))
    head += ["", "[Events]", f"Format: {', '.join(fields)}", ""]
    lines = [line for number, event in events if (line := _line(fields, event, number, reading))]
    return Script("\n".join(head), tuple(lines), tuple(reading.notices))


def _sections(text: str) -> dict[str, list[tuple[int, str]]]:
    """The lines of each section, with their numbers in the file from 1."""
    sections: dict[str, list[tuple[int, str]]] = {}
    lines: list[tuple[int, str]] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = _CONTROL.sub("", raw).strip("\ufeff \t")
        if line.startswith("[") and line.endswith("]"):
            lines = sections.setdefault(line[1:-1].lower(), [])
        elif line and not line.startswith((";", "!")):
            lines.append((number, line))
    return sections


def _info(lines: list[tuple[int, str]]) -> Iterator[str]:
    for _, line in lines:
        key, _, value = line.partition(":")
        if key in _KEPT and _VALUE.fullmatch(value.strip()):
            yield f"{key}: {value.strip()}"


def _rows(
    lines: list[tuple[int, str]], kind: str, reading: ParsedCues
) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The names of the fields, and the numbered fields of each row of a kind."""
    fields: list[str] = []
    rows = []
    for number, line in lines:
        key, _, value = line.partition(":")
        key = key.strip().capitalize()
        if key == "Format":
            fields = [name.strip() for name in value.split(",")]
        elif key == kind and fields:
            row = [part.strip() for part in value.split(",", len(fields) - 1)]
            if len(row) == len(fields):
                rows.append((number, row))
            elif kind == "Style":
                reading.doubted(number, tr("Style ignored: it has fewer fields than its Format"))
            else:
                reading.skipped(number, tr("it has fewer fields than its Format"))
        elif key == kind:
            raise BadSubtitles(
                tr("the {kind} in line {line} comes before its Format", kind=kind, line=number)
            )
        elif kind == "Dialogue" and key.startswith(kind):
            reading.skipped(number, tr("a colon is missing after Dialogue"))
    if not fields:
        raise BadSubtitles(tr("{kind} has no Format", kind=kind))
    return fields, rows


def _place(fields: list[str], name: str) -> int:
    if name not in fields:
        raise BadSubtitles(tr("Format has no {name}", name=name))
    return fields.index(name)


def _line(fields: list[str], event: list[str], number: int, reading: ParsedCues) -> Line | None:
    """The line with its times in the form libass reads, or None where it is left out."""
    times = []
    for place in (_place(fields, "Start"), _place(fields, "End")):
        moment = hundredths(event[place])
        if moment is None:
            text = event[place][:40]
            reading.skipped(number, tr("{text!r} is not a time such as 0:00:01.50", text=text))
            return None
        event[place] = _written(moment)
        times.append(Fraction(moment, 100))
    start, end = times
    if end <= start:
        reading.skipped(number, ENDS_AT_START if end == start else ENDS_BEFORE_START)
        return None
    event[-1] = _BLOCK.sub(lambda block: _TYPEFACE.sub("", block[0]), event[-1])
    words = _words(event[-1])
    reading.question(words, (words,), number)
    return Line(start, end, f"Dialogue: {','.join(event)}", words, number)


def hundredths(text: str) -> int | None:
    """Hundredths of a second of a time such as 0:00:01.50; None where it is not one."""
    match = _TIME.fullmatch(text)
    if not match:
        return None
    hours, minutes, seconds = map(int, match.groups()[:3])
    part = (match[4] or "0")[:2].ljust(2, "0")
    return (hours * 3600 + minutes * 60 + seconds) * 100 + int(part)


def _written(moment: int) -> str:
    seconds, part = divmod(moment, 100)
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}.{part:02}"


def _words(text: str) -> str:
    """What is drawn as letters: no effects, and no shapes."""
    is_shape, words, at = False, "", 0
    for block in _BLOCK.finditer(text):
        words += "" if is_shape else text[at : block.start()]
        at = block.end()
        for scale in _DRAWING.findall(block[0]):
            is_shape = scale != "0"
    words += "" if is_shape else text[at:]
    return words.replace("\\N", "\n").replace("\\n", " ").replace("\\h", " ")
