"""``python -m tests.proofs.day VIDEOS [OPTIONS]``; ``--help`` shows them.

With a folder, a day that was ended by anything continues where it stopped.
"""

import argparse
import ctypes
import json
import signal
import sys
import tempfile
from pathlib import Path

from tests.proofs.day import client, emulator
from tests.proofs.day.report import show
from tests.proofs.day.shop import Shop
from tests.proofs.day.stage import play


def main() -> None:
    if sys.argv[1:2] in (["emulator"], ["account"]):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # with the process that started it
    if sys.argv[1:2] == ["emulator"]:
        emulator.main(Path(sys.argv[2]), sys.argv[3])
    elif sys.argv[1:2] == ["account"]:
        client.main(Path(sys.argv[2]), sys.argv[3], sys.argv[4] if len(sys.argv) > 4 else "")
    else:
        _day()


def _day() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("videos", type=int)
    parser.add_argument("--finished", type=int, help="films that are really encoded")
    parser.add_argument("--folder", type=Path, help="keep the day here, and continue it")
    parser.add_argument("--at-once", type=int, default=1, help="accounts at work side by side")
    parser.add_argument("--most", type=int, help="videos of one account; else what it can make")
    parser.add_argument("--only", nargs="+", default=(), help="these branches, by name")
    options = parser.parse_args()
    finished = min(1000, options.videos // 20) if options.finished is None else options.finished
    with tempfile.TemporaryDirectory(prefix="wanx-day-") as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        shop = Shop.of(options.videos, finished, options.most)
        day = play(folder.resolve(), shop, at_once=options.at_once, only=options.only)
        (folder / "day.json").write_text(json.dumps(day, indent=1), encoding="utf-8")
    print(show(day))
    raise SystemExit(bool(day["faults"]))


if __name__ == "__main__":
    main()
