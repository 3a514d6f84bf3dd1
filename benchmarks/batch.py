"""What tables of thousands of rows cost: `uv run python benchmarks/batch.py [PARTS] [ROWS]`.

1: tables are validated and planned, in processes of their own. 2: a table is rendered in virtual
time against the emulator in this process, with faults and a clip that is decoded for real, until
nothing is missing; then once more. Its ledger shows what was paid. Encoding is left out.
3: what rows share, encoded for real: a table as one run, and each of its rows in a run of its own.
"""

import csv
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from io import StringIO
from pathlib import Path

from PIL import Image

from tests.support.batches import FAULTS, Day, distinct, table
from tests.support.programs import PROGRAMS
from wanx_render.actions.plan import PlanOptions, plan
from wanx_render.actions.validate import ValidateOptions, validate
from wanx_render.media import ffmpeg
from wanx_render.session.environment import Environment
from wanx_render.session.render import render
from wanx_render.session.selection import RenderOptions


def plan_table(path: Path) -> None:
    """Validate, then plan one table; print the seconds of both and the MiB that it took."""
    environment = Environment({}, StringIO(), StringIO())
    began = time.process_time()
    assert validate(ValidateOptions((path,), "full"), environment) == 0
    validated = time.process_time() - began
    assert plan(PlanOptions((path,), out=path.parent / "out"), environment) == 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(validated, time.process_time() - began, peak)


def with_pictures(base: Path, rows: int) -> Path:
    """A table each of whose rows has a picture of its own: noise of 1080x1440, which costs most."""
    path = table(base, rows, "pictures")
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("image: a.png", 'image: "${sku}.jpg"'), encoding="utf-8")
    noise = Image.effect_noise((1080, 1440), 60).convert("RGB")
    with path.with_suffix(".csv").open(encoding="utf-8", newline="") as rows_file:
        for number, row in enumerate(csv.DictReader(rows_file)):
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
                [sys.executable, __file__, "--plan", str(path)], capture_output=True, text=True
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
        codes = {outcome.code for outcome in run.outcomes.values()}
        why = Counter(
            re.sub(r".*take \d+: |[0-9a-f]{8}-\S+", "", reason)[:90]
            for outcome in run.outcomes.values()
            for reason in outcome.failed
        )
        for reason, count in why.most_common(3):
            print(f"       {count} times: {reason}")
        left = sum(outcome.code != 0 for outcome in run.outcomes.values())
        print(
            f"run {runs}: {rows - left} of {rows} rows finished, "
            f"{day.time.passed / 3600:.1f} h of virtual time, {time.monotonic() - began:.0f} s"
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    paid = day.paid()
    print(f"distinct requests {distinct(rows)}, paid {sum(paid.values())}, "
          f"twice {sum(count > 1 for count in paid.values())}, creates sent {day.sent()}, "
          f"peak {peak:.0f} MiB with the emulator")  # fmt: skip
    sent = len(day.twin.service.request_log.entries)
    times = []
    for _ in range(3):
        began = time.process_time()
        day.run(file)
        times.append(time.process_time() - began)
    requests = len(day.twin.service.request_log.entries) - sent
    each = statistics.median(times) / rows * 1000
    print(f"once more: {each:.2f} ms of processor time a row, {requests} requests")
    day.close()


SHARING = """\
version: 1
project: shop
matrix: {from: rows.csv}
defaults: {model: wan2.5-i2v-preview, resolution: 720P, duration: 5, image: a.png}
shots:
  - {id: intro, prompt: the brand}
  - {id: hero, prompt: "${name}"}
  - {id: outro, prompt: the brand again}
deliverables:
  - {aspect: 9:16, size: 720x1280}
"""
SHARERS = 6


def sharing(base: Path) -> None:
    """Five seconds of its own in each row, and ten that all share."""
    folder = base / "sharing"
    folder.mkdir()
    Image.effect_noise((720, 1280), 90).convert("RGB").save(folder / "a.png")
    (folder / "list.yaml").write_text(SHARING, encoding="utf-8")
    names = "\n".join(["name", *(f"thing {number}" for number in range(SHARERS)), ""])
    (folder / "rows.csv").write_text(names, encoding="utf-8")
    encoded(folder, "clips", None)
    together = encoded(folder, "together", None)
    alone = [encoded(folder, f"alone{n}", str(n)) for n in range(1, SHARERS + 1)]
    seconds, segments = sum(one for one, _ in alone), sum(each for _, each in alone)
    print(
        f"{SHARERS} rows, 5 s their own and 10 s shared: {together[1]} pieces instead of"
        f" {segments}, {together[0]:.1f} s of processor time by ffmpeg instead of {seconds:.1f}"
        f" ({together[0] / seconds:.2f})"
    )


def encoded(folder: Path, out: str, rows: str | None) -> tuple[float, int]:
    """Processor time of all ffmpegs of one run, and how many pieces it left."""
    for name in ("clips", "journal.sqlite"):
        found, copied = folder / "clips" / name, folder / out / name
        if found.exists() and found != copied:
            copied.parent.mkdir(exist_ok=True)
            (shutil.copytree if found.is_dir() else shutil.copy)(found, copied)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = Environment({"WANX_FFMPEG": str(PROGRAMS["wheel"].path)}, StringIO(), StringIO())
    file = folder / "list.yaml"
    options = RenderOptions((file,), out=folder / out, rows=rows)
    assert render(options, environment) == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return spent, len(list((folder / out / ".cache" / "segments").iterdir()))


def main(parts: str, rows: int) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        if "1" in parts:
            planned(Path(temporary))
        if "2" in parts:
            rendered(Path(temporary), rows)
        if "3" in parts:
            sharing(Path(temporary))


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if arguments[:1] == ["--plan"]:
        plan_table(Path(arguments[1]))
        raise SystemExit
    main(arguments[0] if arguments else "123", int(arguments[1]) if len(arguments) > 1 else 1000)
