"""Sentences of a run: counts are right, and the plan says why a clip of the mock is not enough."""

from pathlib import Path

import pytest

from tests.support.process import project, wanx


@pytest.mark.proof
def test_one_of_a_thing_is_no_plural_and_a_reason_has_words(tmp_path: Path) -> None:
    project(tmp_path)
    text = (tmp_path / "list.yaml").read_text(encoding="utf-8")
    failing = text.replace("small", "failing").replace("一只猫", "'[[mock: fail=InternalError]] x'")
    (tmp_path / "failing.yaml").write_text(failing, encoding="utf-8")
    run = wanx(tmp_path, "failing.yaml", "list.yaml", WANX_CLOCK_PACE="5000")
    assert run.code == 1, run.text
    assert "failing: failed (" in run.text and "of 2 lists done)" in run.text
    assert "1 of 2 lists failed: failing" in run.text
    for command in ("plan", "validate"):
        text = wanx(tmp_path, command, "list.yaml").text
        assert " 1 shots" not in text and " 1 takes" not in text and " 1 deliverables" not in text
    plan = wanx(tmp_path, "plan", "list.yaml", "--backend", "dashscope").text
    assert "made on the mock; not requested from the service yet" in plan
