"""What is damaged in a cache is noticed, dropped and made again, by the run that needs it."""

import asyncio
import hashlib
import os
import random
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from subprocess import run as start

import pytest
from PIL import Image

from tests.run.test_durability import without_privileges
from tests.support.shop import Shop
from tests.tiers import sample
from wanx_render import integrity
from wanx_render.catalog.capabilities import Catalog
from wanx_render.errors import Broken
from wanx_render.events import Event
from wanx_render.finishing.decode_record import kept_sound
from wanx_render.finishing.segment import ClipMedia
from wanx_render.geometry import Size
from wanx_render.manifest import DeliverableRecord
from wanx_render.media import decoding, ffmpeg, thumbnails
from wanx_render.planning import plan
from wanx_render.planning.plan import Plan
from wanx_render.run.finisher import Finisher
from wanx_render.run.piece_maker import DAMAGED
from wanx_render.session.folder import held, sweep
from wanx_render.validation.load import load
from wanx_render.workers.base import SEGMENTS, LocalWorkers, Workers
from wanx_render.workers.dedupe import ListWorkers, SharedWorkers
from wanx_render.workers.remote import RemoteWorkers
from wanx_render.workers.store import SharedFolder
from wanx_render.workers.upload_index import UploadIndex

Harm = Callable[[Path], None]


def changed(change: Callable[[bytes], bytes]) -> Harm:
    """Damage that leaves a file's time as it was, as a power loss does."""

    def harm(path: Path) -> None:
        before = path.stat()
        path.write_bytes(change(path.read_bytes()))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    return harm


def flipped(where: float) -> Harm:
    """One bit, at that part of the whole."""

    def change(data: bytes) -> bytes:
        at = min(int(len(data) * where), len(data) - 1)
        return data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :]

    return changed(change)


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "something").write_text("in the way")


def a_dangling_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("/nowhere/at/all")


def another_of_its_kind(path: Path) -> None:
    """A whole file, but of another name."""
    others = [item for item in path.parent.glob(f"*{path.suffix}") if item != path]
    shutil.copyfile(next(item for item in others if item.is_file()), path)


