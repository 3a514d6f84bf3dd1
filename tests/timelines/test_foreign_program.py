"""A timeline played by a program that nobody here wrote, beside the film itself."""

import shutil
import subprocess
from pathlib import Path

import av
import numpy as np
import opentimelineio as otio
import pytest
from PIL import Image

from tests.timelines.films import film_of, timeline_of
from wanx_render.manifest import read

LIST = """\
version: 1
project: judge
defaults: {model: wan2.5-i2v-preview, resolution: 480P, duration: 5, audio: silent}
shots:
  - {id: one, image: a.png, prompt: first, trim: {start: 0.5, end: 2.7},
     transition: {type: dissolve, duration: 0.5}}
  - {id: two, image: b.png, prompt: second, trim: {start: 1, end: 3}}
  - {id: three, image: a.png, prompt: third, trim: {end: 2}}
  - {id: four, still: b.png, duration: 1.5}
deliverables:
  - {name: film, aspect: 9:16, size: 180x320, quality: draft, fps: 24, fade_out: 0.5, label: none}
"""
CROP = (450, 800, 6, 16)  # of clips of 464x832
SIZE = "464", "832"
MELT = shutil.which("melt")


def frames(path: Path, crop: tuple[int, int, int, int] | None = None) -> list["np.ndarray"]:
    """Each frame's luma as 24 x 24 means."""
    result = []
    with av.open(str(path)) as file:
        for frame in file.decode(video=0):
            luma = frame.to_ndarray(format="gray").astype(float)
            if crop:
                width, height, x, y = crop
                luma = luma[y : y + height, x : x + width]
            rows, columns = (np.linspace(0, side, 24, endpoint=False, dtype=int)
                             for side in luma.shape)  # fmt: skip
            sums = np.add.reduceat(np.add.reduceat(luma, rows, axis=0), columns, axis=1)
            areas = np.outer(np.diff([*rows, luma.shape[0]]), np.diff([*columns, luma.shape[1]]))
            result.append(sums / areas)
    return result


@pytest.mark.proof
@pytest.mark.skipif(not MELT, reason="melt is not installed")
def test_melt_plays_the_frames_of_the_film(tmp_path: Path) -> None:
    """OTIO, by an adapter of others to MLT's XML, by melt to frames: each where the film has it."""
    for name, colour in (("a", "#884422"), ("b", "#225588")):
        light = Image.radial_gradient("L").resize((450, 800)).convert("RGB")
        Image.blend(light, Image.new("RGB", light.size, colour), 0.5).save(tmp_path / f"{name}.png")
    film_of(LIST, tmp_path)
    out = timeline_of(tmp_path, "otio")

    timeline = otio.adapters.read_from_file(str(out))
    text = otio.adapters.write_to_string(timeline, "mlt_xml")
    width, height = SIZE
    profile = f'<profile width="{width}" height="{height}" progressive="1" colorspace="709" '
    profile += 'sample_aspect_num="1" sample_aspect_den="1" '
    profile += f'display_aspect_num="{width}" display_aspect_den="{height}" '
    text = text.replace("<profile ", profile, 1)
    (tmp_path / "o.mlt").write_text(text, encoding="utf-8")
    subprocess.run(
        [str(MELT), "o.mlt", "-silent", "-consumer", "avformat:o.mkv", "vcodec=ffv1", "an=1",
         "real_time=-1"],
        cwd=tmp_path, capture_output=True, check=True, timeout=120,
    )  # fmt: skip

    folder = tmp_path / "renders" / "judge"
    film, played = frames(folder / "film.mp4"), frames(tmp_path / "o.mkv", CROP)
    assert len(film) == len(played)
    (record,) = read(folder / "manifest.json").deliverables
    assert record.parts[0].crop == "{}x{}+{}+{}".format(*CROP)
    parts = record.parts
    seam = range(parts[1].start, parts[1].start + parts[0].shared)
    alone = set(range(record.frames - record.fade_out - 1)) - {*seam, seam.start - 1, seam.stop}
    assert len(alone) > 120
    for number in sorted(alone):
        near = range(max(number - 3, 0), min(number + 4, len(played)))
        distances = {at: np.abs(film[number] - played[at]).mean() for at in near}
        assert distances[number] <= min(distances.values()) + 0.2, number
        assert distances[number] < 3, number
