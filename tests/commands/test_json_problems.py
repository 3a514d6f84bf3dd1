"""With --json, whatever keeps a command from its end is one JSON record on stdout too."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.process import project, wanx
from tests.tiers import sample


def last(out: bytes) -> dict[str, Any]:
    return dict(json.loads(out.decode("utf-8").splitlines()[-1]))


@pytest.mark.parametrize(
    ("command", "code", "problem", "event"),
    sample(
        5,
        [
            (("list.yaml",), 2, "unknown-key", True),
            (("render", "list.yaml"), 2, "unknown-key", True),
            (("list.yaml", "good.yaml"), 2, "unknown-key", True),
            (("list.yaml", "--nonsense"), 2, "usage", True),
            (("good.yaml", "--max-cost", "0.01"), 4, "stopped", True),
            (("rescue", "list.yaml"), 2, "unknown-key", True),
            (("plan", "list.yaml"), 2, "unknown-key", False),
            (("report", "list.yaml"), 2, "unknown-key", False),
            (("export", "list.yaml", "--format", "edl"), 2, "unknown-key", False),
            (("status", "none.yaml"), 2, "file-unreadable", False),
            (("models", "nope"), 2, "model-unknown", False),
            (
                ("conform", "none.mp4", "--aspect", "9:16", "-o", "x.mp4"),
                2,
                "clip-unreadable",
                False,
            ),
            (("tasks", "list", "--base-url", "nowhere"), 2, "base-url-invalid", False),
        ],
    ),
)
def test_the_last_line_says_the_code_and_the_problems(
    command: tuple[str, ...], code: int, problem: str, event: bool, tmp_path: Path
) -> None:
    project(tmp_path)
    good = (tmp_path / "list.yaml").read_text(encoding="utf-8")
    (tmp_path / "good.yaml").write_text(good.replace("small", "good"), encoding="utf-8")
    (tmp_path / "list.yaml").write_text(f"{good}猫: 1\n", encoding="utf-8")
    done = wanx(tmp_path, *command, "--json")
    assert done.code == code, done.text
    record = last(done.out)
    assert record["exit_code"] == code
    assert [item["code"] for item in record["problems"]] == [problem]
    assert (record.get("event") == "summary") == event
    assert done.err  # people read it as ever
    if not event:
        assert json.loads(done.out) == record  # one document, and nothing before it
