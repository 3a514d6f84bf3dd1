"""How well a clip's first frame shows whose picture it is: `uv run python benchmarks/adoption.py`.

    adoption.py [FOLDER ...] [--videos FOLDER ...] [--picture PATH.png] [--half tune|report]

Pairs of a picture that was sent and the first frame of a clip, each clip really encoded: pairs of
one picture through what a service does to it, and pairs of two pictures that look alike. The
repository's own pictures and drawn scenes are always used; FOLDER adds pictures, and a folder of
`--videos` has one folder of frames for each video. Pictures fall into two halves by their name:
bounds were chosen on `tune` alone.
"""

import argparse
import colorsys
import hashlib
import math
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

import imageio_ffmpeg
from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from wanx_render.backends.slate import ClipCall, make_clip
from wanx_render.captions import fonts
from wanx_render.geometry import Size, predicted_size
from wanx_render.media import decoding, ffmpeg
from wanx_render.task import InputMedia, TaskRequest
from wanx_render.tasks.likeness.colours import MATRICES
from wanx_render.tasks.likeness.comparison import LEAST_DETAIL, Likeness, compare

ROOT = Path(__file__).parent.parent
OWN = ROOT / "specs" / "frames"
AREAS = (624 * 624, 960 * 960)  # 480P and 720P
LONGEST = 1280  # pixels; larger pictures of a folder are made smaller first

Picture = Image.Image
Change = Callable[[Picture, random.Random], Picture]


@dataclass(frozen=True, slots=True)
class Pair:
    """A sent picture, the picture a clip was made of, and what the pair tries."""

    kind: str
    same: bool
    name: str
    sent: Picture
    source: Picture
    change: Change
    crf: int
    seed: int
    emulated: bool = False  # a test clip, with its slate


# --- what a service does to a picture -----------------------------------------------------------


def fitted(picture: Picture, area: int) -> Picture:
    """At the size of a clip: stretched by the few pixels that rounding takes."""
    size = predicted_size(Size(*picture.size), area)
    return picture.resize((size.width, size.height), Image.Resampling.LANCZOS)


def cropped(picture: Picture, area: int) -> Picture:
    size = predicted_size(Size(*picture.size), area)
    return ImageOps.fit(picture, (size.width, size.height), Image.Resampling.LANCZOS)


def moved(picture: Picture, zoom: float, x: float, y: float, degrees: float = 0) -> Picture:
    """A window of the picture: ``zoom`` times nearer, shifted by parts of its sides, turned."""
    width, height = picture.size
    cos, sin = math.cos(math.radians(degrees)) / zoom, math.sin(math.radians(degrees)) / zoom
    centre_x, centre_y = width * (0.5 + x), height * (0.5 + y)
    matrix = (
        cos, sin, centre_x - cos * width / 2 - sin * height / 2,
        -sin, cos, centre_y + sin * width / 2 - cos * height / 2,
    )  # fmt: skip
    padded = ImageOps.expand(picture, 0)
    layer = padded.transform(picture.size, Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)
    inside = Image.new("L", picture.size, 255)
    inside = inside.transform(picture.size, Image.Transform.AFFINE, matrix)
    return Image.composite(layer, picture, inside)


def as_it_is(picture: Picture, _: random.Random) -> Picture:
    return picture


def zoomed(picture: Picture, chance: random.Random) -> Picture:
    return moved(picture, chance.uniform(1.005, 1.03), 0, 0)


def shifted(picture: Picture, chance: random.Random) -> Picture:
    zoom = chance.uniform(1, 1.03)
    return moved(picture, zoom, chance.uniform(-0.03, 0.03), chance.uniform(-0.03, 0.03))


def turned(picture: Picture, chance: random.Random) -> Picture:
    x, y = chance.uniform(-0.015, 0.015), chance.uniform(-0.015, 0.015)
    return moved(picture, chance.uniform(1.01, 1.04), x, y, chance.uniform(-1.5, 1.5))


def brighter(picture: Picture, chance: random.Random) -> Picture:
    return ImageEnhance.Brightness(picture).enhance(chance.uniform(0.9, 1.1))


def contrasted(picture: Picture, chance: random.Random) -> Picture:
    return ImageEnhance.Contrast(picture).enhance(chance.uniform(0.9, 1.1))


