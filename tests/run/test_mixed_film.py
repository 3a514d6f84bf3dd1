"""A film of everything: cards, generated shots, footage of other rates, a logo, words and sound.

PyAV, numpy and pyloudnorm judge it; no reader of the program is asked.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from tests.run.test_orchestrator import Studio
from wanx_render.catalog.capabilities import Catalog
from wanx_render.media import ffmpeg

pytestmark = pytest.mark.proof
Pixels = npt.NDArray[Any]
RATE, SOUND = 30, 48_000
LIST = """\
version: 1
project: mixed
label: none
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3, prompt: x, fit_image: 9:16}
shots:
  - {id: card, still: card.png, duration: 1.5, transition: {type: dissolve, duration: 0.4}}
  - {id: first, image: green.png}
  - {id: live, clip: live.mkv, trim: {start: 0.5, end: 3.5}, caption: 夜雨初歇，灯火渐明,
     transition: {type: dissolve, duration: 0.5}}
  - {id: after, image: {shot: live, frame: last}}
  - {id: old, clip: old.ts, trim: {start: 0.4, end: 2.4}, transition: {type: slide, duration: 0.4}}
  - {id: outro, still: outro.png, duration: 2, move: in}
deliverables:
  - {aspect: 9:16, size: 360x640, fps: 30, motion: repeat, audio: {loudness: -18},
     overlay: {image: logo.png, at: top-right, width: 0.2, margin: 0.05}}
