"""Every state and kind of event has its words, and the board's scripts read the same table."""

import re
from typing import get_args

from tests.support.places import ROOT
from wanx_render.board import view
from wanx_render.events import Kind
from wanx_render.planning import take_status
from wanx_render.reports import states


def test_every_kind_of_event_and_every_planned_state_has_its_row() -> None:
    assert set(states.EVENTS) == set(get_args(Kind))
    assert set(states.PLANNED) == set(get_args(take_status.State))


def test_every_state_that_the_board_shows_has_its_row() -> None:
    at_work = {look.board for look in states.EVENTS.values() if look.board}
    source = (ROOT / "wanx_render" / "board" / "view.py").read_text(encoding="utf-8")
    idle = set(re.findall(r'return "(\w+)"', source.split("def _state(", 1)[1].split("\ndef ")[0]))
    assert at_work | idle | {"canceled", "failed"} == set(states.BOARD)
    assert view.Live.after(None, view.Event("resumed"), None).state == "submitted"  # type: ignore[union-attr]


def test_every_state_of_a_take_that_failed_has_its_row() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "wanx_render").rglob("*.py")]
    failed = {s for text in sources for s in re.findall(r'TakeFailure\(\s*take,\s*"(\w+)"', text)}
    assert failed | {"succeeded"} == set(states.RECORDED)


def test_the_board_has_no_words_of_its_own_for_states() -> None:
    script = (ROOT / "wanx_render" / "board" / "page" / "states.js").read_text(encoding="utf-8")
    assert not [state.word for state in states.BOARD.values() if f': "{state.word}"' in script]
