"""A run, a plan and what stops them, for people who read Chinese; data stays English."""

import json
import re
from pathlib import Path

import pytest

from tests.support.process import Ended, project, wanx
from wanx_render.diagnostics import display_width

# Names that are the same in every language: files, ids, codes, models, units, those of the list.
NAMES = re.compile(
    r"[\w./-]*[\d_./-][\w./-]*|\[[a-z-]+\]|`[^`]*`|--?[a-z-]+|[A-Z]{2,}|\b(film|one|small)\b"
)


def chinese(text: str) -> str:
    """The text, once each line is known to hold no English sentence."""
    for line in text.splitlines():
        rest = NAMES.sub("", line)
        assert not re.search(r"[a-z]{2,} [a-z]{2,}", rest), line
    return text


def run(folder: Path, *arguments: str) -> Ended:
    return wanx(folder, *arguments, WANX_LANG="zh", DASHSCOPE_API_KEY="")


def test_a_run_speaks_chinese_and_writes_english(tmp_path: Path) -> None:
    project(tmp_path)
    done = run(tmp_path, "list.yaml")
    said = chinese(done.err.decode())
    assert done.code == 0
    assert "1 个镜头" in said
    assert "完成：1 个镜头、1 个成片，本次 0.72 元，本片 0.72 元，累计 0.72 元" in said
    assert done.out.decode() == f"{Path('renders/small/film.mp4')}\n"
    for name in ("manifest.json", "journal.sqlite"):
        data = (tmp_path / "renders" / "small" / name).read_bytes().decode("utf-8", "replace")
        assert set(re.findall(r"[\u4e00-\u9fff]+", data)) <= {"一只猫"}, name
    again = run(tmp_path, "list.yaml", "--json")
    events = [json.loads(line) for line in again.out.decode().splitlines()]
    assert not any(re.search(r"[\u4e00-\u9fff]", event.get("text", "")) for event in events)
    assert events[0]["text"].startswith("MOCK, play money: small: 1 shot, 1 take, ")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("list.yaml", "--max-cost", "0.1"), "运行需要 0.72 元，超出限额（--max-cost 0.10 元）"),
        (("list.yaml", "--only", "tow"), "--only tow 未匹配任何镜头"),
        (("list.yaml", "--rows", "99"), "--rows 99 未匹配任何行"),
        (("status", "list.yaml"), "尚未渲染"),
        (("export", "list.yaml", "--format", "edl"), "此处尚未渲染"),
        (("render", "--plan", "list.yaml"), "list.yaml 不是已保存的计划"),
        (("conform", "a.png", "--aspect", "9:16", "-o", "b.avi"), "无法写出 b.avi"),
        (("list.yaml", "--backend", "dashscope", "--yes"), "需要在 DASHSCOPE_API_KEY 中设置"),
    ],
)
def test_what_stops_a_command_is_said_in_chinese(
    arguments: tuple[str, ...], sentence: str, tmp_path: Path
) -> None:
    project(tmp_path)
    done = run(tmp_path, *arguments)
    assert done.code in (2, 4), done.text
    assert sentence in chinese(done.text.partition("用法")[0] or done.text)


def test_a_plan_and_a_check_fit_80_columns(tmp_path: Path) -> None:
    project(tmp_path)
    chinese(run(tmp_path, "validate", "list.yaml").text)
    findings = run(tmp_path, "doctor").text.splitlines()
    chinese("\n".join(line for line in findings if " endpoint " not in line))  # the network's words
    plan = run(tmp_path, "plan", "list.yaml").text
    head, row = (line for line in plan.splitlines() if line.startswith(("镜头", "one")))
    assert display_width(head.rstrip()) <= display_width(row.rstrip())
