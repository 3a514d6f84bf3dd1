"""What preparing a picture costs: `uv run python benchmarks/pictures_prepared.py [ROUNDS]`.

Each source is prepared for 9:16 at 720P (crop, pad, blur), beside what Pillow alone takes to decode
the file, resize the window and encode it in the same format. Ratios are of medians, taken turn by
turn. Then what a table of 1,000 pictures of different sizes costs to plan: the aspect and the
window of each, for 480P, 720P and 1080P.
"""

import io
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial

from PIL import Image, ImageFilter

from wanx_render.geometry import Aspect, Fit, Size
from wanx_render.media import images
from wanx_render.preparation import Fitting, Limits, Preparation, best_aspect, prepare

AREAS = (399_360, 921_600, 2_073_600)
LIMITS = Limits(360, 2000)
MOST_BYTES = 10 * 1024 * 1024
TALL = Aspect(9, 16)
FITS: tuple[Fit, ...] = ("crop", "pad", "blur")


def photograph(width: int, height: int) -> Image.Image:
    """Something as hard to encode as a photograph: soft noise over a gradient."""
    noise = Image.effect_noise((width // 4, height // 4), 60).resize((width, height))
    slope = Image.radial_gradient("L").resize((width, height))
    bands = (noise, slope, Image.blend(noise, slope, 0.5))
    return Image.merge("RGB", bands).filter(ImageFilter.GaussianBlur(1))


def written(image: Image.Image, kind: str, **options: int) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def sources() -> dict[str, bytes]:
    phone = photograph(4032, 3024)
    frame = phone.resize((1280, 720))
    return {
        "phone, JPEG 4032x3024": written(phone, "JPEG", quality=92),
        "drawn, JPEG 1024x1024": written(phone.resize((1024, 1024)), "JPEG", quality=92),
        "last frame, PNG 1280x720": written(frame, "PNG"),
        "WebP 1920x1080": written(phone.resize((1920, 1080)), "WEBP", quality=90),
    }


def bare(data: bytes, preparation: Preparation) -> bytes:
    window, inner = preparation.window, preparation.inner
    box = (window.x, window.y, window.x + window.width, window.y + window.height)
    with Image.open(io.BytesIO(data)) as image:
        kind = "PNG" if image.format == "PNG" else "JPEG"
        picture = image.resize((inner.width, inner.height), Image.Resampling.LANCZOS, box)
    if inner.size != preparation.sent:
        frame = Image.new("RGB", (preparation.sent.width, preparation.sent.height), "white")
        frame.paste(picture, (inner.x, inner.y))
        picture = frame
    options = {} if kind == "PNG" else {"quality": 95, "subsampling": 0}
    return written(picture, kind, **options)


def seconds(work: Callable[[], object]) -> float:
    """Processor time: what else the machine does is no part of it."""
    start = time.process_time()
    work()
    return time.process_time() - start


def compare(data: bytes, fit: Fit, rounds: int) -> tuple[float, float]:
    """Medians of the bare and the prepared picture, in seconds."""
    preparation = prepare(images.inspect(data).size, Fitting(TALL, fit), AREAS[1], LIMITS)
    plain, ours = [], []
    for _ in range(rounds):
        plain.append(seconds(lambda: bare(data, preparation)))
        ours.append(seconds(lambda: images.prepared(data, preparation, MOST_BYTES)))
    return statistics.median(plain), statistics.median(ours)


def table(crops: list[Aspect]) -> float:
    """Seconds to plan a thousand pictures, each of its own size, at three tiers."""
    sizes = [Size(600 + 3 * number, 1800 - number) for number in range(1000)]

    def plan() -> None:
        for size in sizes:
            for area in AREAS:
                aspect = best_aspect(size, area, crops, "crop", LIMITS)
                prepare(size, Fitting(aspect), area, LIMITS)

    return seconds(plan)


def main(rounds: int) -> None:
    print(f"{'source':26} {'fit':5} {'bare':>8} {'prepared':>9} {'ratio':>6}")
    for name, data in sources().items():
        for fit in FITS:
            plain, ours = compare(data, fit, rounds)
            times = f"{plain * 1000:5.0f} ms {ours * 1000:6.0f} ms"
            print(f"{name:26} {fit:5} {times} {ours / plain:6.2f}")
        seen = seconds(partial(images.inspect, data))
        print(f"{name:26} {'seen':5} {seen * 1000:5.0f} ms")
    crops = [*map(Aspect.parse, ("9:16", "3:4", "1:1"))]
    print(f"1,000 sizes, 3 tiers, 3 deliverables: {table(crops):.2f} s, again {table(crops):.2f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
