"""``tasks``: the service's own list, one task of it, and cancelling what still waits."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from wanx_render.backends.base import Backend, Succeeded, Unknown, home_of
from wanx_render.catalog import capabilities, user_file
from wanx_render.catalog.capabilities import Catalog
from wanx_render.language import plural, tr
from wanx_render.planning.attempt import Attempt
from wanx_render.session.connection import access, dashscope
from wanx_render.session.environment import Environment
from wanx_render.session.folder import opened

T = TypeVar("T")


@dataclass(frozen=True)
class TaskOptions:
    """Which service is asked."""

    region: str = "beijing"
    base_url: str | None = None
    as_json: bool = False
    catalog: Path | None = None


def listed(options: TaskOptions, environment: Environment) -> int:
    """The account's tasks of the last 24 hours, newest first."""

    async def work(backend: Backend) -> tuple[dict[str, str], ...]:
        now = backend.now()
        rows = await backend.list(now - timedelta(hours=23, minutes=59), now)
        newest = sorted(rows, key=lambda row: row.submitted, reverse=True)
        return tuple({**asdict(r), "submitted": r.submitted.isoformat()} for r in newest)

    rows = _ask(options, environment, work)
    if options.as_json:
        environment.stdout.write(json.dumps({"tasks": rows}, indent=2) + "\n")
        return 0
    for row in rows:
        at = row["submitted"][:19].replace("T", " ")
        environment.stdout.write(
            f"{row['task_id']}  {row['status']:9}  {row['model']:20}  {at} UTC\n"
        )
    environment.say(
        plural("{n} task in the last 24 hours", "{n} tasks in the last 24 hours", len(rows))
    )
    return 0


def show(task_id: str, options: TaskOptions, environment: Environment) -> int:
    """One task as the service has it; the result's address without its signature."""
    state = _ask(options, environment, lambda backend: _home(backend, task_id).poll(task_id))
    record = {"state": type(state).__name__.upper(), **asdict(state)}
    if "url" in record:
        record["url"] = record["url"].partition("?")[0]
    environment.stdout.write(json.dumps(record, indent=2, ensure_ascii=False, default=str) + "\n")
    return 1 if isinstance(state, Unknown) else 0


def link(task_id: str, options: TaskOptions, out: Path | None, environment: Environment) -> int:
    """The whole link of a task's result: as a journal here knows it, else as the service says."""
    attempt = _noted(task_id, out)
    url = attempt.url if attempt else None
    if url is None:
        state = _ask(
            options, environment, lambda backend: _home(backend, task_id, out).poll(task_id)
        )
        url = state.url if isinstance(state, Succeeded) else None
        if url is None:
            state_name = type(state).__name__.lower()
            environment.say(tr("task {id} has no result: {state}", id=task_id, state=state_name))
            return 1
    environment.stdout.write(url + "\n")
    return 0


def _noted(task_id: str, out: Path | None) -> Attempt | None:
    """What the journals of a render folder, or of those beside the lists here, know of a task."""
    paths = [out / "journal.sqlite"] if out else sorted(Path.cwd().glob("renders/*/journal.sqlite"))
    for path in paths:
        if path.is_file():
            with opened(path.parent) as journal:
                attempt = journal.with_task(task_id)
            if attempt:
                return attempt
    return None


def _home(backend: Backend, task_id: str, out: Path | None = None) -> Backend:
    """Who knows a task: where a journal here says that it was created, else the service of now."""
    attempt = _noted(task_id, out)
    return (attempt and home_of(backend, attempt.recipient)) or backend


def cancel(task_id: str, options: TaskOptions, environment: Environment) -> int:
    """Cancel a task that still waits; one that runs can no longer be stopped."""
    is_cancelled = _ask(
        options, environment, lambda backend: _home(backend, task_id).cancel(task_id)
    )
    environment.say(
        tr("task {id} is cancelled and not billed", id=task_id)
        if is_cancelled
        else tr("task {id} cannot be cancelled: it is no longer queued", id=task_id)
    )
    return 0 if is_cancelled else 1


def _ask(
    options: TaskOptions, environment: Environment, work: Callable[[Backend], Awaitable[T]]
) -> T:
    catalog: Catalog = user_file.with_user_file(capabilities.packaged(), options.catalog)
    account = access(catalog, options.region, environment.environ, options.base_url)
    service = dashscope(catalog, account, environment.environ)

    async def run() -> T:
        try:
            await service.open(catalog)
            return await work(service.backend)
        finally:
            await service.backend.close()

    return asyncio.run(run())
