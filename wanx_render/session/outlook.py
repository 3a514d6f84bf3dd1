"""A list held against its folder: the plan, and how each of its takes stands. Nothing is sent."""

import os
import tempfile
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from wanx_render.catalog.capabilities import Catalog
from wanx_render.diagnostics import Diagnostic, Span
from wanx_render.errors import WanxError
from wanx_render.media import ffmpeg, images, probe
from wanx_render.media.images import BadPicture
from wanx_render.planning import plan
from wanx_render.planning.journal import Journal
from wanx_render.planning.origins import Origins
from wanx_render.planning.plan import Plan
from wanx_render.planning.retakes import retaken
from wanx_render.planning.take_status import Standing, stand
from wanx_render.shotlist import picks
from wanx_render.task import Media
from wanx_render.tasks import likeness
from wanx_render.validation.finishing_rules import LABEL_HINT, unlabelled
from wanx_render.validation.load import Loaded


@dataclass(frozen=True)
class Outlook:
    """All that a run would do, before anything is sent."""

    plan: Plan
    standings: tuple[Standing, ...]
    counts: dict[str, int]  # for ``Journal.retake``, of the retakes that were asked for


@dataclass(frozen=True)
class Folder:
    """The render folder that a list is held against; without a journal nothing was rendered."""

    path: Path
    journal: Journal | None


def look(
    loaded: Loaded,
    catalog: Catalog,
    folder: Folder,
    *,
    backend: str | None,
    retake: Collection[str] = (),
    cascade: bool = True,
) -> Outlook:
    """The plan of a list, and how it stands in ``folder``.

    What would be paid for because of a picture that nothing was asked with is looked at once more:
    it may be one that is known in other bytes.
    """
    origins = Origins(folder.journal, folder.path, goes_on) if folder.journal else None

    def once() -> Outlook:
        known = replace(loaded, media=origins.known_as(loaded.media)) if origins else loaded

        def make(retakes: Mapping[str, int]) -> Plan:
            return make_plan(known, catalog, backend, retakes)

        plan, counts = retaken(make, retake, folder.journal, folder.path, origins)
        standings = stand(
            plan, folder.journal, folder.path,
            cascade=cascade, origins=origins, insisted=frozenset(retake), catalog=catalog,
        )  # fmt: skip
        return Outlook(plan, standings, counts)

    outlook = once()
    if origins and origins.recognise(_pictures_of_new(outlook)):
        return once()
    return outlook


def _pictures_of_new(outlook: Outlook) -> tuple[Media, ...]:
    """The pictures that would be paid for, each once."""
    found: dict[str, Media] = {}
    for standing in outlook.standings:
        if standing.state == "new":
            request = standing.take.request
            for media in (request.image, request.last_image):
                if media and media.identity.startswith("sha256:"):
                    found[media.identity] = media
    return tuple(found.values())


def goes_on(first: Path, second: Path) -> bool:
    """Whether the clip ``second`` begins as the clip ``first`` ends."""
    try:
        program = ffmpeg.find(os.environ)
        picture = probe.probe(program, first).picture
        with tempfile.TemporaryDirectory(prefix="wanx-frame-") as name:
            last = Path(name) / "last.png"
            probe.last_frame(program, first, picture.frames, picture.size, last)
            ends = images.upright(last.read_bytes())
        return likeness.compare(ends, probe.first_frame(program, second)).verdict == "same"
    except (WanxError, BadPicture, OSError):
        return False


def make_plan(
    loaded: Loaded,
    catalog: Catalog,
    backend: str | None,
    retakes: Mapping[str, int] | None = None,
) -> Plan:
    world = backend or loaded.shots.backend
    made = plan.make(loaded.shots, world, loaded.media, catalog, retakes, loaded.picks.picked)
    return made.in_row(loaded.row.name) if loaded.row else made


def warnings(loaded: Loaded, made: Plan) -> tuple[Diagnostic, ...]:
    """What is worth warning of, now that it is known how many takes each shot has."""
    takes = {shot.shot.id: len(shot.takes) for shot in made.shots}
    unlabelled = without_label([loaded], made.world)
    return (*loaded.warnings, *picks.stale(loaded.picks, takes), *unlabelled)


def without_label(lists: Iterable[Loaded], backend: str | None) -> tuple[Diagnostic, ...]:
    """What ``backend``, chosen beside the list, makes worth a warning: each once for all lists."""
    found = []
    for loaded in lists:
        given = loaded.shots
        if backend in (None, "mock") or given.backend != "mock":
            continue
        if message := unlabelled(given.shots, given.deliverables):
            place = Span(str(loaded.file))
            found.append(Diagnostic("label-missing", message, place, LABEL_HINT, "warning"))
    return tuple(dict.fromkeys(found))
