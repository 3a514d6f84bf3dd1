"""``init``: a runnable example project."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wanx_render.commands.options import FILE
from wanx_render.language import tr

if TYPE_CHECKING:
    from pathlib import Path


@click.command("init", help=tr("Write a runnable example into DIR [here]. Overwrites nothing."))
@click.argument("folder", type=FILE, default=".", metavar="[DIR]")
def command(folder: Path) -> int:
    """Write the example project."""
    from wanx_render.catalog.capabilities import packaged
    from wanx_render.session.environment import Environment
    from wanx_render.shotlist.scaffold import write_example

    environment = Environment.real()
    for path in write_example(folder, packaged()):
        environment.stdout.write(f"{path}\n")
    environment.say(tr("Now run: wanx-render {file}", file=folder / "shots.yaml"))
    return 0
