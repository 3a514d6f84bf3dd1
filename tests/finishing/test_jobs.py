"""What is handed to an executor: plain data there and back, the same files from every executor."""

import asyncio
import hashlib
import multiprocessing
import pickle
import shutil
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from wanx_render.captions.drawing import Captions, Cue
from wanx_render.captions.fonts import chinese
from wanx_render.catalog.capabilities import Catalog
from wanx_render.errors import Broken, FfmpegError, WanxError
from wanx_render.finishing.jobs import SegmentCall, make_segment, make_segments
from wanx_render.finishing.segment import ClipMedia, Seam, Segment
from wanx_render.frame import Frame
from wanx_render.geometry import Focus, Size
from wanx_render.manifest import DeliverableRecord
from wanx_render.media import ffmpeg
from wanx_render.planning import plan
from wanx_render.run.finisher import Finisher
from wanx_render.shotlist.model import Transition
from wanx_render.timing import Cut
from wanx_render.validation.load import load
from wanx_render.workers.base import LocalWorkers

LIST = """\
version: 1
project: small
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3}
shots:
  - {id: one, image: a.png, prompt: first, caption: 你好 "it's 100%", transition: {type: dissolve}}
  - {id: two, image: a.png, prompt: second, trim: {end: 1}}
deliverables:
  - {aspect: 9:16, size: 90x160, audio: {music: bed.wav, duck: true, loudness: -16}}
  - {aspect: 1:1, size: 96x96, fit: blur, captions: both}
"""


def there_and_back(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))  # noqa: S301  our own


FRAME = Frame(Size(90, 160), Fraction(30), "crop", "black")


class Posted(Executor):
    """An executor that lets nothing through but what survives being pickled, there and back."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def submit(  # type: ignore[override]
        self, function: Callable[..., Any], *arguments: Any
    ) -> "Future[Any]":
        call, given = there_and_back((function, arguments))
        assert given == arguments
        self.calls.append(call.__name__)
        future: Future[Any] = Future()
        try:
            result = call(*given)
            answer = there_and_back(result)
            assert answer == result
            future.set_result(answer)
        except WanxError as error:
            future.set_exception(there_and_back(error))
        return future


@pytest.fixture(scope="module")
def media(program: ffmpeg.Ffmpeg, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two clips of three seconds, a sound file, and a list that uses them."""
    folder = tmp_path_factory.mktemp("media")
    for name, rate, tone in (("one", 30, 300), ("two", 24, 500)):
        ffmpeg.run(
            program,
            ("-f", "lavfi", "-i", f"testsrc2=s=120x160:r={rate}:d=3", "-f", "lavfi",
             "-i", f"sine={tone}:r=48000:d=3", "-c:v", "libx264", "-pix_fmt", "yuv420p",
             "-c:a", "aac", "-f", "mp4", "-y", str(folder / f"{name}.mp4")),
        )  # fmt: skip
    ffmpeg.run(program, ("-f", "lavfi", "-i", "sine=90:r=48000:d=1", str(folder / "bed.wav")))
    ffmpeg.run(
        program,
        ("-f", "lavfi", "-i", "color=s=300x400", "-frames:v", "1", str(folder / "a.png")),
    )
    (folder / "list.yaml").write_text(LIST, encoding="utf-8")
    return folder


