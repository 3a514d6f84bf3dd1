from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from tests.support.media import beeps, facts, flashes
from tests.tiers import sample
from wanx_render.errors import Broken
from wanx_render.finishing import decode_record
from wanx_render.finishing.jobs import JoinCall, make_deliverable, make_segment
from wanx_render.finishing.join import join_list
from wanx_render.finishing.segment import ClipMedia, Segment
from wanx_render.finishing.verify import Promise, verify
from wanx_render.frame import Frame
from wanx_render.geometry import Focus, Size
from wanx_render.media import ffmpeg
from wanx_render.timing import Cut

FRAME = Frame(Size(144, 256), Fraction(30), "crop", "black")


def clip(program: ffmpeg.Ffmpeg, folder: Path, rate: int, size: str, sound: bool) -> ClipMedia:
    """Two seconds with a flash and, where there is sound, a beep at each half second."""
    width, height = map(int, size.split("x"))
    path = folder / f"{rate}-{size}-{sound}.mp4"
    tone = "aevalsrc=0.5*sin(2*PI*1000*t)*lt(mod(t+0.5\\,1)\\,0.08):s=48000:d=2"
    flash = f"drawbox=c=white:t=fill:enable='lt(mod(n+{rate}/2,{rate}),2)',format=yuv420p"
    heard = ("-f", "lavfi", "-i", tone, "-c:a", "aac") if sound else ()
    ffmpeg.run(
        program,
        ("-f", "lavfi", "-i", f"color=c=0x304050:s={size}:r={rate}:d=2", *heard,
         "-vf", flash, "-c:v", "libx264", "-f", "mp4", "-y", str(path)),
    )  # fmt: skip
    return ClipMedia(path, "ab" * 32, Size(width, height), Fraction(rate), 2 * rate, sound)


@pytest.fixture
def takes(each_program: ffmpeg.Ffmpeg, tmp_path: Path) -> list[ClipMedia]:
    shapes = ((24, "208x272", True), (30, "320x176", False), (30, "240x240", True))
    return [clip(each_program, tmp_path, *shape) for shape in shapes]


def joined(
    program: ffmpeg.Ffmpeg, folder: Path, takes: list[ClipMedia], frame: Frame = FRAME
) -> tuple[Path, int]:
    paths: dict[ClipMedia, Path] = {}
    frames = 0
    for number, take in enumerate(takes):
        segment = Segment.whole(take, Cut(0, take.frames), Focus(), frame)
        frames += segment.frames
        if take not in paths:
            paths[take] = folder / f"{number}.mov"
            make_segment(program, segment, paths[take])
    target = folder / "out.mp4"
    order = tuple(paths[take] for take in takes)
    make_deliverable(program, JoinCall("out", order, frame, frames, target))
    return target, frames


def test_mixed_rates_shapes_and_silence_join_without_a_gap(
    each_program: ffmpeg.Ffmpeg, takes: list[ClipMedia], tmp_path: Path
) -> None:
    path, frames = joined(each_program, tmp_path, takes)
    seen = facts(path)
    assert seen.frames == frames == 180
    assert seen.times[0] == 0
    assert seen.steps == {Fraction(1, 30)}
    assert abs(seen.sound_seconds - 6) <= Fraction(1, 30)
    assert (seen.width, seen.height, seen.sample_aspect) == (144, 256, 1)


def test_sound_does_not_drift_over_twenty_joins(
    each_program: ffmpeg.Ffmpeg, takes: list[ClipMedia], tmp_path: Path
) -> None:
    """With AAC segments the last of twenty beeps would come 680 ms late."""
    path, _ = joined(each_program, tmp_path, [takes[0], takes[2]] * 10)
    seen = facts(path)
    light, sound = flashes(seen), beeps(seen)
    assert len(light) == len(sound) == 40
    assert max(abs(a - b) for a, b in zip(light, sound, strict=True)) < Fraction(1, 60)


