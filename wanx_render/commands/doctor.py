"""``doctor``: what the machine has, and what a run would miss."""

import click

from wanx_render.commands.options import JSON


@click.command("doctor")
@JSON
def command(as_json: bool) -> int:
    """Look at Python, ffmpeg, font, key, disk, clock and proxies; the key is never shown."""
    from pathlib import Path

    from wanx_render.actions.doctor import doctor
    from wanx_render.session.environment import Environment

    return doctor(as_json, Path.cwd(), Environment.real())
