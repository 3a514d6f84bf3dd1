"""How long the whole run of specs/hello.yaml takes: `uv run python benchmarks/hello.py [ROUNDS]`.

Each round runs the program in an empty folder, then again in the same folder, then a bare Python,
so that the ratios hold on a noisy machine. Peak memory is that of the largest single process.
"""

import statistics
import sys
import tempfile
from pathlib import Path

from rows import Cost, cost

HELLO = Path(__file__).parent.parent / "specs" / "hello.yaml"


def main(rounds: int) -> None:
    python = sys.executable
    rows: dict[str, list[Cost]] = {"first run": [], "second run": [], "bare python": []}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            render = (python, "-m", "wanx_render", "render", str(HELLO), "--out", folder)
            rows["first run"].append(cost(render))
            rows["second run"].append(cost(render))
        rows["bare python"].append(cost((python, "-c", "pass")))
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
