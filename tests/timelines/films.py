"""A film on the mock, and its timeline as a file."""

import os
import sys
from pathlib import Path

from tests.support import forking
from wanx_render.actions.export import ExportOptions, export
from wanx_render.session.environment import Environment


def film_of(text: str, folder: Path) -> None:
    """Render the list ``text`` in ``folder``, where its pictures and sounds are."""
    (folder / "list.yaml").write_text(text, encoding="utf-8")
    ran = forking.run_text(["list.yaml"], folder, dict(os.environ), timeout=120)
    assert ran.returncode == 0, ran.stderr


def timeline_of(folder: Path, form: str) -> Path:
    """The timeline of the one film in ``folder``."""
    target = folder / f"o.{form}"
    options = ExportOptions(folder / "list.yaml", form, out=target)
    assert export(options, Environment({}, sys.stdout, sys.stderr)) == 0
    return target
