"""Bad media, and ffmpegs that are killed: nothing half is left, nobody else is harmed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from tests.proofs.hostile import CASES, COMPANIONS, Case, Companion, companion, judged
from tests.tiers import sample
from wanx_render.errors import FfmpegError
from wanx_render.finishing.jobs import make_segment
from wanx_render.finishing.segment import ClipMedia, Segment
from wanx_render.frame import Frame
from wanx_render.geometry import Focus, Size
from wanx_render.media import ffmpeg
from wanx_render.timing import Cut


@pytest.mark.parametrize("case", sample(12, CASES), ids=lambda case: case.name)
def test_bad_media_is_made_exact_or_refused_with_a_sentence(
    case: Case, program: ffmpeg.Ffmpeg, tmp_path: Path
) -> None:
    made, sentence = judged(case, program, tmp_path)
    assert made == case.becomes, sentence
    assert case.refused in sentence


@pytest.mark.parametrize("case", sample(4, COMPANIONS), ids=lambda case: case.name)
def test_what_goes_with_the_clips_is_used_exactly_or_refused_before_anything_is_spent(
    case: Companion, program: ffmpeg.Ffmpeg, tmp_path: Path
) -> None:
    made, sentence = companion(case, program, tmp_path)
    assert bool(made) != bool(case.refused), sentence
    assert case.refused in sentence


def killing(program: ffmpeg.Ffmpeg, folder: Path) -> ffmpeg.Ffmpeg:
    """An ffmpeg that is killed in the middle of its work."""
    path = folder / "mortal"
    path.write_text(f'#!/bin/sh\nexec timeout -s KILL 0.4 {program.path} -readrate 1 "$@"\n')
    path.chmod(0o755)
    return replace(program, path=path)


@pytest.mark.skipif(os.name != "posix", reason="the script is one of a shell")
def test_a_killed_ffmpeg_leaves_nothing_under_a_final_name(
    program: ffmpeg.Ffmpeg, tmp_path: Path
) -> None:
    clip = tmp_path / "clip.mp4"
    ffmpeg.run(program, ("-f", "lavfi", "-i", "testsrc2=s=90x160:r=30:d=5", "-y", str(clip)))
    take = ClipMedia(clip, "ab", Size(90, 160), Fraction(30), 150, has_sound=False)
    frame = Frame(Size(90, 160), Fraction(30), "crop", "black")
    segment = Segment.whole(take, Cut(0, 150), Focus(), frame)
    with pytest.raises(FfmpegError, match="ffmpeg failed"):
        make_segment(killing(program, tmp_path), segment, tmp_path / "segment.mov")
    assert not [path for path in tmp_path.iterdir() if "segment" in path.name]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the part files are swept")
def test_an_ffmpeg_dies_with_its_parent(program: ffmpeg.Ffmpeg, tmp_path: Path) -> None:
    target = tmp_path / "long.mkv"
    code = (
        "import sys; from pathlib import Path; from wanx_render.media import ffmpeg; "
        f"program = ffmpeg.find({{'WANX_FFMPEG': {str(program.path)!r}}}); "
        "ffmpeg.run(program, ('-re', '-f', 'lavfi', '-i', 'testsrc2=s=64x64:r=30:d=60', "
        f"'-flush_packets', '1', '-y', {str(target)!r}))"
    )
    with subprocess.Popen([sys.executable, "-c", code]) as parent:
        _until(lambda: target.exists() and target.stat().st_size > 0)
        parent.send_signal(signal.SIGKILL)
    _until(lambda: not _users_of(target))
    assert not _users_of(target)


def _users_of(path: Path) -> list[str]:
    """The processes whose command names the file."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdigit() and str(path).encode() in (process / "cmdline").read_bytes():
                found.append(process.name)
        except OSError:
            continue
    return found


def _until(true: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.05)
