"""Plans and scenarios in files of people: what is wrong is said with its place."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from mock_server.faults.entry_problems import BadEntry
from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput
from wanx_render.language import shown, tr
from wanx_render.source import yaml_source

EntriesRead = TypeVar("EntriesRead")


class BadFile(ValueError):
    """A file cannot be used; the text, in the language of the process, begins with the place."""


def read_entries(file: Path, read: Callable[[object], EntriesRead]) -> EntriesRead:
    """What ``read`` makes of the value of a YAML file. Raises BadFile."""
    try:
        source = yaml_source.read(file, str(file))
    except BadInput as problem:
        raise BadFile(lines_of(problem)) from None
    try:
        return read(source.value)
    except BadEntry as problem:
        span = source.key(problem.path) if problem.at_key else source.place(problem.path)
        raise BadFile(f"{span}: {shown(problem.args[0])}") from None


def lines_of(problem: BadInput) -> str:
    """Each problem on a line with its place; below it, what to do."""
    return "\n".join(map(_lines_of_one, problem.diagnostics))


def _lines_of_one(diagnostic: Diagnostic) -> str:
    span = diagnostic.span
    place = f"{span}: " if span and span.line else ""
    hint = shown(tr("hint: {hint}", hint=diagnostic.hint)) if diagnostic.hint else ""
    return place + shown(diagnostic.message) + (f"\n  {hint}" if hint else "")
