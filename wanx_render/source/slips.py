"""Slips of typing that YAML itself explains badly or takes for text, each at its own sign.

Full-width signs of a Chinese keyboard, curly quotes, blanks that are no spaces, Markdown fences,
bullets: what comes from another keyboard, a chat or a web page. Text that a shot is meant to have,
such as a prompt with ``：`` in it, is never one: a sign counts only where YAML's own would be.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import islice

from wanx_render.diagnostics import Diagnostic, Severity, Span, in_order
from wanx_render.language import NOTHING, Message, tr
from wanx_render.source.yaml_source import Path, Source
from wanx_render.source.yaml_structure import Structure

_ENOUGH = 2_000  # of which the first are shown
MOST = 20  # slips of one file: a whole list from one keyboard has hundreds
BLANKS = "\u00a0\u00ad\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
_NO_WIDTH = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
# Keys whose values are free text, where most signs are what was meant.
_WORDS = ("prompt", "negative_prompt", "caption", "visible", "label")


@dataclass(frozen=True)
class Keys:
    """The keys of a list, by which a line of it is recognised."""

    names: frozenset[str]

    @cached_property
    def any(self) -> str:
        """An expression for one of them."""
        return "(?:" + "|".join(sorted(self.names, key=len, reverse=True)) + ")"


def in_text(text: str, name: str, keys: frozenset[str]) -> tuple[Diagnostic, ...]:
    """The slips of a text that is not YAML, or not a mapping; those that can explain it."""
    search = _Text(text, name, Keys(keys))
    return in_order(islice(search.slips(), _ENOUGH))[:MOST] or in_order(search.open_brackets())


def in_values(source: Source, keys: Callable[[], frozenset[str]]) -> tuple[Diagnostic, ...]:
    """The slips that became part of a key or value; a warning where they may be meant."""
    if source.text.isascii():
        return ()
    findings = in_order(_Values(source, Keys(keys())).slips())
    if any(finding.severity == "error" for finding in findings):
        places = {str(finding.span) for finding in findings}
        others = in_text(source.text, source.file, keys())
        findings = in_order([*findings, *(one for one in others if str(one.span) not in places)])
    return findings[:MOST]


# -- Sentences ---------------------------------------------------------------------------------


_SIGNS: Mapping[str, Callable[[], tuple[Message, Message]]] = {
    "：": lambda: (
        tr("a full-width colon （：）; YAML needs ': '"),
        tr("type a colon and a space"),
    ),
    "，": lambda: (
        tr("a full-width comma （，）; YAML needs ', '"),
        tr("type a comma and a space"),
    ),
    "、": lambda: (
        tr("an enumeration comma （、）; YAML needs ', '"),
        tr("type a comma and a space"),
    ),
    "｜": lambda: (tr("a full-width bar （｜）; YAML needs '|'"), tr("type '|'")),
    "＞": lambda: (tr("a full-width sign （＞）; YAML needs '>'"), tr("type '>'")),
    "＃": lambda: (tr("a full-width sign （＃）; YAML needs '#'"), tr("type '#' before a comment")),
}


def _sign(sign: str) -> tuple[Message, Message]:
    """What is said of a sign that stands for one of YAML's."""
    if sign in _SIGNS:
        return _SIGNS[sign]()
    if sign in "｛｝［］":
        plain = unicodedata.normalize("NFKC", sign)
        message = tr(
            "a full-width bracket （{sign}）; YAML needs '{plain}'", sign=sign, plain=plain
        )
        return message, tr("type '{plain}'", plain=plain)
    message = tr("'{sign}' begins no list item; YAML needs '- '", sign=sign)
    return message, tr("type a hyphen and a space")


def _quotes(pair: str) -> tuple[Message, Message]:
    message = tr("the quotation marks {marks} are not YAML's", marks=pair)
    return message, tr("type \" or ' at both ends")


def _blank(character: str, where: Message) -> tuple[Message, Message]:
    title = unicodedata.name(character, "blank").lower()
    message = tr(
        "not a space: U+{code:04X} ({title}) {where}",
        code=ord(character), title=title, where=where,
    )  # fmt: skip
    if character in _NO_WIDTH:
        return message, tr("delete it; it has no width")
    return message, tr("replace it with an ordinary space")


# -- Text that is not YAML ---------------------------------------------------------------------

