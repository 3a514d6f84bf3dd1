"""The search for keys that ends every session finds them, wherever they are."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.places import ROOT

HOOKS = "from tests.canary import *"
LEAKS = {
    "in a file": "(tmp_path / 'a.bin').write_bytes(b'\\0Bearer sk-test-leak\\0')",
    "in what is printed": "print('Bearer sk-test-leak')",
    "nowhere": "pass",
}


@pytest.mark.proof
@pytest.mark.parametrize(
    ("place", "processes"), [("in a file", 2), ("in what is printed", 2), ("nowhere", 0)]
)
def test_a_session_that_leaves_a_key_fails(tmp_path: Path, place: str, processes: int) -> None:
    (tmp_path / "conftest.py").write_text(HOOKS)
    (tmp_path / "test_it.py").write_text(
        f"from tests.canary import SECRETS\ndef test_it(tmp_path):\n"
        f"    SECRETS.add('sk-test-' + 'leak')\n    {LEAKS[place]}\n"
    )
    options = ["-q", "-p", "no:cacheprovider", "-p", "xdist", "-n"]
    alone = {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(processes),
         "--basetemp", str(tmp_path / "left"), str(tmp_path)],
        cwd=tmp_path, env={**os.environ, **alone}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    (tmp_path / "test_it.py").unlink()
    assert ("A KEY STANDS IN" in done.stdout, done.returncode) == (
        (False, 0) if place == "nowhere" else (True, 1)
    ), done.stdout
    for left in tmp_path.rglob("a.bin"):
        left.unlink()
