"""Money told three times: what this run spent, what this film cost, what the folder ever paid."""

from decimal import Decimal

from wanx_render.planning.journal import Journal
from wanx_render.planning.plan import Plan
from wanx_render.planning.take_status import stand

# States of attempts that nobody knows the bill of.
POSSIBLY_PAID = ("uncertain", "unresolved", "lost")


def film_cost(plan: Plan, journal: Journal) -> dict[str, Decimal]:
    """What the clips of this plan cost, by currency, whenever they were paid."""
    folder = journal.path.parent
    amounts: dict[str, Decimal] = {}
    counted: set[int] = set()
    for standing in stand(plan, journal, folder):
        attempt = journal.clip_for(standing.take.request.key(plan.world))
        if attempt is None or attempt.id in counted or not attempt.amount:
            continue
        counted.add(attempt.id)
        currency = attempt.currency or ""
        amounts[currency] = amounts.get(currency, Decimal(0)) + Decimal(attempt.amount)
    return amounts
