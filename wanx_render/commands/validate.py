"""``validate``: every problem of every file; nothing is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wanx_render.commands.options import CATALOG, FILE, once

if TYPE_CHECKING:
    from pathlib import Path

    from wanx_render.actions.validate import Style


@click.command("validate")
@click.argument("files", nargs=-1, required=True, type=FILE, callback=once)
@click.option(
    "--format",
    "style",
    type=click.Choice(["full", "concise", "json", "github"]),
    default="full",
    show_default=True,
)
@CATALOG
def command(files: tuple[Path, ...], style: Style, catalog: Path | None) -> int:
    """Say every problem of each FILE; nothing is sent."""
    from wanx_render.actions.validate import validate
    from wanx_render.session.environment import Environment

    return validate(files, style, catalog, Environment.real())
