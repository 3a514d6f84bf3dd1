import ast
import os
import stat
from pathlib import Path

import pytest

from tests.support.places import ROOT
from tests.support.programs import PROGRAMS
from wanx_render.errors import BadInput, FfmpegError
from wanx_render.media import container, decoding, ffmpeg
from wanx_render.media import probe as probing
from wanx_render.validation.needs import OPTIONAL

SAMPLE = (
    "-f", "lavfi", "-i", "testsrc2=s=320x240:r=24:d=1",
    "-f", "lavfi", "-i", "sine=d=1:r=48000",
    "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", "-ac", "2",
)  # fmt: skip


@pytest.fixture
def sample(each_program: ffmpeg.Ffmpeg, tmp_path: Path) -> Path:
    path = tmp_path / "it's 100% : odd 猫.mp4"
    ffmpeg.run(
        each_program,
        (*SAMPLE, "-movflags", "+faststart", "-f", "mp4", "-y", ffmpeg.file_url(path)),
    )
    return path


def test_probing_needs_no_ffprobe_and_no_tame_file_name(
    each_program: ffmpeg.Ffmpeg, sample: Path
) -> None:
    probe = probing.probe(each_program, sample)
    picture, sound = probe.picture, probe.sound
    assert (str(picture.size), picture.rate, picture.frames) == ("320x240", 24, 24)
    assert picture.uniform
    assert picture.duration == 1
    assert sound
    assert (sound.codec, sound.rate, sound.layout) == ("aac", 48000, "stereo")
    assert abs(sound.samples - 48000) <= 1024


def test_decoding_counts_every_frame(each_program: ffmpeg.Ffmpeg, sample: Path) -> None:
    decoded = decoding.decode(each_program, sample)
    assert decoded.frames == 24
    assert len(set(decoded.digest)) == 24


def test_the_index_is_seen_in_front(each_program: ffmpeg.Ffmpeg, sample: Path) -> None:
    names = container.boxes(sample)
    assert names.index("moov") < names.index("mdat")


