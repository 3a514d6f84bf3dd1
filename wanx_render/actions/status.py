"""``status``: every task a render folder ever asked for. Sends nothing."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from wanx_render.backends.addresses import is_vendor
from wanx_render.catalog.result_hosts import unknown_host
from wanx_render.diagnostics import display_width
from wanx_render.language import Message, plural, recorded, shown, tr, verbatim
from wanx_render.money import Money, show_sums, write_sum, write_sums
from wanx_render.planning.attempt import Attempt, State
from wanx_render.planning.journal import Journal
from wanx_render.planning.origins import Origins
from wanx_render.planning.plan import Plan
from wanx_render.planning.take_status import take_statuses
from wanx_render.planning.truth import Truth
from wanx_render.reports.states import because, few
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
from wanx_render.session.outlook import truth_now
from wanx_render.session.selection import RenderOptions, Selection
from wanx_render.session.summary import on_mock, trust
from wanx_render.session.survey import Survey

# The state of each attempt, as people see it; JSON has the name.
STATES: dict[State, Message] = {
    "submitting": tr("submitting"),
    "uncertain": tr("uncertain"),
    "unresolved": tr("unresolved"),
    "released": tr("released"),
    "submitted": tr("submitted"),
    "succeeded": tr("succeeded"),
    "failed": tr("failed"),
    "lost": tr("lost"),
    "refused": tr("refused"),
}
# States of attempts whose bill is unknown.
POSSIBLY_PAID = ("uncertain", "unresolved", "lost")


def status(options: FolderOptions, environment: Environment) -> int:
    """Every attempt of the folder: its state, its age, and how long its result can be fetched."""
    folder = rendered_folder(options)
    with opened(folder.path) as journal:
        now = datetime.now(UTC)
        attempts = journal.every()
        films, ever = _cost(folder, journal), journal.paid()
        truth = _truth(options, folder, journal)
    records = [record_of(attempt, now) for attempt in attempts]
    possibly_paid = sum(attempt.state in POSSIBLY_PAID for attempt in attempts)
    unfinished = sum(attempt.state == "submitted" for attempt in attempts)
    if options.as_json:
        cost = {"film": write_sums(films), "folder": write_sums(ever)}
        document = {"attempts": records, "cost": cost, "possibly_paid": possibly_paid}
        environment.write_json(document | _record(truth))
        return 0
    for record in records:
        environment.stdout.write(_line(record) + "\n")
    for host in _unknown_hosts(attempts, folder, environment):
        text = tr("Clips are at {host}, which is not known as the service's storage.", host=host)
        hint = trust(options.file, host)
        environment.stdout.write(shown(tr("{sentence} {hint}", sentence=text, hint=hint)) + "\n")
    if not records:
        environment.say(tr("Nothing has been requested from this folder."))
        if folder.plan.generated:
            return 0
    for state in _states(truth):
        environment.stdout.write(shown(state) + "\n")
    paid = _paid(films, ever, is_table=folder.is_table)
    totals = _totals(paid, possibly_paid, unfinished)
    environment.stdout.write(shown(on_mock(totals, mock=folder.plan.backend == "mock")) + "\n")
    return 0


def _truth(options: FolderOptions, folder: RenderedFolder, journal: Journal) -> Truth:
    """What each shot and film is now; of a table nothing, its index page shows its rows."""
    if folder.is_table:
        return Truth(())
    selection = Selection.of(
        RenderOptions(
            (options.file,), out=options.out, backend=options.backend, catalog=options.catalog
        )
    )
    survey = Survey(selection, {folder.path: journal})
    return truth_now(survey.outlook(selection.lists[0]), selection.catalog)


def _record(truth: Truth) -> dict[str, Any]:
    """The states of shots and films, for programs."""
    return {
        "shots": [
            {
                "shot": shot.shot, "take": shot.take, "state": shot.state, "reason": shot.why,
                "cost": write_sum(Money(shot.cost.amount, shot.cost.currency)),
                "chain": list(shot.chain), "code": shot.code or None,
            }
            for shot in truth.shots
        ],
        "films": [
            {"name": film.name, "state": film.state, "reasons": list(film.why)}
            for film in truth.films
        ],
    }  # fmt: skip


def _states(truth: Truth) -> Iterator[Message]:
    """The films that are out of date or failed; where there are none, the shots that are left."""
    films = [film for film in truth.films if film.state in ("stale", "broken")]
    for film in films:
        yield because(film.record.path if film.record else film.name, film.why)
    if not films:
        yield from few([shot.sentence for shot in truth.shots if shot.state != "current"])


def _cost(folder: RenderedFolder, journal: Journal) -> Mapping[str, Decimal]:
    """What the clips of the list cost; of a table, all clips of all its rows that are here."""
    return journal.paid(kept=True) if folder.is_table else film_cost(folder.plan, journal)


def _paid(films: Mapping[str, Decimal], ever: Mapping[str, Decimal], *, is_table: bool) -> Message:
    """What the film or the films cost, and everything this folder ever paid."""
    if not ever:
        return tr("nothing was paid from this folder")
    sums = {"films": show_sums(films), "ever": show_sums(ever)}
    if is_table:
        return tr("{films} these films, {ever} in total", **sums)
    return tr("{film} this film, {ever} in total", film=sums["films"], ever=sums["ever"])


def _totals(text: Message, possibly_paid: int, unfinished: int) -> Message:
    """What was paid, what may have been, and what is not finished."""
    if possibly_paid:
        text = tr("{totals}; {n} more may be paid", totals=text, n=possibly_paid)
    if unfinished:
        text = plural(
            "{totals}; {n} request is not finished",
            "{totals}; {n} requests are not finished",
            unfinished, totals=text,
        )  # fmt: skip
    return text


def _unknown_hosts(
    attempts: Iterable[Attempt], folder: RenderedFolder, environment: Environment
) -> list[str]:
    """Where paid clips wait for permission to fetch them."""
    hosts = folder.catalog.service.result_hosts.value
    sent = (attempt for attempt in attempts if attempt.address)  # the mock has no address
    waiting = ((attempt.url, attempt) for attempt in sent if is_owed(attempt) and attempt.url)
    now = environment.environ.get(BASE_URL, "")
    unknown = (unknown_host(url, hosts, _own_host(attempt, now)) for url, attempt in waiting)
    return sorted({host for host in unknown if host})


def _own_host(attempt: Attempt, now: str) -> str:
    """The host that a person's own service may have its results at: the one that was asked."""
    address = attempt.address if "://" in attempt.address else now
    return "" if is_vendor(address) else urlsplit(address).hostname or ""


