"""``render``: make the clips that lists lack, then their deliverables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from wanx_render.commands.options import (
    AMBIGUOUS,
    BACKEND,
    BASE_URL,
    CASCADE,
    CATALOG,
    DELIVER,
    FILE,
    JUDGE,
    KEEP_GOING,
    LINES,
    RENDER_FOLDER,
    RESULT_HOST,
    RETAKE,
    ROWS,
    WHERE,
    MoneyType,
    once,
)  # fmt: skip
from wanx_render.language import tr

if TYPE_CHECKING:
    from pathlib import Path


@click.command(
    "render",
    help=tr("Make the missing clips of FILES, then the deliverables. Run again to resume."),
)
@click.argument("files", type=FILE, nargs=-1, callback=once)
@BACKEND
@DELIVER
@RENDER_FOLDER
@click.option("--plan", type=FILE, help=tr("Run exactly this saved plan."))
@click.option(
    "--only",
    multiple=True,
    metavar="ID",
    help=tr("Use only these shots, or rows of a table."),
)
@click.option(
    "--pictures",
    is_flag=True,
    help=tr("Make only the first frames that models make, to look at them before any video."),
)
@ROWS
@KEEP_GOING
@RETAKE
@CASCADE
@click.option("--max-cost", type=MoneyType(), help=tr("Stop before spending more than this."))
@click.option("--yes", is_flag=True, help=tr("Spend without asking. The mock never asks."))
@BASE_URL
@RESULT_HOST
@AMBIGUOUS
@JUDGE
@WHERE
@click.option("--watch", is_flag=True, help=tr("Render at each save. Asks before it spends."))
@LINES
@CATALOG
def command(
    files: tuple[Path, ...],
    out: Path | str | None,
    folder: Path | None,
    watch: bool,
    **options: Any,
) -> int:
    """Render FILES."""
    _refuse_what_excludes_one_another(files, watch=watch, **options)
    if folder is not None and out is not None and not isinstance(out, str):
        raise click.UsageError(tr("Give --out or --folder, not both: each is the render folder."))

    import time

    from wanx_render.session.environment import Environment
    from wanx_render.session.render import render
    from wanx_render.session.selection import RenderOptions
    from wanx_render.session.watch_saves import watch as render_at_saves

    folder, store = (folder, out) if isinstance(out, str) else (out or folder, None)
    run = RenderOptions(files, out=folder, store=store, **options)
    if watch:
        return render_at_saves(run, Environment.real(), time.sleep)
    return render(run, Environment.real())


def _refuse_what_excludes_one_another(
    files: tuple[Path, ...], *, watch: bool, plan: Path | None, cascade: bool, **options: Any
) -> None:
    """Raises UsageError."""
    if not files and plan is None:
        raise click.UsageError(tr("Missing argument 'FILES' (or --plan)."))
    if files and plan is not None:
        raise click.UsageError(tr("A saved plan names its lists. Give --plan without FILES."))
    if plan is not None and (options["retake"] or not cascade):
        raise click.UsageError(
            tr("--retake and --no-cascade cannot change a saved plan. Plan again.")
        )
    if watch and (len(files) != 1 or options["retake"] or options["rows"] or options["shard"]):
        raise click.UsageError(tr("--watch takes one list, without --retake, --rows or --shard."))
