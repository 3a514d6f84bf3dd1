"""Sentences for people, in English and in Chinese.

``tr("{model} cannot make {tier}", model=..., tier=...)`` makes a ``Message``. As a ``str`` it is
the English sentence, which is what JSON, events, manifests and logs hold. Where people read, at
the very edge, ``shown(message)`` gives it in their language. A message can be a value of another
one. An f-string around a message makes English text of it, so ``tr`` or ``joined`` put sentences
together.

The English text is the key of the catalogue ``locales/zh_CN/LC_MESSAGES/wanx_render.po``;
``python -m tests.translations`` collects the texts and compiles them.
"""

import gettext
import re
from ast import literal_eval
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cache, lru_cache
from pathlib import Path
from string import Formatter
from struct import unpack_from
from typing import Any, Literal, Self

from wanx_render.languages import named

Language = Literal["en", "zh"]
TAGS: dict[Language, str] = {"en": "en", "zh": "zh-Hans"}  # as pages name them
LOCALES = Path(__file__).parent / "locales"
LOCALE_NAMES: dict[Language, str] = {"en": "en", "zh": "zh_CN"}  # as gettext names them
DOMAIN = "wanx_render"


class Message(str):
    """An English sentence that knows its template and values, and so its translations."""

    __slots__ = ("template", "values")

    template: str
    values: Mapping[str, object]

    def __new__(cls, template: str, values: Mapping[str, object]) -> Self:
        """``template`` has named placeholders as ``str.format`` takes them."""
        message = super().__new__(cls, template.format(**values))
        message.template = template
        message.values = values
        return message

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.template, dict(self.values))


class _Counted(Message):
    """A message with a number, which has another text where that is one."""

    __slots__ = ("one",)

    one: str

    def __new__(cls, template: str, values: Mapping[str, object], one: str = "") -> Self:
        chosen = one if str(values["n"]) == "1" else template
        message = super().__new__(cls, chosen, values)
        message.template, message.one = template, one
        return message

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.template, dict(self.values), self.one)


def tr(template: str, /, **values: object) -> Message:
    """A sentence; ``template`` is a literal, or it is not collected for translation."""
    return Message(template, values)


def plural(one: str, many: str, n: int, /, **values: object) -> Message:
    """``plural("{n} shot", "{n} shots", 2)``."""
    return _Counted(many, {"n": n, **values}, one)


def verbatim(text: str) -> Message:
    """What is the same in every language: names, and the words of others."""
    return text if isinstance(text, Message) else Message("{text}", {"text": text})


NOTHING = verbatim("")


class _Joined(Message):
    """Parts with a separator between them; a blank parts Chinese characters from Latin letters."""

    __slots__ = ()


def joined(parts: Iterable[str], separator: str = ", ") -> Message:
    """Parts with a separator between them; give ``tr(", ")`` where Chinese uses another sign."""
    values: dict[str, object] = {f"part{n}": part for n, part in enumerate(parts)}
    between = {"separator": separator}
    return _Joined("{separator}".join(f"{{{name}}}" for name in values), values | between)


# -- Which language ----------------------------------------------------------------------------

_of_process: Language = "en"
_of_reader: ContextVar[Language | None] = ContextVar("language", default=None)


def language() -> Language:
    """The language of who is served now; else that of the process."""
    return _of_reader.get() or _of_process


def use(chosen: Language) -> None:
    """The language of the process: what its terminal shows."""
    global _of_process
    _of_process = chosen


@contextmanager
def using(chosen: Language) -> Iterator[None]:
    """The language of one reader, in this thread or task."""
    token = _of_reader.set(chosen)
    try:
        yield
    finally:
        _of_reader.reset(token)


def preferred(accept_language: str) -> Language | None:
    """What ``Accept-Language`` asks for first among the languages that are there."""
    weighed = []
    for position, part in enumerate(accept_language.split(",")):
        tag, _, weight = part.strip().partition(";q=")
        try:
            weighed.append((-float(weight or 1), position, tag))
        except ValueError:
            continue
    names = (named(tag) for weight, _, tag in sorted(weighed) if weight < 0)
    return next(filter(None, names), None)


