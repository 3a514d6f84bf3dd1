"""``validate``: every problem of every file; nothing is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wanx_render.commands.options import CATALOG, FILE, once
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
@CATALOG
def command(files: tuple[Path, ...], style: Style, catalog: Path | None) -> int:
    """Check FILES."""
    from wanx_render.actions.validate import validate
    from wanx_render.session.environment import Environment

    return validate(files, style, catalog, Environment.real())
