"""A list as it stands in its folder: the plan, and how each of its takes stands. Sends nothing."""

import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from wanx_render.catalog.capabilities import Catalog
from wanx_render.catalog.pricing import Total, total
from wanx_render.diagnostics import Diagnostic, Span
from wanx_render.errors import WanxError
from wanx_render.manifest import last_in
from wanx_render.media import decoding, ffmpeg, images, probe
from wanx_render.media.images import BadPicture
from wanx_render.money import Money
from wanx_render.planning.attempt import Attempt
from wanx_render.planning.journal import Journal
from wanx_render.planning.origins import Origins
from wanx_render.planning.plan import Plan, make
from wanx_render.planning.planned import Take
from wanx_render.planning.retakes import picked_automatically, retaken
from wanx_render.planning.sending.kept_clips import KeptClips
from wanx_render.planning.take_status import TakeStatus, identities, lost, take_statuses
from wanx_render.planning.truth import Truth, truth_of
from wanx_render.session.selection import ListInFolder
from wanx_render.shotlist import picks
from wanx_render.shotlist.picks import NEWEST
from wanx_render.task import InputMedia
from wanx_render.tasks.likeness.comparison import compare
from wanx_render.validation.rows.lists import Loaded
from wanx_render.validation.word_rules import LABEL_HINT, unlabelled


@dataclass(frozen=True)
class Outlook:
    """All that a run would do with a list, before anything is sent."""

    item: ListInFolder
    plan: Plan
    statuses: tuple[TakeStatus, ...]
    retaken: frozenset[str]  # shots of which one more take is wanted
    counts: Mapping[str, int]  # for ``Journal.retake``, of those

    @property
    def meant(self) -> tuple[TakeStatus, ...]:
        """How the takes stand that are meant; of the others nothing is asked."""
        only = self.item.only
        return tuple(status for status in self.statuses if not only or status.take.shot in only)

    @property
    def new(self) -> tuple[Take, ...]:
        """The takes that would be asked for and paid."""
        return tuple(status.take for status in self.meant if status.state == "new")

    @cached_property
    def requests(self) -> Mapping[str, TakeStatus]:
        """What is not there yet, by what is asked for: equal requests are paid once."""
        keys = identities(self.plan, self.statuses)
        left = (status for status in self.meant if status.state != "cached")
        return {keys[(status.take.shot, status.take.number)]: status for status in left}

    @cached_property
    def prices(self) -> Mapping[str, Money | None]:
        """The prices of the requests that would be paid."""
        return {
            key: status.take.price for key, status in self.requests.items() if status.state == "new"
        }

    @cached_property
    def cost(self) -> Total:
        return total(self.prices.values(), self.plan.currency)

    @property
    def asks(self) -> bool:
        """Whether a run has to do with the service at all."""
        return any(status.state != "cached" for status in self.statuses)

    @property
    def can_be_joined(self) -> bool:
        """Whether every picked clip is there, so that deliverables can be made without asking."""
        picks = {(shot.shot.id, shot.shot.pick) for shot in self.plan.generated}
        return all(
            status.state == "cached"
            for status in self.statuses
            if (status.take.shot, status.take.number) in picks
        )

    @property
    def bought(self) -> Mapping[str, int]:
        """The takes that are bought and, where another was picked on the board, picked instead."""
        picks = self.item.loaded.picks.picked
        shots = ((shot.shot.id, shot.shot.pick) for shot in self.plan.asked)
        return {name: pick for name, pick in shots if picks.get(name) == NEWEST}

    def lost(self, journal: Journal) -> tuple[Attempt, ...]:
        """The clips that were paid, are gone from the folder, and would be paid again."""
        attempts = lost(self.statuses, journal, self.item.home, self.plan.backend)
        return tuple(attempt for _, attempt in attempts)