_QUOTES = "“”„‘’＂＇"
_EDGE = re.compile(f"[{_QUOTES}{BLANKS}｛［]")
_BULLETS = "[－—–−•●·・*]"
_FENCE = re.compile(r"^[ \t]*(```+|~~~+)[^\n`]*$", re.MULTILINE)


@dataclass
class _Text:
    """Looks for slips where YAML's own signs would be."""

    text: str
    name: str
    keys: Keys
    structure: Structure = field(init=False)
    starts: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.starts = [0, *(match.end() for match in re.finditer("\n", self.text))]
        self.structure = Structure(self.text, self.keys.any)
        fences = _FENCE.finditer(self.text)
        self.fences = [match for match in fences if self.structure.text[match.start(1)] in "`~"]
        if self.fences:
            self.structure = Structure(self._fenced_text(), self.keys.any)

    def _fenced_text(self) -> str:
        """The text with blanks in place of the fences and of the talk around them."""
        first, last, blank = self.fences[0], self.fences[-1], re.sub(r"[^\n]", " ", self.text)
        begin = first.end() if len(self.fences) > 1 or not self.text[: first.start()].strip() else 0
        end = last.start() if len(self.fences) > 1 or begin == 0 else len(blank)
        return blank[:begin] + self.text[begin:end] + blank[end:]

    def slips(self) -> Iterator[Diagnostic]:
        yield from self._fenced()
        for pattern, rule in _rules(self.keys):
            for match in pattern.finditer(self.structure.text):
                yield from rule(self, match)
        for offset in self.structure.unclosed:
            message = tr("this quotation mark is never closed")
            hint = tr("close it at the end of the text")
            yield self.at(offset, "yaml-quotes", message, hint)

    def at(self, offset: int, code: str, message: Message, hint: Message) -> Diagnostic:
        line = bisect_right(self.starts, offset)
        return Diagnostic(
            code, message, Span(self.name, line, offset - self.starts[line - 1] + 1), hint
        )

    def open_brackets(self) -> Iterator[Diagnostic]:
        """Brackets that are open at the end, where nothing else explains it."""
        for offset, bracket in self.structure.open[:1]:
            message = tr("this '{bracket}' is never closed", bracket=bracket)
            yield self.at(offset, "yaml-syntax", message, tr("close it"))

    def _fenced(self) -> Iterator[Diagnostic]:
        for fence in self.fences:
            message = tr("a Markdown fence ({fence}) is not YAML", fence=fence[1])
            hint = tr("delete this line")
            alone = len(self.fences) == 1
            if not alone and fence is self.fences[0] and self.text[: fence.start()].strip():
                hint = tr("delete this line and everything before it")
            elif not alone and fence is self.fences[-1] and self.text[fence.end() :].strip():
                hint = tr("delete this line and everything after it")
            yield self.at(fence.start(1), "yaml-fence", message, hint)


Rule = Callable[[_Text, re.Match[str]], Iterator[Diagnostic]]


def _structural(code: str = "yaml-sign", *, flow: bool | None = None) -> Rule:
    """A rule that reports the sign in the first group; ``flow``: only within brackets, or not."""

    def rule(text: _Text, match: re.Match[str]) -> Iterator[Diagnostic]:
        inside = bool(text.structure.bracket(match.start(1)))
        if flow is None or flow == inside:
            yield text.at(match.start(1), code, *_sign(match[1]))

    return rule


# A name of the user's own and a file, as in references: ``gift: bottle.jpg``.
_NAMED_FILE = r"\s*[\w-]+\s*[:：]\s+[\w./-]+\.\w{2,4}\s*[,，}｝]"


def _comma(text: _Text, match: re.Match[str]) -> Iterator[Diagnostic]:
    bracket = text.structure.bracket(match.start(1))
    before_key = re.compile(rf"\s*[\"“]?{text.keys.any}[\"”]?\s*[:：]|{_NAMED_FILE}")
    if bracket == "[" or (bracket and before_key.match(text.structure.text, match.end(1))):
        yield text.at(match.start(1), "yaml-sign", *_sign(match[1]))


def _curly(text: _Text, match: re.Match[str]) -> Iterator[Diagnostic]:
    value = match["value"]
    if match["key"] not in _WORDS or re.search(r"[:：]\s|\s#|[{}\[\],]", value):
        marks = match["open"] + (value[-1] if value[-1:] in _QUOTES and value else "")
        yield text.at(match.start("open"), "yaml-quotes", *_quotes(marks))


