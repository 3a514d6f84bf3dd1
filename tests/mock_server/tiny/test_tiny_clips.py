"""Tiny clips, judged by FFmpeg's libraries: they decode without a word and are what was asked."""

import subprocess
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mock_server.tiny.mosaic import MosaicVideo
from mock_server.tiny.mp4 import mp4
from tests.support.emulator import ASYNC, CREATE, Twin, picture_uri
from tests.support.programs import PROGRAMS


def video(width: int, height: int, rate: Fraction, *squares: tuple[int, int, int]) -> MosaicVideo:
    """A video whose squares have these colours by turns."""
    grid = MosaicVideo(width, height, rate, ())
    number = grid.columns * grid.rows
    turns = (squares * (number // len(squares) + 1))[:number]
    return MosaicVideo(width, height, rate, turns)


def complaints(path: Path) -> str:
    """What a decoder says that lets no fault pass."""
    command = [
        str(PROGRAMS["wheel"].path), "-v", "warning", "-xerror", "-err_detect", "explode",
        "-i", str(path), "-f", "null", "-",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stderr if done.returncode == 0 else f"{done.returncode}: {done.stderr}"


@pytest.mark.parametrize(
    ("width", "height", "rate", "seconds"),
    [
        (832, 480, Fraction(30), 5),
        (816, 1104, Fraction(24), 2),
        (1920, 1080, Fraction(30), 1),
        (478, 850, Fraction(16), 3),
        (32, 16, Fraction(30000, 1001), 2),
    ],
)
def test_a_tiny_clip_has_size_rate_and_length(
    tmp_path: Path, width: int, height: int, rate: Fraction, seconds: int
) -> None:
    path, frames = tmp_path / "clip.mp4", round(seconds * rate)
    clip = video(width, height, rate, (16, 240, 16), (235, 16, 240), (100, 128, 128))
    path.write_bytes(mp4(clip, frames, sound=True))
    assert complaints(path) == ""
    with av.open(str(path)) as container:
        stream, sound = container.streams.video[0], container.streams.audio[0]
        assert (stream.codec_context.width, stream.codec_context.height) == (width, height)
        assert (stream.average_rate, stream.frames) == (rate, frames)
        assert stream.duration * stream.time_base == frames / rate
        assert abs(sound.duration * sound.time_base - frames / rate) < Fraction(1, 48000)
        assert (sound.codec_context.sample_rate, sound.codec_context.channels) == (48000, 2)
        pictures = [frame.to_ndarray() for frame in container.decode(video=0)]
    assert len(pictures) == frames
    assert all((picture == pictures[0]).all() for picture in pictures)
    with av.open(str(path)) as container:
        assert not any(frame.to_ndarray().any() for frame in container.decode(audio=0))


def test_its_index_comes_first_and_it_says_how_its_colours_are_meant(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(mp4(video(64, 64, Fraction(30), (81, 90, 240)), 30, sound=False))
    content = path.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    with av.open(str(path)) as container:
        assert not container.streams.audio
        stream = container.streams.video[0]
        assert stream.codec_context.sample_aspect_ratio == 1
        frame = next(container.decode(video=0))
    assert (int(frame.colorspace), int(frame.color_range)) == (1, 1)  # BT.709, video range
    assert frame.format.name == "yuv420p"


_PARTS = st.tuples(st.integers(16, 235), st.integers(16, 240), st.integers(16, 240))


@settings(max_examples=60, deadline=None)
@given(st.lists(_PARTS, min_size=1, max_size=80), st.integers(1, 9))
def test_every_square_has_the_colour_that_was_meant(
    tmp_path_factory: pytest.TempPathFactory, colours: list[tuple[int, int, int]], columns: int
) -> None:
    path = tmp_path_factory.mktemp("squares") / "clip.mp4"
    rows = -(-len(colours) // columns)
    clip = video(16 * columns, 16 * rows, Fraction(30), *colours)
    path.write_bytes(mp4(clip, 2, sound=False))
    with av.open(str(path)) as container:
        planes = [
            np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[
                : plane.height, : plane.width
            ]
            for plane in next(container.decode(video=0)).planes
        ]
    wanted = np.array(clip.squares, np.int16).reshape(rows, columns, 3)
    for part, (plane, side) in enumerate(zip(planes, (16, 8, 8), strict=True)):
        whole = np.kron(wanted[:, :, part], np.ones((side, side), np.int16))
        assert np.abs(plane.astype(np.int16) - whole).max() <= (1 if part else 0)


def answered(twin: Twin, image: str, **parameters: object) -> bytes:
    """The clip of a task, as the emulator serves it."""
    body = {
        "model": "wan2.5-i2v-preview",
        "input": {"prompt": "a cat", "img_url": image},
        "parameters": {"resolution": "480P", "duration": 5, **parameters},
    }
    task = twin.call("POST", CREATE, headers=ASYNC, json=body).json()["output"]["task_id"]
    for _ in range(3):
        output = twin.query(task)["output"]
    url = output["video_url"].removeprefix("http://127.0.0.1")
    return bytes(twin.call("GET", url).content)


def test_the_emulator_serves_mosaics_of_first_frames(tmp_path: Path) -> None:
    picture = Image.new("RGB", (600, 800), "#c03020")
    picture.paste("#2040c0", (0, 400, 600, 800))
    picture.save(tmp_path / "a.png")
    twin = Twin(clock="auto", clips=Path("tiny"))
    path = tmp_path / "clip.mp4"
    path.write_bytes(answered(twin, picture_uri(tmp_path / "a.png")))
    assert complaints(path) == ""
    assert path.stat().st_size < 60_000
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    shown = frames[0].to_image()
    assert (shown.size, len(frames)) == ((544, 720), 120)
    for place, colour in (((272, 100), (192, 48, 32)), ((272, 620), (32, 64, 192))):
        pixel = shown.getpixel(place)
        assert isinstance(pixel, tuple)
        assert max(abs(a - b) for a, b in zip(pixel, colour, strict=True)) <= 6


def test_requests_without_a_picture_of_ours_differ_in_colour() -> None:
    twin = Twin(clock="auto", clips=Path("tiny"))
    clips = {answered(twin, f"https://example.com/{name}.png") for name in ("a", "b", "a")}
    assert len(clips) == 2


def test_a_tiny_clip_costs_little() -> None:
    """A clip of the largest tier; full ones take seconds. The bound is wide: CI is slow."""
    clip = video(1920, 1080, Fraction(30), (60, 120, 130), (75, 110, 140), (90, 118, 128))
    begun = time.process_time()
    content = mp4(clip, 150, sound=True)
    assert time.process_time() - begun < 0.2
    assert len(content) < 100_000
