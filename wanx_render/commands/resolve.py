"""``resolve``: requests whose outcome only a person can know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from wanx_render.commands.options import CATALOG, FILE, FOLDER, JSON
from wanx_render.language import tr

if TYPE_CHECKING:
    from pathlib import Path


@click.command(
    "resolve",
    help=tr("Resolve requests of FILE whose outcome is unknown."),
)
@click.argument("file", type=FILE)
@click.argument("attempt", type=int, required=False)
@click.option("--adopt", metavar="TASK", help=tr("Record that the request became this task."))
@click.option(
    "--release", is_flag=True, help=tr("Give the request up. The next render may pay for it again.")
)
@FOLDER
@JSON
@CATALOG
def command(
    file: Path, attempt: int | None, adopt: str | None, release: bool, **options: Any
) -> int:
    """List such requests, or resolve one of them."""
    from wanx_render.actions.resolve import Decision, resolve
    from wanx_render.session.environment import Environment
    from wanx_render.session.folder_tasks import FolderOptions

    decision = Decision(attempt, adopt, release)
    return resolve(FolderOptions(file, **options), decision, Environment.real())
