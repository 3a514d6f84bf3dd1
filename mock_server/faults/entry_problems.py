"""What is wrong with an entry of a plan or scenario file, in sentences of this project.

Pydantic finds the problem; its own sentences are for programmers, and in English only.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Self

from pydantic import BaseModel, ValidationError

from wanx_render.diagnostics import did_you_mean
from wanx_render.language import Message, joined, tr, verbatim
from wanx_render.source.yaml_source import Path

_LONGEST = 60  # characters of a wrong value in a message
_KINDS: Mapping[str, Message] = MappingProxyType(  # by the beginning of pydantic's names
    {
        "int": tr("a whole number"),
        "float": tr("a number"),
        "finite": tr("a number"),
        "string": tr("text"),
        "dict": tr("a mapping"),
        "tuple": tr("a list"),
    }
)


class BadEntry(ValueError):
    """An entry that people wrote cannot be read; ``path`` leads to it in the value of the file."""

    def __init__(self, message: Message, *path: str | int, at_key: bool = False) -> None:
        super().__init__(message)
        self.path, self.at_key = path, at_key

    def below(self, *path: str | int) -> Self:
        """The same problem of an entry that is at ``path``."""
        return type(self)(self.args[0], *path, *self.path, at_key=self.at_key)

    @classmethod
    def of(
        cls, error: ValidationError, model: type[BaseModel], name: Message,
        as_written: Callable[[Path], Path] = tuple,
    ) -> Self:  # fmt: skip
        """The first problem of the entry called ``name``; ``as_written`` makes people's paths."""
        details: dict[str, Any] = dict(error.errors(include_url=False)[0])
        path = as_written(details["loc"])
        is_unknown = details["type"] == "extra_forbidden"
        problem = _unknown_key(path, model) if is_unknown else _sentence(details)
        place = verbatim(".".join(map(str, path[:-1] if is_unknown else path)))
        message = joined((part for part in (name, place, problem) if part), tr(": "))
        return cls(message, *path, at_key=is_unknown)


def _unknown_key(path: Path, model: type[BaseModel]) -> Message:
    fields = model.model_fields if len(path) == 1 else ()
    key = path[-1]
    if hint := did_you_mean(str(key), fields):
        return joined((tr("unknown key {key!r}", key=key), hint), tr("; "))
    if fields:
        return tr("unknown key {key!r}; use {keys}", key=key, keys=joined(fields, tr(", ")))
    return tr("unknown key {key!r}", key=key)


def _sentence(details: Mapping[str, Any]) -> Message:
    limits, kind = details.get("ctx", {}), details["type"]
    if isinstance(limits.get("error"), ValueError):
        return verbatim(limits["error"].args[0])
    if kind == "missing":
        return tr("a value is required")
    if kind == "string_too_long":
        return tr("the text is longer than {n} characters", n=limits["max_length"])
    expected = _limit(kind, limits) or _KINDS.get(kind.partition("_")[0])
    if expected:
        value = _brief(details["input"])
        return tr("expected {expected}, got {value}", expected=expected, value=value)
    return verbatim(details["msg"])


def _limit(kind: str, limits: Mapping[str, Any]) -> Message | None:
    if kind == "literal_error":
        return _either(limits["expected"])
    if kind == "greater_than_equal":
        return tr("at least {limit}", limit=_number(limits["ge"]))
    if kind == "greater_than":
        return tr("more than {limit}", limit=_number(limits["gt"]))
    if kind == "less_than_equal":
        return tr("at most {limit}", limit=_number(limits["le"]))
    return None


def _number(limit: float) -> str:
    return f"{limit:g}" if limit < 1e5 else f"{limit:.0f}"


def _either(expected: str) -> Message:
    """``a, b or c`` from pydantic's list of permitted words."""
    *others, last = expected.replace("'", "").replace(" or ", ", ").split(", ")
    if not others:
        return verbatim(last)
    return tr("{names} or {last}", names=joined(others, tr(", ")), last=last)


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
