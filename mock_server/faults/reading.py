"""Faults from text and data.

A fault is written as a mapping (in a YAML file or an admin call) or as one line of ``key=value``
words (on the command line, or in a prompt as ``[[mock: effect=reset stage=after]]``).
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from mock_server.faults.entry_problems import BadEntry
from mock_server.faults.fault import Fault
from mock_server.faults.presets import PRESETS
from wanx_render.language import Message, joined, tr, verbatim

_WORD = re.compile(r'(?:"[^"]*"|[^\s;,])+')  # blanks may be between double quotes
_NUMBERS = re.compile(r"\d{1,9}(\+\d{1,9})+")


class BadFault(BadEntry):
    """A fault plan cannot be read; the message says where and why."""


def read_line(text: str) -> Fault:
    """A fault from ``on=create nth=1 effect=reset stage=after``. Raises BadFault."""
    return _fault(_words(text), verbatim(repr(text)))


def read_tag(text: str, pattern: str) -> Fault:
    """A fault from a tag in a prompt that fits ``pattern``. Raises BadFault.

    It strikes the prompt's create, once, unless it says otherwise.
    """
    words = _words(text)
    if not words.keys() & {"nth", "every", "times", "chance"}:
        words["times"] = "1"
    return _fault({"on": "create", **words, "prompt": pattern}, tr("the tag in the prompt"))


def read_plan(value: Any) -> tuple[Fault, ...]:
    """Faults from data: a preset's name, a list, or a mapping with ``faults``. Raises BadFault."""
    if isinstance(value, str):
        if value not in PRESETS:
            known = joined(PRESETS, tr(", "))
            raise BadFault(tr("unknown preset {name!r}; known: {known}", name=value, known=known))
        return PRESETS[value]
    if isinstance(value, Mapping) and set(value) == {"faults"}:
        return _below(value["faults"], "faults")
    if isinstance(value, Mapping):
        return (_fault(value, tr("fault {n}", n=1)),)
    if not isinstance(value, list | tuple):
        raise BadFault(tr("a fault plan must be a list of faults or the name of a preset"))
    return tuple(fault for place in range(len(value)) for fault in _item(value, place))


def _below(value: Any, key: str) -> tuple[Fault, ...]:
    try:
        return read_plan(value)
    except BadFault as error:
        raise error.below(key) from None


def _item(plan: Sequence[Any], place: int) -> tuple[Fault, ...]:
    item = plan[place]
    try:
        if isinstance(item, str):
            return (read_line(item),) if "=" in item else read_plan(item)
        return (_fault(item, tr("fault {n}", n=place + 1)),)
    except BadFault as error:
        raise error.below(place) from None


def _words(text: str) -> dict[str, Any]:
    """``key=value`` by key; ``set.PATH=JSON`` and ``headers.NAME=TEXT`` gather in mappings."""
    words: dict[str, Any] = {}
    for word in _WORD.findall(text):
        key, equals, value = word.partition("=")
        if not equals:
            raise BadFault(tr("expected key=value, got {word!r}", word=word))
        name, dot, path = key.partition(".")
        if dot and name in ("set", "rename", "headers"):
            parse = _json_or_text if name == "set" else _unquote
            words.setdefault(name, {})[path] = parse(value)
        elif _NUMBERS.fullmatch(value):
            words[key] = [int(number) for number in value.split("+")]
        else:
            words[key] = _unquote(value)
    return words


def _json_or_text(value: str) -> Any:
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _unquote(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value


def _fault(fields: Any, name: Message) -> Fault:
    if not isinstance(fields, Mapping):
        raise BadFault(tr("{fault} must be a mapping", fault=name))
    try:
        return Fault.model_validate({str(key): value for key, value in fields.items()})
    except ValidationError as error:
        raise BadFault.of(error, Fault, name) from None
