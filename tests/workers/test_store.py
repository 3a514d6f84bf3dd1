"""Files that several machines share: whole or not there, no secrets on the way, a bound near by."""

import asyncio
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

import pytest

from tests.support.cluster import BUCKET, CREDENTIALS, Bucket, bucket, until
from tests.support.programs import PROGRAMS
from tests.support.s3_servers import SERVERS, NotInstalled, serving
from tests.tiers import sample
from wanx_render import files, integrity
from wanx_render.errors import BadInput, Damaged, StoreError, StoreRefused
from wanx_render.finishing.jobs import JoinCall, SegmentCall
from wanx_render.finishing.mix import Mix, Track
from wanx_render.finishing.segment import ClipMedia, Segment
from wanx_render.finishing.sound.stems import Stem, StemsCall, make_stems
from wanx_render.frame import Frame
from wanx_render.geometry import Focus, Size
from wanx_render.media import ffmpeg
from wanx_render.timing import Cut
from wanx_render.workers import remote_jobs, store
from wanx_render.workers.cache import Cache
from wanx_render.workers.remote import RemoteWorkers
from wanx_render.workers.upload_index import UploadIndex, last_seen, to_publish


@pytest.fixture(scope="module")
def s3() -> Iterator[Bucket]:
    with bucket() as made:
        yield made


# Programs of registries have their settings there; tests themselves get an empty one.
REAL_HOME = os.environ.get("HOME", "/")


@pytest.fixture(scope="module")
def installs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where servers are installed: one folder for all workers of a session."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "s3-servers"


@pytest.fixture(scope="module")
def origins(
    s3: Bucket, installs: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], str]]:
    """Gives the address of a service by its name; each is started once."""
    known = {"s3": s3.origin}
    with ExitStack() as stack:

        def origin(name: str) -> str:
            if name not in known:
                folder = tmp_path_factory.mktemp(name) / "data"
                with pytest.MonkeyPatch.context() as patch:
                    patch.setenv("HOME", REAL_HOME)
                    try:
                        known[name] = stack.enter_context(serving(SERVERS[name], installs, folder))
                    except NotInstalled as error:
                        pytest.skip(str(error))
            return known[name]

        yield origin


