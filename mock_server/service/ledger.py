"""The ledger: every accepted task and what it was charged."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from mock_server.service.tasks import TaskLife
from mock_server.wire.provenance import FAMILIES, OFFICIAL, rests_on
from wanx_render.backends.base import status_of
from wanx_render.backends.imitation.outcome import billed_seconds
from wanx_render.backends.simulator import Task
from wanx_render.catalog.capabilities import Catalog


@rests_on("official text", OFFICIAL, "Only tasks that succeed are charged, by second and tier")
def ledger(lives: Iterable[TaskLife], catalog: Catalog) -> dict[str, Any]:
    """Every accepted submission and what it was charged; money as exact decimal text.

    ``paid_twice`` names requests that are equal and were paid more than once, or will be.
    """
    rows, totals = [], dict[str, Decimal]()
    for task, state in lives:
        request, status, charge = task.request, status_of(state), charge_of(task, catalog)
        amount = charge.amount(status)
        totals[charge.currency] = totals.get(charge.currency, Decimal(0)) + amount
        rows.append(
            {
                "account": task.account,
                "task_id": task.task_id,
                "model": catalog.entry(request.model).region_names.value[request.region],
                "prompt": request.prompt,
                "seed": request.seed,
                "status": status,
                "amount": exact(amount),
                "currency": charge.currency,
                "price_known": charge.price is not None,
                "submitted": task.submitted.isoformat(timespec="milliseconds"),
                "request": charge.key[:16],
            }
        )
    successes = sum(row["status"] == "SUCCEEDED" for row in rows)
    amounts = {currency: f"{amount:.2f}" for currency, amount in totals.items()}
    summary = {"submissions": len(rows), "succeeded": successes, "amounts": amounts}
    return {"submissions": rows, "totals": summary, "paid_twice": _paid_twice(rows)}


def exact(amount: Decimal) -> str:
    """Money as exact decimal text, as short as can be."""
    return f"{amount:.4f}".rstrip("0").rstrip(".") if amount else "0"


@dataclass(frozen=True, slots=True)
class TaskCharge:
    """What a task costs where it succeeds, and the key that equal requests share."""

    price: Decimal | None  # None: no source says
    currency: str
    key: str

    def amount(self, status: str) -> Decimal:
        """What is charged for the task in this state."""
        return self.price if self.price and status == "SUCCEEDED" else Decimal(0)


def charge_of(task: Task, catalog: Catalog) -> TaskCharge:
    """The charge of a task; it never changes."""
    request = task.request
    currency = catalog.service.regions[request.region].currency
    return TaskCharge(_price(task, catalog), currency, request.key("emulator"))


PAID = ("PENDING", "RUNNING", "SUCCEEDED")  # a task that failed or was cancelled costs nothing


def _paid_twice(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Equal requests of one account with more than one task that is paid or will be."""
    tasks: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        if row["status"] in PAID:
            tasks.setdefault((row["account"], row["request"]), []).append(row)
    names = ("account", "model", "prompt", "request")
    return [
        {**{name: same[0][name] for name in names}, "tasks": [row["task_id"] for row in same]}
        for same in tasks.values()
        if len(same) > 1
    ]


@rests_on("official text", FAMILIES, "Some models bill seconds of reference videos too")
@rests_on("guess", "nobody says", "A second of an input that has begun counts as a whole one")
@rests_on("official text", FAMILIES, "Pictures are charged by number")
def _price(task: Task, catalog: Catalog) -> Decimal | None:
    """What a task costs where it succeeds; None where no source says."""
    request, model = task.request, catalog.models.get(task.request.model)
    if model is None:
        picture = catalog.price_per_picture(request.model, request.region)
        return picture[0] * task.results if picture else None
    rate = catalog.price_per_second(
        request.model, request.region, request.resolution, silent=request.sound == "silent"
    )
    return rate[0] * billed_seconds(request, model) if rate else None
