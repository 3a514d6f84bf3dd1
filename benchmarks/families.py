"""What lists over all families cost to plan: `uv run python benchmarks/families.py OLDER [ROUNDS]`.

OLDER is a checkout of an earlier version. In each round, three plans are made in turn, each in a
process of its own: first frames by the older version, the same by this one, and shots of every
family by this one. Only processor time counts, so that other work on the machine does not.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FRAMES = ROOT / "specs" / "frames"
FORMS = ROOT / "specs" / "forms"
SHOTS = 5_000
HEAD = "version: 1\nproject: families\ndefaults: {resolution: 720P}\nshots:\n"
TAIL = "deliverables: [9:16, 3:4]\n"

PLAN = """\
import sys, time
from pathlib import Path
from wanx_render.catalog.capabilities import packaged
from wanx_render.planning import plan
from wanx_render.planning.forecast import forecast
from wanx_render.planning.take_status import take_statuses
from wanx_render.validation.load import load
catalog = packaged()
began = time.process_time()
loaded = load(Path(sys.argv[1]), catalog)
planned = plan.make(loaded.shots, "mock", loaded.media, catalog)
forecast(planned, take_statuses(planned, None), catalog)
print(time.process_time() - began, len(planned.takes))
"""
CAT, LETTER = f"image: {FRAMES}/rooftop.jpg", f"last_image: {FRAMES}/letter.jpg"
FAMILIES = (
    f"model: wan2.6-i2v, {CAT}",
    f"model: wan2.7-i2v-2026-04-25, {CAT}, {LETTER}",
    f"model: wan2.2-kf2v-flash, {CAT}, {LETTER}",
    f"model: wan2.7-i2v, {CAT}, audio: {FORMS}/voice.mp3, duration: 3",
    "model: wan2.6-t2v",
    "model: wan2.7-t2v",
    f"model: wan3.0-video, references: {{cat: {FORMS}/walk.mp4, box: {FRAMES}/bottle.jpg}}",
    f"model: wan2.6-r2v, references: [{FRAMES}/bottle.jpg], duration: 2",
    f"model: wan2.6-i2v-flash, {CAT}, shot_type: multi",
    f"model: happyhorse-1.1-i2v, {CAT}",
    f"model: wan2.7-i2v, continue: {FORMS}/walk.mp4",
    "model: wan2.7-i2v, image: {prompt: A cat on a roof, model: wan2.5-t2i-preview}",
    "model: wan2.7-i2v, image: {shot: shot-0, frame: last}",
)  # fmt: skip


def shot_list(kinds: tuple[str, ...]) -> str:
    """``SHOTS`` different shots, of each kind in turn."""
    shots = (
        f"id: shot-{n}, prompt: 'A cat, number {n}, walks', seed: {n}, {kinds[n % len(kinds)]}"
        for n in range(SHOTS)
    )
    return HEAD + "".join(f"  - {{{shot}}}\n" for shot in shots) + TAIL


def seconds(program: Path, path: Path) -> float:
    """The processor time that the version in ``program`` plans a list in."""
    done = subprocess.run(
        [sys.executable, "-c", PLAN, str(path)], cwd=program, capture_output=True, text=True,
        check=True, env={**os.environ, "PYTHONPATH": str(program)},
    )  # fmt: skip
    spent, takes = done.stdout.split()
    assert int(takes) >= SHOTS
    return float(spent)


def main(older: Path, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        frames, families = Path(folder) / "frames.yaml", Path(folder) / "families.yaml"
        frames.write_text(shot_list(FAMILIES[:1]), encoding="utf-8")
        families.write_text(shot_list(FAMILIES), encoding="utf-8")
        turns = [
            (seconds(older, frames), seconds(ROOT, frames), seconds(ROOT, families))
            for _ in range(rounds)
        ]
    before, now, every = (statistics.median(column) for column in zip(*turns, strict=True))
    print(f"{SHOTS} first frames, before: {before:.2f} s of processor time; now: {now:.2f} s")
    print(f"{SHOTS} shots of {len(FAMILIES)} families, now: {every:.2f} s")
    same = statistics.median(turn[1] / turn[0] for turn in turns)
    ratio = statistics.median(turn[2] / turn[0] for turn in turns)
    print(
        f"first frames now / before: {same:.2f}   families now / first frames before: {ratio:.2f}"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 5)
