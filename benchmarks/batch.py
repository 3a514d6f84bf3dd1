"""What tables of thousands of rows cost: `uv run python benchmarks/batch.py [PARTS] [ROWS]`.

1: tables are validated and planned, in processes of their own. 2: a table is rendered in virtual
time against the emulator in this process, with faults and a clip that is decoded for real, until
nothing is missing; then once more. Its ledger tells what was paid. Encoding is left out.
"""

import csv
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from batches import FAULTS, Day, distinct, table
from conftest import PROGRAMS
from PIL import Image

from wanx_render import ffmpeg

PLANNED = """
import io, resource, sys, time
from pathlib import Path
from wanx_render.commands.base import World
from wanx_render.commands.plan import PlanOptions
from wanx_render.commands.plans import PlansOptions, plan_files
from wanx_render.commands.validate import validate
path = Path(sys.argv[1])
world = World({}, io.StringIO(), io.StringIO())
began = time.process_time()
assert validate((path,), "full", None, world) == 0
validated = time.process_time() - began
options = PlanOptions(path, folder=path.parent / "out")
assert plan_files(options, (path,), PlansOptions(), world) == 0
whole = time.process_time() - began
print(validated, whole, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def with_pictures(base: Path, rows: int) -> Path:
    """A table each of whose rows has a picture of its own: noise of 1080x1440, which costs most."""
    path = table(base, rows, "pictures")
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("image: a.png", 'image: "${sku}.jpg"'), encoding="utf-8")
    noise = Image.effect_noise((1080, 1440), 60).convert("RGB")
    with path.with_suffix(".csv").open(encoding="utf-8", newline="") as told:
        for number, row in enumerate(csv.DictReader(told)):
            noise.paste((number % 251, number // 251, 90), (0, 0, 200, 200))
            noise.save(path.with_name(f"{row['sku']}.jpg"), quality=80)
    return path


def planned(base: Path) -> None:
    print("  rows   validate   and plan   a row      peak      (processor time, median of 3)")
    tables = [(f"{rows}", rows, table(base, rows, f"plan{rows}")) for rows in (100, 1_000, 10_000)]
    tables.append(("1000*", 1_000, with_pictures(base, 1_000)))
    for name, rows, path in tables:
        runs = []
        for _ in range(3):
            done = subprocess.run(
                [sys.executable, "-c", PLANNED, str(path)], capture_output=True, text=True
            )
            assert done.returncode == 0, done.stderr
            runs.append([float(word) for word in done.stdout.split()])
        one, both, peak = (statistics.median(column) for column in zip(*runs, strict=True))
        print(
            f"{name:>6} {one:>8.2f} s {both:>8.2f} s {both / rows * 1000:>5.2f} ms {peak:>6.0f} MiB"
        )
    print("* each with a picture of its own, 1080x1440 and 0.8 MB")


def rendered(base: Path, rows: int) -> None:
    clip = base / "clip.mp4"
    source = ["-f", "lavfi", "-i", "testsrc2=s=128x224:r=30:d=0.2"]
    ffmpeg.run(PROGRAMS["wheel"], [*source, "-c:v", "libx264", "-pix_fmt", "yuv420p", str(clip)])
    day = Day(base, clip)
    file = table(base, rows)
    runs = 0
    codes = {1}
    while codes != {0} and runs < 12:
        day.faults(*FAULTS)
        began = time.monotonic()
        run = day.run(file)
        runs += 1
        codes = {each.code for each in run.outcomes.values()}
        why = Counter(
            re.sub(r".*take \d+: |[0-9a-f]{8}-\S+", "", told)[:90]
            for each in run.outcomes.values()
            for told in each.failed
        )
        for told, count in why.most_common(3):
            print(f"       {count} times: {told}")
        left = sum(each.code != 0 for each in run.outcomes.values())
        print(
            f"run {runs}: {rows - left} of {rows} rows finished, "
            f"{day.time.passed / 3600:.1f} h of virtual time, {time.monotonic() - began:.0f} s"
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    paid = day.paid()
    print(f"distinct requests {distinct(rows)}, paid {sum(paid.values())}, "
          f"twice {sum(count > 1 for count in paid.values())}, creates sent {day.sent()}, "
          f"peak {peak:.0f} MiB with the emulator")  # fmt: skip
    sent = len(day.twin.service.journal.entries)
    times = []
    for _ in range(3):
        began = time.process_time()
        day.run(file)
        times.append(time.process_time() - began)
    requests = len(day.twin.service.journal.entries) - sent
    each = statistics.median(times) / rows * 1000
    print(f"once more: {each:.2f} ms of processor time a row, {requests} requests")
    day.close()


def main(parts: str, rows: int) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        if "1" in parts:
            planned(Path(temporary))
        if "2" in parts:
            rendered(Path(temporary), rows)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    main(arguments[0] if arguments else "12", int(arguments[1]) if len(arguments) > 1 else 1000)
