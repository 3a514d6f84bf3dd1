"""``status``: every task a render folder ever asked for. Sends nothing."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from wanx_render.catalog.result_hosts import unknown_host
from wanx_render.money import show_sums, write_sums
from wanx_render.planning.attempt import Attempt
from wanx_render.planning.journal import Journal
from wanx_render.planning.origins import Origins
from wanx_render.planning.plan import Plan
from wanx_render.planning.take_status import take_statuses
from wanx_render.session.connection import BASE_URL
from wanx_render.session.environment import Environment
from wanx_render.session.folder import opened
from wanx_render.session.folder_tasks import (
    FolderOptions,
    RenderedFolder,
    is_owed,
    record_of,
    rendered_folder,
)

# States of attempts that nobody knows the bill of.
POSSIBLY_PAID = ("uncertain", "unresolved", "lost")


def status(options: FolderOptions, environment: Environment) -> int:
    """Every attempt of the folder: its state, its age, and how long its result can be fetched."""
    folder = rendered_folder(options)
    with opened(folder.path) as journal:
        now = datetime.now(UTC)
        attempts = journal.every()
        film, ever = film_cost(folder.plan, journal), journal.paid()
    records = [record_of(attempt, now) for attempt in attempts]
    possibly_paid = sum(attempt.state in POSSIBLY_PAID for attempt in attempts)
    if options.as_json:
        cost = {"film": write_sums(film), "folder": write_sums(ever)}
        document = {"attempts": records, "cost": cost, "possibly_paid": possibly_paid}
        environment.write_json(document)
        return 0
    for record in records:
        environment.stdout.write(_line(record) + "\n")
    for host in _unknown_hosts(attempts, folder, environment):
        environment.stdout.write(
            f"clips wait at {host}, which is not known as the service's storage; if you trust it: "
            f"wanx-render rescue {options.file} --result-host {host}\n"
        )
    if not records:
        environment.say("nothing was ever asked for from this folder")
        return 0
    maybe = f"; {possibly_paid} more may be paid" if possibly_paid else ""
    mock = "MOCK: " if folder.plan.backend == "mock" else ""
    environment.stdout.write(
        f"{mock}this film {show_sums(film)}, this folder ever {show_sums(ever)}{maybe}\n"
    )
    return 0


def _unknown_hosts(
    attempts: Iterable[Attempt], folder: RenderedFolder, environment: Environment
) -> list[str]:
    """Where paid clips wait for permission to fetch them."""
    own = urlsplit(environment.environ.get(BASE_URL, "")).hostname or ""
    hosts = folder.catalog.service.result_hosts.value
    urls = (attempt.url for attempt in attempts if is_owed(attempt) and attempt.url)
    return sorted({host for url in urls if (host := unknown_host(url, hosts, own))})


def _line(record: dict[str, Any]) -> str:
    words = [f"{record['attempt']:>4}", f"{record['take']:20}", f"{record['state']:11}"]
    words += [record["clip"] or f"task {record['task_id'] or 'unknown'}"]
    if record["hours_left"] is not None:
        hours = record["hours_left"]
        left = f"{hours:.1f} h left" if hours > 0 else "its time is over"
        words.append(f"not fetched yet, {left}")
    if record["result"]:
        words.append(f"at {record['result']}")
    if record["message"]:
        words.append(f"{record['code'] or ''}: {record['message']}".lstrip(": "))
    return "  ".join(words)


def film_cost(plan: Plan, journal: Journal) -> dict[str, Decimal]:
    """What the clips of this plan cost, by currency, whenever they were paid."""
    statuses = take_statuses(plan, Origins(journal, journal.path.parent))
    clips = (journal.clip_for(status.take.request.key(plan.backend)) for status in statuses)
    bills = {clip.id: clip.bill for clip in clips if clip and clip.bill}  # takes may share a clip
    amounts: defaultdict[str, Decimal] = defaultdict(Decimal)
    for bill in bills.values():
        amounts[bill.currency] += bill.amount
    return amounts
