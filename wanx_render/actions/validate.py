"""``validate``: every problem of every file; nothing is sent."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from wanx_render import diagnostics
from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput
from wanx_render.session.environment import Environment
from wanx_render.session.selection import read_all

Style = Literal["full", "concise", "json", "github"]


def validate(
    files: tuple[Path, ...], style: Style, catalog: Path | None, environment: Environment
) -> int:
    """Say every problem of each file on stdout; the exit code."""
    problems: list[Diagnostic] = []
    texts: dict[str, str] = {}
    rows = 0
    for file in files:
        try:
            batch = read_all((file,), catalog)[0][0]
            problems += batch.warnings
            rows += len(batch.lists) if batch.tabular else 0
            texts |= batch.texts
        except BadInput as problem:
            problems += problem.diagnostics
            texts |= problem.texts
    text = rendered(problems, texts, style)
    if text:
        environment.stdout.write(text + "\n")
    errors = sum(item.severity == "error" for item in problems)
    summary = f"{len(files)} checked" + (f" ({_count(rows, 'row')})" if rows else "")
    environment.say(
        f"{summary}, {_count(errors, 'error')}, {_count(len(problems) - errors, 'warning')}"
    )
    return 2 if errors else 0


def rendered(problems: Sequence[Diagnostic], texts: Mapping[str, str], style: Style) -> str:
    """The problems in the style asked for."""
    match style:
        case "json":
            return json.dumps(
                [diagnostics.as_json(problem) for problem in problems], ensure_ascii=False
            )
        case "github":
            return "\n".join(diagnostics.github(problem) for problem in problems)
        case "concise":
            return "\n".join(diagnostics.concise(problem) for problem in problems)
        case "full":
            return "\n".join(diagnostics.full(problem, texts) for problem in problems)


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"
