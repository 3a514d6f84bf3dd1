"""The sound of a film longer than a part: made as clips land, whatever lands first."""

import asyncio
import hashlib
import random
import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from wanx_render.catalog.capabilities import Catalog
from wanx_render.errors import Broken, Unjoinable
from wanx_render.finishing.jobs import JoinCall, Joined, SoundCall
from wanx_render.finishing.segment import ClipMedia
from wanx_render.geometry import Size
from wanx_render.manifest import DeliverableRecord
from wanx_render.media import ffmpeg
from wanx_render.planning import plan
from wanx_render.run.finisher import Finisher
from wanx_render.validation.load import load
from wanx_render.workers.base import LocalWorkers

SHOTS, SECONDS, RATE = 13, 5, 48_000
LENGTH = SHOTS * SECONDS
HEAD = """\
version: 1
project: parts
defaults: {model: wan2.5-i2v-preview, resolution: 480P, duration: 5}
shots:
"""
SHOT = "  - {{id: s{n}, image: a.png, prompt: shot {n}}}\n"
FILM = "deliverables:\n  - {name: film, aspect: 1:1, size: 64x64, fps: 30}\n"


class Watched(LocalWorkers):
    """Workers of this machine that note which sounds they make."""

    def __init__(self, program: ffmpeg.Ffmpeg, folder: Path, threads: int = 2) -> None:
        super().__init__(program, ThreadPoolExecutor(threads), folder)
        self.sounds: list[SoundCall] = []

    async def sound(self, call: SoundCall) -> None:
        self.sounds.append(call)
        await super().sound(call)

    @property
    def firsts(self) -> list[int | None]:
        """The packets with which the parts begin that were made; None for a whole sound."""
        return sorted(
            (call.part.window.first if call.part else None for call in self.sounds),
            key=lambda first: -1 if first is None else first,
        )


