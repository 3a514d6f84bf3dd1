"""Written colours: what is one, in which form it comes back, and what to write instead."""

import subprocess
import sys
from pathlib import Path

import av
import pytest
from PIL import ImageColor

from tests.support.places import ROOT
from wanx_render.media import ffmpeg, paint
from wanx_render.media.paint import BadColour

LIST = """version: 1
project: p
shots: [{id: a, model: wan2.5-i2v-preview, image: %s, prompt: hi}]
deliverables: [{aspect: 1:1, fit: pad, background: "%s"}]
"""


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("#fff", "#ffffff"),
        ("#0B1020", "#0b1020"),
        ("0x0b1020", "#0b1020"),
        (" White ", "white"),
        ("dark blue", "darkblue"),
        ("Dark-Slate-Grey", "darkslategrey"),
        ("rebeccapurple", "rebeccapurple"),
    ],
)
def test_a_colour_comes_back_in_one_form(text: str, form: str) -> None:
    assert paint.read(text) == form
    red, green, blue = ImageColor.getrgb(form)[:3]
    assert paint.for_ffmpeg(text) == f"0x{red:02x}{green:02x}{blue:02x}"


@pytest.mark.parametrize(("text", "form"), [("#fff8", "#ffffff88"), ("#00000080", "#00000080")])
def test_more_digits_say_how_dense_it_is_where_that_is_possible(text: str, form: str) -> None:
    assert paint.read(text, alpha=True) == form
    with pytest.raises(BadColour) as caught:
        paint.read(text)
    assert "transparent" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("blakc", "'black'"),
        ("ffffff", "'#ffffff'"),
        ("fa0", "'#fa0'"),
        ("白色", "'white'"),
        ("黑", "'black'"),
        ("#ff", "#RRGGBB"),
        ("#12345", "#RRGGBB"),
        ("", "#RRGGBB"),
        ("rgb(1,2,3)", "#RRGGBB"),
        ("random", "or"),
        ("red@0.5", "'red'"),
        ("#gggggg", "#RRGGBB"),
    ],
)
def test_what_is_no_colour_says_what_to_write(text: str, hint: str) -> None:
    with pytest.raises(BadColour, match="is not a valid colour") as caught:
        paint.read(text)
    assert hint in caught.value.hint


def run(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "wanx_render", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


def test_a_list_and_an_option_read_one_colour_alike(program: ffmpeg.Ffmpeg, tmp_path: Path) -> None:
    clip = tmp_path / "in.mp4"
    ffmpeg.run(program, ("-f", "lavfi", "-i", "color=red:s=96x64:r=5:d=0.4", "-y", str(clip)))
    frame = ROOT / "specs" / "frames" / "rooftop.jpg"
    for written, taken in (("#fff", True), ("blakc", False)):
        (tmp_path / "list.yaml").write_text(LIST % (frame, written))
        listed = run(tmp_path, "validate", "list.yaml")
        made = run(
            tmp_path, "conform", "in.mp4", "--aspect", "1:1", "--fit", "pad",
            "--background", written, "--quality", "draft", "-o", "o.mp4",
        )  # fmt: skip
        for ran in (listed, made):
            assert ran.returncode == (0 if taken else 2), ran.stderr
            assert ("'blakc' is not a valid colour" in ran.stderr + ran.stdout) != taken
            assert ("did you mean 'black'?" in ran.stderr + ran.stdout) != taken
    with av.open(str(tmp_path / "o.mp4")) as container:
        picture = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert picture[4, 48].min() > 250  # the bar above
    assert tuple(picture[48, 48] // 100) == (2, 0, 0)
