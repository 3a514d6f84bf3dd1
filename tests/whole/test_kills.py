"""Killed processes, judged by the ledger: a sample of what tests/proofs/kills.py sweeps whole."""

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.proofs.kills import Range, Verdict, photograph, shooting_range, sweep

pytestmark = pytest.mark.proof

KILLS = int(os.environ.get("KILLS", "9"))
# Two of the lists, and every one with FAULTS=whole.
CASES: tuple[str, ...] = ("table", "continued")
if os.environ.get("FAULTS") == "whole":
    CASES += ("pictures", "lists", "words")


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Range]:
    pictures = tmp_path_factory.mktemp("pictures")
    photograph(pictures / "a.png")
    with shooting_range(pictures) as ground:
        yield ground


@pytest.mark.parametrize(
    ("kill", "share"), [(signal.SIGKILL, 1.0), (signal.SIGINT, 0.06), (signal.SIGTERM, 0.06)]
)
def test_a_killed_run_is_finished_by_the_next_and_pays_once(
    ground: Range, kill: int, share: float
) -> None:
    verdict = sweep(ground, "program", max(int(KILLS * share), 4), kill)
    assert replace(verdict, asked=0) == Verdict(kills=verdict.kills, finished=verdict.kills)
    assert verdict.asked <= verdict.kills // 4  # few kills fall where nobody can know


@pytest.mark.parametrize("case", CASES)
def test_what_several_shots_or_lists_come_of_is_paid_once_whenever_a_run_is_killed(
    case: str, tmp_path: Path
) -> None:
    photograph(tmp_path / "a.png")
    with shooting_range(tmp_path, case) as ground:
        verdict = sweep(ground, "program", max(KILLS // 3, 4))
    assert replace(verdict, asked=0) == Verdict(kills=verdict.kills, finished=verdict.kills)


def test_the_sweep_catches_a_naive_client(ground: Range) -> None:
    """It pays twice, or loses; where one sweep hits no such moment, others at other steps do."""
    sweeps = (sweep(ground, "naive", kills) for kills in (24, 35, 47, 61, 83))
    assert any(verdict.double + verdict.lost + verdict.corrupt for verdict in sweeps)


def test_no_key_is_in_any_file_of_any_run(ground: Range, picture: Callable[..., Path]) -> None:
    name = "canary-8f3a91"
    assert ground.start("program", name, 0, 0).returncode == 0
    written = [path for path in ground.folder(name).rglob("*") if path.is_file()]
    assert len(written) > 8
    assert not [path for path in written if f"sk-mock-{name}".encode() in path.read_bytes()]
