"""A recording of a real terminal run as an animated SVG.

A command runs under a pseudo-terminal. What it writes goes through a small terminal, whose screens
become the frames of a picture that plays by itself: no script, no font and nothing else to load.
Waiting is shortened; nothing else is changed. A control sequence that is not known is an error.
"""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import time
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import groupby
from pathlib import Path

SHORTEST, LONGEST = 0.12, 0.9  # seconds that a frame is shown
ENDING = 6.0  # seconds that the last one is
CELL, LINE, EDGE, BAR = 8.4, 19, 14, 30  # pixels: of a column, a row, the margin, the title bar

_CONTROL = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z])|\x1b\]8;[^\x1b]*\x1b\\|([\r\n])")
_BASIC = ("#6b7280", "#f47067", "#7ee2a8", "#f2c55c", "#7fb4ff", "#d6a2f7", "#6fd3e3", "#d6dbe1")
_GREYS = 232  # where grey begins in the 256 colours
_BACK, _INK = "#171b21", "#dfe4ea"


class UnknownControl(ValueError):
    """A control sequence that this terminal does not know."""


@dataclass(frozen=True, slots=True)
class Style:
    """How a character looks."""

    colour: str = _INK
    bold: bool = False
    faint: bool = False

    def after(self, codes: Sequence[int]) -> "Style":
        """The style behind a sequence of SGR codes."""
        match list(codes):
            case [] | [0]:
                return Style()
            case [1]:
                return Style(self.colour, True, self.faint)
            case [2]:
                return Style(self.colour, self.bold, True)
            case [39]:
                return Style(_INK, self.bold, self.faint)
            case [38, 5, number]:
                return Style(_colour_of(number), self.bold, self.faint)
            case [38, 2, red, green, blue]:
                return Style(f"#{red:02x}{green:02x}{blue:02x}", self.bold, self.faint)
            case [code] if 30 <= code <= 37 or 90 <= code <= 97:
                return Style(_BASIC[code % 10], self.bold, self.faint)
            case [first, *rest] if rest and first in (0, 1, 2):
                return self.after([first]).after(rest)
        raise UnknownControl(f"SGR {codes}")


