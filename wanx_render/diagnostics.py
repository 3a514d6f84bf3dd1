"""A problem is a value: code, sentence, place, hint; renderers turn it into text.

Nothing here reads or prints; code that finds a problem makes a ``Diagnostic``, the command line
renders all of them at once.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, Literal
from unicodedata import east_asian_width

from wanx_render.language import NOTHING, Message, joined, plural, shown, tr

Severity = Literal["error", "warning"]
SEVERITIES: dict[Severity, Message] = {"error": tr("error"), "warning": tr("warning")}


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A place in a file: line and column count from 1, ``length`` characters on that line.

    ``via`` is where a list uses what stands here, for a cell of a table.
    """

    file: str
    line: int = 0
    column: int = 0
    length: int = 1
    via: "Span | None" = field(default=None, compare=False)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem. ``message`` stands alone; ``hint`` says what to do next."""

    code: str
    message: Message
    span: Span | None = None
    hint: Message = NOTHING
    severity: Severity = "error"


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """By place, without doubles (a fault in ``defaults`` is met once for each shot)."""
    return tuple(
        sorted(dict.fromkeys(diagnostics), key=lambda d: (d.span or Span(""), d.code, d.message))
    )


def did_you_mean(word: str, names: Iterable[str]) -> Message:
    """``did you mean 'duration'?`` or nothing."""
    close = get_close_matches(word, list(names), n=1, cutoff=0.6)
    return tr("did you mean {name!r}?", name=close[0]) if close else NOTHING


_SECRET = re.compile(r"(?<![A-Za-z0-9])sk-[A-Za-z0-9_-]{8,}")
# What a header or the query of a signed address may hold. A name is looked at from its beginning
# only: from each of its letters, a long text would take time by the square of its length.
_TOKEN = re.compile(
    r"(?i)(\bbearer\s+|(?<![\w-])[\w-]*(?:signature|accesskeyid|access_key_id|token|api_?key|password|secret)=)"
    r"([^\s&\"'<>]{6,})"
)


def without_secrets(text: str) -> str:
    """``text`` with whatever looks like a key, token or signature blotted out, at its own width."""
    text = _SECRET.sub(lambda match: "sk-" + "*" * (len(match[0]) - 3), text)
    return _TOKEN.sub(lambda match: match[1] + "*" * len(match[2]), text)


def concise(diagnostic: Diagnostic) -> str:
    """One line that stands alone: ``file:line:column: error[code]: sentence``."""
    place = f"{diagnostic.span}: " if diagnostic.span else ""
    via = diagnostic.span.via if diagnostic.span else None
    use = shown(tr(" (used at {place})", place=via)) if via else ""
    kind = shown(SEVERITIES[diagnostic.severity])
    text = f"{place}{kind}[{diagnostic.code}]: {shown(diagnostic.message)}{use}"
    return without_secrets(_one_line(text))


def _one_line(text: str) -> str:
    """``text`` as one line without control characters: names of files may hold anything."""
    return clean(text).replace("\n", "�")


def full(diagnostic: Diagnostic, texts: Mapping[str, str]) -> str:
    """The concise line, the line of the file with a caret under the place, and the hint.

    ``texts`` maps file names to their contents; a file that is not there gets no snippet.
    """
    lines = [concise(diagnostic)]
    if diagnostic.span and diagnostic.span.line:
        lines += _snippet(diagnostic.span, texts.get(diagnostic.span.file, ""))
        if via := diagnostic.span.via:
            lines += _snippet(via, texts.get(via.file, ""))
    if diagnostic.hint:
        lines.append(_one_line("  " + shown(tr("hint: {hint}", hint=diagnostic.hint))))
    return without_secrets("\n".join(lines))


def as_json(diagnostic: Diagnostic) -> dict[str, Any]:
    """A plain record for ``--format json`` and ``--json``."""
    span = diagnostic.span
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": without_secrets(diagnostic.message),
        "hint": without_secrets(diagnostic.hint) or None,
        "file": span.file if span else None,
        "line": span.line if span and span.line else None,
        "column": span.column if span and span.line else None,
        "length": span.length if span and span.line else None,
        "used_at": str(span.via) if span and span.via else None,
    }


_WIDEST = 100


def _snippet(span: Span, text: str) -> list[str]:
    lines = _lines(text)
    if not 0 < span.line <= len(lines):
        return []
    line = lines[span.line - 1]
    left = max(0, span.column - 1 - _WIDEST // 2) if len(line) > _WIDEST else 0
    excerpt = _one_line(line[left : left + _WIDEST].replace("\t", " "))
    before = display_width(excerpt[: span.column - 1 - left])
    target = excerpt[span.column - 1 - left : span.column - 1 - left + span.length]
    gutter = " " * len(str(span.line))
    return [
        f"  {gutter} |",
        f"  {span.line} | {excerpt}",
        f"  {gutter} | {' ' * before}{'^' * max(display_width(target), 1)}",
    ]


@lru_cache(maxsize=4)  # thousands of problems may point into one file
def _lines(text: str) -> list[str]:
    return text.splitlines()


def display_width(text: str) -> int:
    """Columns that ``text`` takes on a terminal: Chinese characters take two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def clean(text: str) -> str:
    """``text`` without control characters: prompts and messages come from outside."""
    return "".join(
        character if character.isprintable() or character == "\n" else "�" for character in text
    )


def one_line(text: str) -> str:
    """``text`` where it must neither begin a line nor move a cursor."""
    return clean(" ".join(text.splitlines()))


def github(diagnostic: Diagnostic) -> str:
    """A workflow command, which GitHub shows beside the line it speaks of."""
    span = diagnostic.span
    place = [f"file={_property(span.file)}"] if span else []
    if span and span.line:
        place += [f"line={span.line}", f"col={span.column}"]
    place.append(f"title={diagnostic.code}")
    text = f"{diagnostic.message} ({diagnostic.hint})" if diagnostic.hint else diagnostic.message
    if span and span.via:
        text += f" (used at {span.via})"
    message = _escaped(without_secrets(text))
    return f"::{diagnostic.severity} {','.join(place)}::{message}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


def listed(names: Iterable[str], limit: int = 5) -> Message:
    """The names with commas between; of many the first ``limit`` and how many more there are."""
    every = list(names)
    first = joined(every[:limit], tr(", "))
    left = len(every) - limit
    if left <= 0:
        return first
    return plural("{names} and {n} more", "{names} and {n} more", left, names=first)
