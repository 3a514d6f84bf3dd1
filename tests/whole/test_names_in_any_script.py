"""A film whose folder, list, picture, project, shots, deliverable and rows have Chinese names."""

import asyncio
import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx
import pytest

from tests.support.media import facts
from wanx_render.board.app import app
from wanx_render.board.holding import Holding
from wanx_render.board.room import Room
from wanx_render.cli import cli
from wanx_render.session.environment import Environment
from wanx_render.session.selection import RenderOptions

LIST = """\
version: 1
project: 天台之恋
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3, trim: {end: 0.5}}
matrix: {rows: [{name: 红 杯}, {name: 蓝杯}]}
shots:
  - {id: 女主_近景, image: 女主 首帧.png, prompt: "${name}", caption: 你好}
deliverables:
  - {name: 竖屏, aspect: 9:16, size: 90x160, quality: draft, captions: both}
"""


@pytest.fixture
def folder(tmp_path: Path, picture: Callable[..., Path]) -> Path:
    folder = tmp_path / "试拍 一"
    folder.mkdir()
    picture("a.png", (300, 400)).rename(folder / "女主 首帧.png")
    (folder / "分镜 表.yaml").write_text(LIST, encoding="utf-8")
    (folder / "镜.yaml").write_text(re.sub("matrix.*\n", "vars: {name: 猫}\n", LIST), "utf-8")
    return folder


def call(*words: str) -> None:
    assert cli.main(list(words), prog_name="wanx-render", standalone_mode=False) in (0, None)


def test_every_file_page_and_timeline_works_with_them(folder: Path) -> None:
    table, single = str(folder / "分镜 表.yaml"), str(folder / "镜.yaml")
    call(table, "--out", str(folder / "成 片"), "--only", "红-杯")
    home = folder / "成 片" / "红-杯"
    assert (facts(home / "竖屏.mp4").width, facts(home / "竖屏.mp4").height) == (90, 160)
    assert (home / "竖屏.srt").read_text(encoding="utf-8").count("你好") == 1
    call(single)
    home = folder / "renders" / "天台之恋"
    manifest = json.loads((home / "manifest.json").read_text(encoding="utf-8"))
    clip = manifest["shots"][0]["takes"][0]["clip"]
    assert clip.startswith("clips/女主_近景-t1-") and (home / clip).is_file()
    page = (home / "storyboard.html").read_text(encoding="utf-8")
    links = re.findall(r'(?:src|href)="\./([^"]+)"', page)
    assert links and all((home / unquote(link)).is_file() for link in links)
    for style in ("otio", "edl", "fcpxml"):
        call("export", single, "--format", style)
        assert "女主_近景" in (home / f"竖屏.{style}").read_text(encoding="utf-8")
    sources = re.findall(r'src="([^"]+)"', (home / "竖屏.fcpxml").read_text(encoding="utf-8"))
    assert [unquote(urlsplit(source).path) for source in sources] == [str(home / clip)]


@pytest.mark.proof
def test_the_board_serves_what_has_such_names(folder: Path, environ: dict[str, str]) -> None:
    call(str(folder / "镜.yaml"))
    environment = Environment(environ, StringIO(), StringIO())
    holding = Holding(RenderOptions((folder / "镜.yaml",)), environment)

    async def work() -> list[tuple[str, int, str]]:
        with ThreadPoolExecutor(1) as executor:
            room = Room(holding, executor, "e1")
            try:
                transport = httpx.ASGITransport(app(room))
                async with httpx.AsyncClient(transport=transport, base_url="http://b") as client:
                    state = (await client.get("/api/state")).text
                    urls = re.findall(r'"(/(?:clips|made|pictures)/[^"]+)', state)
                    answers = [await client.get(url) for url in dict.fromkeys(urls)]
                    return [
                        (str(answer.url.path), answer.status_code, answer.headers["content-type"])
                        for answer in answers
                    ]
            finally:
                await room.close()

    answers = asyncio.run(work())
    assert {status for _, status, _ in answers} == {200}
    assert {path.split("/")[1] for path, _, _ in answers} == {"clips", "made", "pictures"}
    assert ("/made/竖屏", 200, "video/mp4") in answers
