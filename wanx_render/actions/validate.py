"""``validate``: every problem of every file; nothing is sent."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from wanx_render import diagnostics
from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput
from wanx_render.language import Message, joined, plural, tr
from wanx_render.session.environment import Environment
from wanx_render.session.selection import read_all

Style = Literal["full", "concise", "json", "github"]


def validate(
    files: tuple[Path, ...], style: Style, catalog: Path | None, environment: Environment
) -> int:
    """Print every problem of each file; the exit code."""
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
    environment.say(_summary(len(files), rows, errors, len(problems) - errors))
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


def _summary(files: int, rows: int, errors: int, warnings: int) -> Message:
    checked = plural("{n} file checked", "{n} files checked", files)
    if rows:
        checked = plural("{files} ({n} row)", "{files} ({n} rows)", rows, files=checked)
    counts = (
        plural("{n} error", "{n} errors", errors),
        plural("{n} warning", "{n} warnings", warnings),
    )
    return tr("{checked}: {counts}", checked=checked, counts=joined(counts, tr(", ")))