HARMS: dict[str, Harm] = {
    "zeros": changed(lambda data: bytes(len(data))),
    "a zero page": changed(lambda data: data[:512] + bytes(4096) + data[4608:]),
    "half": changed(lambda data: data[: len(data) // 2]),
    "empty": changed(lambda _: b""),
    "a bit in the head": flipped(0.003),
    "a bit in the middle": flipped(0.4),
    "a bit near the end": flipped(0.97),
    "the last bit": flipped(1),
    "longer": changed(lambda data: data + bytes(100)),
    "foreign": changed(lambda _: b"something else\n" * 100),
    "another": another_of_its_kind,
    "folder": a_folder,
    "dangling": a_dangling_link,
}


# .ci/run hurts with one bit in two places, and all pieces at once not; .ci/proofs does.
WHOLE = os.environ.get("FAULTS") == "whole"
TRIED = [name for name in HARMS if WHOLE or name not in ("a bit in the head", "a bit near the end")]


@pytest.fixture(params=sample(3, TRIED), ids=[name.replace(" ", "-") for name in TRIED])
def harm(request: pytest.FixtureRequest) -> Harm:
    return HARMS[request.param]


LIST = """\
version: 1
project: small
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3}
shots:
  - {id: one, image: a.png, prompt: first, transition: {type: dissolve, duration: 0.2}}
  - {id: two, image: a.png, prompt: second}
deliverables:
  - {name: a, aspect: 9:16, size: 90x160}
  - {name: b, aspect: 1:1, size: 64x64}
"""


@pytest.fixture(scope="module")
def media(program: ffmpeg.Ffmpeg, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two clips of a second, a picture, and a list that uses them."""
    folder = tmp_path_factory.mktemp("media")
    for name, source, tone in (("one", "testsrc2", 300), ("two", "testsrc", 500)):
        ffmpeg.run(
            program,
            ("-f", "lavfi", "-i", f"{source}=s=120x160:r=30:d=1", "-f", "lavfi",
             "-i", f"sine={tone}:r=48000:d=1", "-c:v", "libx264", "-pix_fmt", "yuv420p",
             "-c:a", "aac", "-f", "mp4", "-y", str(folder / f"{name}.mp4")),
        )  # fmt: skip
    Image.new("RGB", (300, 400), "#305070").save(folder / "a.png")
    (folder / "list.yaml").write_text(LIST, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def wanted(media: Path, catalog: Catalog) -> Plan:
    loaded = load(media / "list.yaml", catalog)
    return plan.make(loaded.shots, "mock", loaded.media, catalog)


async def finished(bench: Workers, wanted: Plan, media: Path, folder: Path) -> list[str]:
    """Have all deliverables made; what was said of damage. Fails where one is broken."""
    events: list[Event] = []
    for record in await records(Finisher(wanted, bench, folder, events.append), wanted, media):
        assert isinstance(record, DeliverableRecord), record
    return [event.text for event in events if event.kind == "warning"]


async def records(
    finisher: Finisher, wanted: Plan, media: Path
) -> tuple[DeliverableRecord | Broken, ...]:
    for shot in wanted.shots:
        path, identity = media / f"{shot.shot.id}.mp4", shot.shot.id
        take = ClipMedia(path, identity, Size(120, 160), Fraction(30), 30, has_sound=True)
        finisher.clip_landed(shot, take)
    return await finisher.finish({})


MakeBench = Callable[[Path, ThreadPoolExecutor], Workers]


def local(folder: Path, executor: ThreadPoolExecutor) -> Workers:
    return LocalWorkers(ffmpeg.find(os.environ), executor, folder)


def shared(folder: Path, executor: ThreadPoolExecutor) -> Workers:
    """What a cluster does in a folder that all machines see, by threads."""
    published = UploadIndex(folder, SharedFolder(folder))
    return RemoteWorkers(ffmpeg.find(os.environ), executor, published)


def run(make: MakeBench, wanted: Plan, media: Path, folder: Path) -> list[str]:
    with ThreadPoolExecutor(2) as executor:
        return asyncio.run(finished(make(folder, executor), wanted, media, folder))


@pytest.fixture(scope="module")
def films(
    wanted: Plan, media: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[MakeBench, Path]:
    """The finished folder of each bench."""
    made = {}
    for make in (local, shared):
        made[make] = tmp_path_factory.mktemp("film")
        assert run(make, wanted, media, made[make]) == []
    return made


def contents(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".jsonl")
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def is_sound(path: Path) -> bool:
    return kept_sound(path) is not None if b'"silent"' in path.read_bytes() else False


@pytest.fixture(params=sample(2, ["segment", "sound", *(["all"] if WHOLE else [])]))
def pieces(request: pytest.FixtureRequest) -> Callable[[Path], list[Path]]:
    """Chooses a segment, the sound, or all pieces of a folder."""

    def choose(folder: Path) -> list[Path]:
        every = sorted((folder / SEGMENTS).iterdir())
        sounds = [path for path in every if is_sound(path)]
        if request.param == "all":
            return every
        return sounds[:1] if request.param == "sound" else [p for p in every if p not in sounds][:1]

    return choose


@pytest.mark.parametrize("make", [local, shared])
def test_a_damaged_piece_is_made_again_by_the_run_that_needs_it(
    make: MakeBench,
    harm: Harm,
    pieces: Callable[[Path], list[Path]],
    films: dict[MakeBench, Path],
    wanted: Plan,
    media: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WANX_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "film"
    shutil.copytree(films[make], folder)
    before = contents(folder)
    hurt = pieces(folder)
    assert hurt
    for path in hurt:
        harm(path)
    for name in ("a.mp4", "b.mp4"):
        (folder / name).unlink()
    said = run(make, wanted, media, folder)
    # What is no file at all is missing, not damaged.
    assert said == ([DAMAGED] if harm not in (a_folder, a_dangling_link) else [])
    assert contents(folder) == before
    assert all(integrity.is_whole(path) for path in (folder / SEGMENTS).iterdir())
    assert run(make, wanted, media, folder) == []


def test_a_folder_where_pieces_should_be_is_a_file(
    films: dict[MakeBench, Path], wanted: Plan, media: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "film"
    shutil.copytree(films[local], folder)
    before = contents(folder)
    shutil.rmtree(folder / SEGMENTS)
    (folder / SEGMENTS).write_text("")
    run(local, wanted, media, folder)
    assert contents(folder) == before


def test_rows_that_share_damaged_pieces_all_heal(
    films: dict[MakeBench, Path], wanted: Plan, media: Path, tmp_path: Path
) -> None:
    """Each may find the other's pieces gone, or made again, at any moment."""
    folder, rows = tmp_path / "film", [tmp_path / f"row{number}" for number in range(4)]
    shutil.copytree(films[local], folder)
    before = contents(folder)
    for path in (folder / SEGMENTS).iterdir():
        HARMS["zeros"](path)
    for row in rows:
        row.mkdir()

    async def work(executor: ThreadPoolExecutor) -> None:
        common = SharedWorkers(local(folder, executor))
        await asyncio.gather(
            *(finished(ListWorkers(common, set()), wanted, media, row) for row in rows)
        )

    with ThreadPoolExecutor(4) as executor:
        asyncio.run(work(executor))
    for row in rows:
        assert contents(row) == {name: value for name, value in before.items() if "/" not in name}


def test_what_is_damaged_time_after_time_is_given_up(
    films: dict[MakeBench, Path], wanted: Plan, media: Path, tmp_path: Path
) -> None:
    """A disk that damages whatever is written to it: no run for ever."""
    folder = tmp_path / "film"
    shutil.copytree(films[local], folder)

    class Failing(LocalWorkers):
        async def sound(self, call: object) -> None:
            for path in self.pieces.iterdir():
                HARMS["a bit in the middle"](path)
            await super().sound(call)  # type: ignore[arg-type]

    for path in (folder / SEGMENTS).iterdir():
        if is_sound(path):
            path.unlink()
    with ThreadPoolExecutor(2) as executor:
        bench = Failing(ffmpeg.find(os.environ), executor, folder)
        finisher = Finisher(wanted, bench, folder, lambda event: None)
        ended = asyncio.run(records(finisher, wanted, media))
    assert all(isinstance(item, Broken) for item in ended)
    assert "changed in the cache after it was made" in str(ended[0])


@pytest.mark.proof
def test_any_bit_of_a_segment_counts(films: dict[MakeBench, Path], tmp_path: Path) -> None:
    """One bit in each byte; and every bit of the seal."""
    whole = min((films[local] / SEGMENTS).iterdir(), key=lambda path: path.stat().st_size)
    path = tmp_path / whole.name
    data = bytearray(whole.read_bytes())
    path.write_bytes(data)
    assert integrity.is_whole(path)
    chance = random.Random(1)
    seal = range(len(data) - integrity.SEAL, len(data))
    bits = [(at, chance.randrange(8)) for at in range(len(data))]
    bits += [(at, bit) for at in seal for bit in range(8)]
    with path.open("r+b", buffering=0) as stream:
        for at, bit in bits:
            os.pwrite(stream.fileno(), bytes([data[at] ^ 1 << bit]), at)
            assert not integrity.is_whole(path), (at, bit)
            os.pwrite(stream.fileno(), bytes([data[at]]), at)
    assert integrity.is_whole(path)
    assert not integrity.is_whole(whole.with_name("other.mov"))
    shutil.copyfile(whole, tmp_path / "other.mov")
    assert not integrity.is_whole(tmp_path / "other.mov")


def test_nothing_outside_a_cache_is_removed_for_a_file(tmp_path: Path) -> None:
    (tmp_path / "out.mp4").mkdir()
    (tmp_path / "out.mp4" / "mine").write_text("")
    (tmp_path / "part").write_text("")
    for durable in (False, True):
        with pytest.raises(OSError, match=r"out\.mp4"):
            integrity.place(tmp_path / "part", tmp_path / "out.mp4", durable=durable)
    assert (tmp_path / "out.mp4" / "mine").exists()


# Last frames


@pytest.fixture
def frame(program: ffmpeg.Ffmpeg, media: Path, tmp_path: Path) -> Path:
    """The kept last frame of a clip, beside that of another."""
    folder = tmp_path / ".cache" / "frames"
    for name in ("two", "one"):
        path = folder / f"{name}-last.png"
        assert not decoding.last_frame(program, media / f"{name}.mp4", 30, Size(120, 160), path)
    return path


def test_a_damaged_last_frame_is_made_again_with_the_same_bytes(
    harm: Harm, program: ffmpeg.Ffmpeg, media: Path, frame: Path
) -> None:
    """Its bytes are what the next shot is paid for."""
    clip, before = media / "one.mp4", frame.read_bytes()
    Image.effect_noise((120, 160), 9).save(frame.with_name("other.png"))
    harm(frame)
    assert not decoding.kept_frame(frame, Size(120, 160))
    damaged = decoding.last_frame(program, clip, 30, Size(120, 160), frame)
    assert damaged == (harm is not a_dangling_link)
    assert (frame.read_bytes(), frame.is_symlink()) == (before, False)
    assert decoding.kept_frame(frame, Size(120, 160))
    assert not decoding.last_frame(program, clip, 30, Size(120, 160), frame)


def test_a_damaged_hash_of_a_last_frame_is_made_again(
    harm: Harm, program: ffmpeg.Ffmpeg, media: Path, frame: Path
) -> None:
    beside, before = frame.with_suffix(".sha256"), contents(frame.parent)
    if harm is not HARMS["longer"]:
        harm(beside)
    decoding.last_frame(program, media / "one.mp4", 30, Size(120, 160), frame)
    assert contents(frame.parent) == before


def test_a_last_frame_of_an_earlier_version_is_known_by_its_own_checksums(frame: Path) -> None:
    """It has no hash beside it, and its bytes were paid for. One bit in each byte."""
    frame.with_suffix(".sha256").unlink()
    data = bytearray(frame.read_bytes())
    assert decoding.kept_frame(frame, Size(120, 160))
    assert not decoding.kept_frame(frame, Size(160, 120))
    chance = random.Random(2)
    for at in [*range(200), *range(200, len(data), 37), *range(len(data) - 20, len(data))]:
        bit = 1 << chance.randrange(8)
        data[at] ^= bit
        frame.write_bytes(data)
        assert not decoding.kept_frame(frame, None), at
        data[at] ^= bit


# Small pictures


Shown = dict[str, bytes]


@pytest.fixture
def picture_of(program: ffmpeg.Ffmpeg, media: Path, tmp_path: Path) -> Callable[[], Shown]:
    """Has every kind of small picture made where it is not kept; their pictures by their names."""
    data = (media / "a.png").read_bytes()
    identity = f"sha256:{hashlib.sha256(data).hexdigest()}"

    def make() -> Shown:
        paths = thumbnails.make(program, tmp_path, media / "one.mp4", "a" * 64, 30)
        poster = thumbnails.poster(program, tmp_path, media / "two.mp4", "b" * 64, 3)
        paths = (*paths, poster, thumbnails.picture(tmp_path, identity, data))
        return {path.name: path.read_bytes() for path in paths}

    return make


def test_damaged_small_pictures_are_made_again(
    harm: Harm, picture_of: Callable[[], Shown], tmp_path: Path
) -> None:
    before = picture_of()
    assert len(before) == 5
    for data in before.values():
        Image.open(BytesIO(data), formats=("JPEG",)).load()
    for name in before:
        harm(tmp_path / ".cache" / "thumbs" / name)
        assert picture_of() == before


# Records of what was put into a store


@pytest.mark.parametrize("name", [name for name in HARMS if name != "another"])
def test_a_damaged_record_of_a_store_costs_no_more_than_putting_again(
    name: str, tmp_path: Path
) -> None:
    folder, place = tmp_path / "renders", SharedFolder(tmp_path / "store")
    folder.mkdir()
    files = [folder / f"{number}.mp4" for number in range(20)]
    for path in files:
        path.write_text(path.name)

    def offered() -> int:
        published = UploadIndex(folder, place)
        values = [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]
        return sum(map(published.offer, files, (path.name for path in files), values))

    assert (offered(), offered()) == (20, 0)
    record = next((folder / ".cache" / "stores").iterdir())
    HARMS[name](record)
    offered()
    assert offered() == 0
    assert record.read_text(errors="replace").splitlines()[1] == f'"{place}"'
    assert {path.name: path.read_text() for path in files} == {
        path.name: (place.path / path.name).read_text() for path in files
    }


# Unfinished files


def test_unfinished_files_of_killed_processes_are_swept_and_nothing_else(tmp_path: Path) -> None:
    old = time.time() - 7200
    ours = [
        ".o.mp4.77.part", ".o.mp4.77.part.poster", ".o.mp4.77.part.12.cell", ".o.mp4.77.sound",
        ".manifest.json.part", "clips/.0f0e-task.part", "clips/.one-t1-abc.mp4.7.part",
        ".o.mp4.0123456789ab.part", ".o.mp4.0123456789ab.part.12.cell",
        f".{'n' * 40}.0123456789ab.part", "doubtful/.task.mp4.0123456789ab.part",
        ".cache/.write.0123456789ab.part", ".cache/thumbs/.x.0123456789ab.part.2.jpg",
        ".cache/mock-service.part", ".cache/probe-77", ".cache/frames/.x-last.png.part",
        ".cache/thumbs/.00112233aabbccdd.7.9-2.jpg", ".cache/thumbs/.x.jpg.7.9.part",
        "row/.o.mp4.77.part", "row/.o.poster.jpg.part",
    ]  # fmt: skip
    others = [
        "o.mp4", "o.part", ".notes.part", ".notes.0123.part", ".0123456789ab.part",
        ".lock", "clips/one.mp4", "clips/one.part",
        ".cache/mock-service.json", ".cache/thumbs/x-first.jpg", ".cache/frames/x-last.png",
        "row/manifest.json", "row/o.mp4", "own folder/.o.mp4.77.part",
    ]  # fmt: skip
    for name in (*ours, *others):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
        os.utime(path, (old, old))
    young = [tmp_path / ".young.mp4.part", tmp_path / "clips" / ".young.part"]
    for path in young:
        path.write_text("")
    (tmp_path / ".folder.mp4.part").mkdir()
    sweep(tmp_path, old - 1)
    assert all((tmp_path / name).exists() for name in (*ours, *others))
    with held(tmp_path):
        assert [name for name in ours if (tmp_path / name).exists()] == []
    assert all((tmp_path / name).exists() for name in others)
    assert all(path.exists() for path in young)
    sweep(tmp_path / "nowhere", old)


# The whole program


CHAINED = """\
version: 1
project: debts
backend: dashscope
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3}
shots:
  - {id: one, image: "https://example.com/a.png", prompt: first}
  - {id: two, image: {shot: one, frame: last}, prompt: second}
deliverables:
  - {name: o, aspect: 9:16, size: 90x160}
"""


def files(folder: Path, *places: str) -> Iterator[Path]:
    for place in places:
        yield from (path for path in sorted((folder / place).iterdir()) if path.is_file())


def unreadable(path: Path) -> None:
    path.chmod(0)


@pytest.mark.proof
@pytest.mark.skipif(os.name != "posix", reason="needs file permissions")
def test_a_damaged_cache_costs_a_run_time_and_no_money(shop: Shop) -> None:
    (shop.folder / "list.yaml").write_text(CHAINED)
    assert shop.run("list.yaml", "--yes").returncode == 0
    folder = shop.folder / "renders" / "debts"
    before = (folder / "o.mp4").read_bytes()
    asked = shop.sent("create")
    command = without_privileges(sys.executable, "-m", "wanx_render", "list.yaml", "--yes")
    for name in ("zeros", "a bit in the middle", "half", "empty", "folder", "unreadable"):
        harm = HARMS.get(name, unreadable)
        for path in files(folder, ".cache/segments", ".cache/frames", ".cache/thumbs"):
            harm(path)
        (folder / "o.mp4").unlink()
        planned = shop.run("plan", "list.yaml")
        assert "2 takes, nothing to generate" in planned.stdout, (name, planned.stdout)
        (folder / "storyboard.html").write_bytes((folder / "storyboard.html").read_bytes()[:5000])
        ran = start(command, cwd=shop.folder, env=shop.environment, capture_output=True, text=True)
        assert ran.returncode == 0, (name, ran.stderr)
        assert ran.stderr.count("damaged or outdated pieces") == (name != "folder"), ran.stderr
        assert ran.stderr.count("was damaged in .cache/frames") == 1, ran.stderr
        assert (folder / "o.mp4").read_bytes() == before
        assert (folder / "storyboard.html").read_bytes().rstrip().endswith(b"-->")
        again = shop.run("list.yaml", "--yes")
        assert (again.returncode, "damaged" in again.stderr) == (0, False)
    assert shop.sent("create") == asked == 2
