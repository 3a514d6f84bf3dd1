"""``rescue``: fetch the clips that were paid for and are not here; ask for nothing new."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from wanx_render.commands.options import BACKEND, BASE_URL, CATALOG, FILE, LINES, OUT, RESULT_HOST

if TYPE_CHECKING:
    from pathlib import Path


@click.command("rescue")
@click.argument("file", type=FILE)
@BACKEND
@OUT
@BASE_URL
@RESULT_HOST
@LINES
@CATALOG
def command(file: Path, **options: Any) -> int:
    """Fetch every clip of FILE's folder that was paid for and is not here; ask for nothing new."""
    from wanx_render.actions.rescue import rescue
    from wanx_render.session.environment import Environment
    from wanx_render.session.folder_tasks import FolderOptions

    return rescue(FolderOptions(file, **options), Environment.real())
