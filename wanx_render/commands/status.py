"""``status``: every task a render folder ever asked for. Sends nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from wanx_render.commands.options import CATALOG, FILE, JSON, OUT

if TYPE_CHECKING:
    from pathlib import Path


@click.command("status")
@click.argument("file", type=FILE)
@OUT
@JSON
@CATALOG
def command(file: Path, **options: Any) -> int:
    """Show every task FILE ever asked for: state, age, hours left to fetch it. Sends nothing."""
    from wanx_render.actions.status import status
    from wanx_render.session.environment import Environment
    from wanx_render.session.folder_tasks import FolderOptions

    return status(FolderOptions(file, **options), Environment.real())
