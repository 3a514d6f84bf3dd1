"""What the storyboard costs: `uv run python benchmarks/storyboard.py [SHOTS]`.

A folder of SHOTS (100) with two takes each, whose pictures are real photographs with grain; then
what the small pictures of one clip cost, beside the decoding it goes through and alone. CPU time of
this process and its children.
"""

import hashlib
import io
import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops

from wanx_render.manifest import Manifest, ShotRecord, TakeRecord, WantedRecord
from wanx_render.media import decoding, ffmpeg, thumbnails
from wanx_render.reports.storyboard_files import PictureSource, write

FRAMES = sorted((Path(__file__).parent.parent / "specs" / "frames").glob("*.jpg"))
ROUNDS = 5
PROMPT = (
    "A cat wakes on a tiled roof at dusk and looks over the town. 一只猫在黄昏的瓦顶上醒来。" * 3
)


def cpu() -> float:
    """Milliseconds of processor time so far, of this process and those it waited for."""
    used = os.times()
    return 1000 * (used.user + used.system + used.children_user + used.children_system)


def photograph(number: int, side: int) -> Image.Image:
    """One of the examples' pictures, cut otherwise each time, with grain as a film has."""
    with Image.open(FRAMES[number % len(FRAMES)]) as image:
        picture = image.convert("RGB")
    left = number * 7 % 60
    picture = picture.crop((left, 0, picture.width - 60 + left, picture.height))
    picture.thumbnail((side, side))
    grain = Image.effect_noise(picture.size, 8).convert("RGB")
    return ImageChops.add(picture, grain, scale=1.0, offset=-128)


def folder_of(place: Path, shots: int) -> Manifest:
    """A manifest whose small pictures are all there."""
    (place / ".cache" / "thumbs").mkdir(parents=True)
    records = tuple(shot(place, number) for number in range(shots))
    return Manifest(
        "bench", "mock", "beijing", "p", "f", "2026-01-01T00:00:00+00:00", complete=True,
        cost="300.00 CNY", shots=records, deliverables=(),
        wanted=(WantedRecord("tall", "9:16", "crop"), WantedRecord("old", "3:4", "crop")),
    )  # fmt: skip


def shot(place: Path, number: int) -> ShotRecord:
    digest = hashlib.sha256(str(number).encode()).hexdigest()
    keep(photograph(number, thumbnails.SIDE), thumbnails.path_of(place, digest, "picture"))
    return ShotRecord(
        f"shot-{number}",
        1,
        tuple(take(place, number, number_of_take, digest) for number_of_take in (1, 2)),
        0,
        120,
    )


def keep(picture: Image.Image, path: Path) -> None:
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=80)
    path.write_bytes(thumbnails.within(stream.getvalue()))


def take(place: Path, number: int, n: int, image: str) -> TakeRecord:
    digest = hashlib.sha256(f"{number} {n}".encode()).hexdigest()
    for step, which in enumerate(thumbnails.WHICH):
        picture = photograph(number * 6 + n * 3 + step, thumbnails.SIDE)
        keep(picture, thumbnails.path_of(place, digest, which))
    request: dict[str, Any] = {"image": f"sha256:{image}", "prompt": PROMPT, "seed": n}
    minute = f"2026-01-01T{number // 60:02}:{number % 60:02}"
    return TakeRecord(
        n, "succeeded", request, f"task-{number}-{n}", actual_prompt=PROMPT[9:] + PROMPT,
        cost="1.5 CNY", clip="clips/a.mp4", sha256=digest, width=720, height=1280, fps="24",
        frames=120, predicted="720x1280", price="1.5 CNY", asked_at=f"{minute}:00+00:00",
        started_at=f"{minute}:10+00:00", ended_at=f"{minute}:40+00:00",
        fetched_at=f"{minute}:42+00:00",
    )  # fmt: skip


def pages(program: ffmpeg.Ffmpeg, place: Path, shots: int) -> None:
    made = folder_of(place, shots)
    target = place / "storyboard.html"
    began, wall = cpu(), time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        missing = write(made, PictureSource(place, program), pool, target)
    assert not missing, missing
    size, seconds = target.stat().st_size / 1e6, time.monotonic() - wall
    print(f"storyboard of {shots} shots, 2 takes each: {size:.1f} MB (at most 10), ", end="")
    print(f"{seconds:.2f} s (at most 3), {cpu() - began:.0f} ms of CPU, its libraries included")


def clip_of(program: ffmpeg.Ffmpeg, place: Path, size: str) -> Path:
    """Five seconds of a photograph that moves, with grain, as the service encodes about."""
    target = place / f"{size}.mp4"
    ffmpeg.run(
        program,
        ("-loop", "1", "-framerate", "24", "-i", ffmpeg.file_url(FRAMES[0]), "-vf",
         f"scale={size.replace('x', ':')},scroll=h=0.002,noise=alls=6:allf=t,format=yuv420p",
         "-frames:v", "120", "-c:v", "libx264", "-preset", "fast", "-crf", "23",
         "-movflags", "+faststart", "-y", ffmpeg.file_url(target)),
    )  # fmt: skip
    return target


def least(work: Any) -> float:
    """The CPU of the cheapest of some rounds."""
    found = []
    for _ in range(ROUNDS):
        began = cpu()
        work()
        found.append(cpu() - began)
    return min(found)


def small_pictures(program: ffmpeg.Ffmpeg, place: Path, size: str) -> None:
    place.mkdir()
    clip, turn = clip_of(program, place, size), iter(range(10**6))

    def beside() -> None:
        sketch = thumbnails.Sketch.of(place, 120)
        decoding.examine(program, clip, also=sketch.arguments())
        sketch.keep(place, f"{next(turn):032}")
        sketch.discard()

    def alone() -> None:
        assert thumbnails.make(program, place, clip, f"{next(turn):032}", 120)

    bare = least(lambda: decoding.examine(program, clip))
    more, own = (least(beside) - bare) / 3, least(alone) / 3
    print(f"a small picture of a clip of {size}, 5 s: {more:.0f} ms beside the decoding ", end="")
    print(f"that each clip goes through (at most 60), {own:.0f} ms alone")


def main() -> None:
    program = ffmpeg.find(os.environ)
    shots = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory() as folder:
        pages(program, Path(folder), shots)
        for size in ("720x1280", "1080x1920"):
            small_pictures(program, Path(folder) / size, size)


if __name__ == "__main__":
    main()