def finished(
    media: Path, folder: Path, executor: Executor, program: ffmpeg.Ffmpeg, catalog: Catalog
) -> tuple[DeliverableRecord | Broken, ...]:
    """Everything the list asks for, made in ``folder``."""
    loaded = load(media / "list.yaml", catalog)
    wanted = plan.make(loaded.shots, "mock", loaded.media, catalog)

    async def work() -> tuple[DeliverableRecord | Broken, ...]:
        bench = LocalWorkers(program, executor, folder)
        finisher = Finisher(wanted, bench, folder, lambda event: None)
        for shot, rate in zip(wanted.shots, (30, 24), strict=True):
            path = media / f"{shot.shot.id}.mp4"
            take = ClipMedia(path, shot.shot.id, Size(120, 160), Fraction(rate), 3 * rate, True)
            finisher.clip_landed(shot, take)
        return await finisher.finish({})

    folder.mkdir(exist_ok=True)
    return asyncio.run(work())


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.proof
def test_threads_processes_and_what_only_pickles_make_the_same_files(
    media: Path, tmp_path: Path, program: ffmpeg.Ffmpeg, catalog: Catalog
) -> None:
    spawn = multiprocessing.get_context("spawn")
    posted = Posted()
    with ThreadPoolExecutor(2) as threads, ProcessPoolExecutor(2, mp_context=spawn) as processes:
        records = [
            finished(media, tmp_path / name, executor, program, catalog)
            for name, executor in (("t", threads), ("p", processes), ("q", posted))
        ]
    assert records[0] == records[1] == records[2]
    assert not any(isinstance(record, Broken) for record in records[0])
    made = hashes(tmp_path / "t")
    assert {"9x16.mp4", "1x1.mp4", "1x1.srt"} <= set(made)
    assert hashes(tmp_path / "p") == made
    assert hashes(tmp_path / "q") == made
    assert set(posted.calls) == {"make_segments", "make_sound", "make_deliverable"}


@pytest.mark.proof
def test_a_clip_of_another_rate_than_predicted_is_used_for_as_many_seconds(
    media: Path, tmp_path: Path, program: ffmpeg.Ffmpeg, catalog: Catalog
) -> None:
    """The second clip has 24 frames a second, where the model is known for 30."""
    untrimmed = shared(media, "whole", (", trim: {end: 1}", ""))
    with ThreadPoolExecutor(2) as threads:
        for name, folder, seconds in (("trimmed", media, 1), ("whole", untrimmed, 3)):
            for record in finished(folder, tmp_path / name, threads, program, catalog):
                assert isinstance(record, DeliverableRecord)
                second = record.parts[1]
                assert (second.frames, second.held) == (seconds * Fraction(record.fps), 0)


SHARED = """\
deliverables:
  - {name: a, aspect: 9:16, size: 90x160, audio: {music: bed.wav, loudness: -16}}
  - {name: b, aspect: 1:1, size: 96x96, fit: blur, quality: draft, captions: none,
     audio: {music: bed.wav, loudness: -16}}
  - {name: c, aspect: 1:1, size: 96x96, fps: 25, audio: {music: bed.wav, loudness: -16}}
"""


def shared(media: Path, name: str, *changes: tuple[str, str], turned: bool = False) -> Path:
    """The list with deliverables that sound the same, in a folder of its own."""
    folder = media.with_name(f"{media.name}-{name}")
    shutil.copytree(media, folder, dirs_exist_ok=True)
    head, first, *others = (LIST[: LIST.index("deliverables")] + SHARED).split("  - {name")
    shots, _, _ = head.partition("deliverables")
    some = [f"  - {{name{part}" for part in (first, *others)]
    text = shots + "deliverables:\n" + "".join(reversed(some) if turned else some)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / "list.yaml").write_text(text, encoding="utf-8")
    return folder


def sounds(folder: Path) -> dict[str, bytes]:
    """The finished sounds that are kept: pieces in which nothing is seen."""
    pieces = {path.name: path.read_bytes() for path in (folder / ".cache" / "segments").iterdir()}
    return {name: data for name, data in pieces.items() if b'"silent":' in data}


