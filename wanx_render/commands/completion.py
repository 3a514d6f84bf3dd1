"""``completion``: the script by which a shell completes words; it never starts the program."""

from __future__ import annotations

import os

import click

from wanx_render.language import tr
from wanx_render.ready import pages


@click.command(
    "completion",
    help=tr(
        "Print the script that completes commands, options, files and models in SHELL.\n\n"
        '`eval "$(wanx-render completion bash)"` in ~/.bashrc turns it on.'
    ),
)
@click.argument("shell", type=click.Choice(pages.SHELLS))
def command(shell: str) -> int:
    """Print the script."""
    click.echo(pages.completion(shell, os.environ), nl=False)
    return 0
