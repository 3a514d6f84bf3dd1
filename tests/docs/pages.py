"""The pages of the guide as data: their examples, and a folder in which these can be run.

A block of `yaml` or `csv` with `title="NAME"` is a file. One without is a part of a list, which is
completed by ``BASE``; a sequence of mappings with `effect` is a plan of the emulator's faults. In a
block of `sh`, lines that begin with `wanx-render` and `cd` are run. `# exits: N` is the expected
exit code; `not run: REASON`, in a comment or before the block, leaves a line or a block out. The
lines of a block of `text` behind it are in what was printed; `...` is anything.
"""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from PIL import Image

from tests.support.places import ROOT, SPECS
from tests.support.programs import PROGRAMS
from wanx_render.media import ffmpeg
from wanx_render.source import yaml_source

GUIDE = ROOT / "docs" / "guide"
CHINESE = ROOT / "docs" / "zh" / "guide"
PAGES = sorted(GUIDE.glob("*.md"))
TRANSLATIONS = sorted(CHINESE.glob("*.md"))
GENERATED = "<!-- made by `uv run python -m tests.regenerate`; do not edit -->"
BASE: dict[str, Any] = {
    "version": 1,
    "project": "page",
    "defaults": {
        "model": "wanx2.1-i2v-turbo",
        "resolution": "480P",
        "image": "frames/rooftop.jpg",
        "prompt": "A cat wakes",
    },
    "shots": [{"id": "wake"}, {"id": "leap"}, {"id": "land"}],
    "deliverables": ["9:16"],
}
_BLOCK = re.compile(
    r"(?P<note><!-- not run: [^\n]* -->\n)?^```(?P<kind>\w+)(?: title=\"(?P<title>[^\"]+)\")?\n"
    r"(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


def anchor_of(title: str) -> str:
    """The address of a heading within its page."""
    plain = "".join(sign for sign in title.lower() if sign.isalnum() or sign in " _-")
    return plain.replace(" ", "-")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    kind: str
    title: str
    text: str
    line: int
    runs: bool

    @property
    def commands(self) -> Iterator["Command"]:
        for line in self.text.replace("\\\n", " ").splitlines():
            words, _, comment = line.partition("  #")
            if words.startswith(("wanx-render ", "cd ")) and "not run:" not in comment:
                number = re.search(r"exits: (\d+)", comment)
                yield Command(words.strip(), int(number[1]) if number else 0)

    @property
    def bare(self) -> str:
        """The block without comments, blank lines and words of prompts: alike in every language."""
        text = re.sub(r"(\b(?:prompt|tone): )(?:\"[^\"\n]*\"|[^,}\n]*)", r"\1...", self.text)
        if self.kind == "csv":
            text = re.sub(
                r"[^,\"\n]* [^,\"\n]*|[一-鿿，]+", "...", re.sub(r"\"[^\"]*\"", "...", text)
            )
        lines = [re.sub(r"\s+#.*|^#.*", "", line) for line in text.splitlines()]
        return "\n".join(line.rstrip() for line in lines if line.strip())


@dataclass(frozen=True)
class Command:
    """A line that is run, and its exit code."""

    text: str
    exits: int


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            match["kind"],
            match["title"] or "",
            match["text"],
            text[: match.start()].count("\n") + 1,
            match["note"] is None,
        )
        for match in _BLOCK.finditer(text)
    ]


def steps_of(page: Path) -> Iterator[tuple[Block, list[Command]]]:
    """The blocks of a page and the commands to run; comments of originals say how they end."""
    originals = iter(block for block in blocks_of(GUIDE / page.name) if block.kind != "text")
    for block in blocks_of(page):
        original = block if block.kind == "text" else next(originals)
        yield block, list(original.commands)


def faults_of(block: Block) -> list[dict[str, Any]]:
    """The faults of a block that is a plan for the emulator."""
    if block.kind != "yaml" or block.title:
        return []
    value = yaml_source.parse(block.text, "part.yaml").value
    return value if isinstance(value, list) and "effect" in value[0] else []


def list_of(block: Block) -> str:
    """A complete list: the block itself, or the base with the keys of the block in it."""
    parts = re.split(r"^(?=[a-z_]+:)", block.text, flags=re.MULTILINE)
    keys = {part.partition(":")[0] for part in parts}
    if keys & {"version", "models", "prices"}:
        return block.text
    base = {key: value for key, value in BASE.items() if key not in keys}
    return yaml.safe_dump(base, sort_keys=False) + block.text


def furnish(folder: Path) -> None:
    """Put into ``folder`` what the examples name: pictures, sounds, subtitles, a video, a table."""
    shutil.copytree(SPECS / "frames", folder / "frames")
    (folder / "words.srt").write_text("1\n00:00:00,500 --> 00:00:02,000\nThe words\n")
    (folder / "products.csv").write_text("sku,picture\na1,bottle.jpg\n")
    Image.new("RGBA", (400, 200), (230, 40, 60, 200)).save(folder / "logo.png")
    colours = [f"{n & 1} {n >> 1 & 1} {n >> 2}" for n in range(8)]
    (folder / "film.cube").write_text("\n".join(["LUT_3D_SIZE 2", *colours]))
    tone = ("-f", "lavfi", "-i", "sine=frequency=440:duration=4")
    picture = ("-f", "lavfi", "-i", "testsrc2=s=640x360:r=25:d=3")
    program = PROGRAMS["wheel"]
    ffmpeg.run(program, (*tone, "-y", str(folder / "hello.wav")))
    ffmpeg.run(program, (*tone, "-y", str(folder / "bgm.mp3")))
    video = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", "-shortest")
    ffmpeg.run(program, (*picture, *tone, *video, "-y", str(folder / "talk.mov")))
