"""What a run on a cluster must bear: `uv run python -m tests.proofs.cluster [NAME...]`.

A cluster and a bucket on one machine, without a path in common; whatever happens to them, every
deliverable is the one that this machine makes.
"""

import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.proofs.cluster_machines import MachineRows
from tests.proofs.cluster_stores import StoreRows
from tests.support.cluster import bucket, rig


class Proof(MachineRows, StoreRows):
    """All that goes wrong, a function each."""


# -- the whole of it -----------------------------------------------------------------------------

# Each group has a cluster of its own; what ends its cluster comes last.
GROUPS = (
    (
        "calm",
        "liar",
        "strangers",
        "upgraded",
        "one_worker",
        "frozen",
        "cut_off",
        "mute",
        "full_disk",
        "two_runs",
        "killed_table",
        "poisoned",
        "every_worker",
        "latecomer",
    ),
    (
        "troubled_store",
        "busy_store",
        "store_away",
        "broken_store",
        "refused_run",
        "expired_worker",
        "wrong_clock",
        "stale_lists",
        "damaged_parts",
        "silent_scheduler",
    ),
    ("scheduler",),
    ("nobody_comes",),
)


def prove(names: Iterable[str], folder: Path) -> Iterator[tuple[str, str, float]]:
    """Each name with what came of it, one cluster for them all."""
    with bucket() as store, rig(folder / "rig", **store.environment) as made:
        proof = Proof(folder / "runs", made, store).prepare()
        for name in names:
            began = time.monotonic()
            try:
                getattr(proof, name)()
                came = "as it must"
            except AssertionError as error:
                came = f"NOT: {error}"
            yield name, came, time.monotonic() - began


def main() -> int:
    failed = 0
    for group in [sys.argv[1:]] if len(sys.argv) > 1 else GROUPS:
        with tempfile.TemporaryDirectory(prefix="wanx-cluster-") as folder:
            for name, came, seconds in prove(group, Path(folder)):
                message = " ".join(str(getattr(Proof, name).__doc__).split())
                print(f"| {name} | {message} | {came} | {seconds:.0f} s |", flush=True)
                failed += came != "as it must"
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
