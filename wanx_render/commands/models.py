"""``models``: the capability matrix, and one model with the sources of each figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wanx_render.commands.options import CATALOG, JSON
from wanx_render.language import tr

if TYPE_CHECKING:
    from pathlib import Path


@click.command(
    "models",
    help=tr(
        "Show what each model can do, or one MODEL with the source of each figure.\n\n"
        "`models diff A B` shows in what two models differ."
    ),
)
@click.argument("words", metavar="[MODEL | diff A B]", nargs=-1)
@click.option(
    "--stale", is_flag=True, help=tr("List the figures that are old or on which sources disagree.")
)
@JSON
@CATALOG
def command(words: tuple[str, ...], stale: bool, as_json: bool, catalog: Path | None) -> int:
    """Show the capability matrix."""
    from datetime import UTC, datetime

    from wanx_render.actions.models import ModelsOptions, models
    from wanx_render.session.environment import Environment

    today = datetime.now(UTC).date()
    return models(ModelsOptions(today, words, stale, as_json, catalog), Environment.real())
