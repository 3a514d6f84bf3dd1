"""``init``: a runnable example project."""

from pathlib import Path

from wanx_render.capabilities import packaged
from wanx_render.scaffold import write_example
from wanx_render.session.environment import Environment


def init(folder: Path, environment: Environment) -> int:
    """Write a runnable example into ``folder``."""
    for path in write_example(folder, packaged()):
        environment.stdout.write(f"{path}\n")
    environment.say(f"now run: wanx-render {folder / 'shots.yaml'}")
    return 0
