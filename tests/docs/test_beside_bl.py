"""The page that writes the same small jobs for ``bl`` and for this program.

Ours are checked whole. Of ``bl``, which is not run here, the shape is checked: the steps and keys
of a workflow that its public description has, so that the page invents none.
"""

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docs.pages import GUIDE, Block, blocks_of, furnish
from wanx_render.cli import main

PAGE = GUIDE / "beside-bl.md"
JOBS = 20
STEPS = {
    "video/generate": {"model", "image", "prompt", "resolution", "ratio", "duration", "seed"},
    "image/generate": {"model", "prompt", "size", "n", "seed"},
}


def jobs() -> list[tuple[str, list[Block]]]:
    """The numbered headings of the page, each with its blocks."""
    text = PAGE.read_text(encoding="utf-8")
    heads = [
        (text[: match.start()].count("\n") + 1, match[1])
        for match in re.finditer(r"^## (\d+\. .+)$", text, re.MULTILINE)
    ]
    ends = [*(line for line, _ in heads[1:]), text.count("\n") + 1]
    return [
        (name, [block for block in blocks_of(PAGE) if line < block.line < end])
        for (line, name), end in zip(heads, ends, strict=True)
    ]


def lists() -> list[Any]:
    return [
        pytest.param(block, id=name.partition(" ")[2])
        for name, blocks in jobs()
        for block in blocks
        if block.kind == "yaml" and block.runs
    ]


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("beside")
    furnish(folder)
    return folder


def test_every_job_is_written_for_both() -> None:
    assert [name.partition(".")[0] for name, _ in jobs()] == [str(n + 1) for n in range(JOBS)]
    for name, blocks in jobs():
        assert [block.runs for block in blocks] == [False, True], name


@pytest.mark.parametrize("block", lists())
def test_a_list_of_ours_is_planned_with_a_price(
    block: Block, furnished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = furnished / "list.yaml"
    file.write_text(block.text, encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["plan", str(file), "--json"])
    printed = capsys.readouterr()
    assert (ended.value.code, printed.err) == (0, "")
    record = json.loads(printed.out)
    assert Decimal(record["cost"]) > 0 and not record["unknown_prices"]


def test_a_workflow_of_bl_has_only_steps_and_keys_that_are_described() -> None:
    workflows = [
        yaml.safe_load(block.text)
        for _, blocks in jobs()
        for block in blocks
        if block.kind == "yaml" and not block.runs
    ]
    assert workflows
    for workflow in workflows:
        assert set(workflow) <= {"version", "inputs", "steps"}
        assert workflow["version"] == "workflow/v1"
        for step in workflow["steps"]:
            assert set(step) <= {"id", "type", "input", "dependsOn", "retry"}
            assert set(step["input"]) <= STEPS[step["type"]]
