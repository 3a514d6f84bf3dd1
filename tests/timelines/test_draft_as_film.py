"""A draft of a rendered list: the folder, and its frames drawn from its own numbers alone.

The drawing here knows nothing of how drafts are made: it reads the JSON as pyJianYingDraft and
capcut-cli describe it, and takes frames of the media with PyAV.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from tests.support.places import ROOT
from tests.timelines.films import film_of
from wanx_render import manifest
from wanx_render.actions.export import ExportOptions, export
from wanx_render.errors import BadInput
from wanx_render.session.environment import Environment

LIST = """\
version: 1
project: cut
defaults: {resolution: 480P, image: rooftop.jpg}
shots:
  - id: one
    model: wan2.5-i2v-preview
    prompt: A cat wakes
    trim: {start: 0.5, end: 2}
    focus: {from: [0.1, 0.5], to: [0.9, 0.5]}
    transition: {type: dissolve, duration: 0.4}
  - {id: two, model: wan2.1-i2v-turbo, duration: 3, prompt: It leaps, speed: 1.5, hold: 0.5}
deliverables:
  - {name: crop, aspect: 3:4, fps: 29.97}
  - {name: pad, aspect: 9:16, fit: pad, background: "#204060", captions: none}
"""
Export = Callable[..., list[Path]]
Picture = np.ndarray[Any, np.dtype[np.uint8]]


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("draft")
    shutil.copyfile(ROOT / "specs" / "frames" / "rooftop.jpg", folder / "rooftop.jpg")
    film_of(LIST, folder)
    return folder


@pytest.fixture
def run(rendered: Path, capsys: pytest.CaptureFixture[str]) -> Export:
    def start(style: str = "jianying", **options: Any) -> list[Path]:
        chosen = ExportOptions(rendered / "list.yaml", style, **options)
        assert export(chosen, Environment({}, sys.stdout, sys.stderr)) == 0
        return [Path(line) for line in capsys.readouterr().out.splitlines()]

    return start


@pytest.mark.proof
def test_a_draft_is_written_beside_the_film_and_never_over_somebodys_work(
    run: Export, rendered: Path, tmp_path: Path
) -> None:
    home = rendered / "renders" / "cut"
    crop, pad = run()
    assert (crop, pad) == (home / "jianying" / "cut-crop", home / "jianying" / "cut-pad")
    names = sorted(path.relative_to(crop).as_posix() for path in crop.rglob("*"))
    assert [name for name in names if "/" not in name] == [
        "NOTES.txt", "draft_content.json", "draft_info.json", "draft_meta_info.json", "materials",
        "wanx-render.json",
    ]  # fmt: skip
    before = (crop / "draft_content.json").read_bytes()
    assert run() == [crop, pad]  # nobody has worked on it
    assert (crop / "draft_content.json").read_bytes() == before
    (crop / "draft_cover.jpg").write_bytes(b"")  # as the program does when it saves
    with pytest.raises(BadInput, match="was changed since it was exported"):
        run(deliverable="crop")
    assert run(deliverable="crop", out=tmp_path / "second") == [tmp_path / "second"]
    assert not [path for path in crop.parent.iterdir() if path.name.startswith(".")]
    shutil.rmtree(crop)


@pytest.mark.proof
def test_a_draft_with_a_file_missing_is_not_written(run: Export, rendered: Path) -> None:
    clip = next((rendered / "renders" / "cut" / "clips").glob("one-*.mp4"))
    away = clip.rename(clip.with_suffix(".away"))
    try:
        with pytest.raises(BadInput, match=r"cannot read .*one-t1"):
            run("capcut", deliverable="pad")
    finally:
        away.rename(clip)
    folder = rendered / "renders" / "cut" / "capcut"
    assert not folder.exists() or not list(folder.iterdir())


@pytest.mark.proof
@pytest.mark.parametrize("options", [[], ["--drafts", "D:\\Drafts"]])
def test_the_command_says_where_it_is(options: list[str], rendered: Path, tmp_path: Path) -> None:
    target = tmp_path / "film"
    words = ["export", "list.yaml", "--format", "capcut", "--deliverable", "pad", *options]
    done = subprocess.run(
        [sys.executable, "-m", "wanx_render", *words, "--out", str(target)],
        cwd=rendered,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, f"{target}\n"), done.stderr
    draft = json.loads((target / "draft_info.json").read_bytes())
    path = draft["materials"]["videos"][0]["path"]
    assert path.startswith("D:/Drafts/film/materials/" if options else "##_draftpath_placeholder_")
    assert draft["platform"]["app_source"] == "cc"


@cache
def decoded(path: Path) -> tuple[list[Picture], Fraction]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
        return frames, Fraction(stream.average_rate or 1)


def drawn(folder: Path, seconds: Fraction, background: tuple[int, int, int]) -> Picture:
    """The picture at that time: one segment, scaled and placed on the canvas."""
    draft = json.loads((folder / "draft_content.json").read_bytes())
    media = {item["id"]: item for item in draft["materials"]["videos"]}
    at = seconds * 1_000_000
    (track,) = (row for row in draft["tracks"] if row["name"] == "picture")
    segment = next(
        item
        for item in track["segments"]
        if 0 <= at - item["target_timerange"]["start"] < item["target_timerange"]["duration"]
    )
    inside = at - segment["target_timerange"]["start"]
    item = media[segment["material_id"]]
    path = folder / item["path"].partition("_##/")[2]
    if item["type"] == "photo":
        source = np.asarray(Image.open(path).convert("RGB"))
    else:
        frames, rate = decoded(path)
        moment = segment["source_timerange"]["start"] + inside * Fraction(segment["speed"])
        source = frames[min(int(moment / 1_000_000 * rate), len(frames) - 1)]
    canvas = draft["canvas_config"]
    fit = min(canvas["width"] / item["width"], canvas["height"] / item["height"])
    scale = fit * segment["clip"]["scale"]["x"]
    place = segment["clip"]["transform"] | moving(segment, float(inside))
    size = round(item["width"] * scale), round(item["height"] * scale)
    picture = Image.fromarray(source).resize(size, Image.Resampling.LANCZOS)
    sheet = Image.new("RGB", (canvas["width"], canvas["height"]), background)
    left = canvas["width"] / 2 * (1 + place["x"]) - size[0] / 2
    top = canvas["height"] / 2 * (1 - place["y"]) - size[1] / 2
    sheet.paste(picture, (round(left), round(top)))
    return np.asarray(sheet)


def moving(segment: dict[str, Any], inside: float) -> dict[str, float]:
    places = {}
    for line in segment["common_keyframes"]:
        axis = {"KFTypePositionX": "x", "KFTypePositionY": "y"}.get(line["property_type"])
        points = line["keyframe_list"]
        if axis:
            times = [point["time_offset"] for point in points]
            places[axis] = float(np.interp(inside, times, [point["values"][0] for point in points]))
    return places


def likeness(first: Picture, second: Picture) -> float:
    """PSNR in decibels."""
    error = np.mean((first.astype(float) - second.astype(float)) ** 2)
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


@pytest.mark.proof
@pytest.mark.parametrize("name", ["crop", "pad"])
def test_its_frames_are_those_of_the_film(name: str, run: Export, rendered: Path) -> None:
    (folder,) = run(deliverable=name)
    record = manifest.read(rendered / "renders" / "cut" / "manifest.json")
    film = next(item for item in record.deliverables if item.name == name)
    frames, _ = decoded(rendered / "renders" / "cut" / film.path)
    rate, shared = Fraction(film.fps), film.parts[0].shared
    joint = range(film.parts[1].start - 1, film.parts[1].start + shared + 1)
    numbers = [n for n in range(0, film.frames, 4) if n not in joint]
    alike = [
        likeness(drawn(folder, (n + Fraction(1, 2)) / rate, (0x20, 0x40, 0x60)), frames[n])
        for n in numbers
    ]
    assert min(alike) > 29, dict(zip(numbers, alike, strict=True))
    # A clip of another rate is shown by its nearest frame, so half a frame is in doubt.
    assert float(np.median(alike)) > 30, alike
