"""The states of takes and lists, and the kinds of events, as people see them: one row for each.

Terminal, plan, storyboard, board and index page read these rows, the board's scripts too. A state
or kind of ours without a row is an error, never a blank.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from wanx_render.events import Kind
from wanx_render.language import NOTHING, Message, joined, recorded, shown, tr, verbatim
from wanx_render.manifest import DeliverableRecord
from wanx_render.planning import take_status

Tone = Literal["good", "bad", "off", "busy"]  # how it is coloured

# -- What a plan says of a take before a run -------------------------------------------------------

PLANNED: dict[take_status.State, Message] = {
    "new": tr("new"),
    "cached": tr("cached"),
    "resumed": tr("resumed"),
    "blocked": tr("blocked"),
}


# -- What the board says of a take -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ShownOnBoard:
    """A take on the board."""

    word: Message
    tone: Tone


BOARD: dict[str, ShownOnBoard] = {
    "new": ShownOnBoard(tr("not generated"), "off"),
    "waiting": ShownOnBoard(tr("waiting"), "busy"),
    "submitted": ShownOnBoard(tr("submitted"), "busy"),
    "pending": ShownOnBoard(tr("queued"), "busy"),
    "slowed": ShownOnBoard(tr("slowed down"), "busy"),
    "uncertain": ShownOnBoard(tr("checking"), "busy"),
    "running": ShownOnBoard(tr("running"), "busy"),
    "fetching": ShownOnBoard(tr("downloading"), "busy"),
    "done": ShownOnBoard(tr("done"), "good"),
    "stale": ShownOnBoard(tr("out of date"), "busy"),
    "failed": ShownOnBoard(tr("failed"), "bad"),
    "canceled": ShownOnBoard(tr("cancelled"), "off"),
    "unresolved": ShownOnBoard(tr("needs your decision"), "bad"),
    "owed": ShownOnBoard(tr("not downloaded"), "busy"),
}


def board_states() -> dict[str, dict[str, str]]:
    """The table for the board's scripts, in the reader's language."""
    return {name: {"word": shown(look.word), "tone": look.tone} for name, look in BOARD.items()}


# -- What a manifest says of a take after a run ----------------------------------------------------


@dataclass(frozen=True, slots=True)
class RecordedState:
    """A take in a manifest."""

    word: Message
    tone: Tone
    as_asked: bool = False  # its clip is there, or nobody asked for it
    needs_person: bool = False  # no further run of the same command can settle it


RECORDED: dict[str, RecordedState] = {
    "succeeded": RecordedState(tr("done"), "good", as_asked=True),
    "skipped": RecordedState(tr("not requested"), "off", as_asked=True),
    "failed": RecordedState(tr("failed"), "bad"),
    "canceled": RecordedState(tr("cancelled"), "bad"),
    "unresolved": RecordedState(tr("unresolved"), "bad", needs_person=True),
    "lost": RecordedState(tr("lost"), "bad", needs_person=True),
}


def recorded_state(name: str) -> RecordedState:
    """How a manifest's state is shown; one that this version does not know is in the way, by name.

    Manifests come from other versions, and may have been edited.
    """
    return RECORDED.get(name) or RecordedState(verbatim(name), "bad")


# -- What a manifest says of a film that is not what the list gives now ----------------------------


def out_of_date(film: DeliverableRecord) -> Message:
    """That a film is not what the list gives now, and why; nothing where it is."""
    return because(film.path, film.stale)


def because(film: str, reasons: Sequence[str]) -> Message:
    """That a film is not what the list gives now, and why; nothing without reasons."""
    if not reasons:
        return NOTHING
    shown_reasons = joined(few(reasons), tr("; "))
    return tr("{file} is out of date: {reasons}", file=film, reasons=shown_reasons)


_FEW = 5  # reasons that are shown


def few(reasons: Sequence[str]) -> list[Message]:
    """The first of many reasons, and how many more there are."""
    more = len(reasons) - _FEW
    rest = [tr("{n} more", n=more)] if more > 0 else []
    return [*map(recorded, reasons[:_FEW]), *rest]


# -- What happens during a run ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EventLook:
    """A kind of event: its word, and how displays of a run show it."""

    word: Message
    sign: str = ""  # before a line that stays on the terminal, and its colour
    colour: str = ""
    ends: Literal["", "take", "deliverable"] = ""  # what is at work no longer
    board: str = ""  # the state on the board of a take that it is about
    rank: int = 2  # from the top of the live display: what is furthest on is seen first
    of_many: bool = False  # whether a run of many lists shows it


EVENTS: dict[Kind, EventLook] = {
    "start": EventLook(tr("start"), of_many=True),
    "waiting": EventLook(tr("waiting"), board="waiting", rank=3),
    "cached": EventLook(tr("cached"), "✓", "green", ends="take"),
    "submitted": EventLook(tr("submitted"), board="submitted"),
    "resumed": EventLook(tr("resumed"), board="submitted"),
    "throttled": EventLook(tr("slowed down"), board="slowed"),
    "uncertain": EventLook(tr("outcome unknown"), "?", "yellow", board="uncertain", of_many=True),
    "pending": EventLook(tr("queued"), board="pending"),
    "running": EventLook(tr("running"), board="running", rank=1),
    "polled": EventLook(tr("polled")),
    "unknown": EventLook(tr("not found at the service")),
    "succeeded": EventLook(tr("downloading"), board="fetching", rank=0),
    "clip": EventLook(tr("done"), "✓", "green", ends="take"),
    "failed": EventLook(tr("failed"), "✗", "red", ends="take", of_many=True),
    "segment": EventLook(tr("fitted")),
    "joining": EventLook(tr("joining"), rank=0),
    "deliverable": EventLook(tr("delivered"), "✓", "green", ends="deliverable"),
    "broken": EventLook(tr("failed"), "✗", "red", ends="deliverable", of_many=True),
    "warning": EventLook(tr("warning"), "!", "yellow", of_many=True),
    "skipped": EventLook(tr("skipped"), "!", "yellow"),
    "list": EventLook(NOTHING, of_many=True),  # its text begins with the state
    "summary": EventLook(tr("summary")),
}

# -- How a clip is fitted into a deliverable -----------------------------------------------------

FITS: dict[str, Message] = {"crop": tr("crop"), "pad": tr("pad"), "blur": tr("blur")}

# -- How a list was left ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ListState:
    """A list on the index page."""

    word: Message
    event: Message  # what its event says when it ends
    code: int | None  # the exit code of a run of it alone
    rank: int  # from the top of the page: what needs attention is seen first


LISTS: dict[str, ListState] = {
    "person": ListState(tr("needs your decision"), tr("needs your decision"), code=4, rank=0),
    "failed": ListState(tr("failed"), tr("failed"), code=1, rank=1),
    "skipped": ListState(tr("skipped"), tr("skipped"), code=2, rank=2),
    "incomplete": ListState(tr("incomplete"), NOTHING, code=None, rank=3),
    "stale": ListState(tr("out of date"), NOTHING, code=None, rank=4),
    "new": ListState(tr("not generated"), NOTHING, code=None, rank=5),
    "done": ListState(tr("done"), tr("done"), code=0, rank=6),
}


def left_with(code: int) -> str:
    """The state of a list whose run would have ended in this exit code."""
    return {state.code: name for name, state in LISTS.items()}[code]


def needs_person(states: Collection[str], codes: Collection[str | None]) -> bool:
    """Whether a run waits for a person, by the states and codes of its takes."""
    return any(recorded_state(state).needs_person for state in states) or "OverBudget" in codes
