"""Films of earlier runs that are still in the folder: a run that does not make them keeps them.

The list may have changed since; each says why it is stale, and holds what it was made of.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from wanx_render.errors import Broken
from wanx_render.language import Message, tr
from wanx_render.manifest import DeliverableRecord, Manifest, ShotRecord
from wanx_render.money import show_money
from wanx_render.planning.plan import Take
from wanx_render.reports.states import recorded_state
from wanx_render.run.context import RunContext
from wanx_render.run.results import Films, TakeResult
from wanx_render.tasks.outcome import TakeFailure

Results = dict[tuple[str, int], TakeResult]


async def with_last_films(
    context: RunContext,
    results: Results,
    made: Sequence[DeliverableRecord | Broken],
    earlier: Manifest | None,
) -> Films:
    """The deliverables of a run; of those that it did not make, the last film that is still there.

    ``made`` is empty where clips are missing. What the list no longer names is not kept.
    """
    records = {film.name: film for film in made if isinstance(film, DeliverableRecord)}
    broken = [film for film in made if isinstance(film, Broken)]
    last_films = {film.name: film for film in earlier.deliverables} if earlier else {}
    why = (*_missing(context, results), *map(str, broken))
    for wish in context.plan.deliverables:
        film = last_films.get(wish.name)
        if wish.name in records or film is None or earlier is None:
            continue
        if await context.workers.stands(context.folder / film.path, film.sha256):
            records[wish.name] = _kept(film, earlier, why)
    in_order = (records.get(wish.name) for wish in context.plan.deliverables)
    return Films(tuple(film for film in in_order if film), tuple(map(str, broken)))


def _kept(film: DeliverableRecord, earlier: Manifest, why: tuple[str, ...]) -> DeliverableRecord:
    """The record of a film that is older than this run, with the shots it was made of."""
    shots = earlier.shots_of(film)
    used = tuple(_as_used(shots[part.shot]) for part in film.parts if part.shot in shots)
    return replace(film, stale=why, kept_from=film.kept_from or earlier.finished_at, shots=used)


def _as_used(shot: ShotRecord) -> ShotRecord:
    """A shot with no take but the one that the film shows."""
    return replace(shot, takes=tuple(take for take in shot.takes if take.take == shot.picked))


def _missing(context: RunContext, results: Results) -> Iterator[Message]:
    """Which shots have no clip for the film, each with what is in the way."""
    for shot in context.plan.shots:
        result = results[(shot.shot.id, shot.shot.pick)]
        if isinstance(result, TakeFailure):
            yield _reason(result)


def _reason(failure: TakeFailure) -> Message:
    take = failure.take
    if failure.state == "skipped":
        return to_be_made(take)
    if recorded_state(failure.state).needs_person:
        return tr("{shot} needs your decision: {code}", shot=take.shot, code=failure.code)
    return tr("{shot} failed: {code}", shot=take.shot, code=failure.code)


def to_be_made(take: Take) -> Message:
    """That a take is to be generated, with its price where that is known."""
    if take.price is None:
        return tr("{shot} is to be made", shot=take.shot)
    return tr("{shot} is to be made, {price}", shot=take.shot, price=show_money(take.price))