@pytest.fixture(params=sample(2, ("folder", "s3", *SERVERS)))
def place(
    request: pytest.FixtureRequest,
    origins: Callable[[str], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> store.Store:
    """An empty store: a folder, moto's S3, or a server that is in use in the world."""
    if request.param == "folder":
        return store.SharedFolder(tmp_path / "shared")
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv(store.ENDPOINT, origins(request.param))
    return store.at(f"s3://{BUCKET}/{tmp_path.name}", os.environ)


def test_what_is_put_is_there_whole_and_what_changes_is_marked(
    place: store.Store, tmp_path: Path
) -> None:
    file, back = tmp_path / "a.bin", tmp_path / "back.bin"
    file.write_bytes(b"first" * 1000)
    assert not place.has("deep/er/a.bin")
    assert (place.mark("deep/er/a.bin"), place.names("deep/er")) == ("", set())
    place.put(file, "deep/er/a.bin")
    before = place.mark("deep/er/a.bin")
    place.get("deep/er/a.bin", back)
    assert back.read_bytes() == file.read_bytes()
    assert place.names("deep/er") == {"a.bin"}
    file.write_bytes(b"other" * 1000)
    place.put(file, "deep/er/a.bin")
    assert place.mark("deep/er/a.bin") != before
    place.move("deep/er/a.bin", "b.bin")
    assert (place.has("deep/er/a.bin"), place.has("b.bin")) == (False, True)
    place.remove("b.bin")
    place.remove("b.bin")
    assert not place.has("b.bin")


@pytest.mark.parametrize(
    "name",
    [
        "镜头/一 二.mp4",
        "a+b.mp4",
        "a%20b.mp4",
        "a#b.mp4",
        "é.mp4",
        "'q'.mp4",
        "😀.mp4",
        "a;b,c@d~!*().mp4",
    ],
)
def test_a_name_in_any_script_is_kept_as_it_is(
    place: store.Store, name: str, tmp_path: Path
) -> None:
    file, back = tmp_path / "a.bin", tmp_path / "back.bin"
    file.write_bytes(name.encode())
    place.put(file, name)
    place.get(name, back)
    assert back.read_bytes() == name.encode()
    assert place.marks() == {name: place.mark(name)}
    place.move(name, f"moved/{name}")
    assert set(place.marks()) == {f"moved/{name}"}


@pytest.mark.proof
def test_a_file_in_several_parts_comes_back_whole(place: store.Store, tmp_path: Path) -> None:
    """s3fs sends what is larger than 50 MiB in parts, whose ETag is no hash of the whole."""
    file, back = tmp_path / "big.bin", tmp_path / "back.bin"
    file.write_bytes(os.urandom(1_000_000) * 120)
    place.put(file, "big.bin")
    place.get("big.bin", back)
    assert files.sha256(back) == files.sha256(file)
    place.move("big.bin", "moved.bin")
    assert place.marks() == {"moved.bin": place.mark("moved.bin")}
    place.put(file, "moved.bin")
    assert place.mark("moved.bin").startswith("120000000-")


def test_an_empty_folder_that_a_service_still_lists_is_no_file(
    place: store.Store, tmp_path: Path
) -> None:
    (tmp_path / "a").write_bytes(b"x")
    place.put(tmp_path / "a", "deep/er/a")
    assert place.names("deep") == set()
    place.remove("deep/er/a")
    assert (place.names("deep"), place.marks()) == (set(), {})


def test_names_that_begin_alike_are_no_folder(place: store.Store, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    for name in ("row/a", "row-2/b"):
        place.put(tmp_path / "a", name)
    assert set(place.under("row").marks()) == {"a"}
    assert not place.has("ro")


@pytest.mark.proof
def test_more_files_than_one_answer_holds_are_all_seen(place: store.Store, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: place.put(tmp_path / "a", f"many/{n:04}"), range(1100)))
    assert len(place.names("many")) == len(place.marks()) == 1100


@pytest.mark.proof
@pytest.mark.parametrize("name", SERVERS)
def test_who_has_a_wrong_key_is_refused(
    name: str, origins: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """moto takes any key."""
    wrong = {**CREDENTIALS, "AWS_SECRET_ACCESS_KEY": "wrong", store.ENDPOINT: origins(name)}
    for variable, value in wrong.items():
        monkeypatch.setenv(variable, value)
    # Options of its own, because a process opens a service once.
    monkeypatch.setenv(store.OPTIONS, '{"max_concurrency": 7}')
    place = store.at(f"s3://{BUCKET}/{tmp_path.name}", os.environ)
    (tmp_path / "a").write_bytes(b"x")
    with pytest.raises(StoreRefused):
        place.put(tmp_path / "a", "a")
    with pytest.raises(StoreRefused):
        place.has("a")


def test_what_is_not_there_is_said_by_its_name(place: store.Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"nothing\.bin: the file does not exist"):
        place.get("nothing.bin", tmp_path / "x")


def test_a_store_travels_without_secrets(place: store.Store) -> None:
    sent = pickle.dumps(place)
    assert b"testing" not in sent
    assert pickle.loads(sent) == place  # noqa: S301  our own


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("s3://key:secret@bucket/x", ""),
        ("s3:///x", ""),
        ("s3://bucket/x", '{"secret": "x"}'),
        ("s3://bucket/x", '{"client_kwargs": {"aws_secret_access_key": "x"}}'),
        ("s3://bucket/x", '{"client_kwargs": {"aws_session_token": "x"}}'),
        ("s3://bucket/x", "not json"),
        ("nosuch://bucket/x", ""),
    ],
)
def test_an_address_with_secrets_or_none_is_refused(url: str, options: str) -> None:
    with pytest.raises(BadInput) as caught:
        store.at(url, {store.OPTIONS: options})
    assert caught.value.diagnostics[0].code == "store-unusable"
    assert "testing" not in str(caught.value)


def test_a_file_url_is_a_folder(tmp_path: Path) -> None:
    assert store.at(f"file://{tmp_path}", {}) == store.SharedFolder(tmp_path.resolve())


@pytest.mark.proof
def test_a_store_that_never_answers_well_is_given_up(
    s3: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    place = store.at(f"s3://{BUCKET}/sick", os.environ)
    (tmp_path / "a").write_bytes(b"x")
    s3.faults.add("PUT", "/sick/", "500", 10_000)
    before = len(s3.faults.seen)
    with pytest.raises(StoreError, match=f"s3://{BUCKET}/sick/a"):
        place.put(tmp_path / "a", "a")
    s3.faults.rules.clear()
    assert 2 <= len(s3.faults.seen) - before <= 10
    place.put(tmp_path / "a", "a")
    assert place.has("a")


def bring(cache: Cache, key: str, target: Path, content: bytes, expected: str = "") -> None:
    cache.bring(key, target, lambda part: part.write_bytes(content) and None, expected)


def test_the_cache_fetches_once_and_drops_what_was_not_used_for_longest(tmp_path: Path) -> None:
    cache, asked = Cache(tmp_path / "cache", 250), []

    def fetch(part: Path) -> None:
        asked.append(part)
        part.write_bytes(b"x" * 100)

    content = sha256(b"x" * 100).hexdigest()
    for number, key in enumerate(("a", "b", "a", "c", "a", "b")):
        cache.bring(key, tmp_path / str(number), fetch, content)
        os.utime(cache.folder / "files" / key, ns=(number, number))
    assert len(asked) == 4, "b was dropped when c came, and fetched again"
    assert all((tmp_path / str(number)).stat().st_size == 100 for number in range(6))
    assert sum(path.stat().st_size for path in (cache.folder / "files").iterdir()) <= 250


def test_a_damaged_file_is_not_kept(tmp_path: Path) -> None:
    cache, good = Cache(tmp_path / "cache", 10**6), sha256(b"good").hexdigest()
    with pytest.raises(StoreError, match="damaged"):
        bring(cache, good, tmp_path / "a", b"bad", good)
    bring(cache, good, tmp_path / "a", b"good", good)
    assert (tmp_path / "a").read_bytes() == b"good"


def test_what_was_damaged_in_the_cache_is_fetched_again(tmp_path: Path) -> None:
    cache, good = Cache(tmp_path / "cache", 10**6), sha256(b"good").hexdigest()
    bring(cache, good, tmp_path / "a", b"good", good)
    (cache.folder / "files" / good).write_bytes(b"goof")  # as a power loss leaves it
    bring(cache, good, tmp_path / "b", b"good", good)
    assert (tmp_path / "b").read_bytes() == b"good"
    bring(cache, good, tmp_path / "c", b"not asked for", good)
    assert (tmp_path / "c").read_bytes() == b"good"


def test_a_piece_in_the_cache_is_known_by_its_seal(tmp_path: Path) -> None:
    cache, sealed = Cache(tmp_path / "cache", 10**6), tmp_path / "sealed"
    sealed.write_bytes(b"piece")
    integrity.seal(sealed, "a.mov")
    for number in range(3):
        target = tmp_path / str(number) / "a.mov"
        target.parent.mkdir(exist_ok=True)
        bring(cache, "key", target, sealed.read_bytes())
        assert target.read_bytes() == sealed.read_bytes()
        (cache.folder / "files" / "key").write_bytes(bytes(41))


def test_the_folder_of_a_killed_call_is_swept_and_that_of_a_living_one_is_not(
    tmp_path: Path,
) -> None:
    held = (
        "import sys, time; from pathlib import Path; from wanx_render.workers.cache import Cache\n"
        "with Cache(Path(sys.argv[1]), 1).scratch() as place:\n"
        "    (place / 'a.part').touch(); print('held', flush=True); time.sleep(60)"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", held, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout
    assert child.stdout.readline() == "held\n"
    with Cache(tmp_path, 1).scratch():
        assert len(list(tmp_path.rglob("a.part"))) == 1
    child.kill()
    child.wait()
    child.stdout.close()
    with Cache(tmp_path, 1).scratch() as place:
        assert until(lambda: not list(tmp_path.rglob("a.part")), "the sweep", 5)
        assert place.is_dir()
    assert list((tmp_path / "calls").iterdir()) == []


def test_every_path_of_a_call_becomes_a_name_and_nothing_else_changes(tmp_path: Path) -> None:
    voice = Track(tmp_path / "v.wav", "ab", 3, gain=0)  # type: ignore[arg-type]
    call = JoinCall("x", (tmp_path / "1.mov",), None, 5, tmp_path / "x.mp4", Mix(voices=(voice,)))  # type: ignore[arg-type]
    assert set(remote_jobs.paths_in(call)) == {
        tmp_path / name for name in ("v.wav", "1.mov", "x.mp4")
    }
    there = remote_jobs.moved(call, lambda path: Path("in-store") / path.name)
    assert there.mix.voices[0].path == Path("in-store/v.wav")
    assert remote_jobs.moved(there, lambda path: tmp_path / path.name) == call


def _clip_in(root: Path, program: ffmpeg.Ffmpeg) -> ClipMedia:
    """A clip of one second, 90x160, among those of a render folder."""
    (root / "clips").mkdir(parents=True)
    clip = root / "clips" / "clip.mp4"
    source = ("-f", "lavfi", "-i", "testsrc2=s=90x160:r=30:d=1", "-c:v", "libx264")
    ffmpeg.run(program, (*source, "-pix_fmt", "yuv420p", "-f", "mp4", str(clip)))
    return ClipMedia(clip, "", Size(90, 160), Fraction(30), 30, has_sound=False)


def test_a_damaged_piece_is_dropped_from_the_store_and_made_again(
    place: store.Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANX_CACHE", str(tmp_path / "cache"))
    root, program = tmp_path / "shared", PROGRAMS["wheel"]
    take, frame = _clip_in(root, program), Frame(Size(90, 160), Fraction(30), "crop", "black")
    target = root / ".cache/segments/a.mov"
    name = target.relative_to(root).as_posix()
    wanted = SegmentCall(Segment.whole(take, Cut(0, 30), Focus(), frame), target)
    call = JoinCall("out", (target,), frame, 30, root / "out.mp4")

    async def story(bench: RemoteWorkers) -> None:
        await bench.segments((wanted,))
        first = await bench.deliverable(call)
        place.get(name, tmp_path / "a.mov")
        damaged = bytearray((tmp_path / "a.mov").read_bytes())
        damaged[damaged.index(b"mdat") + 1200] ^= 1
        (tmp_path / "a.mov").write_bytes(damaged)
        place.put(tmp_path / "a.mov", name)
        shutil.rmtree(tmp_path / "cache", ignore_errors=True)
        with pytest.raises(Damaged, match=r"a\.mov"):
            await bench.deliverable(call)
        assert not bench.has(target)
        assert not place.has(name)
        await bench.segments((wanted,))
        assert await bench.deliverable(call) == first

    with ThreadPoolExecutor(1) as executor:
        asyncio.run(story(RemoteWorkers(program, executor, UploadIndex(root, place))))


def test_a_result_that_comes_twice_and_late_changes_nothing(
    place: store.Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a worker that was taken for dead ends its call after another one repeated it."""
    monkeypatch.setenv("WANX_CACHE", str(tmp_path / "cache"))
    root, program = tmp_path / "shared", PROGRAMS["wheel"]
    monkeypatch.setenv("WANX_FFMPEG", str(program.path))
    take, frame = _clip_in(root, program), Frame(Size(90, 160), Fraction(30), "crop", "black")
    target = root / ".cache/segments/a.mov"
    sent: list[tuple[object, ...]] = []

    class Twice(ThreadPoolExecutor):
        def submit(self, call, /, *given):  # type: ignore[no-untyped-def]
            sent.append((call, *given))
            return super().submit(call, *given)

    with Twice(1) as executor:
        workers = RemoteWorkers(program, executor, UploadIndex(root, place))
        piece = SegmentCall(Segment.whole(take, Cut(0, 30), Focus(), frame), target)
        asyncio.run(workers.segments((piece,)))
        call = JoinCall("out", (target,), frame, 30, root / "out.mp4")
        output = asyncio.run(workers.deliverable(call))
        before = place.marks()
        for late, *given in sent:
            late(*given)  # type: ignore[operator]
        again = {name: mark for name, mark in place.marks().items() if ".cache/del" not in name}
        if not isinstance(place, store.SharedFolder):  # whose clip is in the folder already
            assert again == before
        place.get("out.mp4", tmp_path / "out.mp4")
        assert files.sha256(tmp_path / "out.mp4") == output.sha256
        assert len(place.names(".cache/deliverables")) == 1
        asyncio.run(workers.sweep({"a.mov"}))
        assert place.names(".cache/deliverables") == set()
        assert asyncio.run(workers.stands(root / "out.mp4", output.sha256))


@pytest.mark.proof
def test_stems_come_into_the_store_as_they_are_made_here(
    place: store.Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that the film has no more go out of it."""
    monkeypatch.setenv("WANX_CACHE", str(tmp_path / "cache"))
    root, program = tmp_path / "shared", PROGRAMS["wheel"]
    take, frame = _clip_in(root, program), Frame(Size(90, 160), Fraction(30), "crop", "black")
    target, voice = root / ".cache/segments/a.mov", tmp_path / "voice.wav"
    tone = ("-f", "lavfi", "-i", "sine=440:r=22050:d=0.5", "-f", "wav", "-y", str(voice))
    ffmpeg.run(program, tone)
    track = Track(voice, files.sha256(voice), 4800, Decimal(0), 1)
    mix, kinds = Mix(voices=(track,), ends=(480, 960)), (Stem("dialogue"), Stem("voices"))
    call = StemsCall((target,), 48_000, mix, None, root / "out.mp4", kinds)

    async def story(workers: RemoteWorkers) -> None:
        piece = SegmentCall(Segment.whole(take, Cut(0, 30), Focus(), frame), target)
        await workers.segments((piece,))
        output = await workers.stems(call)
        place.get(".cache/segments/a.mov", tmp_path / "a.mov")
        here = replace(call, segments=(tmp_path / "a.mov",), target=tmp_path / "out.mp4")
        assert make_stems(program, here).hashes == output.hashes
        for kind, digest in zip(("dialogue", "voices"), output.hashes, strict=True):
            assert await workers.stands(root / f"out.{kind}.wav", digest)
        await workers.stems(replace(call, stems=kinds[:1], mix=replace(mix, voices=())))
        assert not place.has("out.voices.wav")
        assert place.has("out.dialogue.wav")

    with ThreadPoolExecutor(1) as executor:
        asyncio.run(story(RemoteWorkers(program, executor, UploadIndex(root, place))))


def sent_from(folder: Path, place: store.Store, name: str) -> bool:
    """Whether a file of a folder had to be put, by a run that knows what the last one did."""
    path = folder / name
    return UploadIndex(folder, place).offer(path, name, files.sha256(path))


def test_only_what_people_look_for_is_published_and_only_when_it_changed(
    place: store.Store, tmp_path: Path
) -> None:
    folder = tmp_path / "renders"
    for name in ("a.mp4", "manifest.json", "journal.sqlite", ".lock", ".a.mp4.1.part",
                 ".cache/segments/x.mov", "clips/one.mp4", "clips/.t.part"):  # fmt: skip
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    assert to_publish(folder) == ("a.mp4", "clips/one.mp4", "manifest.json")
    assert [sent_from(folder, place, name) for name in to_publish(folder)] == [True] * 3
    assert [sent_from(folder, place, name) for name in to_publish(folder)] == [False] * 3
    place.remove("a.mp4")
    (folder / "manifest.json").write_text("new")
    sent = {name: sent_from(folder, place, name) for name in to_publish(folder)}
    assert sent == {"a.mp4": True, "clips/one.mp4": False, "manifest.json": True}


def test_one_look_gives_the_mark_of_every_file(place: store.Store, tmp_path: Path) -> None:
    folder = tmp_path / "renders"
    (folder / "row").mkdir(parents=True)
    for name in ("a.mp4", "row/b.mp4"):
        (folder / name).write_text(name)
        sent_from(folder, place, name)
    assert place.marks() == {name: place.mark(name) for name in ("a.mp4", "row/b.mp4")}
    assert place.under("row").marks() == {"b.mp4": place.mark("row/b.mp4")}
    assert place.under("nowhere").marks() == {}
    seen = UploadIndex(folder, place)
    seen.look()
    assert (seen.names("row"), seen.names("")) == ({"b.mp4"}, {"a.mp4"})
    assert seen.hold(["a.mp4", "row/b.mp4"])
    assert not seen.hold([])
    assert not seen.hold(["a.mp4", "row/c.mp4"])
    place.remove("a.mp4")
    seen.look()
    assert not seen.hold(["a.mp4"])


def test_a_record_that_was_cut_short_loses_one_line_and_grows_no_longer_than_needed(
    tmp_path: Path,
) -> None:
    folder, place = tmp_path / "renders", store.SharedFolder(tmp_path / "shared")
    folder.mkdir()
    for name in ("a", "b"):
        (folder / name).write_text(name)
    assert [sent_from(folder, place, name) for name in "ab"] == [True, True]
    record = next((folder / ".cache" / "stores").iterdir())
    record.write_bytes(record.read_bytes()[:-9])
    assert [sent_from(folder, place, name) for name in "ab"] == [False, True]
    assert [sent_from(folder, place, name) for name in "ab"] == [False, False]
    for _ in range(200):
        UploadIndex(folder, place).keep("a", "x")
    assert len(record.read_text().splitlines()) < 110
    assert last_seen(folder)[("b", sha256(b"b").hexdigest())] == str(place)


def test_what_many_ask_for_at_once_is_put_once(place: store.Store, tmp_path: Path) -> None:
    folder = tmp_path / "renders"
    folder.mkdir()
    clip = folder / "clip.mp4"
    clip.write_bytes(b"x" * 100_000)
    published, sha256 = UploadIndex(folder, place), files.sha256(clip)
    with ThreadPoolExecutor(8) as threads:
        sent = list(threads.map(lambda _: published.offer(clip, clip.name, sha256), range(16)))
    assert sorted(sent) == [False] * 15 + [True]
