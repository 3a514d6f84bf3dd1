"""Any video as input: `conform` makes it exact, or says in a sentence why it cannot."""

import json
import os
import subprocess
from fractions import Fraction
from pathlib import Path

import pytest

from tests.support import forking
from tests.support.media import facts, pixels, yuv
from tests.tiers import sample
from wanx_render.errors import FfmpegError
from wanx_render.finishing import ingest
from wanx_render.geometry import Size
from wanx_render.media import ffmpeg
from wanx_render.media import probe as probing

X264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p")


def video(program: ffmpeg.Ffmpeg, path: Path, source: str, *options: str) -> Path:
    ffmpeg.run(program, ("-f", "lavfi", "-i", source, *(options or X264), "-y", str(path)))
    return path


def conform(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return forking.run_text(("conform", *arguments), Path.cwd(), os.environ)


@pytest.mark.parametrize("fit", sample(1, ["crop", "pad", "blur"]))
@pytest.mark.parametrize("aspect", ["9:16", "3:4", "21:9"])
def test_the_post_processor_alone_makes_any_video_exact(
    program: ffmpeg.Ffmpeg, tmp_path: Path, fit: str, aspect: str
) -> None:
    clip = video(program, tmp_path / "深い clip.mkv", "testsrc2=s=640x360:r=25:d=1")
    out = tmp_path / "out.mp4"
    ran = conform(str(clip), "--aspect", aspect, "--fit", fit, "-o", str(out), "--json")
    assert ran.returncode == 0, ran.stderr
    record = json.loads(ran.stdout)
    wide, high = map(int, aspect.split(":"))
    seen = facts(out)
    assert seen.width * high == seen.height * wide
    assert (seen.width, seen.height) == (record["width"], record["height"])
    assert (seen.frames, seen.sample_aspect, record["fps"]) == (25, 1, "25")


def test_a_video_that_metadata_turns_is_seen_upright(
    program: ffmpeg.Ffmpeg, tmp_path: Path
) -> None:
    flat = video(program, tmp_path / "flat.mp4", "color=red:s=320x180:r=24:d=1")
    turned = tmp_path / "turned.mp4"
    ffmpeg.run(
        program, ("-display_rotation", "90", "-i", str(flat), "-c", "copy", "-y", str(turned))
    )
    take = ingest.look(program, turned)
    assert (take.size, take.rate, take.frames) == (Size(180, 320), Fraction(24), 24)


def test_oblong_pixels_become_square(program: ffmpeg.Ffmpeg, tmp_path: Path) -> None:
    """A circle stays one: 720x576 of 16:15 pixels is 768x576."""
    clip = video(program, tmp_path / "dv.mkv", "testsrc2=s=720x576:r=25:d=0.4,setsar=16/15")
    assert ingest.look(program, clip).size == Size(768, 576)
    out = tmp_path / "out.mp4"
    assert conform(str(clip), "--aspect", "4:3", "-o", str(out)).returncode == 0
    assert (facts(out).width, facts(out).height) == (768, 576)


def test_a_varying_rate_becomes_constant_and_keeps_its_length(
    program: ffmpeg.Ffmpeg, tmp_path: Path
) -> None:
    clip = video(
        program, tmp_path / "vfr.mkv", "testsrc2=s=320x180:r=30:d=3,select=not(mod(n*n\\,3))",
        *X264, "-fps_mode", "vfr",
    )  # fmt: skip
    out = tmp_path / "out.mp4"
    assert conform(str(clip), "--aspect", "1:1", "--fps", "30", "-o", str(out)).returncode == 0
    seen = facts(out)
    assert seen.steps == {Fraction(1, 30)}
    assert abs(seen.frames - 90) <= 3


@pytest.mark.parametrize(
    ("name", "picture"),
    sample(2, [
        ("full.mkv", ("-vf", "scale=out_range=full,format=yuvj420p", "-c:v", "libx264")),
        ("old.mkv", ("-vf", "scale=out_color_matrix=bt601,setparams=colorspace=smpte170m",
                     "-c:v", "libx264", "-pix_fmt", "yuv420p")),
        ("ten.mkv", ("-vf", "scale=out_color_matrix=bt709,format=yuv420p10le", "-c:v", "libx264")),
        ("rgb.mkv", ("-c:v", "libx264rgb", "-qp", "1")),
    ]),
)  # fmt: skip
def test_colours_stay_what_they_were(
    program: ffmpeg.Ffmpeg, tmp_path: Path, name: str, picture: tuple[str, ...]
) -> None:
    """Orange (224, 112, 32) is (128, 82, 180) in BT.709, limited range, whatever it was."""
    clip = video(program, tmp_path / name, "color=0xE07020:s=160x160:r=25:d=0.4", *picture)
    out = tmp_path / "out.mp4"
    assert conform(str(clip), "--aspect", "1:1", "-o", str(out)).returncode == 0
    found = yuv(pixels(out, 3), 80, 80)
    assert all(abs(a - b) <= 3 for a, b in zip(found, (128, 82, 180), strict=True)), found


def test_sound_of_many_channels_becomes_stereo(program: ffmpeg.Ffmpeg, tmp_path: Path) -> None:
    clip = tmp_path / "six.mkv"
    ffmpeg.run(
        program,
        ("-f", "lavfi", "-i", "color=s=160x160:r=25:d=1", "-f", "lavfi", "-i",
         "sine=d=1,pan=5.1|c0=c0|c1=c0|c2=c0", *X264, "-c:a", "flac", "-y", str(clip)),
    )  # fmt: skip
    out = tmp_path / "out.mp4"
    assert conform(str(clip), "--aspect", "1:1", "-o", str(out)).returncode == 0
    probe = probing.probe(program, out)
    assert probe.sound
    assert probe.sound.layout.startswith("stereo")


def bad_files(program: ffmpeg.Ffmpeg, folder: Path) -> dict[str, Path]:
    whole = video(
        program, folder / "whole.mp4", "testsrc2=s=320x180:r=25:d=2", *X264,
        "-movflags", "+faststart",
    )  # fmt: skip
    content = whole.read_bytes()
    made = {"words": b"hello", "empty": b"", "cut": content[: len(content) // 2]}
    made["list"] = f"ffconcat version 1.0\nfile '{whole}'\n".encode()
    made["m3u8"] = f"#EXTM3U\n#EXTINF:2,\nfile://{whole}\n#EXT-X-ENDLIST\n".encode()
    hurt = bytearray(content)
    hurt[len(hurt) // 2 : len(hurt) // 2 + 4096] = bytes(4096)
    made["hurt"] = bytes(hurt)
    for name, data in made.items():
        (folder / f"{name}.mp4").write_bytes(data)
    paths = {name: folder / f"{name}.mp4" for name in made}
    paths["missing"] = folder / "missing.mp4"
    paths["sound"] = folder / "sound.mp4"
    ffmpeg.run(program, ("-f", "lavfi", "-i", "sine=d=1", "-y", str(paths["sound"])))
    return paths


@pytest.mark.proof
def test_what_is_no_whole_video_is_refused_with_a_sentence(
    program: ffmpeg.Ffmpeg, tmp_path: Path
) -> None:
    paths = bad_files(program, tmp_path)
    for name, path in paths.items():
        with pytest.raises(FfmpegError) as error:
            ingest.look(program, path)
        assert len(str(error.value)) > 15, name
        out = tmp_path / "out.mp4"
        ran = conform(str(path), "--aspect", "9:16", "-o", str(out))
        assert (ran.returncode, "Traceback" in ran.stderr) == (2, False), (name, ran.stderr)
        assert "error[clip-unreadable]" in ran.stderr
        assert not out.exists()
    assert len(paths) == 8


@pytest.mark.parametrize(
    "wrong",
    [
        ("--aspect", "9:x"), ("--aspect", "9:16", "--size", "100x100"),
        ("--aspect", "9:16", "--fps", "fast"), ("--aspect", "9:16", "--focus", "2", "0"),
        ("--aspect", "9:16", "--focus", "a", "b"), ("--aspect", "9:16", "--loudness", "3"),
    ],
)  # fmt: skip
def test_a_wrong_option_is_reported_before_anything_is_made(tmp_path: Path, wrong: str) -> None:
    ran = conform(str(tmp_path / "none.mp4"), *wrong, "-o", str(tmp_path / "out.mp4"))
    assert (ran.returncode, "error[option-wrong]" in ran.stderr) == (2, True), ran.stderr


def test_the_clip_itself_is_never_overwritten(program: ffmpeg.Ffmpeg, tmp_path: Path) -> None:
    clip = video(program, tmp_path / "clip.mp4", "testsrc2=s=320x180:r=25:d=0.4")
    before = clip.read_bytes()
    assert conform(str(clip), "--aspect", "9:16", "-o", str(clip)).returncode == 2
    assert clip.read_bytes() == before


def test_the_words_of_a_shot_list_mean_the_same_here(
    program: ffmpeg.Ffmpeg, tmp_path: Path
) -> None:
    clip = video(program, tmp_path / "clip.mkv", "testsrc2=s=320x180:r=24:d=2")
    out = tmp_path / "out.mp4"
    ran = conform(
        str(clip), "--aspect", "9:16", "--focus", "0", "0.5", "--focus-to", "1", "0.5",
        "--start", "0.5", "--end", "1.5", "--speed", "2", "--hold", "0.25", "--quality", "draft",
        "--json", "-o", str(out),
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    record = json.loads(ran.stdout)
    assert record["crop"] == "90x160+0+10 to 90x160+230+10"
    assert record["frames"] == facts(out).frames == 12 + 6


def test_a_cut_of_a_varying_rate_means_seconds(program: ffmpeg.Ffmpeg, tmp_path: Path) -> None:
    """30 frames a second with one in ten missing; the picture turns white after two seconds."""
    clip = video(
        program, tmp_path / "vfr.mp4",
        "color=s=64x64:r=30:d=3,drawbox=t=fill:color=white:enable='gte(t,2)',"
        "select=not(eq(mod(n\\,10)\\,7))", *X264, "-fps_mode", "vfr",
    )  # fmt: skip
    out = tmp_path / "out.mp4"
    ran = conform(str(clip), "--aspect", "1:1", "--start", "1.5", "-o", str(out), "--json")
    record, seen = json.loads(ran.stdout), facts(out)
    assert (record["fps"], seen.frames, seen.steps) == ("30", 45, {Fraction(1, 30)})
    first = next(n for n, luma in enumerate(seen.luma) if luma > 128)
    assert abs(first - 15) <= 1
    assert "average 26.97 fps: read as 30 fps" in ran.stderr