@pytest.mark.proof
def test_the_same_sound_is_made_once_for_all_deliverables_and_no_caption_changes_it(
    media: Path, tmp_path: Path, program: ffmpeg.Ffmpeg, catalog: Catalog
) -> None:
    made = tmp_path / "made"

    def run(media: Path, folder: Path = made) -> list[str]:
        posted = Posted()
        records = finished(media, folder, posted, program, catalog)
        assert not [record for record in records if isinstance(record, Broken)]
        return posted.calls

    calls = run(shared(media, "first"))
    assert (calls.count("make_sound"), calls.count("make_deliverable")) == (2, 3)
    before = sounds(made)
    assert len(before) == 2
    calls = run(shared(media, "words", ("it's 100%", "it was")))
    assert "make_segments" in calls
    assert "make_sound" not in calls
    assert sounds(made) == before
    # Made of another deliverable's segments it is the same.
    run(shared(media, "turned", turned=True), tmp_path / "turned")
    assert sounds(tmp_path / "turned") == before
    calls = run(shared(media, "quieter", ("prompt: second", "prompt: second, sound: -6")))
    assert calls.count("make_sound") == 2
    assert not set(sounds(made)) & set(before)


@pytest.mark.parametrize("error", [FfmpegError("it broke"), Broken("not as promised")])
def test_what_goes_wrong_comes_back_as_itself(error: Exception) -> None:
    back = there_and_back(error)
    assert (type(back), str(back)) == (type(error), str(error))


def busy(program: ffmpeg.Ffmpeg, folder: Path, name: str, seconds: str = "1") -> ClipMedia:
    """A second of moving test picture and a tone."""
    path = folder / f"{name}.mp4"
    ffmpeg.run(
        program,
        ("-f", "lavfi", "-i", "testsrc2=s=160x208:r=24", "-f", "lavfi", "-i", "sine=r=48000",
         "-t", seconds, "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", "-f", "mp4",
         "-y", str(path)),
    )  # fmt: skip
    return ClipMedia(path, name, Size(160, 208), Fraction(24), 24, has_sound=True)


def test_pieces_made_in_one_call_are_those_made_alone(
    each_program: ffmpeg.Ffmpeg, tmp_path: Path
) -> None:
    """Each kind of fit, words, a held end, a trimmed start; and seams of the same two clips."""
    one, two = (busy(each_program, tmp_path, name) for name in ("one", "two"))
    frames = [Frame(Size(90, 160), Fraction(30), "crop", "black"),
              Frame(Size(128, 128), Fraction(24), "blur", "black"),
              Frame(Size(96, 160), Fraction(25), "pad", "black")]  # fmt: skip
    words = Captions((Cue("words", 0, 9),), chinese(), "packaged")
    whole = [Segment.whole(one, Cut(4, 24), Focus(), frame) for frame in frames]
    whole[0] = replace(whole[0], captions=words)
    seams = [
        Seam(
            Segment(one, Cut(0, 24), Focus(), frame, 10, 8),
            Segment(two, Cut(0, 24), Focus(), frame, 0, 8),
            Transition(type="dissolve"),
        )
        for frame in frames
    ]
    for number, pieces in enumerate((whole, seams)):
        calls = tuple(
            SegmentCall(piece, tmp_path / f"{number}{n}.mov") for n, piece in enumerate(pieces)
        )
        make_segments(each_program, calls)
        for call in calls:
            alone = tmp_path / "alone" / call.target.name
            alone.parent.mkdir(exist_ok=True)
            make_segment(each_program, call.piece, alone)
            assert call.target.read_bytes() == alone.read_bytes()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_damage_in_either_clip_of_a_seam_is_noticed(
    each_program: ffmpeg.Ffmpeg, tmp_path: Path
) -> None:
    one, two = (busy(each_program, tmp_path, name) for name in ("one", "two"))
    for hurt in (one, two):
        whole = hurt.path.read_bytes()
        at = whole.index(b"mdat") + len(whole) // 4
        hurt.path.write_bytes(whole[:at] + bytes(2048) + whole[at + 2048 :])
        first, second = (Segment(take, Cut(0, 24), Focus(), FRAME, 0, 20) for take in (one, two))
        joint = Seam(first, second, Transition(type="dissolve"))
        with pytest.raises(FfmpegError):
            make_segment(each_program, joint, tmp_path / "seam.mov")
        hurt.path.write_bytes(whole)
