"""``resolve``: requests whose outcome only a person can know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from wanx_render.commands.options import CATALOG, FILE, JSON, OUT

if TYPE_CHECKING:
    from pathlib import Path


@click.command("resolve")
@click.argument("file", type=FILE)
@click.argument("attempt", type=int, required=False)
@click.option("--adopt", metavar="TASK", help="The attempt is this task of the service.")
@click.option("--release", is_flag=True, help="It was never accepted; it may be asked for again.")
@OUT
@JSON
@CATALOG
def command(
    file: Path, attempt: int | None, adopt: str | None, release: bool, **options: Any
) -> int:
    """Settle what only a person can: requests of FILE whose outcome is unknown."""
    from wanx_render.actions.resolve import Decision, resolve
    from wanx_render.session.environment import Environment
    from wanx_render.session.folder_tasks import FolderOptions

    decision = Decision(attempt, adopt, release)
    return resolve(FolderOptions(file, **options), decision, Environment.real())
