"""Rows of a table share their segments: each is encoded once, and kept while a row uses it."""

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from io import StringIO
from pathlib import Path

import imageio_ffmpeg
import pytest
from PIL import Image

from tests.support.batches import Day, table
from tests.support.programs import PROGRAMS
from wanx_render import files
from wanx_render.errors import Broken, StoreError
from wanx_render.finishing.jobs import SegmentCall, SoundCall
from wanx_render.finishing.mix import NO_MIX
from wanx_render.media import ffmpeg
from wanx_render.session.environment import Environment
from wanx_render.session.render import render
from wanx_render.session.selection import RenderOptions
from wanx_render.workers.base import LocalWorkers
from wanx_render.workers.dedupe import ListWorkers, SharedWorkers

LIST = """\
version: 1
project: shop
matrix: {from: rows.csv}
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3, image: a.png}
shots:
  - {id: intro, prompt: the brand, trim: {start: 0, end: 1}}
  - {id: hero, prompt: "${name}", trim: {start: 0, end: 1}}
  - {id: outro, prompt: the brand, trim: {start: 1, end: 2}}
deliverables:
  - {aspect: 9:16, size: 90x160}
  - {aspect: 1:1, size: 96x96}
"""
ROWS = ("Cup", "Hat", "Pen", "Bag")
SHARED, OWN = 2 * 2, 2 * len(ROWS)  # pieces: intro and outro, and heroes, for two deliverables

# Notes the words of each call; with a file `first` beside it, that file decides on one call.
WRAPPER = """\
#!/bin/sh
cd '{folder}'
case "$*" in *segments/.*libx264*|*libx264*segments/.*)
  printf '%s\\n' "$@" > "calls/$$"
  if mv first mine.$$ 2>/dev/null; then . ./mine.$$; fi;;
esac
exec '{real}' "$@"
"""


