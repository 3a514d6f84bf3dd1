"""What a killed ``conform`` leaves is gone after the next one."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.process import environment, wanx
from tests.tiers import sample
from wanx_render.media import ffmpeg
from wanx_render.session.folder import scratch

ARGUMENTS = ("conform", "in.mp4", "--aspect", "9:16", "-o", "out/film.mp4")


@pytest.fixture
def folder(tmp_path: Path, program: ffmpeg.Ffmpeg) -> Path:
    source = "testsrc2=s=640x480:r=30:d=20"
    ffmpeg.run(
        program,
        ("-f", "lavfi", "-i", source, "-f", "lavfi", "-i", "sine=d=20", "-c:v", "libx264",
         "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-y", str(tmp_path / "in.mp4")),
    )  # fmt: skip
    (tmp_path / "out").mkdir()
    (tmp_path / "tmp").mkdir()
    return tmp_path


def left(folder: Path) -> list[str]:
    places = (folder / "out", folder / "tmp")
    return sorted(path.name for place in places for path in place.iterdir())


def start(folder: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "wanx_render", *ARGUMENTS], cwd=folder,
        env=environment(TMPDIR=str(folder / "tmp")), stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.mark.proof
@pytest.mark.parametrize(
    "signals",
    sample(1, [pytest.param((signal.SIGTERM,)), pytest.param((signal.SIGKILL, signal.SIGKILL))]),
)
def test_what_killed_ones_left_goes_with_the_next(
    folder: Path, signals: tuple[signal.Signals, ...]
) -> None:
    for number in signals:
        process = start(folder)
        until = time.monotonic() + 60
        while not list((folder / "out").glob("*/*.part")) and time.monotonic() < until:
            time.sleep(0.02)
        process.send_signal(number)
        process.wait(30)
    assert left(folder)  # something was in the making
    assert not (folder / "out" / "film.mp4").exists()
    done = wanx(folder, *ARGUMENTS, TMPDIR=str(folder / "tmp"))
    assert done.code == 0, done.text
    assert left(folder) == ["film.mp4"]


def test_what_lives_and_what_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".wanx-scratch-file").write_text("a person's")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / ".wanx-scratch-link").symlink_to(elsewhere)
    with scratch(tmp_path) as first, scratch(tmp_path) as second:
        (first / "part").write_text("x")
        assert first != second
        assert (first / "part").exists()
    assert sorted(os.listdir(tmp_path)) == [  # noqa: PTH208
        ".wanx-scratch-file", ".wanx-scratch-link", "elsewhere",
    ]  # fmt: skip