def gamma(picture: Picture, chance: random.Random) -> Picture:
    power = chance.uniform(0.88, 1.14)
    return picture.point([round(255 * (v / 255) ** power) for v in range(256)] * 3)


def saturated(picture: Picture, chance: random.Random) -> Picture:
    return ImageEnhance.Color(picture).enhance(chance.uniform(0.85, 1.15))


def hued(picture: Picture, chance: random.Random) -> Picture:
    return rotated_hue(picture, chance.choice((-5, -3, 3, 5)))


def rotated_hue(picture: Picture, degrees: float) -> Picture:
    """The chroma plane turned: luma stays, colours go round by ``degrees``."""
    angle = math.radians(degrees)
    cos, sin = math.cos(angle), math.sin(angle)
    luma, blue, red = picture.convert("YCbCr").split()
    plane = Image.merge("RGB", (luma, blue, red)).convert(
        "RGB",
        (
            1,
            0,
            0,
            0,
            0,
            cos,
            -sin,
            128 - 128 * cos + 128 * sin,
            0,
            sin,
            cos,
            128 - 128 * (sin + cos),
        ),
    )
    return Image.merge("YCbCr", plane.split()).convert("RGB")


def other_matrix(picture: Picture, chance: random.Random) -> Picture:
    """Encoded by one of BT.601 and BT.709 and decoded by the other."""
    matrix = chance.choice(tuple(MATRICES[1:]))
    return picture.convert("RGB", matrix)


