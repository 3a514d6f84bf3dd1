"""Films that are written while a clip is awaited: several at once, a run that is stopped, and what
changes on the disk meanwhile."""

import asyncio
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from tests.run.test_sound_parts import HEAD, SECONDS, SHOT, SHOTS, Watched, media
from wanx_render.catalog.capabilities import Catalog
from wanx_render.errors import Broken
from wanx_render.events import Event
from wanx_render.finishing.segment import ClipMedia
from wanx_render.geometry import Size
from wanx_render.manifest import DeliverableRecord
from wanx_render.media import ffmpeg
from wanx_render.planning import plan
from wanx_render.planning.plan import Plan
from wanx_render.run.finisher import Finisher
from wanx_render.run.piece_maker import DAMAGED
from wanx_render.validation.load import load

__all__ = ["media"]  # a fixture

pytestmark = pytest.mark.proof

NAMES = ("film", "wide")
FILMS = (
    "deliverables:\n  - {name: film, aspect: 1:1, size: 64x64, fps: 30}\n"
    "  - {name: wide, aspect: 2:1, size: 64x32, fps: 30}\n"
)


@pytest.fixture(scope="module")
def wanted(media: Path, catalog: Catalog) -> Plan:
    path = media / "two.yaml"
    shots = "".join(SHOT.format(n=n) for n in range(SHOTS))
    path.write_text(HEAD + shots + FILMS, encoding="utf-8")
    loaded = load(path, catalog)
    return plan.make(loaded.shots, "dashscope", loaded.media, catalog)


class Landing:
    """The clips of a plan that land in a folder, the last one when a person says so."""

    def __init__(self, wanted: Plan, media: Path, workers: Watched) -> None:
        self.wanted = wanted
        self.media = media
        self.folder = workers.pieces.parent.parent
        self.events: list[Event] = []
        self.finisher = Finisher(wanted, workers, self.folder, self.events.append)

    def land(self, number: int) -> None:
        path = self.media / f"s{number}.mp4"
        take = ClipMedia(path, path.stem, Size(64, 64), Fraction(30), SECONDS * 30, True)
        self.finisher.clip_landed(self.wanted.shots[number], take)

    def parts(self) -> list[Path]:
        return sorted(self.folder.glob(".*.part"))

    async def all_but_the_last(self) -> None:
        """Land them, and wait until both films are begun."""
        self.finisher.clip_is_awaited()
        for number in range(SHOTS - 1):
            self.land(number)
        await self.until(lambda: len([p for p in self.parts() if p.stat().st_size > 1 << 20]) == 2)
        await self.still()

    async def until(self, is_so: Callable[[], bool]) -> None:
        for _ in range(6000):
            if is_so():
                return
            await asyncio.sleep(0.01)
        raise AssertionError("it took longer than a minute")

    async def still(self) -> None:
        """Wait until nothing is written for half a second."""
        sizes: list[int] = []
        while sizes[-5:] != [sum(sizes[-1:])] * 5 or not sizes:
            sizes.append(sum(path.stat().st_size for path in self.parts()))
            await asyncio.sleep(0.1)

    async def end(self) -> list[DeliverableRecord]:
        self.land(SHOTS - 1)
        records = []
        for record in await self.finisher.finish({}):
            assert not isinstance(record, Broken), record
            records.append(record)
        return records


@pytest.fixture(scope="module")
def films(
    wanted: Plan, media: Path, program: ffmpeg.Ffmpeg, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, bytes]:
    """The films as they are where nothing is awaited."""
    folder = tmp_path_factory.mktemp("films")

    async def work() -> None:
        landing = Landing(wanted, media, Watched(program, folder))
        for number in range(SHOTS - 1):
            landing.land(number)
        await landing.end()

    asyncio.run(work())
    return {name: (folder / f"{name}.mp4").read_bytes() for name in NAMES}


@pytest.fixture
def landing(wanted: Plan, media: Path, program: ffmpeg.Ffmpeg, tmp_path: Path) -> Landing:
    return Landing(wanted, media, Watched(program, tmp_path))


def are_whole(landing: Landing, films: dict[str, bytes]) -> bool:
    return all((landing.folder / f"{name}.mp4").read_bytes() == films[name] for name in NAMES)


def test_two_long_films_are_written_at_once(landing: Landing, films: dict[str, bytes]) -> None:
    async def work() -> None:
        await landing.all_but_the_last()
        await landing.end()

    asyncio.run(work())
    assert are_whole(landing, films)
    assert landing.parts() == []


def test_a_run_that_is_stopped_leaves_nothing_of_them(landing: Landing) -> None:
    begun = asyncio.Event()

    async def run() -> None:
        try:
            await landing.all_but_the_last()
            begun.set()
            await asyncio.sleep(60)
        finally:
            await landing.finisher.let_go()

    async def work() -> None:
        task = asyncio.ensure_future(run())
        await landing.until(lambda: begun.is_set() or task.done())
        assert len(landing.parts()) == 2
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(work())
    assert landing.parts() == []
    assert not any((landing.folder / f"{name}.mp4").exists() for name in NAMES)


def test_one_that_is_stopped_while_it_writes_leaves_nothing_either(landing: Landing) -> None:
    async def work() -> None:
        landing.finisher.clip_is_awaited()
        for number in range(SHOTS - 1):
            landing.land(number)
        await landing.until(lambda: bool(landing.parts()))
        await landing.finisher.let_go()

    asyncio.run(work())
    assert landing.parts() == []


def test_a_film_that_changes_on_the_disk_is_written_once_more(
    landing: Landing, films: dict[str, bytes]
) -> None:
    async def work() -> None:
        await landing.all_but_the_last()
        for path in landing.parts():
            with path.open("r+b") as stream:
                stream.seek(-1000, 2)
                stream.write(b"changed")
        await landing.end()

    asyncio.run(work())
    assert are_whole(landing, films)


def test_a_damaged_segment_is_made_again_at_once(landing: Landing, films: dict[str, bytes]) -> None:
    """Before its turn in the film, and long before the last clip lands."""

    async def work() -> None:
        landing.finisher.clip_is_awaited()
        for number in range(1, 4):
            landing.land(number)
        await landing.until(lambda: len(segments(landing)) == 2 * 3)
        whole = {path: path.read_bytes() for path in segments(landing)}
        for path, data in whole.items():
            path.write_bytes(data[:2000] + b"damage" + data[2006:])
        for number in (0, *range(4, SHOTS - 1)):
            landing.land(number)
        await landing.until(lambda: all(is_as(path, data) for path, data in whole.items()))
        assert any(event.text == DAMAGED for event in landing.events)
        await landing.end()

    asyncio.run(work())
    assert are_whole(landing, films)


def segments(landing: Landing) -> list[Path]:
    """The segments that are made."""
    return sorted((landing.folder / ".cache" / "segments").glob("[!.]*.mov"))


def is_as(path: Path, data: bytes) -> bool:
    """Whether a file is there with these bytes; it may be gone for a moment."""
    try:
        return path.read_bytes() == data
    except FileNotFoundError:
        return False
