"""The proofs as tables: `uv run python -m tests.proofs.tables [KILLS]` (2,000 take about an hour).

First every fault of the emulator by every kind of request, in virtual time; then killed processes.
"""

import sys
import tempfile
from collections import Counter
from pathlib import Path

from PIL import Image

from tests.proofs import kills
from tests.support.emulator import Twin
from tests.support.programs import PROGRAMS
from tests.support.virtual import Counted
from tests.whole.test_faults import CREATES, LIST, READS, REQUESTS, Stage
from wanx_render.catalog.capabilities import packaged

LAG = ("on=list effect=lag seconds=45 times=6", "on=list effect=foreign count=1 times=2")


def judged(base: Path, number: int, faults: tuple[str, ...]) -> str:
    """What became of one run in which ``faults`` happened."""
    with Counted(2) as pool:
        return _judged(base, pool, number, faults)


def _judged(base: Path, pool: Counted, number: int, faults: tuple[str, ...]) -> str:
    folder = base / str(number)
    folder.mkdir()
    Image.new("RGB", (750, 1000), "#305070").save(folder / "a.png")
    (folder / "list.yaml").write_text(LIST, encoding="utf-8")
    stage = Stage(folder, packaged(), PROGRAMS["wheel"], pool, Twin())
    stage.faults(*faults)
    manifest = stage.run()
    states = {take.state for shot in manifest.shots for take in shot.takes}
    paid = stage.paid()
    stage.twin.service.close()
    if any(count > 1 for count in paid):
        return "paid twice"
    if manifest.complete and paid == [1] * REQUESTS:
        return "recovered"
    return "asked" if "unresolved" in states else "failed"


def fault_table() -> None:
    rows = {
        "create": [(f"on=create nth=2 {fault}",) for fault in CREATES],
        "create, list lags": [(f"on=create nth=1 {fault}", *LAG) for fault in CREATES],
    }
    for operation in ("query", "list", "policy", "result"):
        lost = ("on=create nth=1 effect=reset stage=after",) if operation == "list" else ()
        rows[operation] = [(*lost, f"on={operation} nth=1+2 {fault}") for fault in READS]
    names = ("recovered", "asked", "failed", "paid twice")
    print(f"{'fault in':22}{'faults':>10}" + "".join(f"{name:>12}" for name in names))
    with tempfile.TemporaryDirectory() as base:
        number = 0
        for label, cases in rows.items():
            counts: Counter[str] = Counter()
            for faults in cases:
                number += 1
                counts[judged(Path(base), number, faults)] += 1
            message = "".join(f"{counts[name]:>12}" for name in names)
            print(f"{label:22}{len(cases):>10}{message}", flush=True)


if __name__ == "__main__":
    fault_table()
    print()
    kills.main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
