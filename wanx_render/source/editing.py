"""Where a text has to be edited so that its values change as they are wished to."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput
from wanx_render.language import tr
from wanx_render.source import layout as layouts
from wanx_render.source.changes import DesiredChange
from wanx_render.source.layout import AliasPart, AnyPart, MappingPart, ScalarPart, SequencePart
from wanx_render.source.writing import Site, Writing, key_text, same, written


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    start: int
    end: int
    text: str = field(compare=False)


def edited(text: str, edits: Iterable[Edit]) -> str:
    """The text with these edits; those at one place in the order they come in."""
    pieces: list[str] = []
    at = 0
    for edit in sorted(edits):
        if edit.start < at:
            raise BadInput(Diagnostic("patch-refused", tr("two changes overlap")))
        pieces += (text[at : edit.start], edit.text)
        at = edit.end
    return "".join((*pieces, text[at:]))


@dataclass(frozen=True, slots=True)
class _Entry:
    """A pair of a mapping or an item of a list, with its key or dash."""

    begin: int
    end: int


class Editor:
    """Finds the edits of one text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._newline = layouts.line_break(text)

    def edits(self, old: Any, new: Any, wish: DesiredChange) -> list[Edit]:
        return list(self._value(layouts.layout(self._text), old, new, wish, Site(False, 0)))

    def _value(
        self, part: AnyPart, old: Any, new: Any, wish: DesiredChange, site: Site
    ) -> Iterator[Edit]:
        if same(old, new):
            return
        match part:
            case MappingPart() if isinstance(new, dict) and wish.inner:
                yield from self._mapping(part, old, new, wish, site)
            case SequencePart() if isinstance(new, list) and (wish.inner or wish.inserts):
                yield from self._sequence(part, old, new, wish, site)
            case MappingPart() | SequencePart() | ScalarPart() | AliasPart():
                yield from self._replaced(part, new, site)

    # -- One value in the place of another ---------------------------------------------------

    def _replaced(self, part: AnyPart, new: Any, site: Site) -> Iterator[Edit]:
        anchor = f"&{part.anchor} " if part.anchor and not isinstance(part, AliasPart) else ""
        writing = written(new, self._like(part, site))
        head = anchor + writing.head
        match part:
            case ScalarPart(style="|" | ">"):
                header = layouts.line_end(self._text, part.start)
                sign = re.compile(r"[|>][-+0-9]*").match(self._text, part.start)
                yield Edit(part.begin, sign.end() if sign else header, head)
                yield Edit(header, part.end, writing.tail)
            case MappingPart(flow=False) | SequencePart(flow=False):
                yield from self._for_block(part, writing, anchor)
            case MappingPart() | SequencePart() | ScalarPart() | AliasPart():
                before = self._text[part.begin - 1 : part.begin]
                gap = " " if part.begin == part.end and before in ":-?" else ""
                yield Edit(part.begin, part.end, gap + head)
                if writing.tail:
                    end = layouts.line_end(self._text, part.end)
                    yield Edit(end, end, writing.tail)

    def _for_block(
        self, part: MappingPart | SequencePart, writing: Writing, anchor: str
    ) -> Iterator[Edit]:
        """A block becomes a single value, which stands behind its key or dash."""
        text = self._text
        if (
            part.begin != part.start
            or text[layouts.line_start(text, part.start) : part.start].strip()
        ):
            yield Edit(part.begin, part.end, f"{anchor}{writing}")
            return
        place = self._head_end(part.start)
        yield Edit(place, place, f" {anchor}{writing.head}")
        yield Edit(self._line_begin(part.start), part.end, writing.tail)

    def _head_end(self, place: int) -> int:
        """Where the key or dash ends whose block begins at ``place``, on a line above."""
        while place:
            line = layouts.line_start(self._text, place)
            bare = re.sub(r"(?:^|\s)#.*", "", self._text[line:place], flags=re.DOTALL).rstrip()
            if bare:
                return line + len(bare)
            place = max(line - 1, 0)
        return place

    def _like(self, part: AnyPart, site: Site) -> Site:
        """The site with what is known of how the value there was written."""
        if not isinstance(part, ScalarPart):
            # After a block there may be a comment, which would become part of a block text.
            is_block = isinstance(part, MappingPart | SequencePart) and not part.flow
            return Site(site.flow or is_block, site.column, self._newline)
        lines = re.split(r"\r\n|\n|\r", self._text[part.start : part.end])
        further = [line for line in lines[1:] if line.strip()]
        indents = [len(line) - len(line.lstrip(" ")) for line in further]
        width = max(map(len, lines), default=0) if further else 0
        indent = min(indents, default=0)
        return Site(site.flow, site.column, self._newline, part.style, indent, width)

    # -- Mappings ----------------------------------------------------------------------------

    def _mapping(
        self, part: MappingPart, old: Any, new: dict[str, Any], wish: DesiredChange, site: Site
    ) -> Iterator[Edit]:
        own = part.own()
        gone = {str(key) for key, inner in wish.inner.items() if inner.is_removal}
        added = {str(key): new[str(key)] for key in wish.inner if key not in own and key in new}
        if gone - own.keys() or len(own) < len(part.pairs):
            raise BadInput(Diagnostic("patch-refused", tr("the key comes from an anchor")))
        if gone == own.keys():
            yield from self._replaced(part, new, site)
            return
        inner = self._site_in(part, [key for key, _ in part.pairs])
        for key, (name, item) in own.items():
            if key not in wish.inner or key in gone:
                continue
            if part.flow and item.begin == item.end and ":" not in self._text[name.end : item.end]:
                yield Edit(name.end, name.end, ": ")  # ``{a}`` is short for ``{a: null}``
            yield from self._value(item, old[key], new[key], wish.inner[key], inner)
        entries = [_Entry(key.begin, item.end) for key, item in part.pairs]
        yield from self._without(entries, [name in gone for name in own], part.flow)
        for key, item in added.items():
            fresh = written(item, Site(part.flow, inner.column, self._newline))
            yield from self._behind(
                part, entries, Writing(f"{key_text(key)}: {fresh.head}", fresh.tail)
            )

    def _site_in(self, part: MappingPart | SequencePart, inner: list[AnyPart]) -> Site:
        begin = inner[0].begin if inner else part.start
        return Site(part.flow, layouts.column(self._text, begin), self._newline)

    def _behind(
        self, part: MappingPart | SequencePart, entries: list[_Entry], writing: Writing
    ) -> Iterator[Edit]:
        """A new entry after the last one."""
        text = self._text
        if not entries:
            yield Edit(part.start + 1, part.start + 1, str(writing))
            return
        first, last = entries[0], entries[-1]
        end = layouts.line_end(text, last.end)
        if not part.flow:
            indent = " " * layouts.column(text, first.begin)
            yield Edit(end, end, f"{self._newline}{indent}{writing}")
            return
        start = self._line_begin(last.begin)
        if not self._begins_line(last.begin) or len(entries) < 2:
            yield Edit(last.end, last.end, f", {writing}")
            return
        indent = self._newline + " " * (last.begin - start - len(self._break_at(start)))
        rest = text[last.end : end].split("#")[0]
        if "," in rest:
            yield Edit(end, end, f"{indent}{writing},")
        elif rest.strip():  # the closing bracket is on this line
            yield Edit(last.end, last.end, f",{indent}{writing}")
        else:
            yield Edit(last.end, last.end, ",")
            yield Edit(end, end, f"{indent}{writing}")

    # -- Lists -------------------------------------------------------------------------------

    def _sequence(
        self, part: SequencePart, old: list[Any], new: list[Any], wish: DesiredChange, site: Site
    ) -> Iterator[Edit]:
        if not new:
            yield from self._replaced(part, new, site)
            return
        entries = list(self._entries(part))
        inner = Site(part.flow, self._dash_column(part, entries), self._newline)
        gone = [
            number in wish.inner and wish.inner[number].is_removal for number in range(len(old))
        ]
        for number, item in enumerate(part.items):
            if number in wish.inner and not gone[number]:
                own = wish.inner[number]
                yield from self._value(item, old[number], own.of(old[number]), own, inner)
        yield from self._without(entries, gone, part.flow)
        for number, values in sorted(wish.inserts.items()):
            for value in values:
                yield from self._inserted(part, entries, number, value)

    def _entries(self, part: SequencePart) -> Iterator[_Entry]:
        after = part.start
        for item in part.items:
            begin = item.begin if part.flow else self._dash(after, item.begin)
            yield _Entry(begin, item.end)
            after = item.end

    def _dash(self, after: int, before: int) -> int:
        """The dash of an item, which is the last sign before it that is no comment."""
        gap = re.sub(r"#[^\r\n]*", lambda comment: " " * len(comment[0]), self._text[after:before])
        return after + gap.rindex("-") if "-" in gap else before

    def _dash_column(self, part: SequencePart, entries: list[_Entry]) -> int:
        return layouts.column(self._text, entries[0].begin if entries else part.start)

    def _inserted(
        self, part: SequencePart, entries: list[_Entry], number: int, value: Any
    ) -> Iterator[Edit]:
        """A new item, written like the one it stands next to."""
        if part.flow:
            text = str(written(value, Site(True, 0)))
            if number and entries:
                yield from self._behind(part, entries[:number], Writing(text))
            else:
                gap = ", " if entries else ""
                yield Edit(part.start + 1, part.start + 1, text + gap)
            return
        dash = self._dash_column(part, entries)
        text = f"- {self._item(part.items[max(number - 1, 0)], value, dash)}"
        blank = self._newline if self._is_spaced(entries) else ""
        if number:
            end = self._end_with_comments(entries[number - 1].end, dash)
            yield Edit(end, end, f"{self._newline}{blank}{' ' * dash}{text}")
        else:
            begin = entries[0].begin
            yield Edit(begin, begin, f"{text}{self._newline}{blank}{' ' * dash}")

    def _end_with_comments(self, place: int, dash: int) -> int:
        """Where the item ends that has ``place`` in its last line: with comments that are further
        in than its dash, such as keys that somebody commented out."""
        end = layouts.line_end(self._text, place)
        comment = re.compile(rf"(?:\r\n|\n|\r) {{{dash + 1},}}#[^\r\n]*")
        while match := comment.match(self._text, end):
            end = match.end()
        return end

    def _item(self, neighbour: AnyPart, value: Any, dash: int) -> str:
        block = isinstance(neighbour, MappingPart) and not neighbour.flow
        if not block or not isinstance(value, dict) or not value:
            return str(written(value, Site(not isinstance(value, str), dash, self._newline)))
        site = Site(False, dash + 2, self._newline)
        lines = (f"{key_text(key)}: {written(item, site)}" for key, item in value.items())
        return (self._newline + " " * (dash + 2)).join(lines)

    def _is_spaced(self, entries: list[_Entry]) -> bool:
        """Whether blank lines stand between the items."""
        if len(entries) < 2:
            return False
        gap = self._text[entries[0].end : entries[1].begin]
        return re.search(r"\n[ \t\r]*\n", gap) is not None

    # -- What is removed ---------------------------------------------------------------------

    def _without(self, entries: list[_Entry], gone: list[bool], flow: bool) -> Iterator[Edit]:
        """Remove entries; at least one of them is kept."""
        kept_before = False
        for number, (entry, is_gone) in enumerate(zip(entries, gone, strict=True)):
            if not is_gone:
                kept_before = True
            elif not flow and (kept_before or self._begins_line(entry.begin)):
                yield self._lines_of(entry)
            elif flow and kept_before:
                yield Edit(entries[number - 1].end, entry.end, "")
            else:  # on the line of a dash or bracket: the next one moves up
                following = entries[number + 1].begin
                clear = not self._text[entry.end : following].strip(" \t\r\n,")
                yield Edit(entry.begin, following if clear else entry.end, "")

    def _lines_of(self, entry: _Entry) -> Edit:
        """All lines of an entry, with a comment at its end and the line break before it."""
        start, end = self._line_begin(entry.begin), layouts.line_end(self._text, entry.end)
        if start == 0 and not self._break_at(0):
            end += len(self._break_at(end))
        return Edit(start, end, "")

    def _begins_line(self, place: int) -> bool:
        return not self._text[layouts.line_start(self._text, place) : place].strip()

    def _line_begin(self, place: int) -> int:
        """Where the line of ``place`` begins, with the line break before it."""
        start = layouts.line_start(self._text, place)
        before = self._text[max(start - 2, 0) : start]
        return start - (2 if before == "\r\n" else min(start, 1))

    def _break_at(self, place: int) -> str:
        match = re.compile(r"\r\n|\n|\r").match(self._text, place)
        return match[0] if match else ""