def look(
    item: ListInFolder,
    catalog: Catalog,
    journal: Journal | None,
    *,
    backend: str | None,
    retake: frozenset[str] = frozenset(),
    cascade: bool = True,
) -> Outlook:
    """The plan of a list, and how it stands in its folder; without a journal all of it is new.

    What would be paid for because of a picture that nothing was asked with is looked at once more:
    it may be one that is known in other bytes.
    """
    origins = Origins(journal, item.home, goes_on) if journal else None
    rejected = {name: choice.rejected for name, choice in item.loaded.picks.shots.items()}

    def once() -> Outlook:
        shot_list = item.loaded
        if origins:
            shot_list = replace(shot_list, media=origins.known_as(shot_list.media))

        def with_retakes(retakes: Mapping[str, int]) -> Plan:
            plan = make_plan(shot_list, catalog, backend, retakes)
            plan = KeptClips(journal, plan.backend).plan(plan) if journal else plan
            return picked_automatically(plan, origins, rejected, cascade=cascade)

        plan, counts = retaken(with_retakes, retake, origins)
        statuses = take_statuses(plan, origins, cascade=cascade, insisted=retake, catalog=catalog)
        return Outlook(item, plan, statuses, retake, counts)

    outlook = once()
    if origins and origins.recognise(_pictures_of_new(outlook)):
        return once()
    return outlook


def truth_now(outlook: Outlook, catalog: Catalog) -> Truth:
    """What each shot and film of a list is now, by its folder; the outlook is with the cascade."""
    folder = outlook.item.folder
    return truth_of(
        outlook.plan, outlook.statuses, catalog, last_in(folder / "manifest.json"),
        lambda film: (folder / film.path).is_file(),
    )  # fmt: skip


def _pictures_of_new(outlook: Outlook) -> tuple[InputMedia, ...]:
    """The pictures that would be paid for, each once."""
    new: dict[str, InputMedia] = {}
    for status in outlook.statuses:
        if status.state == "new":
            for picture in status.take.request.pictures:
                if picture.identity.startswith("sha256:"):
                    new[picture.identity] = picture
    return tuple(new.values())


def goes_on(first: Path, second: Path) -> bool:
    """Whether the clip ``second`` begins as the clip ``first`` ends."""
    try:
        program = ffmpeg.find(os.environ)
        picture = probe.probe(program, first).picture
        with tempfile.TemporaryDirectory(prefix="wanx-frame-") as name:
            last = Path(name) / "last.png"
            decoding.last_frame(program, first, picture.frames, picture.size, last)
            ends = images.upright(last.read_bytes())
        return compare(ends, decoding.first_frame(program, second)).verdict == "same"
    except (WanxError, BadPicture, OSError):
        return False


def make_plan(
    loaded: Loaded,
    catalog: Catalog,
    backend: str | None,
    retakes: Mapping[str, int] | None = None,
) -> Plan:
    """The plan of a list, as if nothing of it was rendered."""
    name = backend or loaded.shots.backend
    row = loaded.row.name if loaded.row else ""
    return make(loaded.shots, name, loaded.media, catalog, retakes, loaded.picks.picked, row=row)


def warnings(loaded: Loaded, plan: Plan) -> tuple[Diagnostic, ...]:
    """What is worth warning of in a list by itself."""
    labels = without_label([loaded], plan.backend)
    return (*loaded.warnings, *stale_picks(loaded, plan), *labels)


def stale_picks(loaded: Loaded, plan: Plan) -> tuple[Diagnostic, ...]:
    """Picks of takes that are not there, now that it is known how many each shot has."""
    takes = {shot.shot.id: len(shot.takes) for shot in plan.asked}
    return picks.stale(loaded.picks, takes)


def without_label(lists: Iterable[Loaded], backend: str | None) -> tuple[Diagnostic, ...]:
    """What ``backend``, chosen beside the list, makes worth a warning: each once for all lists."""
    if backend in (None, "mock"):
        return ()
    problems = []
    for entry in lists:
        shots = entry.shots
        if shots.backend != "mock":
            continue
        if message := unlabelled(shots.shots, shots.deliverables):
            place = Span(str(entry.file))
            problems.append(Diagnostic("label-missing", message, place, LABEL_HINT, "warning"))
    return tuple(dict.fromkeys(problems))
