"""``export``: what was rendered, as a timeline for an editing program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from wanx_render.commands.options import CATALOG, FILE, JSON
from wanx_render.timelines import formats

if TYPE_CHECKING:
    from pathlib import Path


@click.command("export")
@click.argument("file", type=FILE)
@click.option("--format", "style", type=click.Choice(formats.NAMES), required=True,
              help=formats.HELP)  # fmt: skip
@click.option("--out", type=FILE, help="The file to write [DELIVERABLE.FORMAT in the folder].")
@click.option("--deliverable", metavar="NAME", help="Only this one [each].")
@click.option("--relative", is_flag=True, help="Name files from where the timeline lies.")
@click.option("--folder", type=FILE, help="The render folder [renders/PROJECT beside the file].")
@JSON
@CATALOG
def command(file: Path, style: str, **options: Any) -> int:
    """Write what was rendered of FILE as a timeline for an editing program: whole clips, cuts,
    transitions, markers and sounds."""
    from wanx_render.actions.export import ExportOptions, export
    from wanx_render.session.environment import Environment

    return export(ExportOptions(file, style, **options), Environment.real())
