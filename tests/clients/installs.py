"""Clients installed by the programs of their own registries, each once into a folder of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import filelock

from tests.clients.roster import OutsideClient

PROGRAMS = Path(__file__).parent / "programs"
_SECONDS = 300


class NotHere(Exception):
    """A client cannot be run on this machine; the message says what is missing."""


def installed(client: OutsideClient, folder: Path) -> list[str]:
    """The command that runs the client's program. Raises NotHere."""
    home = folder / client.home
    home.parent.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(f"{home}.lock"):
        match client.tool:
            case "python":
                return [str(_python(client, home)), str(PROGRAMS / client.program)]
            case "node":
                return [_tool("node"), str(_node_program(client, home))]
            case "java":
                return [_tool("java"), str(PROGRAMS / client.program)]
            case "curl":
                _tool("curl")
                return ["sh", str(PROGRAMS / client.program)]


def _tool(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise NotHere(f"needs {name}")
    return path


def _python(client: OutsideClient, home: Path) -> Path:
    """The Python of an environment with the client's packages."""
    python = home / "bin" / "python"
    done = home / "done"
    if not done.exists():
        _run([sys.executable, "-m", "venv", str(home)], home.parent)
        install = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        _run([*install, *client.packages], home.parent)
        done.touch()
    return python


def _node_program(client: OutsideClient, home: Path) -> Path:
    """The client's program, copied to where Node finds the client's packages."""
    done = home / "done"
    if not done.exists():
        home.mkdir(exist_ok=True)
        (home / "package.json").write_text('{"private": true}\n')
        if client.packages:
            install = [_tool("npm"), "install", "--silent", "--no-package-lock", "--no-fund"]
            _run([*install, *client.packages], home)
        done.touch()
    return Path(shutil.copy(PROGRAMS / client.program, home))


def _run(command: list[str], folder: Path) -> None:
    ran = subprocess.run(
        command, cwd=folder, env=os.environ, capture_output=True, text=True, timeout=_SECONDS
    )
    if ran.returncode:
        raise NotHere(f"{Path(command[0]).name} cannot install: {ran.stderr.strip()[-300:]}")