# -- Translating -------------------------------------------------------------------------------


def shown(text: str, to: Language | None = None) -> str:
    """``text`` in the reader's language, or in ``to``; what is no ``Message`` stays as it is."""
    if not isinstance(text, Message):
        return text
    target = to or language()
    if target == "en":
        return str.__str__(text)
    values = {name: _shown_value(name, value, target) for name, value in text.values.items()}
    if isinstance(text, _Joined):
        return _spaced(str(values.pop("separator")), map(str, values.values()))
    return _template(text, target).format(**values)


def _spaced(separator: str, parts: Iterable[str]) -> str:
    """``parts`` and a separator, with a blank where a Chinese character meets a Latin one."""
    sentence = ""
    for number, part in enumerate(parts):
        if number:
            sentence += f"{_blank(sentence, separator)}{separator}{_blank(separator, part)}"
        sentence += part
    return sentence


def _blank(left: str, right: str) -> str:
    return " " if _WORDS_MEET.fullmatch(f"{left[-1:]}{right[:1]}") else ""


_WORDS_MEET = re.compile(r"[A-Za-z0-9_][\u4e00-\u9fff]|[\u4e00-\u9fff][A-Za-z0-9_]")


def _shown_value(name: str, value: object, target: Language) -> object:
    if not isinstance(value, str):
        return value
    # The operating system gives its reasons in English; the catalogue has the usual ones.
    plain = name == "reason" and not isinstance(value, Message)
    return looked_up(value, target) if plain else shown(value, target)


def looked_up(text: str, to: Language | None = None, *, one: str = "") -> str:
    """The text itself, placeholders and all, as help and scripts of pages need it.

    ``one`` is the English text for one, where there is such.
    """
    target = to or language()
    if target == "en" or not text:
        return text
    catalogue = _catalogue(target)
    return catalogue.ngettext(one, text, 2) if one else catalogue.gettext(text)


def _template(message: Message, target: Language) -> str:
    catalogue = _catalogue(target)
    if isinstance(message, _Counted):
        return catalogue.ngettext(message.one, message.template, int(str(message.values["n"])))
    return catalogue.gettext(message.template)


@cache
def _catalogue(target: Language) -> gettext.NullTranslations:
    return gettext.translation(DOMAIN, LOCALES, [LOCALE_NAMES[target]], fallback=True)


# -- Sentences that were written to a file -----------------------------------------------------


def recorded(text: str) -> Message:
    """The message that was written as ``text``: a manifest and a journal hold English.

    What no template fits, such as the service's own words, is shown as it is.
    """
    return text if isinstance(text, Message) else _best_fit(text) or _in_parts(text)


@lru_cache(4096)  # pages of tables show the same sentences for many rows
def _best_fit(text: str) -> Message | None:
    # The ends rule out nearly all templates, in a hundredth of the time that a pattern takes.
    fits = (
        fit
        for template, one, start, end in _templates()
        if text.startswith(start) and text.endswith(end) and (fit := _fit(template, one, text))
    )
    return max(fits, key=lambda message: _literal(message.template), default=None)


_MOST_PARTS = 8  # of a text; what has more was not put together here


def _in_parts(text: str) -> Message:
    """Sentences that were put together: several, or one behind a name or a code."""
    parts, messages = text.split("; "), []
    if len(parts) > _MOST_PARTS:
        return verbatim(text)
    while parts:
        # The longest run of parts that is one sentence.
        ends = range(len(parts), 0, -1)
        fits = ((end, fit) for end in ends if (fit := _best_fit("; ".join(parts[:end]))))
        end, message = next(fits, (1, _behind_colon(parts[0])))
        messages.append(message)
        del parts[:end]
    return joined(messages, tr("; ")) if any(map(_is_known, messages)) else verbatim(text)


