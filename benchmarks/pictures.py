"""The pictures of README and docs: `uv run python benchmarks/pictures.py [NAME ...]`.

Each language has a list of `specs/`. It is run on the mock, under a terminal that is recorded; then
the films, the storyboard and the board are photographed, the emulator's page, and a bundle as
a phone shows it. Needs Debian's chromium. Names are en, zh, bundle, emulator and rooms, all of
which are made where none is named, and adoption, which takes long.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import recorder
from emulator_page import emulator_page
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, sync_playwright

from wanx_render.captions import fonts
from wanx_render.media import ffmpeg

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "docs" / "pictures"
PROGRAM = Path(sys.executable).with_name("wanx-render")
COLUMNS, ROWS = 100, 24
LARGEST = 400_000  # bytes of a picture
SCREEN = {"width": 1180, "height": 900}
PHONE = {"width": 390, "height": 780}


@dataclass(frozen=True, slots=True)
class Scene:
    """What the pictures of one language are made of."""

    suffix: str  # of their names
    locale: str
    language: str  # WANX_LANG
    spec: str  # of specs/, without .yaml
    retake: str  # the shot of which there shall be two takes
    stills: tuple[tuple[str, float], ...]  # a deliverable and a second of it
    title: str  # of the recording, for those who cannot see it
    client: str  # who comments in a bundle
    comment: str

    @property
    def command(self) -> str:
        """What one types."""
        return f"wanx-render specs/{self.spec}.yaml"

    def target(self, name: str) -> Path:
        """Where the picture ``name`` belongs, such as ``run.svg``."""
        stem, _, kind = name.partition(".")
        return PICTURES / f"{stem}{self.suffix}.{kind}"


SCENES = {
    "en": Scene(
        "", "en-GB", "en", "hello", "rooftop",
        (("9x16", 1.7), ("9x16", 11.7), ("3x4", 1.7), ("3x4", 11.7)),
        "wanx-render makes two films from specs/hello.yaml; waiting is shortened",
        "Ana", "Could the cat look at us here?",
    ),
    "zh": Scene(
        ".zh-CN", "zh-CN", "zh", "short-drama", "street",
        (("vertical", 1.7), ("vertical", 16.0), ("poster", 1.7), ("poster", 16.0)),
        "wanx-render 用 specs/short-drama.yaml 生成两个成片（等待时间已缩短）",
        "陈导", "这里停得久一点，看清表情。",
    ),
}  # fmt: skip

# Pictures that other benchmarks draw.
DRAWN = {
    "rooms": ("benchmarks/rooms.py",),
    "adoption": ("benchmarks/adoption.py", "--picture", "docs/pictures/adoption-margins.png"),
}


def environment_of(scene: Scene, home: Path) -> dict[str, str]:
    """A clean environment, so that nobody's settings or keys are in a picture."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), "WANX_LANG": scene.language}


def run(scene: Scene, folder: Path) -> str:
    """Run the list in ``folder``, where the outputs stay; the recording as SVG."""
    specs = ROOT / "specs"
    shutil.copytree(specs, folder / "specs", ignore=shutil.ignore_patterns("renders"))
    command = [str(PROGRAM), *scene.command.split()[1:]]
    size = (COLUMNS, ROWS)
    chunks, code = recorder.record(command, folder, environment_of(scene, folder), size)
    if code:
        raise SystemExit(b"".join(data for _, data in chunks).decode())
    return recorder.svg(recorder.film(scene.command, chunks, COLUMNS), COLUMNS, scene.title)


