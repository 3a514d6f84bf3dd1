"""``export``: what was rendered, as a timeline for an editing program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from wanx_render.commands.options import CATALOG, FILE, JSON, RENDER_FOLDER
from wanx_render.language import tr
from wanx_render.timelines import formats

if TYPE_CHECKING:
    from pathlib import Path


@click.command(
    "export",
    help=tr(
        "Write FILE's finished shots as a timeline for an editing program.\n\n"
        "FILE may also be a render folder, such as that of one row of a table."
    ),
)
@click.argument("file", type=FILE)
@click.option("--format", "style", type=click.Choice(formats.NAMES), required=True,
              help=formats.HELP)  # fmt: skip
@click.option("--out", type=FILE, help=tr("Write this file [DELIVERABLE.FORMAT in the folder]."))
@click.option(
    "--drafts", metavar="PATH", default="", help=tr("Name a draft's media under this folder.")
)
@click.option("--only", metavar="ROW", help=tr("Export this row of a table."))
@click.option("--deliverable", metavar="NAME", help=tr("Export only this deliverable [all]."))
@click.option("--relative", is_flag=True, help=tr("Write paths relative to the timeline."))
@RENDER_FOLDER
@JSON
@CATALOG
def command(file: Path, style: str, **options: Any) -> int:
    """Write the timeline: whole clips, cuts, transitions, markers and sounds."""
    from wanx_render.actions.export import ExportOptions, export
    from wanx_render.session.environment import Environment

    return export(ExportOptions(file, style, **options), Environment.real())
