"""The same mixed clips joined by others: `uv run python benchmarks/beside.py [--kinocut PROGRAM]`.

Eleven clips of ten seconds (tests/proofs/footage.py) become one film of 270x480 at 30 fps: by the
whole of this program, by the usual two ffmpeg commands, by MoviePy 2 in an environment of its own,
and by Kinocut's `merge` where its program is given. One judge for all: PyAV decodes, numpy
measures. Times are wall seconds of one go; the ratio to ours is what counts.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import av
from PIL import Image

from tests.proofs.footage import KINDS, clicks, colour, decoded, loudness, sync
from tests.support.places import ROOT
from wanx_render.media import ffmpeg

SIZE = (270, 480)
SECONDS = 10
CODING = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-c:a", "aac", "-b:a", "192k")
MOVIEPY = ("uv", "run", "--isolated", "--no-project", "--quiet", "--with", "moviepy==2.2.1")
LIST = """version: 1
project: programme
defaults: {model: wan2.5-i2v-preview, resolution: 480P, duration: 10}
budget: {max_cost: 1000 CNY}
shots:
"""


def ours(folder: Path) -> tuple[Path, list[Path]]:
    """The film, and the clips it was made of; the clips are made among it, so it is run twice."""
    shots = "".join(
        f"  - {{id: s{n:02}, image: a.png, prompt: programme {n}}}\n" for n in range(len(KINDS))
    )
    film = f"{{name: film, aspect: 9:16, size: {SIZE[0]}x{SIZE[1]}, fps: 30, quality: draft}}"
    (folder / "list.yaml").write_text(f"{LIST}{shots}deliverables:\n  - {film}\n")
    command = (sys.executable, "-m", "tests.proofs.programme", "in", str(folder))
    environ = {**os.environ, "WANX_CLOCK_PACE": "1000"}
    subprocess.run(command, check=True, env=environ, capture_output=True)
    home = folder / "renders/programme"
    clips = sorted((home / "clips").glob("s*.mp4"))
    shutil.rmtree(home / ".cache")
    (home / "film.mp4").unlink()
    begun = time.monotonic()
    subprocess.run(command, check=True, env=environ, capture_output=True)
    print(f"\nwanx-render: {time.monotonic() - begun:.1f} s, its start and checks among it")
    return home / "film.mp4", clips


def naive(program: ffmpeg.Ffmpeg, clips: list[Path], folder: Path) -> Path:
    """Each clip scaled, cropped and encoded; the parts joined by the concat demuxer."""
    width, height = SIZE
    fit = (
        f"scale={width}:{height}:force_original_aspect_ratio=increase,crop={width}:{height},fps=30"
    )
    names = []
    for number, clip in enumerate(clips):
        names.append(f"naive{number}.mp4")
        ffmpeg.run(
            program, ("-i", str(clip), "-vf", f"{fit},setsar=1,format=yuv420p", *CODING, "-ar",
                      "48000", "-ac", "2", "-y", str(folder / names[-1])),
        )  # fmt: skip
    listing = folder / "naive.txt"
    listing.write_text("".join(f"file '{name}'\n" for name in names))
    target = folder / "naive.mp4"
    ffmpeg.run(program, ("-f", "concat", "-i", str(listing), "-c", "copy", "-y", str(target)))
    return target


def moviepy(program: ffmpeg.Ffmpeg, clips: list[Path], folder: Path) -> Path:
    target = folder / "moviepy.mp4"
    frame = {"size": SIZE, "fit": "crop", "fps": 30, "target": str(target)}
    wanted = {"clips": list(map(str, clips)), "preset": "veryfast", "crf": 23, "frames": [frame]}
    subprocess.run(
        (*MOVIEPY, "python", str(ROOT / "benchmarks/beside_moviepy.py")), input=json.dumps(wanted),
        text=True, check=True, env={**os.environ, "FFMPEG_BINARY": str(program.path)},
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    return target


def kinocut(command: str, clips: list[Path], folder: Path) -> Path:
    target = folder / "kinocut.mp4"
    subprocess.run((command, "merge", *map(str, clips), "-o", str(target)), check=True,
                   capture_output=True)  # fmt: skip
    return target


def judge(film: Path) -> None:
    with av.open(str(film)) as container:
        video = container.streams.video[0]
        sound = container.streams.audio[0]
        length = tuple(float((s.duration or 0) * (s.time_base or 0)) for s in (video, sound))
        context = video.codec_context
        print(
            f"  {video.width}x{video.height}, SAR {video.sample_aspect_ratio}, "
            f"{video.average_rate} fps, matrix {context.colorspace}, range {context.color_range}; "
            f"picture {length[0]:.3f} s, sound {length[1]:.3f} s"
        )
    result = decoded(film)
    kinds = list(KINDS)
    starts = [float(SECONDS * n) for n in range(len(kinds))]
    sync(result, starts, kinds)
    print(f"clicks at the cuts: {max(clicks(result.sound, starts[1:])):+.1f} dB; loudness, peak: "
          "{:.2f} LUFS, {:.2f} dBTP".format(*loudness(result)))  # fmt: skip
    colour(result, starts, kinds)


def tried(name: str, work: Callable[[], Path]) -> None:
    begun = time.monotonic()
    try:
        film = work()
    except (subprocess.CalledProcessError, OSError) as error:
        words = getattr(error, "stderr", None) or str(error)
        print(f"\n{name}: no film: {str(words)[-300:]}")
        return
    print(f"\n{name}: {time.monotonic() - begun:.1f} s")
    judge(film)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--kinocut", help="Kinocut's program; it wants ffmpeg and ffprobe on PATH")
    options = parser.parse_args()
    program = ffmpeg.find(dict(os.environ))
    subprocess.run((*MOVIEPY, "python", "-c", "import moviepy"), check=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        Image.new("RGB", (720, 1280), (90, 120, 200)).save(folder / "a.png")
        film, clips = ours(folder)
        judge(film)
        tried("two ffmpeg commands", lambda: naive(program, clips, folder))
        tried("MoviePy 2.2.1", lambda: moviepy(program, clips, folder))
        if options.kinocut:
            tried("Kinocut merge", lambda: kinocut(options.kinocut, clips, folder))


if __name__ == "__main__":
    main()