def _behind_colon(text: str) -> Message:
    heads: list[Message] = []
    rest = text
    while ": " in rest and len(heads) < _MOST_PARTS:
        head, _, rest = rest.partition(": ")
        heads.append(_best_fit(head) or verbatim(head))
        if fit := _best_fit(rest):
            return joined([*heads, fit], tr(": "))
    return verbatim(text)


def _is_known(message: Message) -> bool:
    """Whether it is more than a text of others."""
    return message.template != verbatim("").template


def _fit(template: str, one: str, text: str) -> Message | None:
    if not all(piece in text for piece in _pieces(template)):
        return None
    if not (match := _pattern(template).fullmatch(text)):
        return None
    values = {name: _value(template, name, text) for name, text in match.groupdict().items()}
    if not one:
        return Message(template, values)
    # Not every sentence about several things names their number.
    return _Counted(template, {"n": 1 if template == one else 2, **values}, one)


class _Written(str):
    """A value as it was written, whatever form a template asks for."""

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        return str(self)

    def __repr__(self) -> str:
        return str(self)


def _value(template: str, name: str, text: str) -> object:
    """What stood for a placeholder, so that the template makes the same text of it again."""
    if f"{{{name}!r}}" in template:
        with suppress(ValueError, SyntaxError):
            return literal_eval(text)
        return _Written(text)
    return _Written(text) if f"{{{name}:" in template else recorded(text)


def _literal(template: str) -> int:
    return sum(map(len, _pieces(template)))


_FEWEST = 6  # letters beside placeholders: "{a} or {b}" fits too much


@cache
def _templates() -> tuple[tuple[str, str, str, str], ...]:
    """Every English text of the catalogue with words of its own, and its text for one.

    With each are the words before its first placeholder and after its last.
    """
    path = gettext.find(DOMAIN, LOCALES, [LOCALE_NAMES["zh"]])
    keys = _keys(Path(path).read_bytes()) if path else ()
    texts = ((text, key[0] if len(key) > 1 else "") for key in keys for text in key)
    pairs = sorted(pair for pair in texts if pair[0] and _is_distinctive(pair[0]))
    return tuple((template, one, *_ends(template)) for template, one in pairs)


def _is_distinctive(template: str) -> bool:
    """Whether a text can be recognised by the words of its template."""
    words = "".join(_pieces(template))
    starts = re.match("[A-Za-z]{3}", template)
    letters = sum(map(str.isalpha, words)) + (2 if "{n}" in template else 0)
    return words == template or bool(starts) or letters >= _FEWEST


def _ends(template: str) -> tuple[str, str]:
    """The words before the first placeholder, and after the last."""
    parts = list(Formatter().parse(template))
    last = parts[-1]
    return parts[0][0], last[0] if last[1] is None else ""


def _keys(data: bytes) -> Iterator[list[str]]:
    """The English texts of a compiled catalogue; of a plural both, where the library keeps one.

    The format: https://www.gnu.org/software/gettext/manual/html_node/MO-Files.html
    """
    count, table = unpack_from("<8xII", data)
    for entry in range(count):
        length, start = unpack_from("<II", data, table + 8 * entry)
        yield data[start : start + length].decode().split("\0")


_NUMBER = r"[-+.,:\d]*(?:e[-+]?\d+|inf|nan)?%?"  # whatever form a template asks for


@cache
def _pieces(template: str) -> tuple[str, ...]:
    """The words between the placeholders of a template."""
    return tuple(literal for literal, *_ in Formatter().parse(template) if literal)


@cache  # few are ever compiled: all 2,800 take 0.3 s
def _pattern(template: str) -> re.Pattern[str]:
    """What texts of a template look like."""
    pattern, names = "", set()
    for literal, name, form, _ in Formatter().parse(template):
        pattern += re.escape(literal)
        if name is not None:
            value = _NUMBER if form and form[-1] in "defg%" else r"\d+" if name == "n" else ".*?"
            pattern += f"(?P={name})" if name in names else f"(?P<{name}>{value})"
            names.add(name)
    return re.compile(pattern, re.DOTALL)