def test_a_rate_that_is_no_whole_number_stays_exact(
    each_program: ffmpeg.Ffmpeg, takes: list[ClipMedia], tmp_path: Path
) -> None:
    rate = Fraction(30000, 1001)
    path, frames = joined(
        each_program, tmp_path, takes, Frame(Size(144, 256), rate, "pad", "black")
    )
    seen = facts(path)
    assert seen.frames == frames
    assert seen.steps == {1 / rate}


def test_frames_stay_on_their_ticks_where_a_frame_is_no_whole_number_of_microseconds(
    each_program: ffmpeg.Ffmpeg, takes: list[ClipMedia], tmp_path: Path
) -> None:
    """ffmpeg counts the beginning of each joined file in microseconds."""
    frame = replace(FRAME, rate=Fraction(30000, 1001))
    made = [
        Segment.whole(takes[number % 3], Cut(0, length), Focus(), frame)
        for number, length in enumerate((43, 9, 20, 7, 31, 13, 11, 46, 23, 8, 40, 17))
    ]
    paths = [tmp_path / f"{number}.mov" for number in range(len(made))]
    for segment, path in zip(made, paths, strict=True):
        make_segment(each_program, segment, path)
    frames = sum(segment.frames for segment in made)
    target = tmp_path / "out.mp4"
    make_deliverable(each_program, JoinCall("out", tuple(paths), frame, frames, target))
    assert facts(target).steps == {Fraction(1001, 30000)}


def test_a_finished_file_that_is_not_what_was_promised_is_not_delivered(
    each_program: ffmpeg.Ffmpeg, takes: list[ClipMedia], tmp_path: Path
) -> None:
    path, frames = joined(each_program, tmp_path, takes)
    before = path.read_bytes()
    segments = tuple(sorted(tmp_path.glob("?.mov")))
    with pytest.raises(Broken, match=f"frame count: {frames}, expected {frames + 1}"):
        make_deliverable(each_program, JoinCall("out", segments, FRAME, frames + 1, path))
    assert path.read_bytes() == before
    assert not list(tmp_path.glob(".*part"))


# Each turns a sound file into one that breaks a promise, and names the check that must notice.
SPOILED = {
    "size": ("-vf", "scale=142:256,setsar=1"),
    "square pixels": ("-vf", "setsar=68/69"),
    "frame rate": ("-r", "25"),
    "constant rate": ("-vf", "select='not(eq(n,40))'", "-fps_mode", "vfr"),
    "frame count": ("-t", "5"),
    "video codec": ("-profile:v", "baseline"),
    "audio codec": ("-ac", "1"),
    "sound as long as picture": ("-af", "atrim=end=5"),
    "index in front": ("-movflags", "-faststart"),
}


@pytest.mark.parametrize("promise", sample(3, SPOILED))
def test_every_promise_is_checked_on_the_file_itself(
    each_program: ffmpeg.Ffmpeg, takes: list[ClipMedia], tmp_path: Path, promise: str
) -> None:
    path, frames = joined(each_program, tmp_path, takes)
    good = verify(each_program, path, Promise(FRAME, frames))
    assert good.holds, good.checks
    spoiled = tmp_path / "spoiled.mp4"
    front = () if promise == "index in front" else ("-movflags", "+faststart")
    ffmpeg.run(
        each_program,
        ("-i", str(path), "-preset", "ultrafast", "-ar", "48000", *front, *SPOILED[promise],
         "-f", "mp4", "-y", str(spoiled)),
    )  # fmt: skip
    failed = {
        c.name for c in verify(each_program, spoiled, Promise(FRAME, frames)).checks if not c.holds
    }
    assert promise in failed


def test_a_join_list_names_whole_addresses() -> None:
    assert join_list([Path("/a#1/b.mov"), Path("/it's/c.mov")]) == (
        b"ffconcat version 1.0\nfile 'file:/a#1/b.mov'\nfile 'file:/it'\\''s/c.mov'\n"
    )


