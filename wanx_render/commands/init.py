"""``init``: a runnable example project."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wanx_render.commands.options import FILE

if TYPE_CHECKING:
    from pathlib import Path


@click.command("init")
@click.argument("folder", type=FILE, default=".", metavar="[DIR]")
def command(folder: Path) -> int:
    """Write a runnable example into DIR [here]; nothing is overwritten."""
    from wanx_render.catalog.capabilities import packaged
    from wanx_render.session.environment import Environment
    from wanx_render.shotlist.scaffold import write_example

    environment = Environment.real()
    for path in write_example(folder, packaged()):
        environment.stdout.write(f"{path}\n")
    environment.say(f"now run: wanx-render {folder / 'shots.yaml'}")
    return 0