def _line(record: dict[str, Any]) -> str:
    words = [f"{record['attempt']:>4}", _padded(_take(record), 20)]
    words.append(_padded(STATES[record["state"]], 11))
    task = record["task_id"] or tr("unknown")
    words += [record["clip"] or tr("task {id}", id=task)]
    if record["hours_left"] is not None:
        hours = record["hours_left"]
        words.append(
            tr("not downloaded, {hours:.1f} h left", hours=hours)
            if hours > 0
            else tr("not downloaded, expired")
        )
    if record["result"]:
        words.append(tr("at {address}", address=record["result"]))
    if record["message"]:
        sentence = recorded(record["message"])
        code = record["code"]
        words.append(tr("{code}: {message}", code=code, message=sentence) if code else sentence)
    return "  ".join(map(shown, words))


def _take(record: dict[str, Any]) -> Message:
    row = f"{record['row']}/" if record["row"] else ""
    return tr("{shot} take {n}", shot=f"{row}{record['shot']}", n=record["number"])


def _padded(text: Message, width: int) -> Message:
    """The text with blanks up to so many cells."""
    return verbatim(shown(text) + " " * (width - display_width(shown(text))))


def film_cost(plan: Plan, journal: Journal) -> dict[str, Decimal]:
    """What the clips of this plan cost, by currency, whenever they were paid."""
    statuses = take_statuses(plan, Origins(journal, journal.path.parent))
    clips = (journal.clip_for(status.take.request.key(plan.backend)) for status in statuses)
    bills = {clip.id: clip.bill for clip in clips if clip and clip.bill}  # takes may share a clip
    amounts: defaultdict[str, Decimal] = defaultdict(Decimal)
    for bill in bills.values():
        amounts[bill.currency] += bill.amount
    return amounts
