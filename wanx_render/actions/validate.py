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
    found: list[Diagnostic] = []
    texts: dict[str, str] = {}
    rows = 0
    for file in files:
        try:
            loaded = read_all((file,), catalog)[0][0]
            found += loaded.warnings
            rows += len(loaded.lists) if loaded.tabular else 0
            texts |= loaded.texts
        except BadInput as problem:
            found += problem.diagnostics
            texts |= problem.texts
    told = rendered(found, texts, style)
    if told:
        environment.stdout.write(told + "\n")
    errors = sum(each.severity == "error" for each in found)
    checked = f"{len(files)} checked" + (f" ({_count(rows, 'row')})" if rows else "")
    environment.say(
        f"{checked}, {_count(errors, 'error')}, {_count(len(found) - errors, 'warning')}"
    )
    return 2 if errors else 0


def rendered(found: Sequence[Diagnostic], texts: Mapping[str, str], style: Style) -> str:
    """``found`` in the style asked for."""
    match style:
        case "json":
            return json.dumps([diagnostics.as_json(each) for each in found], ensure_ascii=False)
        case "github":
            return "\n".join(diagnostics.github(each) for each in found)
        case "concise":
            return "\n".join(diagnostics.concise(each) for each in found)
        case "full":
            return "\n".join(diagnostics.full(each, texts) for each in found)


def _count(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"
