"""The pages of the guide: their examples work, their links lead somewhere."""

import os
import re
import shlex
from pathlib import Path

import pytest
import yaml

from mock_server.faults.reading import read_plan
from mock_server.scenarios.reading import read_scenarios
from tests.docs.pages import (
    BASE,
    PAGES,
    TRANSLATIONS,
    Block,
    Command,
    blocks_of,
    faults_of,
    furnish,
    list_of,
    steps_of,
)
from tests.regenerate import GENERATED
from tests.support import forking
from tests.support.emulator import serving
from tests.support.places import ROOT
from wanx_render.catalog.capabilities import packaged
from wanx_render.catalog.user_file import with_user_file
from wanx_render.source import yaml_source
from wanx_render.validation.load import load

PACE = 200
# Its examples are pairs of a wrong and a right line; tests/broken has whole lists of them.
PAIRS = "errors.md"


def cases(kind: str) -> list[object]:
    return [
        pytest.param(page, block, id=f"{page.parent.parent.name}/{page.stem}:{block.line}")
        for page in [*PAGES, *TRANSLATIONS]
        if page.name != PAIRS
        for block in blocks_of(page)
        if block.kind == kind and block.runs
    ]


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    furnish(folder)
    return folder


@pytest.mark.parametrize(("page", "block"), cases("yaml"))
def test_every_yaml_of_a_page_is_valid(page: Path, block: Block, furnished: Path) -> None:
    if faults := faults_of(block):
        assert len(read_plan(faults)) == len(faults)
        return
    if block.text.startswith("scenarios:"):
        assert read_scenarios(yaml_source.parse(block.text, "page").value)
        return
    tables = [b for b in blocks_of(page) if b.kind == "csv"]
    for table in tables:
        (furnished / table.title).write_text(table.text, encoding="utf-8")
    file = furnished / (block.title or "part.yaml")
    file.write_text(list_of(block), encoding="utf-8")
    if re.search(r"^(models|prices):", block.text, re.MULTILINE):
        assert with_user_file(packaged(), file) != packaged()
    elif not file.name.endswith(".picks.yaml"):
        load(file, packaged())
    file.unlink()


# .ci/run walks through these and one Chinese page, .ci/proofs through all.
_SAMPLE = ("first-video", "real-service", "many-videos")
WALKED = (
    [*PAGES, *TRANSLATIONS]
    if os.environ.get("WALKS") == "whole"
    else [*(page for page in PAGES if page.stem in _SAMPLE), TRANSLATIONS[0]]
)


@pytest.mark.proof
@pytest.mark.parametrize(
    "page",
    [page for page in WALKED if page.name != PAIRS],
    ids=lambda page: f"{page.parent.parent.name}/{page.stem}",
)
def test_every_command_of_a_page_does_what_the_page_says(page: Path, tmp_path: Path) -> None:
    furnish(tmp_path)
    with serving("--clock", f"x{PACE}", "--no-limits") as (origin, _):
        walk = Walk(page, tmp_path, origin)
        for block, commands in steps_of(page):
            walk.take(block, commands)


class Walk:
    """A reader who does what a page says, from top to bottom."""

    def __init__(self, page: Path, folder: Path, origin: str) -> None:
        self.page, self.folder = page, folder
        self.printed = ""
        (folder / "shots.yaml").write_text(yaml.safe_dump(BASE), encoding="utf-8")
        self.environment = {
            **os.environ,
            "DASHSCOPE_API_KEY": f"sk-mock-{page.stem}",
            "DASHSCOPE_HTTP_BASE_URL": f"{origin}/api/v1",
            "WANX_CLOCK_PACE": str(PACE),
            "NO_PROXY": "127.0.0.1",
            "COLUMNS": "200",
            "WANX_LANG": "zh" if page in TRANSLATIONS else "en",
        }

    def take(self, block: Block, commands: list[Command]) -> None:
        if block.title:
            (self.folder / block.title).write_text(block.text, encoding="utf-8")
        elif block.kind == "sh" and block.runs:
            self.printed = "".join(map(self.run, commands))
        elif block.kind == "text" and self.printed:
            for line in block.text.splitlines():
                pattern = ".*".join(map(re.escape, re.split(r"\s*\.\.\.\s*", line.strip())))
                assert re.search(pattern, self.printed), f"{self.page.name}: not printed: {line}"

    def run(self, command: Command) -> str:
        words = shlex.split(command.text)
        if words[0] == "cd":
            self.folder /= words[1]
            return ""
        ran = forking.run_text(words[1:], self.folder, self.environment, timeout=300)
        assert ran.returncode == command.exits, f"{command.text}\n{ran.stdout}{ran.stderr}"
        return ran.stdout + ran.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_page_shows_an_example_or_a_picture(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    examples = [b for b in blocks_of(page) if b.kind in ("yaml", "sh")]
    assert examples or "![" in text or page.stem == "index"


@pytest.mark.parametrize("name", GENERATED)
def test_every_generated_page_is_what_the_code_says(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert text == GENERATED[name](), "uv run python -m tests.regenerate"