def films(scene: Scene, folder: Path) -> Image.Image:
    """Stills of the deliverables beside each other, each with its name and size below it."""
    height, gap, line = 560, 18, 34
    stills = [(name, _still(folder / f"{name}.mp4", second)) for name, second in scene.stills]
    labels = [f"{name}.mp4  {still.width}x{still.height}" for name, still in stills]
    small = [still.resize((still.width * height // still.height, height)) for _, still in stills]
    width = sum(still.width + gap for still in small) - gap
    sheet = Image.new("RGBA", (width, height + line), (0, 0, 0, 0))
    draw, x = ImageDraw.Draw(sheet), 0
    for still, label in zip(small, labels, strict=True):
        mask = Image.new("L", still.size, 0)
        ImageDraw.Draw(mask).rounded_rectangle((0, 0, still.width - 1, height - 1), 14, fill=255)
        sheet.paste(still, (x, 0), mask)
        draw.text((x + 4, height + 8), label, (122, 133, 144, 255), fonts.chinese().at(18))
        x += still.width + gap
    return sheet


def _still(film: Path, second: float) -> Image.Image:
    target = film.with_suffix(f".{second}.png")
    arguments = ("-ss", str(second), "-i", ffmpeg.file_url(film), "-frames:v", "1", "-y")
    ffmpeg.run(ffmpeg.find(os.environ), (*arguments, ffmpeg.file_url(target)))
    with Image.open(target) as image:
        return image.convert("RGB")


@contextmanager
def board(scene: Scene, folder: Path) -> Iterator[str]:
    """The address of the list's board."""
    command = [str(PROGRAM), "board", f"specs/{scene.spec}.yaml"]
    process = subprocess.Popen(
        command, cwd=folder, env=environment_of(scene, folder), stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(timeout=20)


def photograph(browser: Browser, address: str, scene: Scene, ready: str) -> Image.Image:
    """A page as one sees it in this scene's language, once ``ready`` is on it."""
    context = browser.new_context(viewport=SCREEN, locale=scene.locale, device_scale_factor=1.5)  # type: ignore[arg-type]
    page: Any = context.new_page()
    page.goto(address)
    page.wait_for_selector(ready)
    page.evaluate("scrollBy(0, -10)")  # room above a heading that the address leads to
    page.wait_for_timeout(1500)
    target = Path(tempfile.gettempdir()) / f"wanx-{os.getpid()}.png"
    page.screenshot(path=target)
    context.close()
    with Image.open(target) as image:
        picture = image.convert("RGB")
    target.unlink()
    return picture


def save(picture: Image.Image, target: Path) -> None:
    """As WebP, as well as it can be in ``LARGEST`` bytes."""
    for quality in (88, 80, 70, 55):
        picture.save(target, "WEBP", quality=quality, method=6)
        if target.stat().st_size <= LARGEST:
            return
    raise SystemExit(f"{target.name} is larger than {LARGEST} bytes")


def pictures_of(scene: Scene, browser: Browser) -> None:
    """Every picture of one language."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        scene.target("run.svg").write_text(run(scene, folder), encoding="utf-8")
        renders = folder / "specs" / "renders" / scene.spec
        save(films(scene, renders), scene.target("films.webp"))
        retake = [str(PROGRAM), *scene.command.split()[1:], "--retake", scene.retake]
        subprocess.run(retake, cwd=folder, env=environment_of(scene, folder), check=True)
        page = f"{(renders / 'storyboard.html').as_uri()}#deliverables"
        save(photograph(browser, page, scene, "img"), scene.target("storyboard.webp"))
        with board(scene, folder) as address:
            save(photograph(browser, address, scene, ".row"), scene.target("board.webp"))


def bundle_picture(scene: Scene, browser: Browser) -> None:
    """A bundle on a phone: the film, a comment being written, and the comment at its shot."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        shutil.copytree(ROOT / "specs", folder / "specs", ignore=shutil.ignore_patterns("renders"))
        words = scene.command.split()[1:]
        for command in (words, ["report", *words, "--bundle", "review.html"]):
            subprocess.run(
                [str(PROGRAM), *command], cwd=folder, env=environment_of(scene, folder), check=True
            )
        screens = _screens((folder / "review.html").as_uri(), scene, browser)
    gap = 40
    width = sum(screen.width + gap for screen in screens) - gap
    sheet = Image.new("RGBA", (width, screens[0].height), (0, 0, 0, 0))
    for number, screen in enumerate(screens):
        mask = Image.new("L", screen.size, 0)
        box = (0, 0, screen.width - 1, screen.height - 1)
        ImageDraw.Draw(mask).rounded_rectangle(box, 40, fill=255)
        sheet.paste(screen, (number * (screen.width + gap), 0), mask)
    save(sheet, scene.target("bundle.webp"))


def _screens(address: str, scene: Scene, browser: Browser) -> list[Image.Image]:
    context = browser.new_context(
        viewport=PHONE, locale=scene.locale, device_scale_factor=2, has_touch=True,  # type: ignore[arg-type]
        is_mobile=True, offline=True,
    )  # fmt: skip
    page: Any = context.new_page()
    page.goto(address)
    page.evaluate("document.querySelector('video').currentTime = 2")
    page.wait_for_timeout(2500)
    screens = [_screen(page)]
    page.tap("#comment")
    page.fill("#name", scene.client)
    page.fill("#text", scene.comment)
    screens.append(_screen(page))
    page.tap("#put")
    page.evaluate("document.querySelector('#shots').scrollIntoView()")
    page.wait_for_timeout(500)
    screens.append(_screen(page))
    context.close()
    return screens


def _screen(page: Any) -> Image.Image:
    with Image.open(BytesIO(page.screenshot())) as image:
        return image.convert("RGB")


def emulator_pictures(browser: Browser) -> None:
    """The emulator's page in each language."""
    for scene in SCENES.values():
        with emulator_page(scene.language) as address:
            picture = photograph(browser, address, scene, "#requests details")
        save(picture, scene.target("emulator.webp"))


def main(names: Sequence[str]) -> None:
    """Make the pictures that are named."""
    wanted = names or [*SCENES, "bundle", "emulator", "rooms"]
    if unknown := set(wanted) - {*SCENES, *DRAWN, "bundle", "emulator"}:
        raise SystemExit(f"unknown names: {', '.join(sorted(unknown))}")
    for name, command in DRAWN.items():
        if name in wanted:
            subprocess.run((sys.executable, *command), cwd=ROOT, check=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for name in wanted:
            if name in SCENES:
                pictures_of(SCENES[name], browser)
        if "bundle" in wanted:
            for scene in SCENES.values():
                bundle_picture(scene, browser)
        if "emulator" in wanted:
            emulator_pictures(browser)
        browser.close()
    for path in sorted(PICTURES.iterdir()):
        print(f"{path.name}: {path.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
