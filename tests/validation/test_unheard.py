"""Music and voices that nobody would hear: a warning before anything is spent, never a failure."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from tests.support.media import facts
from wanx_render.catalog.capabilities import Catalog
from wanx_render.errors import Broken
from wanx_render.finishing import decode_record
from wanx_render.finishing.jobs import JoinCall, make_deliverable, make_segment
from wanx_render.finishing.mix import Mix, MusicTrack, Track
from wanx_render.finishing.segment import ClipMedia, Segment
from wanx_render.frame import Frame
from wanx_render.geometry import Focus, Size
from wanx_render.media import ffmpeg
from wanx_render.timing import Cut
from wanx_render.validation.load import load

LIST = """version: 1
project: p
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3}
shots:
  - {id: one, image: a.png, prompt: hi, transition: {type: dissolve, duration: 1}}
  - {id: two, image: a.png, prompt: hi}
deliverables:
  - {name: o, aspect: 3:4, audio: AUDIO}
"""
INTRO = "aevalsrc=0.5*sin(2*PI*440*t)*gte(t\\,6):s=8000:d=8"


@pytest.fixture(scope="module")
def sounds(program: ffmpeg.Ffmpeg, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``intro.flac``, which is silent for 6 of its 8 s, and ``silent.wav``."""
    folder = tmp_path_factory.mktemp("sounds")
    for name, source in (("intro.flac", INTRO), ("silent.wav", "anullsrc=r=8000,atrim=end=1")):
        ffmpeg.run(program, ("-f", "lavfi", "-i", source, "-y", str(folder / name)))
    return folder


@pytest.mark.parametrize(
    ("audio", "problem"),
    [
        ("{music: intro.flac}", "the music intro.flac is silent in the 5 s that are used"),
        ("{music: {file: intro.flac, start: 4}}", ""),
        ("{music: {file: intro.flac, start: 15}}", ""),  # the second time round
        ("{music: {file: intro.flac, start: 5, gain: -60}}", "is too quiet to hear: peak -66 dBFS"),
        ("{music: silent.wav}", "the music silent.wav is silent"),
        ("{voices: [{file: silent.wav}]}", "the voice silent.wav is silent in the 5 s"),
        ("{voices: [{file: intro.flac, at: 6}]}", "begins at 6 s, after the end at 5 s"),
        ("{voices: [{file: intro.flac, shot: two, at: 3}]}", "begins at 5 s, after the end at 5 s"),
        ("{voices: [{file: silent.wav, gain: mute}]}", ""),
    ],
)
def test_what_nobody_would_hear_is_named_before_anything_is_spent(
    sounds: Path, picture: object, tmp_path: Path, catalog: Catalog, audio: str, problem: str
) -> None:
    (tmp_path / "list.yaml").write_text(LIST.replace("AUDIO", audio))
    picture("a.png")  # type: ignore[operator]
    for path in sounds.iterdir():
        (tmp_path / path.name).symlink_to(path)
    warnings = [w for w in load(tmp_path / "list.yaml", catalog).warnings if "heard" in w.code]
    assert [w.severity for w in warnings] == ["warning"] * bool(problem)
    assert all(problem in w.message for w in warnings)


@pytest.mark.parametrize(
    ("loudness", "shots", "found"),
    [(-9, "", True), (-40, "", False), (-9, "model: wan2.5-i2v-preview, ", False)],
    ids=["out of reach", "within", "clips that sound"],
)
def test_a_loudness_out_of_reach_is_named_before_anything_is_spent(
    program: ffmpeg.Ffmpeg, picture: object, tmp_path: Path, catalog: Catalog,
    loudness: int, shots: str, found: bool,
) -> None:  # fmt: skip
    audio = f"{{music: clicks.wav, loudness: {loudness}}}"
    text = LIST.replace("AUDIO", audio).replace("{id: one, ", f"{{id: one, {shots}")
    if shots:
        text = text.replace("duration: 3}", "duration: 5}").replace(
            "id: two, ", f"id: two, {shots}"
        )
    (tmp_path / "list.yaml").write_text(text)
    picture("a.png")  # type: ignore[operator]
    clicks = "aevalsrc='lt(mod(n,12000),3)':s=48000:d=2"
    ffmpeg.run(program, ("-f", "lavfi", "-i", clicks, "-y", str(tmp_path / "clicks.wav")))
    warnings = load(tmp_path / "list.yaml", catalog).warnings
    (message,) = [str(w.message) for w in warnings if w.code == "loudness-out-of-reach"] or [""]
    assert bool(message) == found
    assert message.startswith("o: its sound reaches -3" if found else "")


@pytest.fixture(scope="module")
def silent(program: ffmpeg.Ffmpeg, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A segment of half a second without sound."""
    folder = tmp_path_factory.mktemp("silent")
    clip, segment = folder / "clip.mov", folder / "segment.mov"
    ffmpeg.run(program, ("-f", "lavfi", "-i", "color=s=90x160:r=30:d=0.5", "-y", str(clip)))
    take = ClipMedia(clip, "ab", Size(90, 160), Fraction(30), 15, has_sound=False)
    make_segment(program, Segment.whole(take, Cut(0, 15), Focus(), FRAME), segment)
    return segment


FRAME = Frame(Size(90, 160), Fraction(30), "crop", "black", "draft")


@pytest.mark.parametrize(
    ("name", "skip", "gain", "start"),
    [("intro.flac", 0, 0, 0), ("silent.wav", 0, 0, 0), ("intro.flac", 5, -60, 0),
     ("intro.flac", 6, 0, 48_000)],
    ids=["quiet intro", "silent", "too soft", "after the end"],
)  # fmt: skip
def test_a_silent_film_is_delivered_with_a_notice(
    program: ffmpeg.Ffmpeg, sounds: Path, silent: Path, tmp_path: Path,
    name: str, skip: int, gain: int, start: int,
) -> None:  # fmt: skip
    path = sounds / name
    mix = Mix(MusicTrack(path, name, skip * 48_000, Decimal(gain), 0, 0))
    if start:
        mix = Mix(voices=(Track(path, name, start, Decimal(gain)),))
    joined = make_deliverable(program, call(silent, tmp_path, mix))
    assert any("cannot be heard" in notice for notice in joined.notices)
    assert max(map(abs, facts(tmp_path / "out.mp4").samples)) < 33  # -60 dBFS


def test_a_sound_that_the_encoder_lost_still_fails(
    program: ffmpeg.Ffmpeg, sounds: Path, silent: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    hearing = decode_record.hearing
    monkeypatch.setattr(
        decode_record,
        "hearing",
        lambda heard: replace(hearing(heard), peak="-inf", integrated=None),
    )
    mix = Mix(MusicTrack(sounds / "intro.flac", "intro", 6 * 48_000, Decimal(0), 0, 0))
    with pytest.raises(Broken, match="sound: silence, expected heard"):
        make_deliverable(program, call(silent, tmp_path, mix))


def call(segment: Path, folder: Path, mix: Mix) -> JoinCall:
    return JoinCall("out", (segment,), FRAME, 15, folder / "out.mp4", mix, sounding=True)
