"""``validate``: every problem of every file; nothing is sent."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from pathlib import Path
from typing import Literal

from wanx_render import diagnostics
from wanx_render.diagnostics import Diagnostic, in_order
from wanx_render.errors import BadInput
from wanx_render.language import Message, joined, plural, tr
from wanx_render.session.environment import Environment
from wanx_render.validation.batches import read_each
from wanx_render.validation.rules.offers import RETIRED

Style = Literal["full", "concise", "json", "github"]


@dataclass(frozen=True)
class ValidateOptions:
    """What ``validate`` was asked for."""

    files: tuple[Path, ...]
    style: Style
    catalog: Path | None = None
    _: KW_ONLY
    keep_going: bool = False


def validate(options: ValidateOptions, environment: Environment) -> int:
    """Print every problem of each file; the exit code, as ``render`` would end before it begins."""
    problems: list[Diagnostic] = []
    texts: dict[str, str] = {}
    rows = usable = skipped = 0
    for file in options.files:
        try:
            batch = read_each((file,), options.catalog, keep_going=options.keep_going).good[0]
            problems += map(_as_new, in_order((*batch.warnings, *batch.errors)))
            rows += len(batch.lists) + len(batch.bad) if batch.tabular else 0
            usable, skipped = usable + len(batch.lists), skipped + len(batch.bad)
            texts |= batch.texts
        except BadInput as problem:
            problems += problem.diagnostics
            texts |= problem.texts
    text = rendered(problems, texts, options.style)
    if text:
        environment.stdout.write(text + "\n")
    errors = sum(item.severity == "error" for item in problems)
    environment.say(_summary(len(options.files), rows, errors, len(problems) - errors))
    if skipped:
        environment.say(_left(usable, skipped))
    return 0 if not errors else 1 if options.keep_going and usable else 2


def _as_new(problem: Diagnostic) -> Diagnostic:
    """A problem as it is where nothing of the list was made before: then a model that is no longer
    offered is an error."""
    return replace(problem, severity="error") if problem.code == RETIRED else problem


def _left(usable: int, skipped: int) -> Message:
    """What ``render --keep-going`` would do with the rows."""
    usable_rows = plural("{n} row can be rendered", "{n} rows can be rendered", usable)
    return tr("{rows}, {n} would be skipped", rows=usable_rows, n=skipped)


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
