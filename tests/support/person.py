"""What a person does about requests whose outcome is unknown: look at the service, and tell."""

from collections.abc import Iterable
from typing import Any

from wanx_render.planning.journal import Journal


def settle(journal: Journal, rows: Iterable[dict[str, Any]]) -> int:
    """Say of each request which task is its own, or that none is; how many there were.

    ``rows`` are the submissions of the emulator's ledger.
    """
    rows = list(rows)
    settled = 0
    for attempt in journal.every("unresolved"):
        asked, owned = (attempt.request["prompt"], attempt.request["seed"]), journal.task_ids()
        tasks = [
            str(row["task_id"])
            for row in rows
            if (row["prompt"], row["seed"]) == asked and row["task_id"] not in owned
        ]
        if tasks and not attempt.task_id:
            journal.adopted(attempt.id, tasks[0])
        else:
            journal.ended(attempt.id, "released")
        settled += 1
    return settled


def give_up_expired(journal: Journal) -> int:
    """Have sent again what expired, possibly paid; how many there were."""
    lost = journal.every("lost")
    for attempt in lost:
        journal.ended(attempt.id, "released")
    return len(lost)
