"""Several takes of a shot: ``--retake`` asks for one more, ``pick: auto`` takes one of them."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from wanx_render.marks.faults import marks_in
from wanx_render.planning.origins import Origins
from wanx_render.planning.plan import Plan, in_turn
from wanx_render.planning.planned import PlannedShot
from wanx_render.planning.take_status import TakeStatus, take_statuses


def retaken(
    make: Callable[[Mapping[str, int]], Plan],
    names: Collection[str],
    origins: Origins | None,
) -> tuple[Plan, dict[str, int]]:
    """The plan with one more take of each shot in ``names``, and how many takes that makes.

    A shot whose last take is not there yet gets no further one: the same command run again, after
    an interruption for one, pays for what is missing and nothing else. The counts are for
    ``Journal.retake``, by basis.
    """
    takes_of = origins.journal.retakes() if origins else {}
    plan, counts = make(takes_of), {}
    for shot in [shot for shot in plan.asked if shot.shot.id in names]:
        now = next(s for s in plan.asked if s.shot.id == shot.shot.id)
        last = [s for s in take_statuses(plan, origins) if s.take.shot == now.shot.id][-1]
        if last.state == "cached":
            counts[now.basis] = len(now.takes) + 1
            plan = make({**takes_of, **counts})
    return plan, counts


def picked_automatically(
    plan: Plan, origins: Origins | None, rejected: Mapping[str, Sequence[int]], *, cascade: bool
) -> Plan:
    """The plan with the takes that ``pick: auto`` picks of what is here: the first without marks,
    else the first.

    What a take begins with follows from the pick of the shot before it. ``rejected`` are takes that
    were rejected on the board: one of them is picked only where there is no other. A shot whose
    pick may still change has candidates left.
    """
    automatic = {shot.shot.id: shot for shot in plan.generated if shot.candidates}
    if not automatic:
        return plan
    sources = {s.shot.id: w if (w := s.picked.waits_for) in automatic else None for s in plan.asked}
    statuses = _by_shot(plan, origins, cascade=cascade)
    for name in in_turn(sources):
        if name not in automatic:
            continue
        shot = _settled(automatic[name], statuses[name], rejected.get(name, ()), origins)
        plan = plan.having(shot)
        if shot.shot.pick != automatic[name].shot.pick and name in sources.values():
            statuses = _by_shot(plan, origins, cascade=cascade)
    return plan


def _by_shot(
    plan: Plan, origins: Origins | None, *, cascade: bool
) -> dict[str, dict[int, TakeStatus]]:
    result: dict[str, dict[int, TakeStatus]] = {}
    for status in take_statuses(plan, origins, cascade=cascade):
        result.setdefault(status.take.shot, {})[status.take.number] = status
    return result


def _settled(
    shot: PlannedShot,
    statuses: Mapping[int, TakeStatus],
    rejected: Iterable[int],
    origins: Origins | None,
) -> PlannedShot:
    """The shot with its pick; with candidates left where that is not decided yet."""
    candidates = tuple(n for n in shot.candidates if n not in rejected) or shot.candidates
    recorded = origins.journal.choice(shot.basis, len(shot.takes)) if origins else None
    if recorded in candidates and statuses[recorded].state == "cached":
        return shot.picking(recorded)
    return shot.picking(_first_hope(candidates, statuses), candidates)


def _first_hope(candidates: Sequence[int], statuses: Mapping[int, TakeStatus]) -> int:
    """The first take that has no marks, or may come without; else the first that is here."""
    here = [number for number in candidates if statuses[number].state == "cached"]
    for number in candidates:
        status = statuses[number]
        if status.state in ("new", "resumed"):
            return number
        if number in here and status.clip and not marks_in(status.clip.clip_facts):
            return number
    return (here or candidates)[0]
