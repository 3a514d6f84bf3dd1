"""What checking and planning long lists costs: `uv run python benchmarks/lists.py [ROUNDS]`.

Each round parses the same bytes with the bare C loader of PyYAML and then validates and plans them
in this program, in processes of their own, and starts the program beside a bare Python; so every
figure is a ratio taken in one run.
"""

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rows import cost

from wanx_render.catalog.capabilities import packaged
from wanx_render.planning import plan
from wanx_render.planning.forecast import forecast
from wanx_render.planning.take_status import take_statuses
from wanx_render.validation.load import load

FRAME = Path(__file__).parent.parent / "specs" / "frames" / "rooftop.jpg"
HELLO = FRAME.parent.parent / "hello.yaml"
SIZES = (500, 5_000, 20_000)

BARE = "import sys, time, yaml; text = open(sys.argv[1]).read(); began = time.perf_counter();\
 yaml.load(text, Loader=yaml.CSafeLoader); print(time.perf_counter() - began)"


def plan_list(path: Path) -> None:
    """Validate and plan one list; print the seconds and the MiB that it took."""
    catalog = packaged()
    began = time.perf_counter()
    loaded = load(path, catalog)
    planned = plan.make(loaded.shots, "mock", loaded.media, catalog)
    forecast(planned, take_statuses(planned, None), catalog)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(time.perf_counter() - began, peak)


def shot_list(shots: int) -> str:
    """A list of ``shots`` different shots of one picture."""
    head = "version: 1\nproject: long\ndefaults: {model: wan2.5-i2v-preview, resolution: 720P}\n"
    body = "".join(
        f"  - id: shot-{n}\n    image: {FRAME}\n    prompt: A cat, number {n}, walks over roofs\n"
        f"    seed: {n}\n    focus: [0.5, 0.4]\n"
        for n in range(shots)
    )
    return f"{head}shots:\n{body}deliverables:\n  - 9:16\n  - 3:4\n"


def run(*arguments: str) -> list[float]:
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True)
    return [float(word) for word in done.stdout.split()]


def main(rounds: int) -> None:
    print(f"{'shots':>8} {'bare s':>8} {'ours s':>8} {'ratio':>6} {'MiB':>6}   median of {rounds}")
    with tempfile.TemporaryDirectory() as folder:
        for shots in SIZES:
            path = Path(folder) / f"{shots}.yaml"
            path.write_text(shot_list(shots), encoding="utf-8")
            pairs = [
                (run("-c", BARE, str(path))[0], *run(__file__, "--plan", str(path)))
                for _ in range(rounds)
            ]
            bare, ours, peak = (statistics.median(column) for column in zip(*pairs, strict=True))
            ratio = statistics.median(pair[1] / pair[0] for pair in pairs)
            print(f"{shots:8} {bare:8.3f} {ours:8.3f} {ratio:6.2f} {peak:6.0f}")
    starts = [
        (
            cost((sys.executable, "-c", "pass")).wall,
            cost((str(Path(sys.executable).with_name("wanx-render")), "--help")).wall,
            cost((sys.executable, "-m", "wanx_render", "validate", str(HELLO))).wall,
        )
        for _ in range(rounds * 3)
    ]
    python, helped, validated = (statistics.median(column) for column in zip(*starts, strict=True))
    print(f"--help / bare python: {helped / python:.1f}   validate hello.yaml: {validated:.2f} s")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--plan"]:
        plan_list(Path(sys.argv[2]))
        raise SystemExit
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
