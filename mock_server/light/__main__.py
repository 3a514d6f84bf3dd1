"""``python -m mock_server.light FOLDER``: write the wheel of the light package there."""

import os
from pathlib import Path

import click

from mock_server.light.closure import EMULATOR
from mock_server.light.renaming import CannotRename
from mock_server.light.requirements import UnknownLibrary
from mock_server.light.wheel_file import build
from wanx_render.help_page import in_language_of
from wanx_render.language import shown, tr


@click.command(
    help=tr("Build the emulator's light package from this checkout. Writes a wheel into FOLDER."),
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default="dist")
def command(folder: Path) -> None:
    """Write the wheel and print its path."""
    root = Path(__file__).resolve().parents[2]
    if not (root / "pyproject.toml").is_file():
        message = tr("{folder} is not a checkout, which the wheel is built from", folder=str(root))
        raise click.ClickException(shown(message))
    try:
        path = build(root, folder)
    except (OSError, CannotRename, UnknownLibrary) as error:
        message = tr("cannot build the wheel: {reason}", reason=str(error))
        raise click.ClickException(shown(message)) from None
    click.echo(path)


in_language_of(os.environ, command).main(prog_name=f"python -m {EMULATOR}.light")
