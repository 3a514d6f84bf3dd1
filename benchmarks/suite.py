"""What the tests cost: `uv run python benchmarks/suite.py`.

The time by the wall and of processors, with everything that the tests start. Quick: only until all
are collected; whole: the first tier and the proofs that CI samples.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from rows import Row, show

ROOT = Path(__file__).parent.parent
TIERS = {"first tier": ((), "at most 3"), "proofs": (("-m", "proof"), "at most 20")}


def spent(*words: str) -> tuple[float, float]:
    """Seconds by the wall and of processors of pytest with these words."""
    environ = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    command = (sys.executable, "-m", "pytest", *words)
    subprocess.run(command, cwd=ROOT, env=environ, check=True, stdout=subprocess.DEVNULL)
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, used


def rows(whole: bool) -> Iterator[Row]:
    """Collecting alone; each tier where ``whole``."""
    _, used = spent("--collect-only", "-n", "0")
    yield Row("tests/collected", used, "s", "processor time until all tests are collected")
    for tier, (words, goal) in TIERS.items() if whole else ():
        wall, used = spent(*words)
        cores = f"by the wall on {os.cpu_count()} cores"
        yield Row(f"tests/{tier}", wall / 60, "min", cores, goal)
        yield Row(f"tests/{tier} of processors", used / 60, "min", "processor time of all")


if __name__ == "__main__":
    show(rows(whole=True))
