"""``python -m mock_server.light FOLDER``: write the wheel of the light package there."""

from pathlib import Path

import click

from mock_server.light.closure import EMULATOR
from mock_server.light.renaming import CannotRename
from mock_server.light.requirements import UnknownLibrary
from mock_server.light.wheel_file import build


@click.command(help="Build the light package of the emulator from this checkout, into FOLDER.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default="dist")
def command(folder: Path) -> None:
    """Write the wheel and print its path."""
    root = Path(__file__).resolve().parents[2]
    if not (root / "pyproject.toml").is_file():
        raise click.ClickException(f"{root} is no checkout: the wheel is built from its sources")
    try:
        path = build(root, folder)
    except (OSError, CannotRename, UnknownLibrary) as error:
        raise click.ClickException(f"the wheel cannot be built: {error}") from None
    click.echo(path)


command(prog_name=f"python -m {EMULATOR}.light")