def _blanks(where: Callable[[re.Match[str]], Message]) -> Rule:
    def rule(text: _Text, match: re.Match[str]) -> Iterator[Diagnostic]:
        yield text.at(match.start(1), "yaml-blank", *_blank(match[1], where(match)))

    return rule


def _tab(text: _Text, match: re.Match[str]) -> Iterator[Diagnostic]:
    if not text.structure.bracket(match.start(1)):
        message = tr("a tab in the indentation; YAML allows spaces only")
        yield text.at(match.start(1), "yaml-tab", message, tr("indent with spaces"))


def _space(text: _Text, match: re.Match[str]) -> Iterator[Diagnostic]:
    message = tr("a space is missing after {key!r}", key=f"{match['key']}:")
    hint = tr("type {key!r}, with a space at the end", key=f"{match['key']}: ")
    yield text.at(match.end("key"), "yaml-syntax", message, hint)


def _variable(text: _Text, match: re.Match[str]) -> Iterator[Diagnostic]:
    if text.structure.bracket(match.start(1)):
        message = tr("{variable} within brackets needs quotation marks", variable=match[1])
        hint = tr('put the whole value in double quotes: "{variable}"', variable=match[1])
        yield text.at(match.start(1), "yaml-syntax", message, hint)


@cache
def _rules(keys: Keys) -> tuple[tuple[re.Pattern[str], Rule], ...]:
    key, begin = keys.any, r"^[ \t]*(?:-[ \t]+)*"
    value = r"(?P<value>[^\n]*?)[ \t]*$"
    table: tuple[tuple[str, Rule], ...] = (
        (rf"{begin}[\"“]?{key}[\"”]?[ \t]*(：)", _structural()),
        (rf"[{{,，、｛][ \t]*[\"“]?{key}[\"”]?[ \t]*(：)", _structural(flow=True)),
        (r"([，、])", _comma),
        (rf"{begin}(?:(?:{key})[ \t]*[:：][ \t]*)?([｛［])", _structural()),
        (r"([｝］])[ \t]*$", _structural()),
        (rf"{begin}{key}[ \t]*[:：][ \t]*([｜＞])[+-]?[ \t]*$", _structural()),
        (r"^[ \t]*(＃)", _structural(flow=False)),
        (rf"{begin}({_BULLETS})[ \t]*(?=[\"“]?{key}[\"”]?[ \t]*[:：]|[{{\[｛]|\d+[:：]\d)",
         _structural(flow=False)),
        (rf"(?:^|[{{,，\s-])(?P<key>{key})[ \t]*[:：][ \t]*(?P<open>[{_QUOTES}]){value}", _curly),
        (rf"^[ \t]*(?P<key>-)[ \t]+(?P<open>[{_QUOTES}]){value}", _curly),
        (rf"^[ \t]*([{BLANKS}])(?=[^\n]*\S)", _blanks(lambda _: tr("in the indentation"))),
        (rf"(?:^|[ \t])-([{BLANKS}])", _blanks(lambda _: tr("after '-'"))),
        (rf"(?:^|[{{,\s-]){key}[ \t]*:[ \t]*([{BLANKS}])", _blanks(lambda _: tr("after ':'"))),
        (r"^ *(?:-[ ]+)*(\t)[ \t-]*(?=[^\s#])", _tab),
        (rf"{begin}(?P<key>{key}):(?=[^\s:/{BLANKS}])", _space),
        (r"(\$\{[^{}\n]*\})", _variable),
    )  # fmt: skip
    return tuple((re.compile(pattern, re.MULTILINE), rule) for pattern, rule in table)


# -- Values that were read ---------------------------------------------------------------------


