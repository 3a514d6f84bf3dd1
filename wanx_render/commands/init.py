"""``init``: a runnable example project."""

from pathlib import Path

from wanx_render.catalog.capabilities import packaged
from wanx_render.session.environment import Environment
from wanx_render.shotlist.scaffold import write_example


def init(folder: Path, environment: Environment) -> int:
    """Write a runnable example into ``folder``."""
    for path in write_example(folder, packaged()):
        environment.stdout.write(f"{path}\n")
    environment.say(f"now run: wanx-render {folder / 'shots.yaml'}")
    return 0
