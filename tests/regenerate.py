"""Write the golden files and the generated docs again: `uv run python -m tests.regenerate`.

Look at `git diff` afterwards. A golden argument list changes only together with GRAPH_VERSION and a
look at real frames; a golden export only after an editing program has opened it.
"""

import os
import subprocess
import sys

from mock_server import coverage
from tests.clients import page as clients_page
from tests.commands import ready
from tests.docs import errors_page, models_page, shot_list_page
from tests.support.goldens import REGENERATE
from tests.support.places import ROOT

GENERATED = {
    "docs/emulator-coverage.md": coverage.page,
    "docs/guide/emulator-clients.md": clients_page.english,
    "docs/zh/guide/emulator-clients.md": clients_page.chinese,
    "docs/guide/shot-list.md": shot_list_page.english,
    "docs/zh/guide/shot-list.md": shot_list_page.chinese,
    "docs/guide/models.md": models_page.english,
    "docs/zh/guide/models.md": models_page.chinese,
    **errors_page.PAGES,
}


def main() -> int:
    for name, text in GENERATED.items():
        (ROOT / name).write_text(text(), encoding="utf-8")
    ready.write()
    subprocess.run((sys.executable, "benchmarks/rooms.py"), cwd=ROOT, check=True)
    pytest = (sys.executable, "-m", "pytest", "-m", "golden", "-n", "2", "tests")
    return subprocess.run(pytest, cwd=ROOT, env=os.environ | {REGENERATE: "1"}).returncode


if __name__ == "__main__":
    raise SystemExit(main())
