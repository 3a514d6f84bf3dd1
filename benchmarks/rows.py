"""What a benchmark measures, as rows that ``benchmarks/all.py`` puts into its one table.

A script of this folder is a part of that table when it has ``rows(whole)``, which measures and
yields ``Row``s. What was measured at commit 589904b, before issue 24, is in ``before.yaml``.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

import yaml

BEFORE = Path(__file__).with_name("before.yaml")

Result = TypeVar("Result")


@dataclass(frozen=True)
class Row:
    """One figure: what it is called, the median, its unit ("" for a ratio), what it means."""

    name: str
    value: float
    unit: str
    meaning: str
    goal: str = ""  # as issue 24 says it: "at most 4"


@dataclass(frozen=True)
class Before:
    """What a figure was at commit 589904b, and where that is written."""

    value: float
    origin: str


@cache
def before() -> Mapping[str, Before]:
    """The figures of commit 589904b by the name of their row."""
    written = yaml.safe_load(BEFORE.read_text("utf-8"))
    return {
        name: Before(float(value), origin)
        for origin, figures in written.items()
        for name, value in figures.items()
    }


def shown(row: Row) -> str:
    """One line of the table."""
    old = before().get(row.name)
    then = f"{number(old.value, row.unit)}" if old else "-"
    goal = f"  ({row.goal})" if row.goal else ""
    return f"{row.name:46} {number(row.value, row.unit):>12} {then:>12}  {row.meaning}{goal}"


def number(value: float, unit: str) -> str:
    """A figure with its unit; three digits that count."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 0.1 else 4
    return f"{value:,.{digits}f} {unit}".rstrip()


def show(rows: Iterable[Row]) -> None:
    """Print rows as they are measured, as a table."""
    print(f"{'':46} {'now':>12} {'589904b':>12}")
    for row in rows:
        print(shown(row), flush=True)


@dataclass(frozen=True)
class Cost:
    """Of a command: seconds by the wall, processor seconds, and peak memory in MiB."""

    wall: float
    cpu: float
    peak_mib: float


def cost(command: Sequence[str], environ: Mapping[str, str] | None = None) -> Cost:
    """Run a command to its end; its own and its children's time, as the kernel counted it."""
    began = time.monotonic()
    process = subprocess.Popen(
        command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command} failed")
    return Cost(time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def in_turn(works: Mapping[str, Callable[[], Result]], rounds: int) -> dict[str, list[Result]]:
    """What each work returned in each round; the works take turns, so that noise meets all."""
    results: dict[str, list[Result]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            results[name].append(work())
    return results


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the ratios of rounds, which is steadier than the ratio of medians."""
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
