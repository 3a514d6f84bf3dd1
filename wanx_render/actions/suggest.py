"""``plan --suggest``: changes that make a list better, measured, as a difference for ``patch``."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wanx_render.catalog.pricing import Total
from wanx_render.diagnostics import listed
from wanx_render.errors import BadInput
from wanx_render.language import joined, tr
from wanx_render.money import write_amount
from wanx_render.planning.journal import Journal
from wanx_render.planning.planned import Take
from wanx_render.planning.suggestions import (
    KINDS,
    Figures,
    Suggestion,
    as_records,
    figures,
    gains,
    is_better,
)
from wanx_render.session.environment import Environment
from wanx_render.session.outlook import Outlook
from wanx_render.session.selection import Selection
from wanx_render.session.survey import Survey, Unpaid, paid_again, unpaid
from wanx_render.shotlist.reading import ListFile


@dataclass(frozen=True)
class _Standing:
    """How the lists of one file stand."""

    figures: Figures
    unpaid: Unpaid
    outlooks: tuple[Outlook, ...]


@dataclass(frozen=True)
class Offer:
    """A suggestion that was found to be good, and what it does."""

    suggestion: Suggestion
    before: Figures
    after: Figures
    stale: tuple[Take, ...]  # paid ones that would be paid again
    cost: Total
    mock: bool

    @property
    def record(self) -> dict[str, Any]:
        """The offer for JSON."""
        return {
            "kind": self.suggestion.kind,
            "where": self.suggestion.where,
            "value": self.suggestion.value,
            "why": self.suggestion.why,
            "deliverables": as_records(self.before, self.after),
            "stale": [take.name.title for take in self.stale],
            "cost": write_amount(self.cost.amount),
            "currency": self.cost.currency,
        }

    def say(self, environment: Environment) -> None:
        suggestion = self.suggestion
        where = tr("{subject}: {text}", subject=listed(suggestion.where), text=suggestion.value)
        environment.say(tr("{subject}: {text}", subject=where, text=suggestion.why))
        for gain in gains(self.before, self.after):
            environment.say(joined(("  ", gain), ""))
        if self.stale:
            takes = listed(take.name.title for take in self.stale)
            price = self.cost.shown
            text = tr("makes paid clips stale: {takes}; again {price}", takes=takes, price=price)
            text = tr("MOCK, play money: {text}", text=text) if self.mock else text
            environment.say(joined(("  ", text), ""))


@dataclass(frozen=True)
class _Suggested:
    """What is suggested for one file, and the difference that makes all of it."""

    file: Path
    offers: tuple[Offer, ...]
    diff: str

    @property
    def record(self) -> dict[str, Any]:
        """The same for JSON."""
        offers = [offer.record for offer in self.offers]
        return {"file": str(self.file), "suggestions": offers, "diff": self.diff}


def suggest(
    selection: Selection, journals: Mapping[Path, Journal], environment: Environment
) -> int:
    """Show what would make the lists better; nothing is written. The exit code."""
    results = [_File(Survey(selection, journals), b.file).suggested() for b in selection.batches]
    if selection.options.as_json:
        files = [result.record for result in results]
        mock = selection.backend == "mock"
        environment.write_json({"version": 1, "mock": mock, "files": files})
        return 0
    for result in results:
        for offer in result.offers:
            offer.say(environment)
        environment.stdout.write(result.diff)
    if not any(result.offers for result in results):
        environment.say(tr("nothing to suggest"))
    return 0


class _File:
    """Tries suggestions on one of the files."""

    def __init__(self, survey: Survey, file: Path) -> None:
        self._survey = survey
        self._file = ListFile.read(file, str(file))
        self._now = self._stand(survey)

    def suggested(self) -> _Suggested:
        plans = [outlook.plan for outlook in self._now.outlooks]
        ideas = (idea for kind in KINDS for idea in kind(self._file, plans)) if plans else ()
        offers = tuple(offer for idea in ideas if (offer := self._offer(idea)))
        changes = [change for offer in offers for change in offer.suggestion.changes]
        return _Suggested(self._file.file, offers, self._file.patch(changes).diff)

    def _offer(self, idea: Suggestion) -> Offer | None:
        """The suggestion with what it does; None where it does no good or cannot be made."""
        try:
            text = self._file.patch(idea.changes).after.text
            selection = self._survey.selection.if_written(self._file.file, text)
        except BadInput:
            return None
        after = self._stand(Survey(selection, self._survey.journals))
        if not is_better(self._now.figures, after.figures):
            return None
        stale, cost = paid_again(self._now.unpaid, after.unpaid, selection)
        return Offer(
            idea, self._now.figures, after.figures, stale, cost, selection.backend == "mock"
        )

    def _stand(self, survey: Survey) -> _Standing:
        chosen = (item for item in survey.selection.chosen if item.file == self._file.file)
        outlooks = tuple(map(survey.outlook, chosen))
        return _Standing(figures(outlook.plan for outlook in outlooks), unpaid(outlooks), outlooks)