def _colour_of(number: int) -> str:
    if number < 16:
        return _BASIC[number % 8]
    if number >= _GREYS:
        return f"#{8 + 10 * (number - _GREYS):02x}" + f"{8 + 10 * (number - _GREYS):02x}" * 2
    steps = (0, 95, 135, 175, 215, 255)
    number -= 16
    return "#" + "".join(
        f"{steps[part]:02x}" for part in (number // 36, number // 6 % 6, number % 6)
    )


Cell = tuple[str, Style]
Row = tuple[Cell, ...]


@dataclass
class Screen:
    """A terminal that understands what the program and rich write."""

    columns: int = 92
    rows: list[list[Cell]] = field(default_factory=lambda: [[]])
    row: int = 0
    column: int = 0
    style: Style = Style()

    def feed(self, text: str) -> None:
        """Show ``text``. Raises UnknownControl."""
        at = 0
        for match in _CONTROL.finditer(text):
            self._write(text[at : match.start()])
            at = match.end()
            if match[3] == "\r":
                self.column = 0
            elif match[3]:
                self._down()
            elif match[2]:
                self._control(match[2], match[1])
        self._write(text[at:])

    def _control(self, kind: str, parameters: str) -> None:
        numbers = [int(part or 0) for part in parameters.strip("?").split(";") if parameters]
        match kind, numbers:
            case "m", _:
                self.style = self.style.after(numbers)
            case "A", _:
                self.row = max(self.row - (numbers or [1])[0], 0)
            case "K", [] | [0]:
                del self.rows[self.row][self.column :]
            case "K", [2]:
                self.rows[self.row].clear()
            case (("h" | "l"), [25]):
                pass  # the cursor is not drawn
            case _:
                raise UnknownControl(f"CSI {parameters}{kind}")

    def _down(self) -> None:
        self.row += 1
        if self.row == len(self.rows):
            self.rows.append([])

    def _write(self, text: str) -> None:
        if "\x1b" in text:
            raise UnknownControl(repr(text[text.index("\x1b") :][:12]))
        for character in text:
            width = cells_of(character)
            if self.column + width > self.columns:
                self.column = 0
                self._down()
            line = self.rows[self.row]
            line += [(" ", Style())] * (self.column + width - len(line))
            line[self.column] = (character, self.style)
            if width == 2:
                line[self.column + 1] = ("", self.style)
            self.column += width

    def shown(self) -> tuple[Row, ...]:
        """The rows, without empty ones at the end."""
        rows = [tuple(row) for row in self.rows]
        while rows and not any(character.strip() for character, _ in rows[-1]):
            rows.pop()
        return tuple(rows)


def cells_of(character: str) -> int:
    """How many columns a character takes."""
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


Chunk = tuple[float, bytes]  # seconds since the beginning, and what was written


def record(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], size: tuple[int, int]
) -> tuple[list[Chunk], int]:
    """What ``command`` writes to a terminal of ``size`` (columns, rows), and its exit code."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
    variables = {**environment, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    began = time.monotonic()
    process = subprocess.Popen(
        command, cwd=folder, env=variables, stdin=theirs, stdout=theirs, stderr=theirs,
        start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    chunks: list[Chunk] = []
    try:
        while data := _read(ours):
            chunks.append((time.monotonic() - began, data))
    finally:
        os.close(ours)
    return chunks, process.wait()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1 << 16)
    except OSError:  # Linux says so when the other side is closed
        return b""


@dataclass(frozen=True, slots=True)
class Frame:
    """A screen, and for how many seconds it is shown."""

    rows: tuple[Row, ...]
    seconds: float


def film(typed: str, chunks: Iterable[Chunk], columns: int) -> list[Frame]:
    """The frames of a run: the command as it is typed, then every screen that differs."""
    screen, frames = Screen(columns), list[Frame]()
    screen.feed("\x1b[36m$\x1b[0m ")
    for word in re.findall(r"\S+\s*", typed):
        screen.feed(word)
        frames.append(Frame(screen.shown(), 0.25))
    screen.feed("\r\n")
    decoded = b"".join(data for _, data in chunks).decode("utf-8")
    moments = _moments(decoded, chunks)
    for number, (begin, text) in enumerate(moments):
        screen.feed(text)
        end = moments[number + 1][0] if number + 1 < len(moments) else begin
        if screen.shown() != frames[-1].rows and end - begin >= SHORTEST:
            frames.append(Frame(screen.shown(), min(end - begin, LONGEST)))
    return [*frames, Frame(screen.shown(), ENDING)]


def _moments(decoded: str, chunks: Iterable[Chunk]) -> list[tuple[float, str]]:
    """The text of each chunk; one that ends within a character or a control is joined on."""
    moments, held = list[tuple[float, str]](), b""
    for moment, data in chunks:
        held += data
        text = held.decode("utf-8", "ignore")
        if text.encode() == held and not re.search(r"\x1b(\[[?0-9;]*)?$", text):
            moments.append((moment, text))
            held = b""
    assert "".join(text for _, text in moments) == decoded
    return moments


def svg(frames: Sequence[Frame], columns: int, title: str) -> str:
    """The frames as one picture; where motion is not wanted, it shows the last of them."""
    width = round(columns * CELL + 2 * EDGE)
    height = BAR + max(len(frame.rows) for frame in frames) * LINE + EDGE
    names: dict[Row, str] = {}
    for frame in frames:
        for row in frame.rows:
            if row:
                names.setdefault(row, f"r{len(names)}")
    rows = "".join(f'<g id="{name}">{_row(row)}</g>' for row, name in names.items())
    strips = "".join(
        f'<g transform="translate({number * width} 0)">{_uses(frame, names)}</g>'
        for number, frame in enumerate(frames)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img"><title>{escape(title)}</title>'
        f"<style>{_style(frames, width)}</style><defs>{rows}</defs>"
        f'<rect width="{width}" height="{height}" rx="8" fill="{_BACK}"/>'
        + "".join(
            f'<circle cx="{18 + 18 * number}" cy="16" r="5" fill="{colour}"/>'
            for number, colour in enumerate(("#f47067", "#f2c55c", "#7ee2a8"))
        )
        + f'<svg x="0" y="0" width="{width}" height="{height}"><g class="film">{strips}</g></svg>'
        "</svg>\n"
    )


def _style(frames: Sequence[Frame], width: int) -> str:
    whole, at, steps = sum(frame.seconds for frame in frames), 0.0, []
    for number, frame in enumerate(frames):
        steps.append(f"{100 * at / whole:.3f}%{{transform:translateX(-{number * width}px)}}")
        at += frame.seconds
    last = f"translateX(-{(len(frames) - 1) * width}px)"
    return (
        "svg{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',"
        "'Noto Sans Mono CJK SC','PingFang SC','Microsoft YaHei',monospace}text{white-space:pre}"
        f".film{{transform:{last};animation:film {whole:.1f}s step-end infinite}}"
        "@media (prefers-reduced-motion:reduce){.film{animation:none}}"
        f"@keyframes film{{{''.join(steps)}100%{{transform:{last}}}}}"
    )


def _uses(frame: Frame, names: Mapping[Row, str]) -> str:
    return "".join(
        f'<use href="#{names[row]}" y="{BAR + number * LINE}"/>'
        for number, row in enumerate(frame.rows)
        if row
    )


def _row(row: Row) -> str:
    """A row as runs of one style and width of characters, each in the columns that it takes."""
    parts, begin = list[str](), 0
    for (style, _), cells in groupby(row, key=lambda cell: (cell[1], _is_wide(cell[0]))):
        characters = [character for character, _ in cells]
        text = "".join(characters)
        if text.strip():
            parts.append(_run(text, begin, style))
        begin += len(characters)
    return "".join(parts)


def _is_wide(character: str) -> bool:
    """Whether a cell belongs to a wide character: it, or the empty cell behind it."""
    return not character or cells_of(character) == 2


def _run(text: str, begin: int, style: Style) -> str:
    begin += len(text) - len(text.lstrip(" "))
    text = text.strip(" ")
    end = begin + sum(map(cells_of, text))
    fitted = "spacing" if _is_wide(text[0]) else "spacingAndGlyphs"
    look = f' fill="{style.colour}"'
    look += ' font-size="15.6"' * _is_wide(text[0])  # in few fonts it is two columns wide
    look += ' font-weight="700"' * style.bold + ' opacity=".65"' * style.faint
    return (
        f'<text x="{EDGE + begin * CELL:.1f}" y="14" textLength="{(end - begin) * CELL:.1f}" '
        f'lengthAdjust="{fitted}"{look}>{escape(text)}</text>'
    )
