"""Films of earlier runs that are still in the folder: a run that does not make them keeps them.

The list may have changed since; each says why it is stale, and holds what it was made of. A film
that this run made of clips which are stale says so too.
"""

from collections.abc import Sequence
from dataclasses import replace

from wanx_render.errors import Broken
from wanx_render.manifest import DeliverableRecord, Manifest, ShotRecord
from wanx_render.planning.origins import Origins
from wanx_render.planning.take_status import take_statuses
from wanx_render.planning.truth import Truth, truth_of
from wanx_render.run.context import RunContext
from wanx_render.run.results import Films


async def with_last_films(
    context: RunContext,
    made: Sequence[DeliverableRecord | Broken],
    earlier: Manifest | None,
) -> Films:
    """The deliverables of a run; of those that it did not make, the last film that is still there.

    ``made`` is empty where clips are missing. What the list no longer names is not kept.
    """
    records = {film.name: film for film in made if isinstance(film, DeliverableRecord)}
    broken = tuple(str(film) for film in made if isinstance(film, Broken))
    if len(records) < len(context.plan.deliverables) or not context.cascade:
        why = _why(context)
        records = {name: replace(film, stale=why) for name, film in records.items()}
        if earlier:
            records = await _kept(context, earlier, (*why, *broken)) | records
    in_order = (records.get(wish.name) for wish in context.plan.deliverables)
    return Films(tuple(film for film in in_order if film), broken)


def _why(context: RunContext) -> tuple[str, ...]:
    """Why a film of the clips that are here is not what the list gives."""
    truth = truth_now(context)
    return tuple(shot.sentence for shot in truth.shots if shot.state != "current")


def truth_now(context: RunContext) -> Truth:
    """What each shot is after a run."""
    catalog, origins = context.tools.catalog, Origins(context.journal, context.clips)
    statuses = take_statuses(context.plan, origins, catalog=catalog)
    return truth_of(context.plan, statuses, catalog)


async def _kept(
    context: RunContext, earlier: Manifest, why: tuple[str, ...]
) -> dict[str, DeliverableRecord]:
    """The films of ``earlier`` that are wanted and here."""
    names = {wish.name for wish in context.plan.deliverables}
    wanted = [film for film in earlier.deliverables if film.name in names]
    here = [await context.workers.stands(context.folder / f.path, f.sha256) for f in wanted]
    films = (film for film, is_here in zip(wanted, here, strict=True) if is_here)
    return {film.name: _older(film, earlier, why) for film in films}


def _older(film: DeliverableRecord, earlier: Manifest, why: tuple[str, ...]) -> DeliverableRecord:
    """The record of a film that is older than this run, with the shots it was made of."""
    shots = earlier.shots_of(film)
    used = tuple(_as_used(shots[part.shot]) for part in film.parts if part.shot in shots)
    return replace(film, stale=why, kept_from=film.kept_from or earlier.finished_at, shots=used)


def _as_used(shot: ShotRecord) -> ShotRecord:
    """A shot with no take but the one that the film shows."""
    return replace(shot, takes=tuple(take for take in shot.takes if take.take == shot.picked))
