"""``schema``: the JSON Schema of the shot list, for editors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wanx_render.commands.options import CATALOG
from wanx_render.language import tr

if TYPE_CHECKING:
    from pathlib import Path


@click.command(
    "schema",
    help=tr("Print the JSON Schema of the shot list, for editors."),
)
@CATALOG
def command(catalog: Path | None) -> int:
    """Print the schema."""
    import json

    from wanx_render.catalog.capabilities import packaged
    from wanx_render.catalog.user_file import with_user_file
    from wanx_render.session.environment import Environment
    from wanx_render.shotlist.schema import json_schema

    schema = json_schema(with_user_file(packaged(), catalog))
    Environment.real().stdout.write(json.dumps(schema, indent=2, ensure_ascii=False) + "\n")
    return 0
