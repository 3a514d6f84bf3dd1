"""What checking and planning long lists costs: `uv run python benchmarks/lists.py [ROUNDS]`.

Each round parses the same bytes with the bare C loader of PyYAML and then validates and plans them
in this program, in processes of their own, and starts the program beside a bare Python; so every
figure is a ratio taken in one run.
"""

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from hello import measure

FRAME = Path(__file__).parent.parent / "specs" / "frames" / "rooftop.jpg"
HELLO = FRAME.parent.parent / "hello.yaml"
SIZES = (500, 5_000, 20_000)

BARE = "import time, yaml; text = open({path!r}).read(); began = time.perf_counter();\
 yaml.load(text, Loader=yaml.CSafeLoader); print(time.perf_counter() - began)"
OURS = """
import resource, time
from pathlib import Path
from wanx_render.planning import plan
from wanx_render.catalog.capabilities import packaged
from wanx_render.planning.forecast import forecast
from wanx_render.validation.load import load
from wanx_render.planning.take_status import stand
path, catalog = Path({path!r}), packaged()
began = time.perf_counter()
loaded = load(path, catalog)
made = plan.make(loaded.shots, "mock", loaded.media, catalog)
forecast(made, stand(made, None, path.parent), catalog)
print(time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def shot_list(shots: int) -> str:
    """A list of ``shots`` different shots of one picture."""
    head = "version: 1\nproject: long\ndefaults: {model: wan2.5-i2v-preview, resolution: 720P}\n"
    body = "".join(
        f"  - id: shot-{n}\n    image: {FRAME}\n    prompt: A cat, number {n}, walks over roofs\n"
        f"    seed: {n}\n    focus: [0.5, 0.4]\n"
        for n in range(shots)
    )
    return f"{head}shots:\n{body}deliverables:\n  - 9:16\n  - 3:4\n"


def run(script: str) -> list[float]:
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return [float(word) for word in done.stdout.split()]


def main(rounds: int) -> None:
    print(f"{'shots':>8} {'bare s':>8} {'ours s':>8} {'ratio':>6} {'MiB':>6}   median of {rounds}")
    with tempfile.TemporaryDirectory() as folder:
        for shots in SIZES:
            path = Path(folder) / f"{shots}.yaml"
            path.write_text(shot_list(shots), encoding="utf-8")
            pairs = [
                (run(BARE.format(path=str(path)))[0], *run(OURS.format(path=str(path))))
                for _ in range(rounds)
            ]
            bare, ours, peak = (statistics.median(column) for column in zip(*pairs, strict=True))
            ratio = statistics.median(pair[1] / pair[0] for pair in pairs)
            print(f"{shots:8} {bare:8.3f} {ours:8.3f} {ratio:6.2f} {peak:6.0f}")
    starts = [
        (
            measure(sys.executable, "-c", "pass").wall,
            measure(str(Path(sys.executable).with_name("wanx-render")), "--help").wall,
            measure(sys.executable, "-m", "wanx_render", "validate", str(HELLO)).wall,
        )
        for _ in range(rounds * 3)
    ]
    python, helped, validated = (statistics.median(column) for column in zip(*starts, strict=True))
    print(f"--help / bare python: {helped / python:.1f}   validate hello.yaml: {validated:.2f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
