"""The first pages: short, their pictures there and legible, their lists and links good."""

import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from PIL import Image

from tests.support.places import ROOT, SPECS
from wanx_render.catalog.capabilities import packaged
from wanx_render.validation.load import load

PAGES = ["README.md", "README.zh-CN.md"]
LARGEST = 400_000  # bytes of a picture

page = pytest.mark.parametrize("name", PAGES)


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def pictures(name: str) -> list[tuple[str, Path]]:
    """The pictures of a page: what is said of each, and its file."""
    found = re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", text_of(name))
    return [(about, ROOT / path) for about, path in found]


def chinese_count(text: str) -> int:
    """Characters as a word processor counts them: a Chinese one is one, a Latin word too."""
    text = re.sub(r"\]\([^)]*\)", "]", text)  # the target of a link is not read
    chinese = r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]"
    return len(re.findall(chinese, text)) + len(re.findall(r"[A-Za-z0-9][\w.:/-]*", text))


def test_the_first_pages_stay_short() -> None:
    assert len(text_of("README.md").split()) <= 600
    assert chinese_count(text_of("README.zh-CN.md")) <= 1200


def test_chinese_is_counted_as_a_word_processor_does() -> None:
    assert chinese_count("两个成片，9:16 与 3:4。[指南](docs/zh/a.md)") == 11


@page
def test_each_leads_to_the_other(name: str) -> None:
    (other,) = set(PAGES) - {name}
    assert f"]({other})" in "\n".join(text_of(name).splitlines()[:4])


@page
def test_the_first_screen_has_a_picture_and_the_two_commands(name: str) -> None:
    top = "\n".join(text_of(name).splitlines()[:16])
    assert "](docs/pictures/films." in top
    assert re.search(r"^uv run wanx-render specs/[a-z-]+\.yaml$", top, re.MULTILINE)
    assert "\nuv run pytest\n" in top


@page
def test_every_picture_is_there_small_and_described(name: str) -> None:
    assert len(pictures(name)) >= 4
    for about, path in pictures(name):
        assert len(about) >= 10
        assert path.stat().st_size <= LARGEST
        if path.suffix == ".svg":
            assert ElementTree.parse(path).getroot().tag.endswith("svg")  # noqa: S314
        else:
            with Image.open(path) as image:
                assert image.width >= 1000


@page
def test_every_link_leads_to_a_file(name: str) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", text_of(name))
    missing = [link for link in links if "://" not in link and not (ROOT / link).exists()]
    assert len(links) > 15
    assert not missing


@page
def test_its_list_is_valid(name: str, tmp_path: Path) -> None:
    (block,) = re.findall(r"^```yaml\n(.*?)^```", text_of(name), re.MULTILINE | re.DOTALL)
    (tmp_path / "frames").symlink_to(SPECS / "frames")
    (tmp_path / "list.yaml").write_text(block, encoding="utf-8")
    shots = load(tmp_path / "list.yaml", packaged()).shots
    assert [shot.id for shot in shots.shots] == ["title", "wake", "leap"]
    assert [str(made.aspect) for made in shots.deliverables] == ["9:16", "3:4"]


def test_both_pages_have_the_same_sections() -> None:
    shapes = [re.findall(r"^#+ |^!\[|^\|", text_of(name), re.MULTILINE) for name in PAGES]
    assert shapes[0] == shapes[1]


LIST = """
version: 1
project: tiny
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3, trim: {end: 0.2}}
shots: [{id: 屋顶, image: IMAGE, prompt: A cat}]
deliverables: [{aspect: 9:16, size: 90x160, quality: draft}]
"""


def recorder():  # type: ignore[no-untyped-def]
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        import recorder
    finally:
        sys.path.pop(0)
    return recorder


def words_of(svg: str) -> str:
    root = ElementTree.fromstring(svg)  # noqa: S314
    return "\n".join("".join(text.itertext()) for text in root.findall(".//{*}text"))


@pytest.mark.proof
def test_the_recorder_shows_a_real_run(tmp_path: Path) -> None:
    image = str(SPECS / "frames" / "rooftop.jpg")
    (tmp_path / "list.yaml").write_text(LIST.replace("IMAGE", image), encoding="utf-8")
    tool, command = recorder(), [sys.executable, "-m", "wanx_render", "list.yaml"]
    environment = {"PATH": "", "HOME": str(tmp_path), "WANX_LANG": "en", "PYTHONPATH": str(ROOT)}
    chunks, code = tool.record(command, tmp_path, environment, (80, 24))
    assert code == 0
    frames = tool.film("wanx-render list.yaml", chunks, 80)
    assert len(frames) > 3
    shown = words_of(tool.svg(frames, 80, "a run"))
    for words in ("wanx-render list.yaml", "屋顶", "renders/tiny/9x16.mp4", "0.72 CNY"):
        assert words in shown
    assert (tmp_path / "renders" / "tiny" / "9x16.mp4").is_file()
    assert "\x1b" not in shown


def test_the_recorded_terminal_keeps_lines_colours_and_columns() -> None:
    tool = recorder()
    screen = tool.Screen(10)
    screen.feed("one\r\n\x1b[32m两\x1b[0m two\r\n")
    screen.feed("\x1b[1A\r\x1b[2K\x1b[1;38;2;1;2;3mnew\x1b[0m 0123456789")
    rows = screen.shown()
    assert ["".join(character for character, _ in row) for row in rows] == [
        "one", "new 012345", "6789",
    ]  # fmt: skip
    assert rows[1][0][1] == tool.Style("#010203", bold=True)
    assert rows[1][4][1] == tool.Style()
    with pytest.raises(tool.UnknownControl):
        screen.feed("\x1b[5;5H")


def test_the_recordings_of_the_first_pages_show_their_command() -> None:
    for name in PAGES:
        (command,) = re.findall(r"^uv run (wanx-render specs/.*)$", text_of(name), re.MULTILINE)
        (path,) = [path for _, path in pictures(name) if path.suffix == ".svg"]
        shown = words_of(path.read_text(encoding="utf-8"))
        assert command in shown
        assert re.search(r"^specs/renders/[a-z-]+/[a-z0-9]+\.mp4$", shown, re.MULTILINE)
