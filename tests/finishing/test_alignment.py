"""Picture and sound of a file share one start, whichever of them begins later in it."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.support.media import Facts, beeps, facts, flashes
from tests.tiers import sample
from wanx_render.errors import Broken
from wanx_render.finishing import alignment, ingest
from wanx_render.finishing import segment as conform
from wanx_render.finishing.jobs import JoinCall, make_deliverable, make_segment
from wanx_render.finishing.segment import ClipMedia, Segment
from wanx_render.frame import Frame
from wanx_render.geometry import Focus, Size
from wanx_render.media import ffmpeg, probe
from wanx_render.timing import Cut

FRAME = Frame(Size(96, 64), Fraction(25), "crop", "black", "draft")
AT = 1.6  # seconds: the flash and the beep of every source here
SOURCES = {
    "late picture.mp4": (0.48, 0, "aac"),
    "late picture.mkv": (0.48, 0, "aac"),
    "late sound.mp4": (0, 0.48, "aac"),
    "late sound.mkv": (0, 0.48, "libopus"),
    "both late.mov": (1.2, 0.4, "pcm_s16le"),
    "delayed.ts": (0, 0, "aac"),
    "hardly late.mkv": (0.08, 0, "aac"),
}


def source(program: ffmpeg.Ffmpeg, folder: Path, name: str) -> Path:
    """Three seconds at 25 fps, whose picture and sound begin as ``SOURCES`` says."""
    picture, sound, codec = SOURCES[name]
    flash = f"drawbox=enable='between(t,{AT - 0.01},{AT + 0.05})':color=white:t=fill"
    tone = f"aevalsrc=0.5*sin(2*PI*1000*t)*between(t\\,{AT}\\,{AT + 0.08}):s=48000:d=3"
    graph = f"color=gray:s=96x64:r=25:d=3,{flash},trim=start={picture};{tone},atrim=start={sound}"
    path = folder / name
    ffmpeg.run(
        program,
        ("-filter_complex", graph, "-c:v", "libx264", "-bf", "2", "-preset", "ultrafast",
         "-c:a", codec, "-y", ffmpeg.file_url(path)),
    )  # fmt: skip
    return path


def together(seen: Facts) -> float:
    """Seconds from the flash to the beep."""
    (flash,), (beep,) = flashes(seen), beeps(seen)
    return float(beep - flash)


def probed(program: ffmpeg.Ffmpeg, path: Path) -> ClipMedia:
    """The file as a clip of a list is read, by its packets."""
    seen = probe.probe(program, path)
    picture, sound = seen.picture, seen.sound
    assert sound
    take = ClipMedia(path, "ab", picture.size, picture.rate, picture.frames, has_sound=True)
    return replace(take, picture_start=picture.start, sound_start=sound.start)


@pytest.mark.parametrize("name", sample(3, SOURCES))
def test_a_flash_and_its_beep_stay_together(
    program: ffmpeg.Ffmpeg, tmp_path: Path, name: str
) -> None:
    path = source(program, tmp_path, name)
    made = tmp_path / "made.mov"
    take = ingest.look(program, path)
    if path.suffix in (".mp4", ".mov"):
        listed = probed(program, path)
        assert (listed.whole, listed.lead) == (take.whole, take.lead)
        assert abs(listed.origin - take.origin) < Fraction(1, 48000)
    segment = Segment.whole(take, Cut(10, take.whole - 10), Focus(), FRAME)
    make_segment(program, segment, made)
    seen = facts(made)
    assert seen.frames == take.whole - 10
    assert abs(together(seen)) < 0.004
    assert abs(int(alignment.apart(program, segment, made) or 0)) <= 20


def test_the_beginning_of_the_sound_is_kept_and_the_first_frame_held(
    program: ffmpeg.Ffmpeg, tmp_path: Path
) -> None:
    take = ingest.look(program, source(program, tmp_path, "late picture.mp4"))
    assert (take.lead, take.frames, take.whole, take.origin) == (12, 63, 75, 0)
    slow = Segment.whole(take, Cut(0, 75, Fraction(1, 2)), Focus(), FRAME)
    made = tmp_path / "made.mov"
    make_segment(program, slow, made)
    seen = facts(made)
    assert (seen.frames, flashes(seen)) == (150, [Fraction(16, 5)])
    assert abs(together(seen)) < 0.04
    silent = replace(take, has_sound=False)
    assert (silent.lead, silent.whole) == (0, 63)


def test_an_edit_list_and_its_hidden_frames(program: ffmpeg.Ffmpeg, tmp_path: Path) -> None:
    whole = source(program, tmp_path, "late sound.mp4")
    cut = tmp_path / "cut.mp4"
    ffmpeg.run(program, ("-ss", "0.8", "-i", str(whole), "-c", "copy", "-y", str(cut)))
    take = probed(program, cut)
    assert take.frames == facts(cut).frames == ingest.look(program, cut).frames
    made = tmp_path / "made.mov"
    make_segment(program, Segment.whole(take, Cut(0, take.whole), Focus(), FRAME), made)
    assert abs(together(facts(made))) < 0.04


def test_an_offset_that_is_not_the_sources_fails_the_deliverable(
    program: ffmpeg.Ffmpeg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = ingest.look(program, source(program, tmp_path, "late picture.mp4"))
    segment = Segment.whole(take, Cut(0, take.whole), Focus(), FRAME)
    piece = tmp_path / "made.mov"
    call = JoinCall("film", (piece,), FRAME, segment.frames, tmp_path / "film.mp4")
    with monkeypatch.context() as patch:
        patch.setattr(conform, "_sound", lambda raw, made: sound(raw, made, Fraction(1, 5)))
        make_segment(program, segment, piece)
    with pytest.raises(Broken, match=r"sound against picture: \+200 ms, expected as in the source"):
        make_deliverable(program, call)
    make_segment(program, segment, piece)
    joined = make_deliverable(program, call)
    assert ("sound against picture", True) in [(c.name, c.holds) for c in joined.checks]


def sound(raw: Any, segment: Segment, late: Fraction, made: Any = conform._sound) -> Any:
    """The segment's sound, ``late`` seconds late."""
    return made(raw.filter("asetpts", f"PTS+{late}/TB"), segment)
