"""``render``: make the clips that lists lack, then their deliverables."""

import time

from wanx_render.session import render as session
from wanx_render.session.environment import Environment
from wanx_render.session.selection import RenderOptions
from wanx_render.session.watch_saves import watch


def render(options: RenderOptions, environment: Environment) -> int:
    """Make everything that the files ask for, or exactly a saved plan; the exit code."""
    return session.render(options, environment)


def render_at_saves(options: RenderOptions, environment: Environment) -> int:
    """Render at each save of the list, until it is interrupted."""
    return watch(options, environment, time.sleep)