def test_a_truncated_file_opens_and_is_still_found_out(
    each_program: ffmpeg.Ffmpeg, sample: Path
) -> None:
    cut = sample.with_name("cut.mp4")
    cut.write_bytes(sample.read_bytes()[: sample.stat().st_size * 6 // 10])
    with pytest.raises(FfmpegError) as alone:
        decoding.decode(each_program, cut)
    # Probing beside it neither hides the damage nor changes what is said of it.
    with pytest.raises(FfmpegError) as probing:
        decoding.examine(each_program, cut)
    assert str(probing.value) == str(alone.value)
    with pytest.raises(FfmpegError):
        container.boxes(cut)


@pytest.mark.parametrize("content", [b"", b"<html></html>", b"ffconcat version 1.0\nfile x\n"])
def test_what_is_no_video_is_refused(
    each_program: ffmpeg.Ffmpeg, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with pytest.raises(FfmpegError):
        probing.probe(each_program, path)


def test_a_playlist_dressed_as_mp4_reads_no_other_file(
    each_program: ffmpeg.Ffmpeg, sample: Path
) -> None:
    playlist = sample.with_name("list.mp4")
    playlist.write_text(f"#EXTM3U\n#EXTINF:1,\n{sample.name}\n")
    with pytest.raises(FfmpegError):
        probing.probe(each_program, playlist)


def test_loudness_is_measured_and_silence_has_none(
    each_program: ffmpeg.Ffmpeg, sample: Path, tmp_path: Path
) -> None:
    heard = decoding.loudness(each_program, sample)
    assert heard.integrated is not None
    assert heard.peak is not None
    assert -30 < heard.integrated < -10
    assert -25 < heard.peak < -5
    silent = tmp_path / "silent.mp4"
    quiet = [*SAMPLE]
    quiet[quiet.index("sine=d=1:r=48000")] = "anullsrc=d=1:r=48000"
    ffmpeg.run(each_program, (*quiet, "-f", "mp4", "-y", ffmpeg.file_url(silent)))
    assert decoding.loudness(each_program, silent).integrated is None


def test_a_run_that_takes_too_long_is_stopped(program: ffmpeg.Ffmpeg) -> None:
    endless = ("-re", "-f", "lavfi", "-i", "testsrc2", "-f", "null", "-")
    with pytest.raises(FfmpegError, match="longer than"):
        ffmpeg.run(program, endless, timeout=0.5)


def script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def wrapped(path: Path, before: str) -> str:
    """The wheel's ffmpeg behind a script that may end before it."""
    return script(path, f'{before}\nexec "{PROGRAMS["wheel"].path}" "$@"')


@pytest.mark.skipif(os.name == "nt", reason="writes a shell script")
@pytest.mark.parametrize(
    ("word", "lacking"),
    [
        ("*-fps_mode*", "-fps_mode"),
        ("*setts=*", "setts"),
        ("*framehash*", "framehash"),
        ("*normalize=0*", "amix=normalize"),
        ("*latency=1*", "alimiter=latency"),
        ("*ebur128*", "ebur128=framelog"),
    ],
)
def test_what_only_a_run_would_meet_is_found_before_it(
    tmp_path: Path, word: str, lacking: str
) -> None:
    """An old ffmpeg lists the filter and knows not its option, and options are in no list."""
    refuses = f'case "$*" in {word}) echo "Unrecognized option" >&2; exit 1;; esac'
    with pytest.raises(BadInput) as caught:
        ffmpeg.find({"WANX_FFMPEG": wrapped(tmp_path / "ffmpeg", refuses)})
    (problem,) = caught.value.diagnostics
    assert problem.code == "ffmpeg-unusable"
    assert problem.message.endswith(f"lacks {lacking}")
    assert f"ffmpeg {PROGRAMS['wheel'].version} of WANX_FFMPEG" in problem.message
    assert "5.1" in problem.hint


@pytest.mark.skipif(os.name == "nt", reason="writes a shell script")
def test_one_on_path_that_lacks_something_is_passed_over(tmp_path: Path) -> None:
    refuses = 'case "$*" in *setts=*) exit 1;; esac'
    wrapped(tmp_path / "ffmpeg", refuses)
    assert ffmpeg.find({"PATH": str(tmp_path)}).origin == "wheel"


@pytest.mark.skipif(os.name == "nt", reason="writes a shell script")
def test_a_trial_that_the_machine_ended_is_no_lack(tmp_path: Path) -> None:
    """As on a machine without memory: the first trial, and that alone, is killed."""
    ends = f'case "$*" in *setts=*) mkdir "{tmp_path}/once" 2>/dev/null && kill -9 $$;; esac'
    path = wrapped(tmp_path / "ffmpeg", ends)
    assert ffmpeg.find({"WANX_FFMPEG": path}).path == Path(path)
    assert (tmp_path / "once").exists()


def test_every_filter_of_the_program_is_asked_for(program: ffmpeg.Ffmpeg) -> None:
    methods = ("filter", "filter_multi_output")
    used = {
        argument.value
        for path in (ROOT / "wanx_render").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in methods
        for argument in node.args[:2]
        if isinstance(argument, ast.Constant) and ffmpeg.has_filter(program, str(argument.value))
    }
    assert {"crop", "xfade", "pad"} <= used
    assert used <= {*ffmpeg.FILTERS, *OPTIONAL}


@pytest.mark.skipif(os.name == "nt", reason="writes a shell script")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("exit 1", "cannot run the ffmpeg"),
        ("echo hello", "is not ffmpeg"),
        (
            'case "$*" in *-version*) echo "ffmpeg version 99 x"; echo "libavutil 99. 1.1 /";;'
            ' *-encoders*) echo " V..... libx265 x"; echo " A..... aac x";;'
            ' *) echo " ... drawtext x";; esac',
            "lacks encoder libx264",
        ),
    ],
)
def test_a_chosen_ffmpeg_that_cannot_do_it_is_refused_in_a_sentence(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(BadInput, match=message) as caught:
        ffmpeg.find({"WANX_FFMPEG": script(tmp_path / "ffmpeg", text)})
    (problem,) = caught.value.diagnostics
    assert problem.code == "ffmpeg-unusable"
    assert problem.hint


def test_a_missing_choice_is_never_passed_over(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="WANX_FFMPEG"):
        ffmpeg.find({"WANX_FFMPEG": str(tmp_path / "nothing")})


@pytest.mark.skipif(os.name == "nt", reason="writes a shell script")
def test_the_newer_of_path_and_wheel_is_used(tmp_path: Path) -> None:
    def on_path(library: str) -> ffmpeg.Ffmpeg:
        folder = tmp_path / library
        folder.mkdir()
        version = f'echo "ffmpeg version 1 x"; echo "libavutil {library} /"; exit'
        wrapped(folder / "ffmpeg", f'case "$*" in *-version*) {version};; esac')
        return ffmpeg.find({"PATH": str(folder)})

    assert on_path("9. 1.100").origin == "wheel"
    assert on_path("99. 1.100").origin == "PATH"
