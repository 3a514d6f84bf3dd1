"""``models``: the capability matrix, and one model with the sources of each figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wanx_render.commands.options import CATALOG, JSON
from wanx_render.language import tr

if TYPE_CHECKING:
    from pathlib import Path


@click.command(
    "models", help=tr("Show what each model can do, or one MODEL with the source of each figure.")
)
@click.argument("model", required=False)
@JSON
@CATALOG
def command(model: str | None, as_json: bool, catalog: Path | None) -> int:
    """Show the capability matrix."""
    from wanx_render.actions.models import models
    from wanx_render.session.environment import Environment

    return models(model, as_json, catalog, Environment.real())
