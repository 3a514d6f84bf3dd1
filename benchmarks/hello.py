"""How long the whole run of specs/hello.yaml takes: `uv run python benchmarks/hello.py [ROUNDS]`.

Each round runs the program in an empty folder, then again in the same folder, then a bare Python,
so that the ratios hold on a noisy machine. Peak memory is that of the largest single process.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HELLO = Path(__file__).parent.parent / "specs" / "hello.yaml"


@dataclass(frozen=True)
class Cost:
    wall: float
    cpu: float
    peak_mib: float


def measure(*command: str) -> Cost:
    """Run a command to its end; its own and its children's time, as the kernel counted it."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"{command} failed")
    return Cost(time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def main(rounds: int) -> None:
    python = sys.executable
    rows: dict[str, list[Cost]] = {"first run": [], "second run": [], "bare python": []}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            render = (python, "-m", "wanx_render", "render", str(HELLO), "--out", folder)
            rows["first run"].append(measure(*render))
            rows["second run"].append(measure(*render))
        rows["bare python"].append(measure(python, "-c", "pass"))
    print(f"{'':12} {'wall s':>8} {'cpu s':>8} {'peak MiB':>9}   median of {rounds}")
    for name, costs in rows.items():
        wall, cpu, peak = (
            statistics.median(getattr(cost, measure) for cost in costs)
            for measure in ("wall", "cpu", "peak_mib")
        )
        print(f"{name:12} {wall:8.2f} {cpu:8.2f} {peak:9.0f}")
    first, second = (
        statistics.median(cost.wall for cost in rows[name]) for name in ("first run", "second run")
    )
    print(f"second run / first run: {second / first:.3f} of the wall time")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
