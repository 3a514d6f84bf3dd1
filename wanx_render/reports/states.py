"""The states of takes and lists, and the kinds of events, as people see them: one row for each.

Terminal, plan, storyboard, board and index page read these rows, the board's scripts too. A state
or kind of ours without a row is an error, never a blank.
"""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Literal

from wanx_render.events import Kind
from wanx_render.planning import take_status

Tone = Literal["good", "bad", "off", "busy"]  # how it is coloured

# -- What a plan says of a take before a run -------------------------------------------------------

PLANNED: dict[take_status.State, str] = {
    "new": "new",
    "cached": "cached",
    "resumed": "resumed",
    "blocked": "blocked",
}


# -- What the board says of a take -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ShownOnBoard:
    """A take on the board."""

    word: str
    tone: Tone


BOARD: dict[str, ShownOnBoard] = {
    "new": ShownOnBoard("to make", "off"),
    "waiting": ShownOnBoard("waiting", "busy"),
    "submitted": ShownOnBoard("submitted", "busy"),
    "pending": ShownOnBoard("queued", "busy"),
    "slowed": ShownOnBoard("slowed down", "busy"),
    "uncertain": ShownOnBoard("asking what became of it", "busy"),
    "running": ShownOnBoard("rendering", "busy"),
    "fetching": ShownOnBoard("fetching", "busy"),
    "done": ShownOnBoard("done", "good"),
    "failed": ShownOnBoard("failed", "bad"),
    "canceled": ShownOnBoard("cancelled", "off"),
    "unresolved": ShownOnBoard("needs you", "bad"),
    "owed": ShownOnBoard("not fetched yet", "busy"),
}


def board_states() -> dict[str, dict[str, str]]:
    """The table for the board's scripts."""
    return {name: asdict(state) for name, state in BOARD.items()}


# -- What a manifest says of a take after a run ----------------------------------------------------


@dataclass(frozen=True, slots=True)
class RecordedState:
    """A take in a manifest."""

    word: str
    tone: Tone
    as_asked: bool = False  # its clip is there, or nobody asked for it
    needs_person: bool = False  # no further run of the same command can settle it


RECORDED: dict[str, RecordedState] = {
    "succeeded": RecordedState("done", "good", as_asked=True),
    "skipped": RecordedState("not asked for", "off", as_asked=True),
    "failed": RecordedState("failed", "bad"),
    "canceled": RecordedState("canceled", "bad"),
    "unresolved": RecordedState("unresolved", "bad", needs_person=True),
    "lost": RecordedState("lost", "bad", needs_person=True),
}


def recorded_state(name: str) -> RecordedState:
    """How a manifest's state is shown; one that this version does not know is in the way, by name.

    Manifests come from other versions, and may have been edited.
    """
    return RECORDED.get(name) or RecordedState(name, "bad")


# -- What happens during a run ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EventLook:
    """A kind of event: its word, and how displays of a run show it."""

    word: str
    sign: str = ""  # before a line that stays on the terminal, and its colour
    colour: str = ""
    ends: Literal["", "take", "deliverable"] = ""  # what is at work no longer
    board: str = ""  # the state on the board of a take that it is about
    rank: int = 2  # from the top of the live display: what is furthest on is seen first
    of_many: bool = False  # whether a run of many lists shows it


EVENTS: dict[Kind, EventLook] = {
    "start": EventLook("start", of_many=True),
    "waiting": EventLook("waits", board="waiting", rank=3),
    "cached": EventLook("cached", "✓", "green", ends="take"),
    "submitted": EventLook("submitted", board="submitted"),
    "resumed": EventLook("resumed", board="submitted"),
    "throttled": EventLook("slowed down", board="slowed"),
    "uncertain": EventLook("in doubt", "?", "yellow", board="uncertain", of_many=True),
    "pending": EventLook("queued", board="pending"),
    "running": EventLook("rendering", board="running", rank=1),
    "polled": EventLook("polled"),
    "unknown": EventLook("not known to the service for now"),
    "succeeded": EventLook("fetching", board="fetching", rank=0),
    "clip": EventLook("clip", "✓", "green", ends="take"),
    "failed": EventLook("failed", "✗", "red", ends="take", of_many=True),
    "segment": EventLook("fitted"),
    "joining": EventLook("joining", rank=0),
    "deliverable": EventLook("delivered", "✓", "green", ends="deliverable"),
    "broken": EventLook("failed", "✗", "red", ends="deliverable", of_many=True),
    "warning": EventLook("warning", "!", "yellow", of_many=True),
    "list": EventLook("finished", of_many=True),
    "summary": EventLook("summary"),
}

# -- How a list was left ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ListState:
    """A list on the index page."""

    word: str
    event: str  # what its event says when it ends
    code: int | None  # the exit code of a run of it alone
    rank: int  # from the top of the page: what needs attention is seen first


LISTS: dict[str, ListState] = {
    "done": ListState("done", "done", code=0, rank=3),
    "failed": ListState("failed", "failed", code=1, rank=1),
    "person": ListState("needs you", "needs a person", code=4, rank=0),
    "new": ListState("not made yet", "", code=None, rank=2),
}


def left_with(code: int) -> str:
    """The state of a list whose run would have ended in this exit code."""
    return {state.code: name for name, state in LISTS.items()}[code]


def needs_person(states: Collection[str], codes: Collection[str | None]) -> bool:
    """Whether a run waits for a person, by the states and codes of its takes."""
    return any(recorded_state(state).needs_person for state in states) or "OverBudget" in codes
