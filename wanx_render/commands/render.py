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
    LINES,
    RESULT_HOST,
    RETAKE,
    ROWS,
    WHERE,
    MoneyType,
    once,
)  # fmt: skip

if TYPE_CHECKING:
    from pathlib import Path


@click.command("render")
@click.argument("files", type=FILE, nargs=-1, callback=once)
@BACKEND
@DELIVER
@click.option("--plan", type=FILE, help="Run a saved plan, and nothing else than it.")
@click.option(
    "--only",
    multiple=True,
    metavar="ID",
    help="Make the clips of these shots only; of a table, of these rows.",
)
@ROWS
@RETAKE
@CASCADE
@click.option("--max-cost", type=MoneyType(), help="Stop before spending more than this.")
@click.option("--yes", is_flag=True, help="Spend without asking; the mock never asks.")
@BASE_URL
@RESULT_HOST
@AMBIGUOUS
@WHERE
@click.option("--watch", is_flag=True, help="Render again at each save; ask before spending.")
@LINES
@CATALOG
def command(files: tuple[Path, ...], out: Path | str | None, watch: bool, **options: Any) -> int:
    """Make the clips that FILES lack, then their deliverables; run again to resume."""
    _refuse_what_excludes_one_another(files, watch=watch, **options)

    import time

    from wanx_render.session.environment import Environment
    from wanx_render.session.render import render
    from wanx_render.session.selection import RenderOptions
    from wanx_render.session.watch_saves import watch as render_at_saves

    folder, store = (None, out) if isinstance(out, str) else (out, None)
    run = RenderOptions(files, out=folder, store=store, **options)
    if watch:
        return render_at_saves(run, Environment.real(), time.sleep)
    return render(run, Environment.real())


def _refuse_what_excludes_one_another(
    files: tuple[Path, ...], *, watch: bool, plan: Path | None, cascade: bool, **options: Any
) -> None:
    """Raises UsageError."""
    if not files and plan is None:
        raise click.UsageError("Missing argument 'FILES' (or --plan).")
    if files and plan is not None:
        raise click.UsageError("A saved plan names its list itself: leave FILES out.")
    if plan is not None and (options["retake"] or not cascade):
        raise click.UsageError("A saved plan is run as it is: plan again with the new options.")
    if watch and (len(files) != 1 or options["retake"] or options["rows"] or options["shard"]):
        raise click.UsageError("--watch goes with one list, without --retake, --rows, --shard.")
