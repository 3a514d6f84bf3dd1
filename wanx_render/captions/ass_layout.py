"""ASS lines that stay in the frame, in the fonts that captions are drawn in.

libass breaks lines at blanks only, so that a long Chinese line runs off both edges, and takes one
typeface for a style. Here each line is measured as libass would draw it; one that is too wide gets
breaks where captions would have them, and each part of a line gets the typeface of its script.

How libass scales is in its ass_render.c: a font size is the height of ascent and descent together
as Windows counts them, and counts as much of the frame's height as it does of PlayResY.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from wanx_render.captions.ass import Line, Script
from wanx_render.captions.fonts import Font, latin
from wanx_render.captions.lettering import (
    NARROW,
    Lettering,
    common_language,
    has_wide,
    language_of,
    marked,
)
from wanx_render.captions.linebreaks import Width, wrapped
from wanx_render.geometry import Size

_TOKEN = re.compile(r"\{[^}]*\}|\\[Nnh]|.", re.DOTALL)
_BOLD = 1.04  # how much wider letters become that libass makes bold itself
# Lines that leave the frame on purpose, or are turned: where they end cannot be said from widths.
_MOVES = re.compile(r"\\(?:move|t|fr[xyz]?|org|fa[xy])(?![a-z])")
_PLACE = re.compile(r"\\pos\(\s*(-?[0-9.]+)\s*,\s*(-?[0-9.]+)\s*\)")
_ALIGNED = re.compile(r"\\an([1-9])")
_NUMBER = {
    name: re.compile(rf"\\{name}([0-9.]+)(?![a-z])")
    for name in ("fs", "fscx", "fsp", "b", "q", "p")
}


@dataclass(frozen=True, slots=True)
class _Style:
    """What of a style decides how wide its lines are and may be; lengths in the script's pixels."""

    size: float = 18.0
    scale: float = 100.0  # percent, across
    spacing: float = 0.0
    bold: bool = False
    left: float = 0.0
    right: float = 0.0
    border: float = 0.0
    alignment: int = 2


@dataclass(frozen=True, slots=True)
class _Page:
    """The frame, and how the script's pixels become the frame's."""

    frame: Size
    across: float  # frame pixels for one of the script's, across
    down: float
    wraps: bool
    styles: dict[str, _Style]
    font: Font
    language: str
    usual: str


def fitted(script: Script, frame: Size, font: Font, language: str = "") -> Script:
    """The script with every line that would be too wide for the frame broken, and with the
    typefaces of its letters; ``language`` where somebody said which one it is."""
    usual = common_language([line.words for line in script.lines])
    page = _page(script, frame, font, language, usual)
    return replace(script, lines=tuple(_fitted(line, script, page) for line in script.lines))


def too_tall(script: Script, frame: Size) -> list[Line]:
    """The lines of a fitted script that are higher than the frame."""
    page = _page(script, frame, latin(), "", "")
    return [
        line
        for line in script.lines
        if not _MOVES.search(line.written)
        and (_own(line, script, page).size * page.down) * (line.words.count("\n") + 1)
        > frame.height
    ]


def _page(script: Script, frame: Size, font: Font, language: str, usual: str) -> _Page:
    info = dict(re.findall(r"^(\w+): *([0-9]+)", script.head, re.MULTILINE))
    high = float(info.get("PlayResY") or 0)
    wide = float(info.get("PlayResX") or 0)
    if not wide and not high:
        wide, high = 384.0, 288.0
    high = high or wide * 3 / 4
    wide = wide or high * 4 / 3
    wraps = info.get("WrapStyle") != "2"
    across, down = frame.width / wide, frame.height / high
    return _Page(frame, across, down, wraps, dict(_styles(script.head)), font, language, usual)


def _styles(head: str) -> Iterator[tuple[str, _Style]]:
    fields: list[str] = []
    for line in head.splitlines():
        key, _, value = line.partition(": ")
        parts = [part.strip() for part in value.split(",")]
        if key == "Format" and not fields:
            fields = [part.lower() for part in parts]
        elif key == "Style":
            row = dict(zip(fields, parts, strict=False))
            yield (
                row.get("name", "").lstrip("*"),
                _Style(
                    size=_number(row, "fontsize", 18),
                    scale=_number(row, "scalex", 100),
                    spacing=_number(row, "spacing", 0),
                    bold=_number(row, "bold", 0) != 0,
                    left=_number(row, "marginl", 0),
                    right=_number(row, "marginr", 0),
                    border=_number(row, "outline", 0),
                    alignment=int(_number(row, "alignment", 2)),
                ),
            )


