"""``rescue``: fetch the clips that were paid for and are not here; ask for nothing new."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from wanx_render.commands.options import (
    BACKEND,
    BASE_URL,
    CATALOG,
    FILE,
    FOLDER,
    LINES,
    RESULT_HOST,
)
from wanx_render.language import tr

if TYPE_CHECKING:
    from pathlib import Path


@click.command(
    "rescue",
    help=tr("Download clips that were paid for but are missing locally. Requests nothing new."),
)
@click.argument("file", type=FILE)
@BACKEND
@FOLDER
@BASE_URL
@RESULT_HOST
@LINES
@CATALOG
def command(file: Path, **options: Any) -> int:
    """Download the clips of FILE's folder that are missing here."""
    from wanx_render.actions.rescue import rescue
    from wanx_render.session.environment import Environment
    from wanx_render.session.folder_tasks import FolderOptions

    return rescue(FolderOptions(file, **options), Environment.real())
