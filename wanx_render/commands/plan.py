"""``plan``: what would be asked for, made and paid; and the saved plan that ``render`` keeps to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from wanx_render.commands.options import (
    BACKEND,
    CASCADE,
    CATALOG,
    FILE,
    FOLDER_ONLY,
    JSON,
    KEEP_GOING,
    RETAKE,
    ROWS,
    once,
)
from wanx_render.language import tr

if TYPE_CHECKING:
    from pathlib import Path


@click.command(
    "plan", help=tr("Show what rendering FILES would request, make and cost. Sends nothing.")
)
@click.argument("files", type=FILE, nargs=-1, required=True, callback=once)
@BACKEND
@JSON
@click.option(
    "--out", "save", type=FILE, metavar="PLAN", help=tr("Save the plan here for approval.")
)
@FOLDER_ONLY
@click.option(
    "--detailed-exitcode",
    "detailed",
    is_flag=True,
    help=tr("Exit with 6 if there is work to pay for."),
)
@click.option(
    "--suggest",
    is_flag=True,
    help=tr("Print changes that make FILES better, as a patch. Changes nothing."),
)
@click.option(
    "--only", multiple=True, metavar="ID", help=tr("Use only these shots, or rows of a table.")
)
@ROWS
@KEEP_GOING
@RETAKE
@CASCADE
@CATALOG
def command(files: tuple[Path, ...], **options: Any) -> int:
    """Show the plan of FILES."""
    if options["save"] is not None and (options["retake"] or not options["cascade"]):
        raise click.UsageError(
            tr("--retake and --no-cascade cannot be saved. Give them to render.")
        )
    if options["suggest"] and (options["save"] is not None or options["detailed"]):
        raise click.UsageError(tr("--suggest cannot be used with --out or --detailed-exitcode"))

    from wanx_render.actions.plan import PlanOptions, plan
    from wanx_render.session.environment import Environment

    return plan(PlanOptions(files, **options), Environment.real())