def retouched(picture: Picture, chance: random.Random) -> Picture:
    """Texture made over: a grain of its own, some sharpness, and lines that wander a little."""
    width, height = picture.size
    bent = wavy(picture, chance, width * 0.0012)
    grain = Image.effect_noise((width // 2, height // 2), chance.uniform(6, 14)).resize(
        picture.size, Image.Resampling.BICUBIC
    )
    grained = ImageChops.add(bent, Image.merge("RGB", (grain,) * 3), 1, -128)
    return grained.filter(ImageFilter.UnsharpMask(2, chance.choice((0, 40, 80)), 2))


def wavy(picture: Picture, chance: random.Random, reach: float) -> Picture:
    """Bent by smooth displacements of at most ``reach`` pixels."""
    columns, rows = 12, 9
    width, height = picture.size
    knots = {
        (c, r): (chance.uniform(-reach, reach), chance.uniform(-reach, reach))
        for c in range(columns + 1)
        for r in range(rows + 1)
    }

    def corner(c: int, r: int) -> tuple[float, float]:
        x, y = knots[c, r]
        return c * width / columns + x, r * height / rows + y

    mesh = []
    for c in range(columns):
        for r in range(rows):
            box = (
                c * width // columns, r * height // rows,
                (c + 1) * width // columns, (r + 1) * height // rows,
            )  # fmt: skip
            quad = (*corner(c, r), *corner(c, r + 1), *corner(c + 1, r + 1), *corner(c + 1, r))
            mesh.append((box, quad))
    bent = picture.transform(picture.size, Image.Transform.MESH, mesh, Image.Resampling.BICUBIC)
    edge = math.ceil(reach) + 1
    inner = bent.crop((edge, edge, width - edge, height - edge))
    made = picture.copy()
    made.paste(inner, (edge, edge))
    return made


def softened(picture: Picture, chance: random.Random) -> Picture:
    return picture.filter(
        ImageFilter.GaussianBlur(max(picture.size) / 1280 * chance.uniform(0.8, 1.6))
    )


def watermarked(picture: Picture, _: random.Random) -> Picture:
    """The service's stamp, as an approximation: its real typeface is not known here."""
    width, height = picture.size
    unit = max(14, min(width, height) // 28)
    layer = Image.new("L", picture.size)
    font = fonts.chinese().at(unit)
    text = "AI生成"
    x = width - unit - int(font.getlength(text))
    ImageDraw.Draw(layer).text((x, height - unit * 2), text, 180, font)
    return Image.composite(Image.new("RGB", picture.size, "white"), picture, layer)


def everything(picture: Picture, chance: random.Random) -> Picture:
    """Of each a little, as a real clip has it."""
    for change in (shifted, brighter, saturated, hued, watermarked):
        picture = change(picture, chance)
    return picture


CHANGES: dict[str, tuple[Change, tuple[int, ...]]] = {
    "as it is": (as_it_is, (18, 23, 28)),
    "compressed hard": (as_it_is, (33, 38)),
    "zoom to 3 %": (zoomed, (23,)),
    "zoom and shift to 3 %": (shifted, (23, 28)),
    "turned to 1.5 degrees": (turned, (23,)),
    "brightness 10 %": (brighter, (23,)),
    "contrast 10 %": (contrasted, (23,)),
    "gamma 0.88 to 1.14": (gamma, (23,)),
    "saturation 15 %": (saturated, (23,)),
    "hue 5 degrees": (hued, (23,)),
    "BT.601 for BT.709": (other_matrix, (23,)),
    "texture made over": (retouched, (23,)),
    "softer": (softened, (23,)),
    "stamp AI生成": (watermarked, (23,)),
    "a little of each": (everything, (26,)),
}


# --- drawn scenes: products, people, catalogues -------------------------------------------------


@dataclass(frozen=True, slots=True)
class Scene:
    """A product on a ground, as a shop would show it."""

    form: str = "bottle"  # bottle, mug, box, lamp, shoe
    hue: float = 0.05
    saturation: float = 0.7
    label: str = "A-17"
    ground: str = "white"  # white, table, wall
    extra: str = ""  # a second object: ball, cup, leaf
    person: int = -1  # a bust instead of a product, by its number

    def draw(self, size: tuple[int, int] = (1000, 1000)) -> Picture:
        canvas = _ground(self.ground)
        if self.person >= 0:
            _bust(canvas, self.person)
        else:
            _product(canvas, self)
        return ImageOps.fit(canvas, size, Image.Resampling.LANCZOS)


def _colour(hue: float, saturation: float, value: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def _ground(kind: str) -> Picture:
    canvas = Image.new("RGB", (1200, 1200), (250, 250, 250))
    draw = ImageDraw.Draw(canvas)
    if kind == "wall":
        ramp = Image.radial_gradient("L").resize((1200, 1200))
        canvas = ImageOps.colorize(ramp, (225, 215, 200), (120, 110, 105))
    if kind == "table":
        draw.rectangle((0, 0, 1200, 760), (205, 214, 220))
        draw.rectangle((0, 760, 1200, 1200), (150, 105, 70))
        for row in range(9):
            shade = 10 * (row % 3)
            draw.line((0, 790 + row * 48, 1200, 775 + row * 52), (138 - shade, 95 - shade, 60), 4)
    return canvas


def _product(canvas: Picture, scene: Scene) -> None:
    draw = ImageDraw.Draw(canvas)
    tone = [_colour(scene.hue, scene.saturation, value) for value in (0.35, 0.6, 0.8, 0.95)]
    draw.ellipse(
        (330, 960, 870, 1040), (170, 168, 165) if scene.ground == "white" else (90, 70, 55)
    )
    outlines = {
        "bottle": ((430, 420, 770, 1000), (540, 230, 660, 430)),
        "mug": ((380, 520, 760, 1000), (740, 600, 900, 880)),
        "box": ((330, 380, 870, 1000), (330, 330, 870, 400)),
        "lamp": ((400, 300, 800, 620), (570, 600, 630, 1000)),
        "shoe": ((260, 760, 940, 1000), (260, 560, 560, 800)),
    }
    body, part = outlines[scene.form]
    if scene.form == "mug":
        draw.ellipse(part, None, tone[1], 36)
    else:
        draw.rounded_rectangle(part, 24, tone[0])
    draw.rounded_rectangle(body, 60, tone[2])
    left, top, right, bottom = body
    draw.rounded_rectangle((left + 20, top + 30, left + 60, bottom - 40), 16, tone[3])
    draw.rounded_rectangle((right - 70, top + 30, right - 20, bottom - 40), 16, tone[1])
    middle = (left + right) // 2, top + (bottom - top) * 3 // 5
    draw.rectangle(
        (middle[0] - 90, middle[1] - 40, middle[0] + 90, middle[1] + 40), (245, 242, 230)
    )
    font = fonts.chinese().at(46)
    draw.text((middle[0], middle[1]), scene.label, (40, 36, 34), font, anchor="mm")
    if scene.extra == "ball":
        draw.ellipse((930, 880, 1060, 1010), (200, 60, 50))
    if scene.extra == "cup":
        draw.rounded_rectangle((120, 860, 240, 1010), 20, (90, 120, 150))
    if scene.extra == "leaf":
        draw.pieslice((130, 860, 300, 1020), 200, 320, (70, 130, 80))


def _bust(canvas: Picture, number: int) -> None:
    """A person from the front: who it is follows from ``number``, the pose never does."""
    chance = random.Random(number)
    draw = ImageDraw.Draw(canvas)
    skin = chance.choice(((236, 196, 170), (200, 150, 115), (150, 102, 72), (245, 214, 196)))
    hair = chance.choice(((30, 24, 22), (92, 58, 34), (188, 150, 96), (120, 118, 120)))
    coat = _colour(chance.random(), chance.uniform(0.3, 0.8), chance.uniform(0.3, 0.9))
    draw.pieslice((230, 760, 970, 1500), 180, 360, coat)
    draw.rectangle((540, 660, 660, 820), skin)
    long = chance.choice((500, 640, 860))
    draw.rounded_rectangle((400, 250, 800, long), 150, hair)
    wide = chance.randint(130, 165)
    draw.ellipse((600 - wide, 300, 600 + wide, 720), skin)
    draw.pieslice((600 - wide - 10, 260, 600 + wide + 10, 560), 180, 360, hair)
    apart, height = chance.randint(58, 78), chance.randint(480, 510)
    for side in (-1, 1):
        x = 600 + side * apart
        draw.ellipse((x - 24, height - 13, x + 24, height + 13), (250, 250, 248))
        draw.ellipse(
            (x - 12, height - 12, x + 12, height + 12),
            chance.choice(((60, 40, 30), (70, 110, 140))),
        )
        draw.arc((x - 36, height - 50, x + 36, height), 200, 340, hair, chance.randint(6, 14))
    draw.line((600, height + 20, 600 + chance.randint(-14, 14), 590), (160, 110, 90), 6)
    mouth = chance.randint(36, 64)
    draw.arc((600 - mouth, 590, 600 + mouth, 660), 20, 160, (170, 70, 70), chance.randint(8, 16))


def scenes() -> dict[str, Picture]:
    made = {}
    grounds, forms = ("white", "table", "wall"), ("bottle", "mug", "box", "lamp", "shoe")
    for number, form in enumerate(forms):
        for ground in grounds:
            scene = Scene(
                form, number * 0.19 + 0.04, 0.6, f"B-{number}{number + 3}", ground, "ball"
            )
            made[f"scene {form} {ground}"] = scene.draw((1000, 1000) if number % 2 else (900, 1200))
    for number in range(4):
        made[f"scene person {number}"] = Scene(person=number, ground="wall").draw((900, 1200))
    return made


# --- pictures that look alike ---------------------------------------------------------------------


def recoloured(picture: Picture, chance: random.Random) -> Picture:
    """Another colour of the middle of the picture, which is where a product is."""
    degrees = chance.choice((25, 40, 60, 120, 180))
    width, height = picture.size
    mask = Image.new("L", picture.size)
    box = (width * 3 // 10, height // 4, width * 7 // 10, height * 7 // 8)
    ImageDraw.Draw(mask).ellipse(box, 255)
    mask = mask.filter(ImageFilter.GaussianBlur(width / 60))
    return Image.composite(rotated_hue(picture, degrees), picture, mask)


def recoloured_whole(picture: Picture, chance: random.Random) -> Picture:
    return rotated_hue(picture, chance.choice((30, 60, 120, 180)))


def patched(picture: Picture, other: Picture, chance: random.Random, part: float) -> Picture:
    """One object replaced: an ellipse of ``other`` as wide as ``part`` of the shorter side."""
    width, height = picture.size
    side = round(min(width, height) * part)
    x, y = chance.randint(0, width - side), chance.randint(0, height - side)
    cut = ImageOps.fit(other, picture.size).crop((x, y, x + side, y + side))
    mask = Image.new("L", (side, side))
    ImageDraw.Draw(mask).ellipse((1, 1, side - 2, side - 2), 255)
    made = picture.copy()
    made.paste(cut, (x, y), mask.filter(ImageFilter.GaussianBlur(side / 30)))
    return made


def labelled(picture: Picture, text: str, part: float, place: tuple[float, float]) -> Picture:
    """A plate with ``text``, its letters as high as ``part`` of the shorter side."""
    made = picture.copy()
    draw = ImageDraw.Draw(made)
    font = fonts.chinese().at(max(10, round(min(picture.size) * part * 1.35)))
    x, y = picture.width * place[0], picture.height * place[1]
    box = draw.textbbox((x, y), text, font)
    edge = font.size * 0.3
    draw.rectangle((box[0] - edge, box[1] - edge, box[2] + edge, box[3] + edge), (240, 238, 230))
    draw.text((x, y), text, (30, 30, 34), font)
    return made


def fog(chance: random.Random, size: tuple[int, int] = (1000, 750)) -> Picture:
    tone = chance.randint(150, 210)
    cloud = Image.effect_noise((8, 6), chance.uniform(2, 6)).resize(size, Image.Resampling.BICUBIC)
    return Image.merge(
        "RGB", [cloud.point(lambda v, t=t: v + t - 128) for t in (tone, tone + 2, tone + 5)]
    )


def gradient(chance: random.Random, size: tuple[int, int] = (750, 1000)) -> Picture:
    ramp = Image.radial_gradient("L").resize(size)
    colour = [chance.randint(30, 240) for _ in range(3)]
    return Image.merge("RGB", [ramp.point(lambda v, c=c: (v + c) // 2) for c in colour])


def plain(colour: tuple[int, int, int], size: tuple[int, int] = (750, 1000)) -> Picture:
    return Image.new("RGB", size, colour)


LABELS = (
    ("A-17", "A-12"),
    ("No. 3", "No. 8"),
    ("250 ml", "350 ml"),
    ("红茶", "绿茶"),
    ("9.90", "9.80"),
)
MILD = (as_it_is, zoomed, shifted)


def visible(pair: Pair) -> bool:
    """Whether the two pictures differ at all: grey in another hue does not, nor sky for sky."""
    small = [ImageOps.fit(one, (320, 320)) for one in (pair.sent, pair.source)]
    difference = ImageChops.difference(*small).filter(ImageFilter.BoxBlur(1))
    bands = (band.getextrema()[1] for band in difference.split())
    return max(int(str(level)) for level in bands) > 12 or "plain" in pair.kind


def pair(kind: str, name: str, sent: Picture, source: Picture, same: bool = False) -> Pair:
    seed = int(hashlib.sha256(f"{kind}{name}".encode()).hexdigest()[:8], 16)
    chance = random.Random(seed)
    change = chance.choice(MILD) if not same else as_it_is
    return Pair(kind, same, name, sent, source, change, chance.choice((18, 23, 28)), seed)


def same_pairs(bases: dict[str, Picture]) -> Iterator[Pair]:
    for number, (name, picture) in enumerate(bases.items()):
        for index, (kind, (change, rates)) in enumerate(CHANGES.items()):
            seed = number * 100 + index
            crf = random.Random(seed).choice(rates)
            yield Pair(kind, True, name, picture, picture, change, crf, seed)
        yield Pair("the emulator's clip", True, name, picture, picture, as_it_is, 20, number, True)


def other_pairs(bases: dict[str, Picture]) -> Iterator[Pair]:
    """Each base beside pictures made from it, and beside the next bases."""
    names = list(bases)
    for number, name in enumerate(names):
        picture, following = bases[name], bases[names[(number + 1) % len(names)]]
        chance = random.Random(number)
        alike = ImageOps.fit(following, picture.size)
        yield pair("another picture", name, picture, alike)
        yield pair("mirrored", name, picture, ImageOps.mirror(picture))
        yield pair("upside down", name, picture, picture.rotate(180))
        yield pair("another colour of the middle", name, picture, recoloured(picture, chance))
        yield pair("another colour of all", name, picture, recoloured_whole(picture, chance))
        for part in (0.3, 0.15, 0.08):
            yield pair(
                f"object of {part:.0%} replaced",
                name,
                picture,
                patched(picture, alike, chance, part),
            )
        for kind, made in (("another picture", alike), ("mirrored", ImageOps.mirror(picture))):
            title = f"{kind}, the emulator's clip"
            yield Pair(title, False, name, picture, made, as_it_is, 20, number, True)
        one, two = chance.choice(LABELS)
        place = chance.uniform(0.1, 0.75), chance.uniform(0.1, 0.9)
        for part in (0.06, 0.035, 0.02):
            texts = labelled(picture, one, part, place), labelled(picture, two, part, place)
            yield pair(f"label {part:.1%} high differs", name, *texts)


def drawn_pairs() -> Iterator[Pair]:
    forms = ("bottle", "mug", "box", "lamp", "shoe")
    for number, ground in enumerate(("white", "table", "wall") * 4):
        chance = random.Random(number)
        form, hue = forms[number % 5], chance.random()
        scene = Scene(form, hue, 0.6, "B-21", ground, "ball")
        drawn = scene.draw()
        where = f"drawn {number} {form} {ground}"
        for step in (0.06, 0.15, 0.33, 0.5):
            kind = f"product of another hue by {step * 360:.0f} degrees"
            yield pair(
                kind, where, drawn, Scene(form, hue + step, 0.6, "B-21", ground, "ball").draw()
            )
        another = forms[(number + 1) % 5]
        yield pair(
            "another product", where, drawn, Scene(another, hue, 0.6, "B-21", ground, "ball").draw()
        )
        yield pair(
            "another number on it",
            where,
            drawn,
            Scene(form, hue, 0.6, "B-27", ground, "ball").draw(),
        )
        yield pair(
            "one thing beside it",
            where,
            drawn,
            Scene(form, hue, 0.6, "B-21", ground, "leaf").draw(),
        )
        yield pair("mirrored", where, drawn, ImageOps.mirror(drawn))
        bust = Scene(person=number, ground=ground).draw()
        yield pair("another person", where, bust, Scene(person=number + 50, ground=ground).draw())


def empty_pairs() -> Iterator[Pair]:
    """Nearly no detail: nothing may be ``same`` that is not the same."""
    for number in range(12):
        chance = random.Random(number)
        where = f"empty {number}"
        yield pair("fog and fog", where, fog(chance), fog(chance))
        yield pair("gradient of another colour", where, gradient(chance), gradient(chance))
        tone = chance.randint(40, 200), chance.randint(40, 200), chance.randint(40, 200)
        near = tuple(v + chance.choice((-6, 6, 9)) for v in tone)
        yield pair(
            "plain and nearly as plain", where, plain(tone), plain((near[0], near[1], near[2]))
        )
        for kind, made in (
            ("same fog", fog(chance)),
            ("same gradient", gradient(chance)),
            ("same plain colour", plain(tone)),
        ):
            yield pair(kind, where, made, made, True)


def video_pairs(folders: list[Path]) -> Iterator[Pair]:
    for folder in folders:
        frames = [Image.open(path).convert("RGB") for path in sorted(folder.glob("*.png"))]
        for step, kind in ((2, "12 frames later"), (5, "30 frames later"), (12, "72 frames later")):
            for at in range(0, len(frames) - step, 3):
                yield pair(kind, f"{folder.name} {at}", frames[at], frames[at + step])


# --- running it -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outcome:
    """One pair and the answer to it."""

    kind: str
    same: bool
    name: str
    likeness: Likeness
    seconds: float

    @property
    def wrong(self) -> bool:
        return self.likeness.verdict == ("other" if self.same else "same")


def outcome(pair: Pair) -> Outcome:
    """Encode the pair's clip, decode its first frame, and compare."""
    program = ffmpeg.find({"WANX_FFMPEG": imageio_ffmpeg.get_ffmpeg_exe()})
    with tempfile.TemporaryDirectory() as folder:
        clip = (emulator_clip if pair.emulated else service_clip)(program, pair, Path(folder))
        shown = decoding.first_frame(program, clip)
    began = time.process_time()
    answer = compare(pair.sent, shown)
    return Outcome(pair.kind, pair.same, pair.name, answer, time.process_time() - began)


def service_clip(program: ffmpeg.Ffmpeg, pair: Pair, folder: Path) -> Path:
    chance = random.Random(pair.seed)
    shape = chance.choice((fitted, cropped))
    frame = pair.change(shape(pair.source, chance.choice(AREAS)), chance)
    still, clip = folder / "frame.png", folder / "clip.mp4"
    frame.convert("RGB").save(still, compress_level=1)
    ffmpeg.run(
        program,
        (
            "-i", ffmpeg.file_url(still), "-vf",
            "scale=out_color_matrix=bt709:out_range=tv:flags=accurate_rnd,format=yuv420p,"
            "setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709",
            "-c:v", "libx264", "-preset", "veryfast", "-threads", "1", "-crf", str(pair.crf),
            "-y", ffmpeg.file_url(clip),
        ),
    )  # fmt: skip
    return clip


def emulator_clip(program: ffmpeg.Ffmpeg, pair: Pair, folder: Path) -> Path:
    """A whole clip as the emulator makes it: 2 s at 30 fps, so that its window moves 60 pixels."""
    picture = folder / "picture.png"
    pair.source.save(picture, compress_level=1)
    size = Size(*pair.source.size)
    request = TaskRequest(
        model="wan2.5-i2v-preview", region="beijing",
        image=InputMedia(f"sha256:{pair.seed}", picture, size=size), last_image=None,
        prompt="雨夜，女人撑伞走过小巷 A woman walks through the rain", negative_prompt="",
        template=None, resolution="480P", duration=2, sound="none", sound_file=None,
        prompt_extend=False, watermark=False, seed=pair.seed,
    )  # fmt: skip
    clip_size = predicted_size(size, AREAS[0])
    label = f"{pair.name} take 1"
    call = ClipCall(request, label, clip_size, Fraction(30), folder, folder / "clip.mp4")
    return make_clip(program, call)


def chosen(name: str, half: str) -> bool:
    odd = hashlib.sha256(name.encode()).digest()[-1] % 2
    return half == "both" or (half == "report") == bool(odd)


def read(folders: Iterable[Path], half: str) -> dict[str, Picture]:
    """The pictures of folders, and the drawn scenes, that fall into ``half``."""
    bases = {}
    for path in sorted(path for folder in folders for path in folder.iterdir()):
        if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp") and chosen(path.name, half):
            with Image.open(path) as image:
                picture = ImageOps.exif_transpose(image).convert("RGB")
            picture.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
            bases[path.name] = picture
    return bases | {name: one for name, one in scenes().items() if chosen(name, half)}


def sample(pairs: Iterable[Pair], most: int) -> list[Pair]:
    """At most ``most`` pairs, about as many of each kind."""
    kinds = defaultdict(list)
    for one in pairs:
        kinds[one.kind].append(one)
    for number, group in enumerate(kinds.values()):
        random.Random(number).shuffle(group)
    longest = max(map(len, kinds.values()), default=0)
    turns = (
        group[turn] for turn in range(longest) for group in kinds.values() if turn < len(group)
    )
    return list(islice((one for one in turns if one.same or visible(one)), most))


def pairs_of(bases: dict[str, Picture], videos: list[Path], half: str, most: int) -> list[Pair]:
    drawn = [one for one in (*drawn_pairs(), *empty_pairs()) if chosen(one.name, half)]
    moving = [one for one in video_pairs(videos) if chosen(one.name, half)]
    same = [*same_pairs(bases), *(one for one in drawn if one.same)]
    others = [*other_pairs(bases), *(one for one in drawn if not one.same), *moving]
    return [*sample(same, most), *sample(others, most)]


def grouped(outcomes: list[Outcome]) -> list[tuple[bool, str, list[Outcome]]]:
    """Those of each kind; same pairs first."""
    groups = defaultdict(list)
    for one in outcomes:
        groups[not one.same, one.kind].append(one)
    return [(other, kind, group) for (other, kind), group in sorted(groups.items())]


def table(outcomes: list[Outcome]) -> str:
    """Markdown: a row for each kind, its verdicts, and the least, median and largest score."""
    head = "| pair | n | same | doubtful | other | least | median | most |"
    rows = [head, "|---|" + "--:|" * 7]
    for other, kind, group in grouped(outcomes):
        scores = sorted(one.likeness.measures.worst for one in group)
        verdicts = [one.likeness.verdict for one in group]
        counts = [str(verdicts.count(v)) for v in ("same", "doubtful", "other")]
        marks = [f"{v:.2f}" for v in (scores[0], scores[len(scores) // 2], scores[-1])]
        name = f"not it: {kind}" if other else kind
        rows.append("| " + " | ".join([name, str(len(group)), *counts, *marks]) + " |")
    return "\n".join(rows)


def summary(outcomes: list[Outcome]) -> str:
    same = [one.likeness.verdict for one in outcomes if one.same]
    others = [one for one in outcomes if not one.same]
    verdicts = [one.likeness.verdict for one in others]
    detailed = [one for one in others if one.likeness.measures.detail >= LEAST_DETAIL]
    nearest = min((one.likeness.measures.worst for one in detailed), default=math.inf)
    seconds = sorted(one.seconds for one in outcomes)
    wrong = [f"  WRONG {one.kind}: {one.name}: {one.likeness}" for one in outcomes if one.wrong]
    counts = [
        f"{name}: {len(group)} pairs; "
        + ", ".join(f"{group.count(v)} {v}" for v in ("same", "doubtful", "other"))
        for name, group in (("one picture", same), ("two pictures", verdicts))
    ]
    margin = f"the nearest of two pictures with detail: {nearest:.2f} (up to 1 would be same)"
    cost = f"CPU seconds a pair: median {seconds[len(seconds) // 2]:.2f}, most {seconds[-1]:.2f}"
    return "\n".join((*counts, margin, cost, *wrong))


# --- the chart ------------------------------------------------------------------------------------

_LEAST, _MOST = 0.1, 60.0
_VERDICTS = {"same": (30, 130, 90), "doubtful": (225, 160, 40), "other": (190, 60, 60)}


def chart(outcomes: list[Outcome]) -> Picture:
    """A row for each kind, a dot for each pair at its score, coloured by its verdict."""
    groups = grouped(outcomes)
    row, left, width, top = 22, 320, 1120, 74
    canvas = Image.new("RGB", (width, top + row * (len(groups) + 1) + 40), "white")
    draw, font, small = ImageDraw.Draw(canvas), fonts.chinese().at(17), fonts.chinese().at(13)

    def across(score: float) -> float:
        part = math.log(min(max(score, _LEAST), _MOST) / _LEAST) / math.log(_MOST / _LEAST)
        return left + part * (width - left - 30)

    title = "How far the worst spot of a first frame differs (1 is the bound of same)"
    draw.text((14, 8), title, "black", font)
    for number, (verdict, colour) in enumerate(_VERDICTS.items()):
        draw.ellipse((left + number * 110, 42, left + 10 + number * 110, 52), colour)
        draw.text((left + 16 + number * 110, 38), verdict, (60, 60, 60), small)
    bottom = canvas.height - 34
    for score in (0.1, 0.3, 1, 3, 10, 30):
        x = across(score)
        draw.line((x, top - 8, x, bottom), "black" if score == 1 else (225, 225, 225), 1)
        draw.text((x, bottom + 6), f"{score:g}", (60, 60, 60), small, anchor="ma")
    same_rows = sum(not other for other, _, _ in groups)
    for number, (other, kind, group) in enumerate(groups):
        y = top + row * (number + other)
        draw.text((14, y - 2), kind, (40, 40, 40), small)
        for index, one in enumerate(group):
            x, level = across(one.likeness.measures.worst), y + 7 + (index % 5 - 2) * 2.4
            draw.ellipse((x - 3, level - 3, x + 3, level + 3), _VERDICTS[one.likeness.verdict])
    y = top + row * same_rows
    draw.line((14, y + 7, width - 14, y + 7), (120, 120, 120), 1)
    draw.text((left + 4, y - 2), "two pictures that look alike, below", (90, 90, 90), small)
    return canvas.quantize(64)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--videos", nargs="*", type=Path, default=[])
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--half", choices=("tune", "report", "both"), default="both")
    parser.add_argument("--most", type=int, default=10_000, help="pairs of each sort")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    bases = read((OWN, *options.folders), options.half)
    pairs = pairs_of(bases, options.videos, options.half, options.most)
    with ProcessPoolExecutor(options.jobs) as pool:
        outcomes = list(pool.map(outcome, pairs, chunksize=4))
    print(table(outcomes), "", summary(outcomes), sep="\n")
    if options.picture:
        chart(outcomes).save(options.picture, optimize=True)


if __name__ == "__main__":
    main()