def _number(row: dict[str, str], name: str, default: float) -> float:
    try:
        return float(row.get(name, default))
    except ValueError:
        return default


def _own(line: Line, script: Script, page: _Page) -> _Style:
    """The style of a line, with its own margins and the largest letters of its effects."""
    row = _row(line, script)
    style = page.styles.get(row.get("style", "").lstrip("*")) or next(
        iter(page.styles.values()), _Style()
    )
    largest = {name: [float(n) for n in pattern.findall(line.written) if n.strip(".")]
               for name, pattern in _NUMBER.items()}  # fmt: skip
    return replace(
        style,
        size=max([style.size, *largest["fs"]]),
        scale=max([style.scale, *largest["fscx"]]),
        spacing=max([style.spacing, *largest["fsp"]]),
        bold=style.bold or any(largest["b"]),
        left=_number(row, "marginl", 0) or style.left,
        right=_number(row, "marginr", 0) or style.right,
        alignment=int((_ALIGNED.findall(line.written) or [style.alignment])[0]),
    )


def _row(line: Line, script: Script) -> dict[str, str]:
    events = script.head.partition("[Events]")[2]
    format_line = re.search(r"^Format: (.*)$", events, re.MULTILINE)
    fields = [field.strip().lower() for field in format_line[1].split(",")] if format_line else []
    values = line.written.removeprefix("Dialogue: ").split(",", max(len(fields) - 1, 0))
    return dict(zip(fields, values, strict=False))


def _fitted(line: Line, script: Script, page: _Page) -> Line:
    """The line with breaks and typefaces."""
    row = _row(line, script)
    text = row.get("text", "")
    head = line.written.removesuffix(text)
    style = _own(line, script, page)
    still = not _MOVES.search(text) and not row.get("effect", "").strip()
    room = _room(text, style, page) if still else float("inf")
    event = "".join(_written(text, style, page, room))
    words = _words(line.words, style, page, room)
    if still:
        event = _moved(event, words, style, page)
    return replace(line, written=head + event, words=words)


