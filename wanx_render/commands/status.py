"""``status``: every task a render folder ever asked for. Sends nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from wanx_render.commands.options import CATALOG, FILE, FOLDER, JSON
from wanx_render.language import tr

if TYPE_CHECKING:
    from pathlib import Path


@click.command(
    "status",
    help=tr("Show every task FILE ever requested: state, age, hours left to download it."),
)
@click.argument("file", type=FILE)
@FOLDER
@JSON
@CATALOG
def command(file: Path, **options: Any) -> int:
    """Show the tasks of FILE's folder. Sends nothing."""
    from wanx_render.actions.status import status
    from wanx_render.session.environment import Environment
    from wanx_render.session.folder_tasks import FolderOptions

    return status(FolderOptions(file, **options), Environment.real())
