"""``plan``: what would be asked for, made and paid; and the saved plan that ``render`` keeps to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from wanx_render.commands.options import BACKEND, CASCADE, CATALOG, FILE, JSON, RETAKE, ROWS, once

if TYPE_CHECKING:
    from pathlib import Path


@click.command("plan")
@click.argument("files", type=FILE, nargs=-1, required=True, callback=once)
@BACKEND
@JSON
@click.option("--out", "save", type=FILE, metavar="PLAN", help="Save the plan for approval.")
@click.option(
    "--folder", "out", type=FILE, help="The render folder [renders/PROJECT beside the file]."
)
@click.option(
    "--detailed-exitcode", "detailed", is_flag=True, help="Answer 6 where there is work to pay for."
)
@click.option("--only", multiple=True, metavar="ID", help="These shots or rows of a table only.")
@ROWS
@RETAKE
@CASCADE
@CATALOG
def command(files: tuple[Path, ...], **options: Any) -> int:
    """Show what rendering FILES would ask for, make and cost; nothing is sent."""
    if options["save"] is not None and (options["retake"] or not options["cascade"]):
        raise click.UsageError("--retake and --no-cascade cannot be saved: give them to render.")

    from wanx_render.actions.plan import PlanOptions, plan
    from wanx_render.session.environment import Environment

    return plan(PlanOptions(files, **options), Environment.real())