class Counted:
    """A list with a table, and an ffmpeg that notes what it encodes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "calls").mkdir()
        Image.new("RGB", (450, 800), "#884422").save(folder / "a.png")
        (folder / "list.yaml").write_text(LIST, encoding="utf-8")
        (folder / "rows.csv").write_text("\n".join(("name", *ROWS, "")), encoding="utf-8")
        self.script = folder / "ffmpeg"
        text = WRAPPER.format(folder=folder, real=imageio_ffmpeg.get_ffmpeg_exe())
        self.script.write_text(text, encoding="utf-8")
        self.script.chmod(0o755)

    @property
    def environment(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "WANX_FFMPEG": str(self.script)}

    def render(self, out: str = "out", **options: str) -> int:
        environment = Environment(self.environment, StringIO(), StringIO())
        file = self.folder / "list.yaml"
        asked = RenderOptions((file,), out=self.folder / out, **options)  # type: ignore[arg-type]
        return render(asked, environment)

    def encoded(self) -> Counter[str]:
        """How often each segment was encoded."""
        found: Counter[str] = Counter()
        for call in (self.folder / "calls").iterdir():
            text = call.read_text()
            found.update(
                re.findall(
                    r"segments/\.([0-9a-f]{32}\.mov)\.[0-9a-f]{12}\.part(?:\||$)", text, re.M
                )
            )
            call.unlink()
        return found

    def made(self, out: str = "out") -> dict[str, str]:
        """Everything that was delivered, by its name and hash."""
        paths = (path for row in ROWS for path in (self.folder / out / row).glob("*.[mj]p[4g]"))
        return {f"{path.parent.name}/{path.name}": files.sha256(path) for path in paths}

    def pieces(self) -> set[str]:
        return {path.name for path in (self.folder / "out/.cache/segments").iterdir()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Counted:
    """A table that is rendered."""
    counted = Counted(tmp_path_factory.mktemp("shared"))
    assert counted.render() == 0
    return counted


@pytest.fixture(scope="module")
def encoded(whole: Counted) -> Counter[str]:
    return whole.encoded()


@pytest.mark.proof
def test_what_rows_share_is_encoded_once_for_each_deliverable(
    whole: Counted, encoded: Counter[str]
) -> None:
    assert set(encoded.values()) == {1}
    assert len(encoded) == SHARED + OWN
    assert set(encoded) < whole.pieces()
    assert not list((whole.folder / "out").glob("*/.cache/segments"))


def test_a_finished_table_encodes_nothing_and_keeps_its_pieces(
    whole: Counted, encoded: Counter[str]
) -> None:
    before = whole.pieces()
    assert whole.render() == 0
    assert whole.encoded() == Counter()
    assert whole.pieces() == before


def test_rows_made_alone_are_the_same_to_the_byte(whole: Counted, encoded: Counter[str]) -> None:
    for number, row in enumerate(ROWS[:2], start=1):
        for name in ("clips", "journal.sqlite"):  # the mock numbers its clips
            copied = whole.folder / f"alone{number}" / name
            copied.parent.mkdir(exist_ok=True)
            found = whole.folder / "out" / name
            (shutil.copytree if found.is_dir() else shutil.copy)(found, copied)
        assert whole.render(f"alone{number}", rows=str(number)) == 0
        assert max(whole.encoded().values()) == 1
        alone = whole.made(f"alone{number}")
        assert alone == {name: digest for name, digest in whole.made().items() if row in name}
        assert len(alone) == 6  # a film, a poster and a contact sheet for each deliverable


def again(counted: Counted, whole: Counted) -> None:
    """What was left undone is done by the next run, and is as if nothing had happened."""
    assert counted.render() == 0
    assert counted.made() == whole.made()
    assert counted.pieces() == whole.pieces()


@pytest.mark.proof
def test_who_fails_fails_alone(tmp_path: Path, whole: Counted) -> None:
    counted = Counted(tmp_path)
    (tmp_path / "first").write_text("exit 1")
    assert counted.render() == 1
    finished = {name.partition("/")[0] for name in counted.made() if name.endswith("9x16.mp4")}
    assert len(finished) >= len(ROWS) - 1
    again(counted, whole)


@pytest.mark.proof
def test_a_run_that_is_killed_while_it_encodes_leaves_nothing_half_made(
    tmp_path: Path, whole: Counted
) -> None:
    counted = Counted(tmp_path)
    (tmp_path / "first").write_text("kill -9 $PPID; exit 1")
    ran = subprocess.run(
        [sys.executable, "-m", "wanx_render", "render", "list.yaml", "--out", "out"],
        cwd=tmp_path, env={**counted.environment, "HOME": str(tmp_path)}, timeout=90,
        capture_output=True,
    )  # fmt: skip
    assert ran.returncode == -signal.SIGKILL
    again(counted, whole)


# -- what is kept ----------------------------------------------------------------------------------


@pytest.fixture
def day(tmp_path: Path) -> Iterator[Day]:
    clip = tmp_path / "clip.mp4"
    source = ["-f", "lavfi", "-i", "testsrc2=s=128x224:r=30:d=0.2"]
    ffmpeg.run(PROGRAMS["wheel"], [*source, "-c:v", "libx264", "-pix_fmt", "yuv420p", str(clip)])
    made = Day(tmp_path, clip)
    yield made
    made.close()


def kept(day: Day) -> set[str]:
    return {path.name for path in (day.folder / "out/.cache/segments").iterdir()}


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_a_piece_is_kept_as_long_as_a_row_uses_it(day: Day) -> None:
    # All clips of such a day are the same bytes, so pieces differ by what is done to them.
    file, rows = table(day.folder, 3), day.folder / "shop.csv"
    change(file, 'prompt: "${sku}"}', 'prompt: "${sku}", caption: "${sku}"}')
    day.run(file)
    before = kept(day)
    change(file, 'caption: "${sku}"', 'caption: "now ${sku}"')
    day.run(file, rows="2")
    one = kept(day)
    assert (len(before - one), len(one - before)) == (1, 1)  # the sound is the same
    day.run(file, only=("p0/detail",))
    day.run(file)
    every = kept(day)
    assert len(every) == len(before)
    assert not (before - one) & every
    rows.write_text("\n".join(rows.read_text().splitlines()[:3] + [""]))
    change(file, "now ", "new ")
    day.run(file)
    assert len(every) - len(kept(day)) == 1


def test_what_a_killed_run_left_behind_goes_with_the_next(day: Day) -> None:
    file = table(day.folder, 2)
    day.run(file)
    before = kept(day)
    for name in (".half.mov.1.part", "0" * 32 + ".mov"):
        (day.folder / "out/.cache/segments" / name).touch()
    change(file, "A mug", "A cup")
    day.run(file, rows="1")
    assert kept(day) == {*before, "0" * 32 + ".mov"}  # a share knows nothing of the others
    day.run(file)
    assert kept(day) == before


# -- who makes, and who waits ----------------------------------------------------------------------


class Slow(LocalWorkers):
    """A bench whose calls last until they are let go, and may fail."""

    def __init__(self, folder: Path) -> None:
        super().__init__(PROGRAMS["wheel"], None, folder)  # type: ignore[arg-type]
        self.begun: list[tuple[str, ...]] = []
        self.go = asyncio.Event()
        self.fail: list[Exception] = []
        self.poison = ""

    async def segments(self, calls: tuple[SegmentCall, ...]) -> None:
        await self._make(*(call.target for call in calls))

    async def sound(self, call: SoundCall) -> None:
        await self._make(call.target)

    async def _make(self, *targets: Path) -> None:
        names = tuple(target.stem for target in targets)
        self.begun.append(names)
        await self.go.wait()
        if self.fail:
            raise self.fail.pop(0)
        if self.poison in names:
            raise Broken("killed")
        for target in targets:
            target.touch()


Story = Callable[[Slow, Callable[[], ListWorkers]], Awaitable[None]]


def played(folder: Path, story: Story) -> Slow:
    async def work() -> Slow:
        slow = Slow(folder)
        common = SharedWorkers(slow)
        async with asyncio.timeout(10):
            await story(slow, lambda: ListWorkers(common, set()))
        return slow

    return asyncio.run(work())


def segments(row: ListWorkers, *names: str) -> "asyncio.Task[None]":
    calls = tuple(SegmentCall(None, row.pieces / f"{name}.mov") for name in names)  # type: ignore[arg-type]
    return asyncio.ensure_future(row.segments(calls))


def test_two_rows_make_each_piece_once(tmp_path: Path) -> None:
    async def story(slow: Slow, row: Callable[[], ListWorkers]) -> None:
        works = [segments(row(), *names) for names in ("ab", "bc", "ca", "abc")]
        await asyncio.sleep(0)
        slow.go.set()
        await asyncio.gather(*works)

    assert played(tmp_path, story).begun == [("a", "b"), ("c",)]


def test_where_one_fails_the_next_tries_and_only_the_first_sees_the_error(tmp_path: Path) -> None:
    async def story(slow: Slow, row: Callable[[], ListWorkers]) -> None:
        slow.fail = [Broken("no more room")]
        works = [segments(row(), "a") for _ in range(3)]
        await asyncio.sleep(0)
        slow.go.set()
        came = await asyncio.gather(*works, return_exceptions=True)
        assert [str(end) for end in came] == ["no more room", "None", "None"]

    assert played(tmp_path, story).begun == [("a",), ("a",)]


def test_what_failed_for_two_rows_is_given_up_and_its_neighbour_is_made(tmp_path: Path) -> None:
    """Ten thousand rows would else try, one after the other."""

    async def story(slow: Slow, row: Callable[[], ListWorkers]) -> None:
        slow.poison = "a"
        slow.go.set()
        works = [segments(row(), "a", "b") for _ in range(9)]
        came = [str(end) for end in await asyncio.gather(*works, return_exceptions=True)]
        given_up = "killed; it failed for 2 lists and is not tried again"
        assert (came.count("killed"), came.count(given_up)) == (3, 6)
        await segments(row(), "b")

    assert sorted(played(tmp_path, story).begun) == [("a",), ("a",), ("a", "b"), ("b",)]


def test_trouble_of_a_store_gives_nothing_up(tmp_path: Path) -> None:
    async def story(slow: Slow, row: Callable[[], ListWorkers]) -> None:
        slow.fail = [StoreError("500")] * 4
        slow.go.set()
        works = [segments(row(), "a") for _ in range(6)]
        came = await asyncio.gather(*works, return_exceptions=True)
        assert [str(end) for end in came] == ["500"] * 4 + ["None"] * 2

    played(tmp_path, story)


def test_a_row_that_is_stopped_does_not_stop_those_that_wait(tmp_path: Path) -> None:
    async def story(slow: Slow, row: Callable[[], ListWorkers]) -> None:
        first, waiting = segments(row(), "a"), segments(row(), "a", "b")
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)
        assert first.cancelled()
        slow.go.set()
        await waiting

    assert played(tmp_path, story).begun == [("a",), ("b",)]


def test_a_row_that_waits_may_be_stopped(tmp_path: Path) -> None:
    async def story(slow: Slow, row: Callable[[], ListWorkers]) -> None:
        first, waiting = segments(row(), "a"), segments(row(), "a")
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.sleep(0)
        slow.go.set()
        await first
        assert waiting.cancelled()

    played(tmp_path, story)


def test_a_sound_is_made_once_too(tmp_path: Path) -> None:
    async def story(slow: Slow, row: Callable[[], ListWorkers]) -> None:
        call = SoundCall((), 0, NO_MIX, tmp_path / ".cache/segments/s.mov")
        slow.fail = [Broken("no sound")]
        works = [asyncio.ensure_future(row().sound(call)) for _ in range(3)]
        await asyncio.sleep(0)
        slow.go.set()
        came = await asyncio.gather(*works, return_exceptions=True)
        assert [str(end) for end in came] == ["no sound", "None", "None"]

    assert played(tmp_path, story).begun == [("s",), ("s",)]