@pytest.fixture(scope="module")
def media(program: ffmpeg.Ffmpeg, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clips of five seconds, each with a tone of its own that swells, and a list of them."""
    folder = tmp_path_factory.mktemp("media")
    for n in range(SHOTS + 1):
        wave = f"0.3*sin(2*PI*{220 + 40 * n}*t)*(0.5+0.5*sin(2*PI*t))"
        tone = f"aevalsrc='{wave}|{wave}':s={RATE}"
        ffmpeg.run(
            program,
            ("-f", "lavfi", "-i", f"testsrc2=s=64x64:r=30:d={SECONDS}", "-f", "lavfi",
             "-i", f"{tone}:d={SECONDS}", "-c:v", "libx264", "-preset", "ultrafast",
             "-pix_fmt", "yuv420p", "-c:a", "aac", "-f", "mp4", "-y", str(folder / f"s{n}.mp4")),
        )  # fmt: skip
    Image.new("RGB", (400, 400)).save(folder / "a.png")
    return folder


def finished(
    media: Path,
    workers: Watched,
    catalog: Catalog,
    *,
    film: str = FILM,
    order: Iterable[int] = range(SHOTS),
    clips: dict[int, int] | None = None,
    before_last: Callable[[], bool] | None = None,
) -> DeliverableRecord:
    """The film, of clips that land in ``order``; ``clips`` names others by the number of a shot.

    With ``before_last`` the service is awaited, and the last clip lands once that is true.
    """
    shots = "".join(SHOT.format(n=n) for n in range(SHOTS))
    path = media / f"{hashlib.sha256(film.encode()).hexdigest()[:8]}.yaml"
    path.write_text(HEAD + shots + film, encoding="utf-8")
    loaded = load(path, catalog)
    wanted = plan.make(loaded.shots, "dashscope", loaded.media, catalog)

    async def work() -> DeliverableRecord | Broken:
        folder = workers.pieces.parent.parent
        finisher = Finisher(wanted, workers, folder, lambda event: None)
        if before_last:
            finisher.clip_is_awaited()
        for landed, number in enumerate(order, 1):
            for _ in range(6000 if before_last and landed == SHOTS else 0):
                if before_last and before_last():
                    break
                await asyncio.sleep(0.01)
            name = f"s{(clips or {}).get(number, number)}"
            take = ClipMedia(
                media / f"{name}.mp4", name, Size(64, 64), Fraction(30), SECONDS * 30, True
            )
            finisher.clip_landed(wanted.shots[number], take)
            await asyncio.sleep(0)
        (record,) = await finisher.finish({})
        return record

    record = asyncio.run(work())
    assert isinstance(record, DeliverableRecord), record
    assert all(check.holds for check in record.checks)
    return record


def samples(path: Path) -> "np.ndarray":
    """The first channel of a film's sound, as PyAV decodes it."""
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
    return np.concatenate(frames)[: LENGTH * RATE].astype(np.float64)


def expected() -> "np.ndarray":
    """The tones of the clips one after the other."""
    times = np.arange(SECONDS * RATE) / RATE
    swell = 0.5 + 0.5 * np.sin(2 * np.pi * times)
    tones = [0.3 * np.sin(2 * np.pi * (220 + 40 * n) * times) * swell for n in range(SHOTS)]
    return np.concatenate(tones)


@pytest.fixture(scope="module")
def made(
    media: Path, program: ffmpeg.Ffmpeg, catalog: Catalog, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Watched]:
    """The folder of the finished film, and what made it."""
    workers = Watched(program, tmp_path_factory.mktemp("made"))
    finished(media, workers, catalog)
    return workers.pieces.parent.parent, workers


def test_a_long_film_is_joined_from_parts_of_its_sound(made: tuple[Path, Watched]) -> None:
    folder, workers = made
    assert workers.firsts == [0, 1500, 2475]
    heard, source = samples(folder / "film.mp4"), expected()
    assert len(heard) == len(source)
    noise = (heard - source) ** 2
    # Clips were encoded once before; that noise is everywhere, and no more at the join.
    join = 1499 * 1024
    near = noise[join - 9 * 1024 : join + 9 * 1024].reshape(-1, 1024).mean(axis=1)
    elsewhere = noise[: 1400 * 1024].reshape(-1, 1024).mean(axis=1)
    assert near.max() < elsewhere.max()
    assert 10 * np.log10((source**2).mean() / near.max()) > 30


def test_a_changed_clip_makes_only_the_parts_in_which_it_is_heard(
    media: Path,
    made: tuple[Path, Watched],
    program: ffmpeg.Ffmpeg,
    catalog: Catalog,
    tmp_path: Path,
) -> None:
    shutil.copytree(made[0], tmp_path, dirs_exist_ok=True)
    workers = Watched(program, tmp_path)
    finished(media, workers, catalog, clips={10: SHOTS})
    assert workers.firsts == [1500, 2475]
    again = Watched(program, tmp_path)
    finished(media, again, catalog, clips={10: SHOTS})
    assert again.sounds == []


def test_what_has_its_sound_is_written_before_the_last_clip_lands(
    media: Path,
    made: tuple[Path, Watched],
    program: ffmpeg.Ffmpeg,
    catalog: Catalog,
    tmp_path: Path,
) -> None:
    film = (made[0] / "film.mp4").read_bytes()
    sizes = [0]

    def is_half_written() -> bool:
        parts = tmp_path.glob(".film.mp4*")
        sizes.append(max((path.stat().st_size for path in parts), default=0))
        return sizes[-1] > 0.4 * len(film)

    finished(media, Watched(program, tmp_path), catalog, before_last=is_half_written)
    assert 0.4 * len(film) < sizes[-1] < len(film)
    assert (tmp_path / "film.mp4").read_bytes() == film
    assert not list(tmp_path.glob(".film.mp4*"))


@pytest.mark.proof
def test_the_same_film_whatever_lands_first_and_however_many_work(
    media: Path,
    made: tuple[Path, Watched],
    program: ffmpeg.Ffmpeg,
    catalog: Catalog,
    tmp_path: Path,
) -> None:
    order = random.Random(5).sample(range(SHOTS), SHOTS)
    workers = Watched(program, tmp_path, threads=1)
    finished(media, workers, catalog, order=order)
    assert (tmp_path / "film.mp4").read_bytes() == (made[0] / "film.mp4").read_bytes()
    names = {path.name for path in made[1].pieces.iterdir()}
    assert {path.name for path in workers.pieces.iterdir()} == names


@pytest.mark.proof
def test_what_is_levelled_is_encoded_as_a_whole(
    media: Path, program: ffmpeg.Ffmpeg, catalog: Catalog, tmp_path: Path
) -> None:
    film = "deliverables:\n  - {name: film, aspect: 1:1, size: 64x64, audio: {loudness: -16}}\n"
    workers = Watched(program, tmp_path)
    finished(media, workers, catalog, film=film)
    assert workers.firsts == [None]


@pytest.mark.proof
def test_music_and_voices_are_encoded_in_parts_as_clips_land(
    media: Path, program: ffmpeg.Ffmpeg, catalog: Catalog, tmp_path: Path
) -> None:
    """A voice speaks over the place where the parts meet; the tones are where they were laid."""
    low, high = 90, 3000
    for name, pitch, seconds in (("bed.wav", low, 9), ("voice.wav", high, 4)):
        source = f"aevalsrc='0.2*sin(2*PI*{pitch}*t)':s=44100:d={seconds}"
        ffmpeg.run(program, ("-f", "lavfi", "-i", source, "-f", "wav", "-y", str(media / name)))
    film = (
        "deliverables:\n  - name: film\n    aspect: 1:1\n    size: 64x64\n    fps: 30\n"
        "    fade_out: 2\n    audio:\n      music: {file: bed.wav, gain: 0}\n      duck: true\n"
        "      voices: [{file: voice.wav, at: 30}]\n"
    )
    order = random.Random(7).sample(range(SHOTS), SHOTS)
    films = []
    for name, landing in (("one", range(SHOTS)), ("two", order)):
        workers = Watched(program, tmp_path / name)
        finished(media, workers, catalog, film=film, order=landing)
        assert workers.firsts == [0, 1500, 2475]
        films.append(tmp_path / name / "film.mp4")
    assert films[0].read_bytes() == films[1].read_bytes()
    heard = samples(films[0])
    assert strength(heard, high, 31, 33) > 30 * strength(heard, high, 24, 29)
    assert strength(heard, low, 63, 65) < 0.7 * strength(heard, low, 58, 60)


def strength(sound: "np.ndarray", pitch: int, start: int, end: int) -> float:
    """How strong a tone is from one second to another."""
    part = sound[start * RATE : end * RATE]
    times = np.arange(len(part)) / RATE
    return float(abs((part * np.exp(-2j * np.pi * pitch * times)).mean()))


@pytest.mark.proof
def test_a_whole_sound_that_is_there_is_used(
    media: Path,
    made: tuple[Path, Watched],
    program: ffmpeg.Ffmpeg,
    catalog: Catalog,
    tmp_path: Path,
) -> None:
    """As versions before this one made them; and as it is made where parts do not fit."""

    class Ill(Watched):
        async def deliverable(self, call: JoinCall) -> Joined:
            if len(call.sounds) > 1:
                raise Unjoinable("no")
            return await super().deliverable(call)

    shutil.copytree(made[0], tmp_path, dirs_exist_ok=True)
    ill = Ill(program, tmp_path)
    finished(media, ill, catalog)
    assert ill.firsts == [None]
    after = Watched(program, tmp_path)
    finished(media, after, catalog)
    assert after.sounds == []
    parts, whole = samples(made[0] / "film.mp4"), samples(tmp_path / "film.mp4")
    assert len(parts) == len(whole)
    assert 10 * np.log10((whole**2).mean() / ((parts - whole) ** 2).mean()) > 40
