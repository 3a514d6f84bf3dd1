"""What ``status`` says after an interrupted run: what is not finished, and what a run does."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.process import project, wanx
from wanx_render.backends.base import Succeeded
from wanx_render.catalog.capabilities import packaged
from wanx_render.planning import plan
from wanx_render.planning.journal import Journal
from wanx_render.validation.load import load

LATER = datetime(2099, 1, 1, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A list of two takes on the mock: one is queued, the clip of the other is not fetched yet."""
    project(tmp_path)
    file = tmp_path / "list.yaml"
    text = file.read_text(encoding="utf-8").replace("一只猫", "一只猫, takes: 2")
    file.write_text(text, encoding="utf-8")
    catalog = packaged()
    loaded = load(file, catalog)
    takes = plan.make(loaded.shots, "mock", loaded.media, catalog).takes
    out = tmp_path / "renders" / "small"
    out.mkdir(parents=True)
    journal = Journal(out / "journal.sqlite")
    for number, take in enumerate(takes):
        attempt = journal.intend(take.request.key("mock"), take.label, take.request, LATER)
        journal.submitted(attempt, f"task-{number}", "r")
        if number:
            done = Succeeded(
                "task-1", "mock://task-1.mp4", LATER, LATER, LATER, LATER,
                original_prompt="", actual_prompt=None, usage={},
            )  # fmt: skip
            journal.succeeded(attempt, done, ("0.72", "CNY"), LATER)
    journal.close()
    return tmp_path


def test_it_names_what_goes_on_and_asks_for_no_trust_in_the_mock(folder: Path) -> None:
    status = wanx(folder, "status", "list.yaml", WANX_LANG="en")
    lines = status.text.splitlines()
    assert "one continues in the next run: task task-0 was requested earlier" in lines
    assert lines[-1].endswith("0.72 CNY in total; 1 request is not finished")
    assert "result-host" not in status.text


def test_the_next_run_requests_nothing_of_it_again(folder: Path) -> None:
    said = wanx(folder, "status", "list.yaml", WANX_LANG="zh").text
    assert "one 将在下次运行时续跑：任务 task-0 此前已提交" in said
    assert "1 个请求尚未完成" in said
    assert "2 takes, nothing to generate" in wanx(folder, "plan", "list.yaml", WANX_LANG="en").text
