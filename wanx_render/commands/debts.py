"""``status``, ``rescue`` and ``resolve``: what was asked for and is not settled yet."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from wanx_render.catalog.capabilities import Catalog
from wanx_render.catalog.pricing import sums
from wanx_render.catalog.result_hosts import shown_url, unknown_host
from wanx_render.clock import RealClock
from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput
from wanx_render.media import ffmpeg
from wanx_render.planning.journal import Attempt, Journal
from wanx_render.planning.plan import Plan
from wanx_render.planning.rebuild import is_lost
from wanx_render.reports import terminal
from wanx_render.session.connection import BASE_URL, access, dashscope, mock
from wanx_render.session.environment import Environment
from wanx_render.session.folder import folder_of, held, opened, pool
from wanx_render.session.outlook import make_plan
from wanx_render.session.selection import read_all
from wanx_render.session.totals import POSSIBLY_PAID, film_cost
from wanx_render.task import Media
from wanx_render.tasks.account import Account
from wanx_render.tasks.collect import Collector
from wanx_render.tasks.polling import Watch
from wanx_render.tasks.recognition import ClipJudge, pictures_by_identity
from wanx_render.tasks.rescue import Tally
from wanx_render.tasks.rescue import rescue as run_rescue


@dataclass(frozen=True)
class DebtOptions:
    """The list whose folder is meant, and how to reach its service."""

    file: Path
    backend: str | None = None
    out: Path | None = None
    as_json: bool = False
    base_url: str | None = None
    catalog: Path | None = None
    result_hosts: tuple[str, ...] = ()


def status(options: DebtOptions, environment: Environment) -> int:
    """Every attempt of the folder: its state, its age, and how long its result can be fetched."""
    made, catalog, folder = _found(options)
    with opened(folder) as journal:
        now = datetime.now(UTC)
        attempts = journal.every()
        records = [_record(attempt, now) for attempt in attempts]
        film = film_cost(made, journal)
        totals = {"film": sums(film), "folder": sums(journal.paid())}
    open_ = [each for each in attempts if each.state in POSSIBLY_PAID]
    if options.as_json:
        document = {"attempts": records, "cost": totals, "possibly_paid": len(open_)}
        environment.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
        return 0
    for record in records:
        environment.stdout.write(_line(record) + "\n")
    own = urlsplit(environment.environ.get(BASE_URL, "")).hostname or ""
    permitted = catalog.service.result_hosts.value
    waiting = {unknown_host(a.url, permitted, own) for a in attempts if is_owed(a) and a.url}
    for host in sorted(host for host in waiting if host):
        environment.stdout.write(
            f"clips wait at {host}, which is not known as the service's storage; if you trust it: "
            f"wanx-render rescue {options.file} --result-host {host}\n"
        )
    if not records:
        environment.say("nothing was ever asked for from this folder")
        return 0
    maybe = f"; {len(open_)} more may be paid" if open_ else ""
    mock = "MOCK: " if made.world == "mock" else ""
    environment.stdout.write(
        f"{mock}this film {totals['film']}, this folder ever {totals['folder']}{maybe}\n"
    )
    return 0


def is_owed(attempt: Attempt) -> bool:
    """Whether its clip is paid and not here."""
    return attempt.clip_name is None and attempt.state == "succeeded"


def _record(attempt: Attempt, now: datetime) -> dict[str, Any]:
    left = (attempt.expires_at - now).total_seconds() / 3600 if attempt.expires_at else None
    owed = is_owed(attempt)
    return {
        "attempt": attempt.id,
        "take": attempt.label,
        "state": attempt.state,
        "service": attempt.scope.partition(" ")[0],
        "task_id": attempt.task_id,
        "asked_at": attempt.asked_at.isoformat(timespec="seconds"),
        "age_hours": round((now - attempt.asked_at).total_seconds() / 3600, 2),
        "hours_left": round(left, 2) if owed and left is not None else None,
        "clip": attempt.clip_name,
        "cost": f"{attempt.amount} {attempt.currency}" if attempt.amount else None,
        "code": attempt.code,
        "message": attempt.message,
        "result": shown_url(attempt.url) if owed else None,
    }


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


def rescue(options: DebtOptions, environment: Environment) -> int:
    """Fetch every clip that was paid for and is not here; ask for nothing new."""
    made, catalog, folder = _found(options)
    program = ffmpeg.find(environment.environ)
    who = None
    if made.world != "mock":
        who = access(
            catalog, made.region, environment.environ, options.base_url, options.result_hosts
        )  # fmt: skip
    with held(folder), opened(folder, environment.say) as journal, pool() as executor:
        if who is None:
            service = mock(catalog, program, executor, folder, journal.attempts())
        else:
            service = dashscope(catalog, who, environment.environ)
        wall, backend = RealClock(), service.backend
        plain = terminal.plain(environment.stderr)
        emit = terminal.json_lines(environment.stdout, wall) if options.as_json else plain
        watch = Watch(backend, catalog, service.clock)
        collector = Collector(backend, journal, catalog, watch, program, executor, folder, wall)
        account = Account(backend, catalog, service.clock, [journal])
        sent = pictures_by_identity(_media(options), journal, folder)
        judge = ClipJudge(backend, catalog, program, executor, folder, sent)

        async def run() -> Tally:
            try:
                if journal.owed() or journal.in_doubt(backend.scope):
                    await service.open(catalog)
                return await run_rescue(collector, account, judge, emit)
            finally:
                await backend.close()

        tally = asyncio.run(run())
        waiting = len(journal.every("unresolved"))
    code = 4 if waiting or tally.hosts else 1 if tally.left else 0
    if options.as_json:
        record = {
            "event": "summary", "fetched": tally.fetched, "left": tally.left,
            "hosts": sorted(tally.hosts), "exit_code": code,
        }  # fmt: skip
        environment.stdout.write(terminal.json_line(record, wall.now()))
    mocked = "MOCK: " if made.world == "mock" else ""
    clips = "clip" if tally.fetched == 1 else "clips"
    environment.say(f"{mocked}{tally.fetched} {clips} fetched, {tally.left} left")
    for host in sorted(tally.hosts):
        environment.say(f"if you trust it: wanx-render rescue {options.file} --result-host {host}")
    if waiting:
        environment.say(f"{waiting} need a person: wanx-render resolve {options.file}")
    return code


@dataclass(frozen=True)
class Decision:
    """What a person says of one unresolved attempt."""

    attempt: int | None = None
    adopt: str | None = None
    release: bool = False


def resolve(options: DebtOptions, decision: Decision, environment: Environment) -> int:
    """Show what only a person can settle, or settle one of them. Raises BadInput."""
    _, _, folder = _found(options)
    with held(folder), opened(folder) as journal:
        if decision.attempt is None:
            return _show(options, journal, environment)
        attempt = _open_attempt(journal, decision)
        if decision.adopt and decision.release:
            raise _wrong("say one of --adopt and --release")
        if decision.adopt:
            if decision.adopt in journal.task_ids():
                raise _wrong(f"task {decision.adopt} already belongs to another attempt")
            journal.adopted(attempt.id, decision.adopt)
            environment.say(
                f"{attempt.label} is task {decision.adopt}; render or rescue fetches it"
            )
        elif decision.release:
            journal.ended(attempt.id, "released", "Released", "given up by a person")
            environment.say(f"{attempt.label} will be asked for again by the next render, and paid")
            if attempt.task_id:
                environment.say(f"task {attempt.task_id}, which may be paid already, is given up")
        else:
            raise _wrong("say --adopt TASK or --release")
    return 0


def _show(options: DebtOptions, journal: Journal, environment: Environment) -> int:
    waiting = journal.every("unresolved", "lost")
    if options.as_json:
        now = datetime.now(UTC)
        records = [_record(attempt, now) for attempt in waiting]
        environment.stdout.write(json.dumps({"unresolved": records}, ensure_ascii=False) + "\n")
    else:
        for each in waiting:
            at = each.asked_at.isoformat(sep=" ", timespec="seconds")
            environment.stdout.write(f"{each.id:>4}  {each.label}, {each.model}, asked {at}\n")
            environment.stdout.write(f"      prompt: {each.request.get('prompt')}\n")
            environment.stdout.write(f"      {each.message}\n")
    if waiting:
        environment.say(
            "nobody but you can tell what became of these. Look at `wanx-render tasks list`, then\n"
            f"  wanx-render resolve {options.file} NUMBER --adopt TASK   it is this task\n"
            f"  wanx-render resolve {options.file} NUMBER --release      it was never accepted"
        )
        return 4
    environment.say("nothing waits for a person")
    return 0


def _open_attempt(journal: Journal, decision: Decision) -> Attempt:
    """The attempt that is decided on. One that is not settled can always be given up.

    Of an attempt whose account is gone, no run will ever find out more.
    """
    attempt = journal.attempt(decision.attempt or 0)
    may = ("unresolved", "uncertain", "submitting", "submitted", "succeeded", "lost")
    states = may if decision.release else ("unresolved", "uncertain", "refused")
    if attempt is None or attempt.state not in states or attempt.clip_name:
        raise _wrong(f"attempt {decision.attempt} is not one that waits for a person")
    return attempt


def _wrong(told: str) -> BadInput:
    return BadInput(Diagnostic("resolve-wrong", told, hint="`wanx-render resolve FILE` shows all"))


def _found(options: DebtOptions) -> tuple[Plan, Catalog, Path]:
    """The list's plan, catalog and folder; the folder must be there."""
    batches, catalog = read_all((options.file,), options.catalog)
    loaded = batches[0].lists[0]  # the rows of a table share a journal
    folder = folder_of(loaded, options.out)
    if not (folder / "journal.sqlite").is_file() and not is_lost(folder):
        told = f"nothing was rendered yet: there is no journal in {folder}"
        raise BadInput(Diagnostic("folder-empty", told, hint="choose the folder with --out"))
    return make_plan(loaded, catalog, options.backend), catalog, folder


def _media(options: DebtOptions) -> Iterator[Media]:
    """The pictures of all rows: they share the folder."""
    batches, _ = read_all((options.file,), options.catalog)
    for loaded in batches[0].lists:
        yield from loaded.media.values()