def _moved(text: str, words: str, style: _Style, page: _Page) -> str:
    """A line that has a place of its own in the frame: moved so that all of it is seen."""
    place = _PLACE.search(text)
    if place is None or not _is_inside(place, page):
        return text
    width = _width(words, _lettering(words, page), style, page)
    wide = max(map(width, words.split("\n"))) / page.across + 2 * style.border
    high = (words.count("\n") + 1) * style.size + 2 * style.border
    before = {1: 0.0, 2: 0.5, 0: 1.0}[style.alignment % 3]  # the part of it left of its place
    above = {0: 1.0, 1: 0.5, 2: 0.0}[(style.alignment - 1) // 3]
    x = _within(float(place[1]), wide, before, page.frame.width / page.across)
    y = _within(float(place[2]), high, above, page.frame.height / page.down)
    return f"{text[: place.start()]}\\pos({x:g},{y:g}){text[place.end() :]}"


def _within(place: float, length: float, before: float, screen: float) -> float:
    """A place for what is ``length`` long, so that none of it is outside; in the script's units."""
    length = min(length, screen)
    return min(max(place, before * length), screen - (1 - before) * length)


def _is_inside(place: re.Match[str], page: _Page) -> bool:
    """Whether a place is in the frame; nobody can say what is meant by one that is not."""
    x, y = float(place[1]) * page.across, float(place[2]) * page.down
    return 0 <= x <= page.frame.width and 0 <= y <= page.frame.height


def outside(script: Script, frame: Size) -> list[Line]:
    """The lines whose place is outside the frame: nobody may see them."""
    page = _page(script, frame, latin(), "", "")
    places = ((line, _PLACE.search(line.written)) for line in script.lines)
    return [line for line, place in places if place and not _is_inside(place, page)]


def _room(text: str, style: _Style, page: _Page) -> float:
    """How wide a line may be, in pixels of the frame."""
    numbers = [float(number) for number in _NUMBER["q"].findall(text) if number.strip(".")]
    wraps = page.wraps if not numbers else numbers[-1] != 2
    em = style.size * page.down
    margins = (style.left + style.right) * page.across if wraps else 0
    room = page.frame.width - 2 * style.border * page.down
    room -= margins if margins < room - 2 * em else 0
    if place := _PLACE.search(text):
        x = float(place[1]) * page.across
        left, right = x, page.frame.width - x
        beside = {1: right, 0: left, 2: 2 * min(left, right)}[style.alignment % 3]
        if not _is_inside(place, page):
            return float("inf")
        return beside if beside >= 2 * em else room  # else it is moved away from the edge
    return room


def _width(words: str, lettering: Lettering, style: _Style, page: _Page) -> Width:
    """How wide libass draws parts of ``words``, in pixels of the frame; rather more than less."""
    latin_only = not has_wide(words)

    def width(text: str) -> float:
        letters = sum(
            run.width(100) / 100 / run.font.height * style.size * page.down
            for run in lettering.runs(marked(text) if latin_only else text)
        )
        wider = _BOLD if style.bold else 1.0
        spacing = style.spacing * page.across * len(text)
        return (letters * wider + spacing) * style.scale / 100

    return width


def _broken(words: str, style: _Style, page: _Page, room: float) -> list[str]:
    """The lines of words without effects, which have no breaks of their own."""
    lettering = _lettering(words, page)
    width = _width(words, lettering, style, page)
    if width(words.strip()) <= room:
        return [words]
    return wrapped(words, lettering.language, width, room)[0]


def _lettering(words: str, page: _Page) -> Lettering:
    return Lettering(page.font, language_of(words, page.language) or page.usual)


def _words(words: str, style: _Style, page: _Page, room: float) -> str:
    lines = (line for part in words.split("\n") for line in _broken(part, style, page, room))
    return "\n".join(lines)


@dataclass(slots=True)
class _Letter:
    """A character of a line as the script has it, or an effect, which shows no ``sign``."""

    raw: str
    sign: str = ""


def _written(text: str, style: _Style, page: _Page, room: float) -> Iterator[str]:
    """A line's text, effects and all, with breaks and typefaces."""
    family = page.font.family
    for number, part in enumerate(_parts(text, hard=not page.wraps)):
        if number:
            yield "\\N"
        signs = _laid("".join(letter.sign for letter in part), style, page, room)
        for letter in part:
            if not letter.sign:
                family = page.font.family if "\\r" in letter.raw else family
                yield letter.raw
                continue
            before, typeface = next(signs)
            if before is None:
                continue
            yield before
            if typeface != family and not letter.sign.isspace():
                yield f"{{\\fn{typeface}}}"
                family = typeface
            yield letter.raw


def _parts(text: str, *, hard: bool) -> Iterator[list[_Letter]]:
    """The text between its own breaks; shapes count as effects."""
    part: list[_Letter] = []
    is_shape = False
    for raw in _TOKEN.findall(text):
        if raw.startswith("{"):
            for scale in _NUMBER["p"].findall(raw):
                is_shape = float(scale.strip(".") or 0) != 0
            part.append(_Letter(raw))
        elif raw == "\\N" or (raw == "\\n" and hard):
            yield part
            part = []
        else:
            sign = {"\\n": " ", "\\h": "\N{NO-BREAK SPACE}"}.get(raw, raw)
            part.append(_Letter(raw, "" if is_shape else sign))
    yield part


def _laid(words: str, style: _Style, page: _Page, room: float) -> Iterator[tuple[str | None, str]]:
    """For each character, what comes before it, and its typeface; None for a blank that a break
    takes the place of."""
    lines = _broken(words, style, page, room)
    lettering = _lettering(words, page)
    text, at = marked(words), 0
    kinds = lettering.kinds(text)
    positions = [number for number, sign in enumerate(text) if sign != NARROW]
    for number, line in enumerate(lines):
        while not words.startswith(line, at):
            yield None, ""
            at += 1
        for place in range(at, at + len(line)):
            font, features, _ = kinds[positions[place]]
            family = latin().family if features else font.family
            yield "\\N" if number and place == at else "", family
        at += len(line)
    for _ in words[at:]:
        yield None, ""
