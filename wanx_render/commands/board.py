"""``board``: the live page of one list, on this machine alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from wanx_render.commands.options import BACKEND, BASE_URL, CATALOG, FILE, OUT, MoneyType

if TYPE_CHECKING:
    from pathlib import Path


@click.command("board")
@click.argument("file", type=FILE)
@BACKEND
@OUT
@click.option("--port", default=0, show_default=True, type=click.IntRange(0, 65535),
              help="Where on 127.0.0.1; 0 takes a free one.")  # fmt: skip
@click.option(
    "--max-cost", type=MoneyType(), help="No run from the board may spend more than this."
)
@BASE_URL
@CATALOG
def command(file: Path, port: int, **options: Any) -> int:
    """Show FILE live in the browser: run, compare takes, choose, set what crops keep in view."""
    from wanx_render.board.serve import board
    from wanx_render.session.environment import Environment
    from wanx_render.session.selection import RenderOptions

    return board(RenderOptions((file,), **options), port, Environment.real())