def test_segments_are_made_side_by_side(
    each_program: ffmpeg.Ffmpeg, takes: list[ClipMedia], tmp_path: Path
) -> None:
    """The calls are plain data and share nothing: a pool may run them in any order."""
    with ThreadPoolExecutor(3) as pool:
        work = [
            pool.submit(
                make_segment,
                each_program,
                Segment.whole(take, Cut(0, take.frames), Focus(), FRAME),
                tmp_path / f"p{number}.mov",
            )
            for number, take in enumerate(takes)
        ]
        for task in work:
            task.result()
    assert len(list(tmp_path.glob("p?.mov"))) == 3


@pytest.mark.parametrize("quality", sample(1, ["draft", "standard", "master"]))
def test_every_quality_keeps_every_promise(
    each_program: ffmpeg.Ffmpeg, takes: list[ClipMedia], tmp_path: Path, quality: str
) -> None:
    frame = replace(FRAME, quality=quality)
    target, frames = joined(each_program, tmp_path, takes, frame)
    assert verify(each_program, target, Promise(frame, frames)).holds


def test_better_quality_is_nearer_to_the_clip(program: ffmpeg.Ffmpeg, tmp_path: Path) -> None:
    clip_path = tmp_path / "busy.mov"
    ffmpeg.run(
        program,
        ("-f", "lavfi", "-i", "mandelbrot=s=144x256:r=30,noise=alls=12:allf=t", "-t", "1",
         "-c:v", "libx264", "-qp", "1", "-pix_fmt", "yuv420p", "-f", "mov", "-y", str(clip_path)),
    )  # fmt: skip
    take = ClipMedia(clip_path, "ab", Size(144, 256), Fraction(30), 30, has_sound=False)
    sizes, scores = [], []
    for quality in ("draft", "standard", "master"):
        target = tmp_path / f"{quality}.mov"
        frame = replace(FRAME, quality=quality)
        make_segment(program, Segment.whole(take, Cut(0, 30), Focus(), frame), target)
        sizes.append(target.stat().st_size)
        _, log = ffmpeg.ask(
            program,
            ("-i", str(target), "-i", str(clip_path), "-lavfi", "[0:v][1:v]ssim",
             "-f", "null", "-"),
            timeout=60,
        )  # fmt: skip
        scores.append(float(log.rpartition("All:")[2].split()[0]))
    assert sizes == sorted(sizes)
    assert scores == sorted(scores)


def test_black_still_and_silent_stretches_are_noticed(
    each_program: ffmpeg.Ffmpeg, tmp_path: Path
) -> None:
    path = tmp_path / "odd.mov"
    moving = "testsrc2=s=144x256:r=30:d=2"
    ffmpeg.run(
        each_program,
        ("-f", "lavfi", "-i", f"{moving},format=yuv420p[a];color=black:s=144x256:r=30:d=1,"
         "format=yuv420p[b];color=gray:s=144x256:r=30:d=3,format=yuv420p[c];"
         f"{moving},format=yuv420p[d];[a][b][c][d]concat=n=4",
         "-f", "lavfi", "-i", "aevalsrc=0.3*sin(2*PI*500*t)*lt(t\\,3):s=48000:d=8",
         "-c:v", "libx264", "-c:a", "pcm_s16le", "-f", "mov", "-y", str(path)),
    )  # fmt: skip
    take = ClipMedia(path, "ab", Size(144, 256), Fraction(30), 240, has_sound=True)
    target, frames = joined(each_program, tmp_path, [take])
    notices = verify(each_program, target, Promise(FRAME, frames)).notices
    assert [notice.split()[0] for notice in notices] == ["black", "still", "silent"]
    assert notices[0] == "black from 2.00 to 3.00 s"


def test_silence_where_sound_was_mixed_fails(
    each_program: ffmpeg.Ffmpeg, takes: list[ClipMedia], tmp_path: Path
) -> None:
    target, frames = joined(each_program, tmp_path, [takes[1]])  # a clip without sound
    promise = Promise(FRAME, frames, sounding=True)
    heard = decode_record.hear(each_program, target, peaks=False)
    assert verify(each_program, target, promise, hearing=heard).holds  # the mix was silent itself
    assert not verify(each_program, target, promise, hearing=replace(heard, lost=True)).holds