@dataclass
class _Values:
    """Looks for slips in the keys and plain values of a list."""

    source: Source
    keys: Keys

    def slips(self) -> Iterator[Diagnostic]:
        for path, node in self.source.keys.items():
            if not str(node.value).isascii():
                yield from self._of_key(path, str(node.value))
        for path in self.source.nodes:
            raw = self.source.raw(path)
            if not raw.isascii():
                yield from self._of_value(path, raw)

    def _of_key(self, path: Path, key: str) -> Iterator[Diagnostic]:
        place = self.source.key(path)
        if match := re.match(rf"[\"“｛]?{self.keys.any}?[\"”]?\s*(：)", key):
            yield self.diagnostic("yaml-sign", place, match.start(1), _sign("："))
        elif re.match(f"[｛［]|{_BULLETS}[ \t]*{self.keys.any}", key):
            yield self.diagnostic("yaml-sign", place, 0, _sign(key[0]))
        elif match := re.match(f"-([{BLANKS}])", key):
            yield self.diagnostic("yaml-blank", place, 1, _blank(match[1], tr("after '-'")))
        elif match := re.search(f"^[{BLANKS}]|[{BLANKS}]$", key):
            said = _blank(match[0], tr("in a key"))
            yield self.diagnostic("yaml-blank", place, match.start(), said)
        elif match := re.fullmatch(f"([{_QUOTES}]){self.keys.any}([{_QUOTES}])", key):
            yield self.diagnostic("yaml-quotes", place, 0, _quotes(match[1] + match[2]))

    def _of_value(self, path: Path, raw: str) -> Iterator[Diagnostic]:
        in_brackets = self.source.in_brackets(path)
        is_item = bool(path) and isinstance(path[-1], int)
        if not (in_brackets or is_item or "\n" in raw or _EDGE.match(raw) or _EDGE.match(raw[-1])):
            return  # most values of long lists
        place = self.source.place(path)
        for pattern in self._signs(path, in_brackets=in_brackets):
            if match := re.search(pattern, raw, re.MULTILINE):
                span = self._within(place, raw, match.start(1))
                yield self.diagnostic("yaml-sign", span, 0, _sign(match[1]))
                return
        if match := re.match(rf"{self.keys.any}[ \t]*:[ \t]*([{BLANKS}])", raw):
            span = self._within(place, raw, match.start(1))
            yield self.diagnostic("yaml-blank", span, 0, _blank(match[1], tr("after ':'")))
            return
        words = (path[-1:] and path[-1] in _WORDS) or path[:1] in (("vars",), ("matrix",))
        severity: Severity = "warning" if words else "error"
        if match := re.fullmatch(rf"([{_QUOTES}])([^{_QUOTES}]*)([{_QUOTES}])", raw, re.DOTALL):
            marks = match[1] + match[3]
            message, hint = _quotes(marks)
            if words:
                message = tr("the quotation marks {marks} are part of the text", marks=marks)
                hint = tr("type \" at both ends; to keep them, write '{text}'", text=raw[:40])
            yield self.diagnostic("yaml-quotes", place, 0, (message, hint), severity)
        if match := re.search(f"^[{BLANKS}]|[{BLANKS}]$", raw):
            where = tr("at the end of the value") if match.start() else tr("before the value")
            said = _blank(match[0], where)
            span = self._within(place, raw, match.start())
            yield self.diagnostic("yaml-blank", span, 0, said, "warning")

    def _signs(self, path: Path, *, in_brackets: bool) -> Iterator[str]:
        """Where a full-width sign stands for one of YAML's in a value."""
        key = self.keys.any
        if path and isinstance(path[-1], int):
            yield rf"^[\"“]?{key}[\"”]?\s*(：)"
            yield "^([｛［])"
            if in_brackets:
                yield "([，、])"
        elif in_brackets:
            yield rf"([，、])\s*[\"“]?{key}[\"”]?\s*[:：]"
        elif path and path[-1] not in _WORDS:
            yield "^([｛［])"
        yield rf"\n[ \t]*(?:-[ \t]+)?{key}[ \t]*(：)"
        yield r"^([｜＞])[+-]?[ \t]*\n"

    def _within(self, place: Span, raw: str, offset: int) -> Span:
        """The place of a sign in a value that may have several lines."""
        before = raw[:offset]
        if "\n" not in before:
            return Span(place.file, place.line, place.column + offset)
        column = offset - before.rindex("\n")
        return Span(place.file, place.line + before.count("\n"), column)

    def diagnostic(
        self,
        code: str,
        place: Span,
        offset: int,
        said: tuple[Message, Message],
        severity: Severity = "error",
    ) -> Diagnostic:
        span = Span(place.file, place.line, place.column + offset, 1 if offset else place.length)
        return Diagnostic(code, said[0], span, said[1] or NOTHING, severity)
