"""``board``: the live page of one list, on this machine alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from wanx_render.commands.options import (
    BACKEND,
    BASE_URL,
    CATALOG,
    FILE,
    FOLDER,
    JUDGE,
    MoneyType,
)
from wanx_render.language import tr

if TYPE_CHECKING:
    from pathlib import Path


@click.command(
    "board", help=tr("Show FILE live in the browser: run it, compare takes, choose, set the focus.")
)
@click.argument("file", type=FILE)
@click.option("--only", "row", metavar="ROW", help=tr("Show this row of a table."))
@BACKEND
@FOLDER
@click.option("--port", default=0, show_default=True, type=click.IntRange(0, 65535),
              help=tr("Listen on this port of 127.0.0.1; 0 takes a free one."))  # fmt: skip
@click.option(
    "--max-cost", type=MoneyType(), help=tr("Stop a run before it spends more than this.")
)
@BASE_URL
@JUDGE
@CATALOG
def command(file: Path, port: int, row: str | None, **options: Any) -> int:
    """Serve the live page of FILE."""
    from wanx_render.board.serve import board
    from wanx_render.session.environment import Environment
    from wanx_render.session.selection import RenderOptions

    only = (row,) if row else ()
    return board(
        RenderOptions((file,), only=only, keep_going=True, **options), port, Environment.real()
    )
