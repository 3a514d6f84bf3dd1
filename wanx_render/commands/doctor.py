"""``doctor``: what the machine has, and what a run would miss."""

import click

from wanx_render.commands.options import JSON
from wanx_render.language import tr


@click.command(
    "doctor",
    help=tr("Check Python, ffmpeg, font, key, disk, clock and proxies. Never shows the key."),
)
@JSON
def command(as_json: bool) -> int:
    """Check the machine."""
    from pathlib import Path

    from wanx_render.actions.doctor import doctor
    from wanx_render.session.environment import Environment

    return doctor(as_json, Path.cwd(), Environment.real())
