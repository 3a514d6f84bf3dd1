"""Stems of whole films: as long as the film to the sample, and together its sound.

PyAV reads them and numpy adds them up; each kind of sound has pitches of its own.
"""

# ruff: noqa: F811  # the fixture studio is another module's

import wave
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest

from tests.run.test_orchestrator import Studio, studio  # noqa: F401  # a fixture
from wanx_render.manifest import DeliverableRecord
from wanx_render.media import ffmpeg

Samples = npt.NDArray[np.float64]
RATE = 48_000
CLIP, VOICE, LOW = 1000, 3000, 160  # Hz: of the clips, of the voice, of the music
# 40 frames at 1.5 times the speed, 15 in which both are seen, and 65 of the second: 120 of 29.97.
FRAMES, SECOND = 120, 40
LENGTH = round(FRAMES * RATE * 1001 / 30000)
LIST = """\
version: 1
project: stems
label: none
shots:
  - {id: one, clip: own.mkv, trim: {end: 2.75}, speed: 1.5,
     transition: {type: dissolve, duration: 0.5}}
  - {id: two, clip: own.mkv, trim: {start: 0.3, end: 2.95}, sound: -3}
deliverables:
  - name: film
    aspect: 1:1
    size: 64x64
    fps: 29.97
    quality: draft
    stems: true
    fade_in: 0.5
    fade_out: 0.7
    audio:
      music: {file: bed.wav, gain: -6, start: 0.25}
      duck: true
      voices: [{file: voice.wav, shot: two, at: 0.25}]
"""


def write_wave(path: Path, pitch: int, seconds: float, rate: int, height: float) -> None:
    times = np.arange(int(seconds * rate)) / rate
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        sound = height * np.sin(2 * np.pi * pitch * times)
        out.writeframes((32767 * sound).astype("<i2").tobytes())


@pytest.fixture
def film(studio: Studio) -> Studio:
    """Own footage that hums softly, at 24 fps and 44.1 kHz; music of two seconds; a voice."""
    write_wave(studio.folder / "bed.wav", LOW, 2, 44_100, 0.5)
    write_wave(studio.folder / "voice.wav", VOICE, 1.2, 22_050, 0.6)
    sources = ("testsrc2=s=64x64:r=24:d=3", f"aevalsrc=0.01*sin(2*PI*{CLIP}*t):s=44100:d=3")
    inputs = (word for source in sources for word in ("-f", "lavfi", "-i", source))
    target = str(studio.folder / "own.mkv")
    ffmpeg.run(studio.program, (*inputs, "-c:v", "libx264", "-c:a", "flac", "-y", target))
    studio.write(LIST)
    return studio


def samples(path: Path) -> Samples:
    """A row of two channels for each sample, as PyAV decodes them."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        assert (stream.rate, stream.channels) == (RATE, 2)
        frames = [frame.to_ndarray() for frame in container.decode(stream)]
    if stream.format.is_planar:
        return np.concatenate(frames, axis=1).T.astype(np.float64)
    return np.concatenate([frame.reshape(-1, 2) for frame in frames]).astype(np.float64)


def strength(sound: Samples, pitch: int, start: float, end: float) -> float:
    """How strong a tone is from one second to another."""
    part = sound[round(start * RATE) : round(end * RATE), 0]
    part = part * np.hanning(len(part)) * 2
    return float(2 * abs((part * np.exp(-2j * np.pi * pitch * np.arange(len(part)) / RATE)).mean()))


def decibels(ratio: float) -> float:
    return float(20 * np.log10(max(ratio, 1e-12)))


def delivered(studio: Studio) -> tuple[DeliverableRecord, dict[str, Samples]]:
    """The one deliverable, and its stems as they are decoded."""
    (record,) = studio.run().deliverables
    assert record.stems
    folder = studio.folder / "out"
    return record, {file.kind: samples(folder / file.path) for file in record.stems.files}


def is_the_film(stems: dict[str, Samples], film: Samples) -> None:
    """The sum of the stems is what the film's AAC was made of: no sample late, and as loud."""
    total = np.sum(list(stems.values()), axis=0)
    assert len(film) >= len(total)  # the last packet may hold more
    film = film[: len(total)]
    errors = {lag: ((np.roll(total, lag, axis=0) - film) ** 2).mean() for lag in range(-3, 4)}
    assert min(errors, key=errors.__getitem__) == 0
    assert decibels(np.sqrt(errors[0] / (film**2).mean())) < -30


