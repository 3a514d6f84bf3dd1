"""What a run from the board asks for, costs and leaves undone; said before it, and asked for.

An outlook or a survey in, JSON out; nothing is sent.
"""

from typing import Any

from wanx_render.board.app import Declined
from wanx_render.catalog.capabilities import Catalog
from wanx_render.language import joined, shown, tr
from wanx_render.planning.truth import ShotTruth, ShotTruths, Truth, truth_of
from wanx_render.session.outlook import Outlook
from wanx_render.session.survey import Surveyed


def priced(surveyed: Surveyed) -> dict[str, Any]:
    """The price of a run as it must be confirmed, what it is for, and what it leaves to be made."""
    new = surveyed.only.new
    return {
        "price": shown(surveyed.cost.shown, "en"),  # data: it comes back when it is confirmed
        "amount": surveyed.cost.shown,
        "takes": [take.name.title for take in new],
        "typed": surveyed.selection.backend != "mock" and bool(new),
        "after": _after(surveyed.only, surveyed.selection.catalog),
    }


def _after(outlook: Outlook, catalog: Catalog) -> dict[str, Any] | None:
    """The shots down the chain of what is made, which must be made too and are not."""
    made = {take.shot for take in outlook.new}
    truths = ShotTruths(outlook.plan, outlook.statuses, catalog)
    names = {name for shot in made for name in truths.of(shot).chain} - made
    takes = tuple(
        status.take
        for status in outlook.statuses
        if status.take.shot in names and status.state == "new"
    )
    if not takes:
        return None
    return {
        "shots": [shot.shot.id for shot in outlook.plan.asked if shot.shot.id in names],
        "amount": outlook.plan.cost(takes).shown,
        "whole": outlook.plan.cost((*outlook.new, *takes)).shown,
    }


def truth(outlook: Outlook, catalog: Catalog) -> Truth:
    """What each shot of a list is now."""
    return truth_of(outlook.plan, outlook.statuses, catalog)


def rebuilt(outlook: Outlook, catalog: Catalog) -> dict[str, Any]:
    """What a rebuild would be made of that is not what the list asks for, and what it lacks."""
    left = [shot for shot in truth(outlook, catalog).shots if shot.state != "current"]
    return {
        "price": None,
        "takes": [],
        "stale": [_record(shot) for shot in left if shot.usable],
        "lacking": [_record(shot) for shot in left if not shot.usable],
        "amount": outlook.cost.shown if left else None,  # of making all of them
    }


def _record(shot: ShotTruth) -> dict[str, Any]:
    return {"shot": shot.shot, "text": shot.sentence}


def check_rebuild(outlook: Outlook, catalog: Catalog, *, on_purpose: bool) -> None:
    """Whether the deliverables can be made of the clips that are here. Raises Declined.

    Of clips that are stale they are made ``on_purpose`` alone.
    """
    record = rebuilt(outlook, catalog)
    if record["lacking"]:
        reasons = joined((shot["text"] for shot in record["lacking"]), tr("; "))
        raise Declined(
            tr("clips are missing: {reasons}", reasons=reasons), lacking=record["lacking"]
        )
    if record["stale"] and not on_purpose:
        reasons = joined((shot["text"] for shot in record["stale"]), tr("; "))
        raise Declined(
            tr("clips are out of date: {reasons}", reasons=reasons),
            stale=record["stale"], amount=record["amount"],
        )  # fmt: skip
