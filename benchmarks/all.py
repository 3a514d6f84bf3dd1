"""Every figure of issue 24 in one table: `uv run python benchmarks/all.py [PART...] [--whole]`.

Each part is a script of this folder with ``rows(whole)``, run in a process of its own. Ratios are
of one run, figures are medians, and the column 589904b has what was measured before issue 24
(``before.yaml``, with the origin of each). Without --whole a part takes a few minutes at most.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path

from rows import Row, show


@dataclass(frozen=True)
class Part:
    """A script of this folder, by its module, and what its rows say."""

    module: str
    about: str


PARTS = {
    "finishing": Part("finishing", "processor time beside what is needed, ffmpeg alone, MoviePy"),
    "last clip": Part("last_clip", "what is left of a film when its last clip lands"),
    "mutations": Part("mutations", "which faults of a film nothing notices"),
    "makespan": Part("orchestrator", "how well the service's time is used, in virtual time"),
    "emulator": Part("emulator", "polls beside a bare route"),
    "start": Part("start", "what starting the program costs beside a bare Python"),
    "tests": Part("suite", "what the tests cost"),
    "sound": Part("sound_parts", "what a film's sound costs, and what of it is left at the end"),
    "plans": Part("plans", "what checking and planning long tables costs"),
    "asking": Part("asking", "what a task costs the program, without finishing"),
    "cluster": Part("cluster", "what other machines cost and give, with local threads beside them"),
}


def measured(part: Part, *, whole: bool) -> Iterator[Row]:
    """The rows of a part as they come, from a process of its own.

    Raises CalledProcessError where that fails.
    """
    command = [sys.executable, __file__, "--rows-of", part.module, *["--whole"] * whole]
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) as process:
        assert process.stdout
        for line in process.stdout:
            yield Row(**json.loads(line))
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, part.module)


def write_rows(module: str, *, whole: bool) -> None:
    """Measure here; rows go to stdout as JSON, what else is printed to stderr."""
    out = sys.stdout
    with redirect_stdout(sys.stderr):
        for row in import_module(module).rows(whole):
            print(json.dumps(asdict(row)), file=out, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--whole", action="store_true", help="the long forms too")
    parser.add_argument("--rows-of", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.rows_of:
        write_rows(options.rows_of, whole=options.whole)
        return
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(
            f"no part is called {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}"
        )
    failures = []
    for name in options.parts or PARTS:
        began, load = time.monotonic(), os.getloadavg()[0]
        print(f"\n{name}: {PARTS[name].about} (load {load:.1f})")
        try:
            show(measured(PARTS[name], whole=options.whole))
        except subprocess.CalledProcessError as error:
            failures.append(str(error))
        print(f"in {time.monotonic() - began:.0f} s", flush=True)
    sys.exit("\n".join(failures) or None)


if __name__ == "__main__":
    main()