def test_the_stems_are_the_sound_of_the_film_by_its_kinds(film: Studio) -> None:
    record, stems = delivered(film)
    folder = film.folder / "out"
    assert record.frames == FRAMES
    assert {kind: len(sound) for kind, sound in stems.items()} == dict.fromkeys(stems, LENGTH)
    assert list(stems) == ["dialogue", "music", "voices"]
    is_the_film(stems, samples(folder / "film.mp4"))
    # Each pitch is in its own stem alone.
    start = SECOND * 1001 / 30000 + 0.25
    for kind, pitch in (("dialogue", CLIP), ("music", LOW), ("voices", VOICE)):
        own, *others = (strength(stems[k], pitch, start, start + 1)
                        for k in (kind, *(k for k in stems if k != kind)))  # fmt: skip
        assert max(decibels(other / own) for other in others) < -60
    # The voice begins to the sample, at the level of its file, and music makes room for it.
    first = np.flatnonzero(abs(stems["voices"][:, 0]) > 0.06)[0]
    assert abs(first - (round(SECOND * RATE * 1001 / 30000) + RATE // 4)) < 4
    assert abs(strength(stems["voices"], VOICE, start + 0.2, start + 1) - 0.6) < 0.01
    quiet, under = (strength(stems["music"], LOW, at, at + 0.5) for at in (0.6, start + 0.3))
    assert abs(decibels(under / (0.5 * 10 ** (-6 / 20))) + 12) < 0.2
    assert quiet > under
    # What fades in the film fades in each: from silence at its first sample, to silence at its end.
    assert max(abs(sound[:16]).max() for sound in stems.values()) < 1e-3
    assert max(abs(sound[-16:]).max() for sound in stems.values()) < 1e-3


@pytest.mark.proof
def test_stems_are_made_again_where_they_are_not_there(film: Studio) -> None:
    record, _ = delivered(film)
    folder = film.folder / "out"
    music, voices = folder / "film.music.wav", folder / "film.voices.wav"
    before = music.read_bytes()
    music.unlink()
    again, _ = delivered(film)
    assert again.stems == record.stems
    assert music.read_bytes() == before
    times = music.stat().st_mtime_ns
    film.run()
    assert music.stat().st_mtime_ns == times
    # What is in the film no more is no file any more; without the key nothing is made.
    film.write(LIST[: LIST.index("      voices")])
    quieter, _ = delivered(film)
    assert [file.kind for file in quieter.stems.files] == ["dialogue", "music"]
    assert not voices.exists()
    film.write(LIST.replace("stems: true", "stems: false"))
    music.unlink()
    assert film.run().deliverables[0].stems is None
    assert not music.exists()


@pytest.mark.proof
def test_a_loudness_is_in_the_stems_and_its_limiter_is_not(film: Studio) -> None:
    write_wave(film.folder / "voice.wav", VOICE, 0.1, 22_050, 0.9)  # louder than the music by far
    film.write(LIST + "      loudness: -9\n")
    record, stems = delivered(film)
    folder, total = film.folder / "out", np.sum(list(stems.values()), axis=0)
    held = float(record.stems.held)
    assert held > 1
    sound = samples(folder / "film.mp4")[: len(total)]
    # Where nothing is held the sum is the film, and where something is it is louder.
    loud = abs(total).max(axis=1)
    calm = np.convolve(loud, np.ones(2 * RATE // 10), "same") < 0.25 * 2 * RATE // 10
    calm &= loud < 0.3
    assert calm.sum() > RATE // 4
    assert decibels(np.sqrt(((total - sound)[calm] ** 2).mean() / (sound[calm] ** 2).mean())) < -20
    assert abs(total).max() > abs(sound).max()
    assert abs(decibels(abs(total).max() / abs(sound).max()) - held) < 1.5
