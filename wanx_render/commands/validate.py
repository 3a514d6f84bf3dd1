"""``validate``: every problem of every file; nothing is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wanx_render.commands.options import CATALOG, FILE, KEEP_GOING, once
from wanx_render.language import tr

if TYPE_CHECKING:
    from pathlib import Path

    from wanx_render.actions.validate import Style


@click.command(
    "validate",
    help=tr("Check FILES and report every problem. Sends nothing."),
)
@click.argument("files", nargs=-1, required=True, type=FILE, callback=once)
@click.option(
    "--format",
    "style",
    type=click.Choice(["full", "concise", "json", "github"]),
    default="full",
    show_default=True,
    help=tr("Print problems in this format."),
)
@KEEP_GOING
@CATALOG
def command(
    files: tuple[Path, ...], style: Style, catalog: Path | None, *, keep_going: bool
) -> int:
    """Check FILES."""
    from wanx_render.actions.validate import ValidateOptions, validate
    from wanx_render.session.environment import Environment

    options = ValidateOptions(files, style, catalog, keep_going=keep_going)
    return validate(options, Environment.real())
