"""What deliverables keep of a clip: `uv run python benchmarks/pictures_kept.py [--all | --decode]`.

Forty shapes of pictures as people have them, six sets of deliverables that crop and three tiers.
The share is that of the deliverable which keeps least of the clip, without `fit_image` and with
`match`, beside the best that any window finds: every integer width at the full height and every
integer height at the full width. All 720 lines with `--all`, else one line for each set and tier.

`--decode` makes the clips of all shapes on the mock, once for each set, and decodes them with PyAV:
the shares of the crops in the finished videos beside those that the plan names.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
from PIL import Image

from wanx_render.geometry import Aspect, Size, predicted_size
from wanx_render.preparation import Fitting, Limits, best_aspect, least_share, prepare

TIERS = {"480P": 399_360, "720P": 921_600, "1080P": 2_073_600}
LIMITS = Limits(240, 8000, Fraction(8))
SETS = ("9:16", "3:4", "9:16 3:4", "9:16 16:9", "9:16 1:1 16:9", "9:16 3:4 4:5 1:1 2:3 16:9")
_SHAPES = """
1024x1024 1024x1536 1536x1024 1024x1792 1792x1024 1152x896 896x1152 1216x832 832x1216 1344x768
768x1344 1536x640 640x1536 4032x3024 3024x4032 4000x3000 4000x2250 3840x2160 2160x3840 1920x1080
1080x1920 1080x1350 1080x1080 1080x1440 1242x2688 1170x2532 1290x2796 2048x1536 2048x1152 6000x4000
4000x6000 5472x3648 2560x1440 2560x1080 750x1000 720x1280 1280x720 800x600 1500x500 2480x3508
"""
SHAPES = [Size(*map(int, text.split("x"))) for text in _SHAPES.split()]


def windows(source: Size) -> Iterator[Size]:
    """Every integer window that touches two sides of the picture, opposite to one another."""
    yield from (Size(width, source.height) for width in range(1, source.width + 1))
    yield from (Size(source.width, height) for height in range(1, source.height + 1))


def shares(source: Size, crops: list[Aspect], area: int) -> tuple[Fraction, Fraction, Fraction]:
    """The smallest share without a preparation, with `match`, and of the best window."""
    fitting = Fitting(best_aspect(source, area, crops, "crop", LIMITS))
    clip = predicted_size(prepare(source, fitting, area, LIMITS).sent, area)
    clips = {
        predicted_size.__wrapped__(window, area)
        for window in windows(source)
        if max(window.width, window.height) <= min(window.width, window.height) * LIMITS.steepest
    }
    best = max(least_share(other, crops) for other in clips)
    return least_share(predicted_size(source, area), crops), least_share(clip, crops), best


LIST = """\
version: 1
project: kept
label: none
defaults: {{model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3, prompt: x, fit_image: match}}
shots: [{shots}]
deliverables: [{films}]
"""


def decoded(text: str, folder: Path) -> None:
    """One line: the smallest share of each shape, by the plan and as decoded."""
    folder.mkdir()
    for source in SHAPES:
        Image.effect_noise((source.width, source.height), 8).save(folder / f"{source}.jpg")
    shots = ", ".join(f"{{id: s{source}, image: {source}.jpg}}" for source in SHAPES)
    films = ", ".join(f"{{aspect: {aspect}, quality: draft}}" for aspect in text.split())
    (folder / "list.yaml").write_text(LIST.format(shots=shots, films=films), encoding="utf-8")
    program = str(Path(sys.executable).with_name("wanx-render"))
    plan = json.loads(run(program, "plan", str(folder / "list.yaml"), "--json"))
    run(program, "render", str(folder / "list.yaml"))
    manifest = json.loads((folder / "renders" / "kept" / "manifest.json").read_text())
    sizes = {}
    for shot in manifest["shots"]:
        with av.open(str(folder / "renders" / "kept" / shot["takes"][0]["clip"])) as clip:
            frame = next(clip.decode(video=0))
            sizes[shot["id"]] = Size(frame.width, frame.height)
    crops = [*map(Aspect.parse, text.split())]
    gaps, shares_seen = [], []
    for take in plan["takes"]:
        kept = take["picture"]["sent"]["kept_percent"].values()
        share = 100 * float(least_share(sizes[take["shot"]], crops))
        shares_seen.append(share)
        gaps.append(abs(share - min(kept)))
    mean, worst = statistics.fmean(shares_seen), max(gaps)
    print(f"480P   {text:28} decoded {mean:6.1f}%, off the plan by at most {worst:.2f} points")


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main(every: bool) -> None:
    print(f"{'tier':6} {'deliverables':28} {'without':>8} {'match':>7} {'best':>7} {'worse by':>9}")
    worst = Fraction(0)
    for tier, area in TIERS.items():
        for text in SETS:
            crops = [*map(Aspect.parse, text.split())]
            rows = [shares(source, crops, area) for source in SHAPES]
            worst = max(worst, *(best - match for _, match, best in rows))
            if every:
                for source, (without, match, best) in zip(SHAPES, rows, strict=True):
                    line(tier, f"{text} of {source}", without, match, best)
            columns = [statistics.fmean(map(float, column)) for column in zip(*rows, strict=True)]
            line(tier, text, *columns)
    print(f"never worse than the best window by more than {float(100 * worst):.3f} points")


def line(
    tier: str, text: str, without: Fraction | float, match: Fraction | float, best: Fraction | float
) -> None:
    shown = [f"{100 * float(share):6.1f}%" for share in (without, match, best)]
    print(f"{tier:6} {text:28}  {'  '.join(shown)} {100 * float(best - match):8.3f}")


if __name__ == "__main__":
    if "--decode" in sys.argv:
        with tempfile.TemporaryDirectory() as name:
            for number, text in enumerate(SETS):
                decoded(text, Path(name) / str(number))
    else:
        main("--all" in sys.argv)
