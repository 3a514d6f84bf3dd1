"""ASS subtitles, made harmless: text in, a clean script with one known typeface out.

Such a file may carry fonts, pictures and the notes of its editor, and may name any typeface of any
machine. Kept are the size of the script, its styles and its lines, with all their effects; every
typeface becomes the one whose glyphs were checked.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from wanx_render.captions import BadSubtitles

MOST_BYTES = 4 * 1024 * 1024
_KEPT = ("PlayResX", "PlayResY", "WrapStyle", "ScaledBorderAndShadow")
_VALUE = re.compile(r"[0-9]{1,5}|yes|no", re.IGNORECASE)
_TIME = re.compile(r"(\d{1,2}):([0-5]\d):([0-5]\d)\.(\d\d)")
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


@dataclass(frozen=True, slots=True)
class Script:
    """A clean script."""

    head: str
    lines: tuple[Line, ...]

    @property
    def words(self) -> str:
        """Everything that must be drawn."""
        return "\n".join(line.words for line in self.lines)

    def text(self) -> str:
        """The script as a file; it may have no lines."""
        return self.head + "".join(f"{line.written}\n" for line in self.lines)

    def within(self, start: Fraction, end: Fraction) -> "Script":
        """Only what is seen between two moments, its times as they were."""
        seen = tuple(line for line in self.lines if line.start < end and line.end > start)
        return replace(self, lines=seen)


def is_styled(named: str | None) -> bool:
    """Whether subtitles of this name are ASS."""
    return bool(named) and str(named).lower().endswith(".ass")


def read(text: str, typeface: str) -> Script:
    """The clean script of an ASS file, in one typeface. Raises BadSubtitles."""
    if len(text) > MOST_BYTES:
        raise BadSubtitles("it is larger than 4 MiB")
    sections = _sections(text)
    if "v4+ styles" not in sections or "events" not in sections:
        raise BadSubtitles("it has no [V4+ Styles] and [Events]: is it an ASS file?")
    head = ["[Script Info]", "ScriptType: v4.00+", *_info(sections.get("script info", []))]
    fields, styles = _rows(sections["v4+ styles"], "Style")
    place = _place(fields, "Fontname")
    head += ["", "[V4+ Styles]", f"Format: {', '.join(fields)}"]
    for style in styles:
        style[place] = typeface
        head.append(f"Style: {','.join(style)}")
    fields, events = _rows(sections["events"], "Dialogue")
    if fields[-1].lower() != "text":
        raise BadSubtitles("its [Events] do not end in Text")
    head += ["", "[Events]", f"Format: {', '.join(fields)}", ""]
    lines = [_line(fields, event, number) for number, event in enumerate(events, start=1)]
    return Script("\n".join(head), tuple(line for line in lines if line.start < line.end))


def _sections(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for raw in text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}").splitlines():
        line = _CONTROL.sub("", raw).strip()
        if line.startswith("[") and line.endswith("]"):
            lines = found.setdefault(line[1:-1].lower(), [])
        elif line and not line.startswith((";", "!")):
            lines.append(line)
    return found


def _info(lines: list[str]) -> Iterator[str]:
    for line in lines:
        key, _, value = line.partition(":")
        if key in _KEPT and _VALUE.fullmatch(value.strip()):
            yield f"{key}: {value.strip()}"


def _rows(lines: list[str], kind: str) -> tuple[list[str], list[list[str]]]:
    """The names of the fields, and the fields of each row of a kind."""
    fields: list[str] = []
    rows = []
    for line in lines:
        key, _, value = line.partition(":")
        if key == "Format":
            fields = [name.strip() for name in value.split(",")]
        elif key == kind and fields:
            row = [part.strip() for part in value.split(",", len(fields) - 1)]
            if len(row) < len(fields):
                raise BadSubtitles(f"a {kind} has fewer fields than its Format says")
            rows.append(row)
        elif key == kind:
            raise BadSubtitles(f"a {kind} stands before its Format")
    if not fields:
        raise BadSubtitles(f"there is no Format for {kind}")
    return fields, rows


def _place(fields: list[str], name: str) -> int:
    if name not in fields:
        raise BadSubtitles(f"its Format has no {name}")
    return fields.index(name)


def _line(fields: list[str], event: list[str], number: int) -> Line:
    start, end = (_seconds(event[_place(fields, name)], number) for name in ("Start", "End"))
    event[-1] = _BLOCK.sub(lambda block: _TYPEFACE.sub("", block[0]), event[-1])
    return Line(start, end, f"Dialogue: {','.join(event)}", _words(event[-1]))


def _seconds(text: str, number: int) -> Fraction:
    found = _TIME.fullmatch(text)
    if not found:
        raise BadSubtitles(f"its line {number} has no time such as 0:00:01.50")
    hours, minutes, seconds, part = map(int, found.groups())
    return Fraction((hours * 3600 + minutes * 60 + seconds) * 100 + part, 100)


def _words(text: str) -> str:
    """What is drawn as letters: no effects, and no shapes."""
    drawn, words, at = False, "", 0
    for block in _BLOCK.finditer(text):
        words += "" if drawn else text[at : block.start()]
        at = block.end()
        for scale in _DRAWING.findall(block[0]):
            drawn = scale != "0"
    words += "" if drawn else text[at:]
    return words.replace("\\N", "\n").replace("\\n", " ").replace("\\h", " ")
