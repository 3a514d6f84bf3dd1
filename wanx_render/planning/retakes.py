"""``--retake``: one more take of a shot, with a seed of its own; the earlier ones are kept."""

from collections.abc import Callable, Collection, Mapping

from wanx_render.planning.origins import Origins
from wanx_render.planning.plan import Plan
from wanx_render.planning.take_status import take_statuses


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
