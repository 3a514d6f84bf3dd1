"""What a start costs beside a bare Python: `uv run python benchmarks/start.py [ROUNDS]`.

The installed script and a bare Python take turns; processor time, as the kernel counted it, since
the time by the wall is that of whatever else runs. Ratios are medians of the rounds' ratios.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from rows import Row, cost, in_turn, ratio, show

PYTHON = sys.executable
PROGRAM = str(Path(sys.executable).with_name("wanx-render"))
HELLO = str(Path(__file__).parent.parent / "specs" / "hello.yaml")

COMMANDS = {
    "python": (PYTHON, "-c", ""),
    "isolated": (PYTHON, "-I", "-S", "-c", ""),
    "click": (PYTHON, "-c", "import click"),
    "help": (PROGRAM, "--help"),
    "verb": (PROGRAM, "render", "--help"),
    "version": (PROGRAM, "--version"),
    "validate": (PROGRAM, "validate", HELLO),
}


def rows(whole: bool, rounds: int = 15) -> Iterator[Row]:
    works = {name: partial(cost, command) for name, command in COMMANDS.items()}
    taken = in_turn(works, 2 * rounds if whole else rounds)
    cpu = {name: [one.cpu for one in costs] for name, costs in taken.items()}
    for name, meaning, goal in (
        ("help", "wanx-render --help / python -c ''", "at most 4"),
        ("verb", "wanx-render render --help / python -c ''", ""),
        ("version", "wanx-render --version / python -c ''", ""),
        ("click", "an empty program with click / python -c ''", ""),
        ("isolated", "python -I -S -c '' / python -c ''", ""),
    ):
        label = {"help": "--help", "verb": "render --help"}.get(name, name)
        yield Row(f"start/{label}", ratio(cpu[name], cpu["python"]), "", meaning, goal)
    validate = statistics.median(cpu["validate"])
    yield Row("start/validate", validate, "s", "validate specs/hello.yaml", "at most 0.25")
    meaning = "validate specs/hello.yaml / python -c ''"
    yield Row("start/validate by python", ratio(cpu["validate"], cpu["python"]), "", meaning)


if __name__ == "__main__":
    show(rows(False, int(sys.argv[1]) if len(sys.argv) > 1 else 15))
