"""What is handed to an executor: plain data there and back, the same files whoever runs it."""

import asyncio
import hashlib
import multiprocessing
import pickle
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from wanx_render import ffmpeg, plan
from wanx_render.bench import LocalBench
from wanx_render.capabilities import Catalog
from wanx_render.conform import Take
from wanx_render.errors import Broken, FfmpegError, WanxError
from wanx_render.finish import Finisher
from wanx_render.geometry import Size
from wanx_render.load import load
from wanx_render.manifest import DeliverableRecord

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
        bench = LocalBench(program, executor, folder)
        finisher = Finisher(wanted, bench, folder, lambda event: None)
        for shot, rate in zip(wanted.shots, (30, 24), strict=True):
            path = media / f"{shot.shot.id}.mp4"
            take = Take(path, shot.shot.id, Size(120, 160), Fraction(rate), 3 * rate, True)
            finisher.clip_landed(shot, take)
        return await finisher.finish({})

    folder.mkdir()
    return asyncio.run(work())


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


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
    assert not any(isinstance(each, Broken) for each in records[0])
    made = hashes(tmp_path / "t")
    assert {"9x16.mp4", "1x1.mp4", "1x1.srt"} <= set(made)
    assert hashes(tmp_path / "p") == made
    assert hashes(tmp_path / "q") == made
    assert set(posted.calls) == {"make_segment", "make_deliverable"}


@pytest.mark.parametrize("error", [FfmpegError("it broke"), Broken("not as promised")])
def test_what_goes_wrong_comes_back_as_itself(error: Exception) -> None:
    back = there_and_back(error)
    assert (type(back), str(back)) == (type(error), str(error))