"""
COLOURS = {
    "card": (230, 120, 0), "first": (0, 150, 60), "live": (30, 60, 200),
    "after": (30, 60, 200), "old": (190, 30, 160), "outro": (230, 200, 40),
}  # fmt: skip
# The frames in which a shot alone is seen: 1.5 + 3 + 3 + 3 + 2 + 2 s, less 0.4, 0.5 and 0.4 s in
# which two are.
ALONE = {
    "card": (0, 33), "first": (45, 123), "live": (123, 198), "after": (213, 288),
    "old": (288, 336), "outro": (348, 396),
}  # fmt: skip
# Where flash and beep are to be: 2.002 s of the first footage is 1.5015 s after its beginning at
# 4.1 s, 1 s of the second is 0.6 s after its beginning at 9.6 s.
FLASHES = (5.6015, 10.2)
_TAGS = "scale=out_color_matrix=bt709,format=yuv420p,setparams=" + ":".join(
    f"{name}=bt709" for name in ("colorspace", "color_primaries", "color_trc")
)
_BOX = "drawbox=x=(iw-200)/2:y=(ih-160)/2:w=200:h=160:color=white:t=fill"


def _make_footage(program: ffmpeg.Ffmpeg, folder: Path) -> None:
    """23.976 fps with 44.1 kHz mono in Matroska; 25 interlaced frames in a transport stream."""
    hum = "aevalsrc='0.1*sin(400*PI*t)+0.5*sin(2000*PI*t)*between(t,{at},{at}+0.1)':d=4:s={rate}"
    flash = f"{_BOX}:enable='between(n,{{0}},{{1}})'"
    live = f"color=0x1E3CC8:s=1280x720:r=24000/1001:d=4,format=gbrp,{flash.format(48, 51)},{_TAGS}"
    ffmpeg.run(program, (
        "-f", "lavfi", "-i", live, "-f", "lavfi", "-i", hum.format(at=2.002, rate=44100),
        "-c:v", "libx264", "-crf", "12", "-c:a", "libvorbis", "-ac", "1",
        "-y", str(folder / "live.mkv"),
    ))  # fmt: skip
    old = (
        f"color=0xBE1EA0:s=720x576:r=50:d=4,format=gbrp,{flash.format(50, 57)}[behind];"
        "color=white:s=24x80:r=50:d=4,format=gbrp[bar];"
        f"[behind][bar]overlay=x='220+mod(n*4,240)':y=130:format=gbrp:eval=frame,{_TAGS},setsar=1,"
        "tinterlace=interleave_top"
    )
    ffmpeg.run(program, (
        "-f", "lavfi", "-i", old, "-f", "lavfi", "-i", hum.format(at=1, rate=48000),
        "-c:v", "libx264", "-crf", "12", "-flags", "+ildct+ilme", "-x264-params", "tff=1",
        "-c:a", "mp2", "-ac", "2", "-y", str(folder / "old.ts"),
    ))  # fmt: skip


@dataclass(frozen=True)
class Film:
    """What the finished file holds, as PyAV decodes it."""

    pictures: Pixels  # frames, rows, columns, colours
    times: tuple[Fraction, ...]
    sound: Pixels  # samples, channels
    first_sample: Fraction
    sound_rate: int

    @property
    def edge(self) -> Pixels:
        """The mean colour of the left edge of each frame, where nothing but the shot is drawn."""
        return self.pictures[:, 190:450, 2:10].mean(axis=(1, 2))


def _decoded(path: Path) -> Film:
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    with av.open(str(path)) as container:
        parts = list(container.decode(audio=0))
    return Film(
        np.stack([frame.to_ndarray(format="rgb24") for frame in frames]).astype(np.int16),
        tuple(frame.pts * frame.time_base for frame in frames),
        np.concatenate([part.to_ndarray() for part in parts], axis=1).T.astype(float),
        parts[0].pts * parts[0].time_base,
        parts[0].sample_rate,
    )


@pytest.fixture(scope="module")
def film(
    tmp_path_factory: pytest.TempPathFactory, catalog: Catalog, program: ffmpeg.Ffmpeg
) -> Iterator[Film]:
    folder = tmp_path_factory.mktemp("mixed")
    for name, shot in (("card", "card"), ("green", "first"), ("outro", "outro")):
        Image.new("RGB", (720, 1280), COLOURS[shot]).save(folder / f"{name}.png")
    logo = Image.new("RGBA", (144, 144), (0, 220, 230, 255))
    logo.paste((0, 0, 0, 0), (48, 48, 96, 96))
    logo.save(folder / "logo.png")
    _make_footage(program, folder)
    with ThreadPoolExecutor(2) as pool:
        studio = Studio(folder, catalog, program, pool)
        studio.write(LIST)
        manifest = studio.run()
        assert manifest.complete
        yield _decoded(folder / "out" / manifest.deliverables[0].path)


def _judge_container(film: Film) -> None:
    assert film.pictures.shape[1:] == (640, 360, 3)
    assert film.times == tuple(Fraction(n, RATE) for n in range(396))
    assert (film.sound_rate, film.sound.shape[1]) == (SOUND, 2)
    assert film.first_sample == 0
    assert abs(len(film.sound) / SOUND - 396 / RATE) <= 1 / RATE


def _judge_cuts(film: Film) -> None:
    """Each shot in its own colour in every frame where it is alone, and nothing black anywhere."""
    edge = film.edge
    for shot, (begin, end) in ALONE.items():
        assert abs(edge[begin:end] - COLOURS[shot]).max() <= 3, shot
    shares = (edge[33:45] - COLOURS["card"])[:, 0] / -COLOURS["card"][0]
    assert (np.diff(shares) > 0.05).all()  # a dissolve, step by step
    slide = film.pictures[342, 450:600].mean(axis=0)
    assert abs(slide[:170] - COLOURS["old"]).max() <= 3  # half way, from right to left
    assert abs(slide[190:] - COLOURS["outro"]).max() <= 3
    corners = film.pictures[:, [8, 8, 631, 631], [8, 200, 8, 351]]
    assert corners.max(axis=2).min() > 100


def _judge_logo(film: Film) -> None:
    """72 pixels wide, 18 from the top and the right, with a hole, in every frame."""
    frames = film.pictures
    for rows, columns in (((20, 40), (272, 340)), ((68, 88), (272, 340)), ((44, 64), (272, 292))):
        part = frames[:, slice(*rows), slice(*columns)].mean(axis=(1, 2))
        assert abs(part - (0, 220, 230)).max() <= 8
    for outside in (
        frames[:, 10:15, 272:340],
        frames[:, 20:88, 262:267],
        frames[:, 44:64, 345:350],
    ):
        alone = [outside[begin:end].mean(axis=(1, 2)) for begin, end in ALONE.values()]
        for colour, seen in zip(COLOURS.values(), alone, strict=True):
            assert abs(seen - colour).max() <= 6
    begin, end = ALONE["old"]
    hole = frames[begin:end, 49:59, 301:311].mean(axis=(1, 2))
    assert abs(hole - COLOURS["old"]).max() <= 6


def _judge_words(film: Film) -> None:
    """The caption is there with its shot, and with no other."""
    bright = (film.pictures[:, 470:510].min(axis=3) > 200).sum(axis=(1, 2))
    begin, end = ALONE["live"]
    assert bright[begin:end].min() > 200
    assert bright[: ALONE["first"][1]].max() == bright[ALONE["after"][0] :].max() == 0


def _judge_fields(film: Film) -> None:
    """The edges of a moving bar are straight: no row shows another moment than the next one."""
    begin, end = ALONE["old"]
    bar = film.pictures[begin:end, 150:225, :, 1]
    weight = (bar > 110).astype(float)
    assert weight.sum(axis=2).min() > 15  # the bar is in every row
    centres = (weight * np.arange(360)).sum(axis=2) / weight.sum(axis=2)
    assert centres.std(axis=1).max() < 1


def _judge_sound(film: Film) -> None:
    import pyloudnorm  # loads the whole of scipy

    meter = pyloudnorm.Meter(SOUND)
    assert meter.integrated_loudness(film.sound) == pytest.approx(-18, abs=0.5)
    assert abs(film.sound[: int(4.05 * SOUND)]).max() < 0.003  # card and a silent clip
    brightness = film.pictures[:, 300:340, 160:200].mean(axis=(1, 2, 3))
    seen = [float(film.times[n]) for n in np.flatnonzero(np.diff(brightness) > 80) + 1]
    heard = _beeps(film.sound[:, 0])
    assert seen == pytest.approx(FLASHES, abs=0.017)
    assert heard == pytest.approx(FLASHES, abs=0.005)
    assert max(abs(a - b) for a, b in zip(seen, heard, strict=True)) < 0.020


def _beeps(sound: Pixels) -> list[float]:
    """When 1 kHz begins to be heard, in seconds, by its strength in windows of 4 ms."""
    turns = np.exp(-2j * np.pi * 1000 * np.arange(len(sound)) / SOUND) * sound
    sums = np.concatenate([[0], np.cumsum(turns)])
    window = SOUND // 250
    strength = abs(sums[window:] - sums[:-window])
    is_loud = strength > strength.max() / 2
    return [(n + window / 2) / SOUND for n in np.flatnonzero(np.diff(is_loud.astype(int)) == 1)]


@pytest.mark.parametrize(
    "judge",
    [_judge_container, _judge_cuts, _judge_logo, _judge_words, _judge_fields, _judge_sound],
)
def test_a_film_of_everything_is_what_its_list_says(
    film: Film, judge: Callable[[Film], None]
) -> None:
    judge(film)
