"""A day of a shop: a sample of what ``python -m tests.proofs.day`` plays with thousands."""

from decimal import Decimal
from pathlib import Path

import pytest

from tests.proofs.day.report import show
from tests.proofs.day.shop import Shop
from tests.proofs.day.stage import play

pytestmark = pytest.mark.proof


def test_a_day_costs_what_was_planned_and_loses_nothing_however_it_is_killed(
    tmp_path: Path,
) -> None:
    day = play(tmp_path, Shop.of(60, 3), at_once=3)
    assert not day["faults"], show(day)
    assert [process["killed"] for process in day["processes"]].count(True) == 3, show(day)
    assert day["finished"] == 3
    beijing, singapore, twin = day["verdicts"]
    # 42 films and four intros, less the one whose words were refused.
    assert Decimal(beijing["ledger"]) + Decimal(twin["ledger"]) == Decimal("50.14")
    assert (beijing["films"], beijing["clips"]) == (35, 37)
    assert (twin["films"], twin["clips"], singapore["films"]) == (6, 8, 18)
    # What was running when the program was killed for a day is paid twice: nobody could fetch it.
    assert Decimal(singapore["expired"]) > 0
    assert Decimal(singapore["ledger"]) == Decimal("4.006") + Decimal(singapore["expired"])
