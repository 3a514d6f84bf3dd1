"""Every codec a machine can make keeps every promise; one that it cannot is refused beforehand."""

import json
import os
import subprocess
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import get_args

import pytest

from tests.support import forking
from tests.support.media import facts
from wanx_render.finishing.codecs import ENCODERS
from wanx_render.finishing.jobs import JoinCall, make_deliverable, make_segment
from wanx_render.finishing.segment import ClipMedia, Segment
from wanx_render.finishing.verify import Promise, verify
from wanx_render.frame import Codec, Frame
from wanx_render.geometry import Focus, Move, Size
from wanx_render.media import ffmpeg
from wanx_render.shotlist.model import Deliverable, GeneratedShot
from wanx_render.timing import Cut
from wanx_render.validation import needs

FRAME = Frame(Size(144, 256), Fraction(30), "crop", "black", "draft")


def test_every_codec_that_can_be_written_has_an_encoder_for_every_quality() -> None:
    assert set(ENCODERS) == set(get_args(Codec))
    assert all(
        set(encoder.qualities) == {"draft", "standard", "master"} for encoder in ENCODERS.values()
    )


@pytest.fixture
def take(program: ffmpeg.Ffmpeg, tmp_path: Path) -> ClipMedia:
    path = tmp_path / "clip.mov"
    ffmpeg.run(
        program,
        ("-f", "lavfi", "-i", "testsrc2=s=160x256:r=24:d=1", "-f", "lavfi", "-i",
         "sine=500:d=1:r=48000", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "pcm_s16le",
         "-f", "mov", "-y", str(path)),
    )  # fmt: skip
    return ClipMedia(path, "ab", Size(160, 256), Fraction(24), 24, has_sound=True)


@pytest.mark.parametrize("codec", ["h265", "av1"])
def test_another_codec_keeps_every_promise_over_joins(
    each_program: ffmpeg.Ffmpeg, take: ClipMedia, tmp_path: Path, codec: Codec
) -> None:
    frame = replace(FRAME, codec=codec)
    piece = tmp_path / "piece.mov"
    made = []
    for _ in range(2):
        make_segment(each_program, Segment.whole(take, Cut(0, 24), Focus(), frame), piece)
        made.append(piece.read_bytes())
    assert made[0] == made[1]
    target = tmp_path / "out.mp4"
    joined = make_deliverable(each_program, JoinCall("out", (piece,) * 5, frame, 150, target))
    promise = {check.name: check.found for check in joined.checks}
    assert promise["video codec"].endswith("Main yuv420p bt709")
    seen = facts(target)
    assert (seen.frames, seen.steps) == (150, {Fraction(1, 30)})
    assert abs(seen.sound_seconds - 5) <= Fraction(1, 30)
    failed = [
        c.name for c in verify(each_program, target, Promise(FRAME, 150)).checks if not c.holds
    ]
    assert failed == ["video codec"]  # of H.264, which nobody made


def test_what_this_machine_cannot_make_is_refused_with_what_it_can(
    program: ffmpeg.Ffmpeg,
) -> None:
    working = needs.usable(program)
    absent = next(codec for codec in ENCODERS if codec not in working)
    wanted = Deliverable.model_validate({"aspect": "9:16", "codec": absent})
    (problem,) = needs.unmet(program, (), (wanted,))
    assert problem.code == "codec-unusable"
    assert absent in problem.message
    assert "h264" in problem.hint
    assert needs.unmet(program, (), (wanted.model_copy(update={"codec": "h264"}),)) == ()


def test_what_needs_a_rare_filter_is_refused_where_there_is_none(
    program: ffmpeg.Ffmpeg, tmp_path: Path
) -> None:
    """A build of ffmpeg without the two filters, as some distributions make them."""
    poor = tmp_path / "poor"
    poor.write_text(
        f'#!/bin/sh\n{program.path} "$@" | grep -v -e " perspective " -e " rubberband "\n'
    )
    poor.chmod(0o755)
    lacking = replace(program, path=poor)
    shot = GeneratedShot(
        id="a", model="m", image="-", speed=Fraction(2), focus=Move(Focus(), Focus(Fraction(1)))
    )
    wanted = Deliverable.model_validate("9:16")
    messages = [problem.message for problem in needs.unmet(lacking, (shot,), (wanted,))]
    assert messages == [
        "a moving focus needs ffmpeg's filter perspective",
        "speed needs ffmpeg's filter rubberband",
    ]
    assert needs.unmet(program, (shot,), (wanted,)) == ()


def test_a_look_needs_a_filter_that_some_builds_lack(
    program: ffmpeg.Ffmpeg, tmp_path: Path
) -> None:
    poor = tmp_path / "poor"
    poor.write_text(f'#!/bin/sh\n{program.path} "$@" | grep -v " lut3d "\n')
    poor.chmod(0o755)
    lacking = replace(program, path=poor)
    shot = GeneratedShot(id="a", model="m", image="-")
    looks = Deliverable.model_validate({"aspect": "9:16", "look": "warm.cube"})
    (problem,) = needs.unmet(lacking, (shot,), (looks,))
    assert problem.message == "look needs ffmpeg's filter lut3d"
    without = shot.model_copy(update={"look": "none"})
    assert needs.unmet(lacking, (without,), (looks,)) == ()
    assert needs.unmet(program, (shot,), (looks,)) == ()


def test_conform_takes_a_codec_by_the_same_name(take: ClipMedia, tmp_path: Path) -> None:
    def conform(codec: str) -> "subprocess.CompletedProcess[str]":
        wish = ("--aspect", "9:16", "--codec", codec, "--quality", "draft", "--json")
        words = ("conform", str(take.path), *wish, "-o", str(tmp_path / "out.mp4"))
        return forking.run_text(words, tmp_path, os.environ)

    ran = conform("h265")
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["width"] == 144
    assert facts(tmp_path / "out.mp4").codec == "hevc"
    refused = conform("h266")
    assert refused.returncode == 2
    assert "codec" in refused.stderr
