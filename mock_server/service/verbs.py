"""What clients do: create, query, list, cancel, upload, and fetch the result of a task."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from mock_server.families.family import family_of
from mock_server.families.requests import FamilyBody
from mock_server.faults.exchange import Twist
from mock_server.service.accounts import Caller
from mock_server.service.foreign_tasks import add_foreign_tasks, any_request
from mock_server.service.media import MediaFinder
from mock_server.service.service import MockService
from mock_server.service.tasks import TaskLife, next_event
from mock_server.wire.body_fields import taken_files
from mock_server.wire.create_body import CreateCall, check_path, named_model, read_create
from mock_server.wire.errors import Denied, ErrorAnswer
from mock_server.wire.notes import RequestNote
from mock_server.wire.provenance import ERRORS, PICTURES, QUOTA, TASKS, rests_on
from wanx_render.backends.base import Accepted, Pending, Running, Succeeded, TaskState, Unknown
from wanx_render.backends.simulator import Fate
from wanx_render.catalog.abilities import Model, PictureModel
from wanx_render.errors import Throttled
from wanx_render.task import TaskRequest


@dataclass(frozen=True, slots=True)
class Content:
    """What a create call sends, and to which path after the base URL.

    ``notes`` takes its differences from what documents allow.
    """

    path: str
    body: dict[str, Any]
    notes: list[RequestNote] = field(default_factory=list)


_NOT_CANCELLED = "Failed to cancel the task, please confirm if the task is in PENDING status."


@rests_on("official text", ERRORS, "A task can fail with any code of the list")
@rests_on("guess", "both are seen in the wild", "By default, flaws show as FAILED, unbilled")
@rests_on("captured", QUOTA, "Picture models refuse flaws at once")
def create(
    service: MockService, caller: Caller, content: Content, *, resolves: bool, twist: Twist
) -> Accepted:
    """Accept a create call's content as a task. Raises ErrorAnswer.

    ``resolves``: whether the request has the header that lets it use uploads.
    """
    entry, call = _read(service, caller, content, resolves=resolves)
    at_once = service.options.refuse == "at-once" or isinstance(entry, PictureModel)
    if call.flaw and at_once:
        raise ErrorAnswer(400, call.flaw.code, call.flaw.message)
    fate = call.flaw or twist.fate or service.scenarios.fate(call.request, caller.name)
    receipt = _accept(service, caller, call, fate)
    if fate is None:
        service.clips.expect(service.scenarios.sized(call.request, caller.name))
    return receipt


def _read(
    service: MockService, caller: Caller, content: Content, *, resolves: bool
) -> tuple[Model | PictureModel, CreateCall]:
    """The model and the request of a create call. Raises ErrorAnswer."""
    catalog, body, checks = service.catalog, content.body, service.options.checks
    entry = named_model(body, catalog, caller.region)
    family = family_of(content.path, entry.name)
    if family is None:
        check_path(content.path, entry, catalog)
    finder = MediaFinder(
        entry,
        service.shelf,
        service.program,
        lambda key: service.uploads.find(caller.name, key, entry.name),
        resolves,
        lenient=checks == "lenient",
    )
    if family:
        call = FamilyBody(family, body, checks).read(entry, catalog, caller.region, finder)
    else:
        call = read_create(body, entry, catalog, caller.region, finder, checks)
    content.notes.extend((*call.notes, *taken_files(finder.taken)))
    return entry, call


def _accept(service: MockService, caller: Caller, call: CreateCall, fate: Fate | None) -> Accepted:
    simulator = service.tasks.of(caller.name)
    try:
        return simulator.accept(caller.name, call.request, fate, results=call.results)
    except Throttled as error:
        raise ErrorAnswer(429, error.code, error.message) from None


@rests_on("third party", PICTURES, "Some picture models answer at once, without a task")
def create_at_once(
    service: MockService, caller: Caller, content: Content, *, resolves: bool, twist: Twist
) -> tuple[TaskRequest, TaskState | None]:
    """The request of a call that is answered at once, and what was made; None where nothing is.

    Raises ErrorAnswer.
    """
    _, call = _read(service, caller, content, resolves=resolves)
    flaw = call.flaw or twist.fate
    if flaw and flaw.code:
        raise ErrorAnswer(400, flaw.code, flaw.message)
    if not call.request.is_picture:
        return call.request, None
    receipt = _accept(service, caller, call, None)
    simulator, now = service.tasks.of(caller.name), service.clock.now(caller.name)
    task = simulator.known(receipt.task_id)
    if task:
        simulator.put(replace(task, started=now, ended=now, fate=None))
    return call.request, simulator.state(caller.name, receipt.task_id)


def query(service: MockService, account: str, task_id: str, twist: Twist) -> TaskState:
    """What a query answers; the automatic clock then goes to the task's next event."""
    if twist.unknown:
        return Unknown(task_id)
    task, state = service.tasks.state(account, task_id)
    if task and isinstance(state, Pending | Running):
        service.clock.awaited(next_event(task, state), account)
    if task and isinstance(state, Succeeded):
        return service.scenarios.shown(task, state)
    return state


@rests_on("official text", TASKS, "The list has the tasks of the last 24 hours, newest first")
def recent(service: MockService, caller: Caller, twist: Twist, since: datetime) -> list[TaskLife]:
    """The account's tasks of the last 24 hours, from ``since`` on, newest first."""
    account, clock = caller.name, service.clock
    lives = service.tasks.recent(account, since)
    events = [next_event(*life) for life in lives if isinstance(life[1], Pending | Running)]
    clock.awaited(min(events, default=None), account)
    if twist.lag is not None:
        until = clock.now(account) - twist.lag
        return [(task, state) for task, state in lives if task.submitted <= until]
    if twist.foreign:
        pattern = lives[0][0].request if lives else any_request(service.catalog, caller.region)
        add_foreign_tasks(service.tasks.foreign(account), pattern, twist.foreign)
    foreign = service.tasks.recent_foreign(account, since)
    return sorted(lives + foreign, key=lambda life: life[0].submitted, reverse=True)


@rests_on("official text", TASKS, "Only a pending task can be cancelled, else 400")
@rests_on("guess", "not documented", "Cancelling an unknown task is the same 400")
def cancel(service: MockService, account: str, task_id: str) -> None:
    """Raises ErrorAnswer."""
    if not service.tasks.of(account).cancel(account, task_id):
        raise ErrorAnswer(400, "UnsupportedOperation", _NOT_CANCELLED)


@rests_on("third party", "public clients ask for other models too", "A policy is for any model")
def policy(service: MockService, caller: Caller, model: str, *, host: str) -> dict[str, object]:
    """What ``getPolicy`` answers. Raises ErrorAnswer."""
    if not model:
        raise ErrorAnswer(400, "InvalidParameter", "model must be given.")
    entry = service.catalog.model(model) or service.catalog.picture_model(model)
    name = entry.name if entry else model
    return service.uploads.policy(caller.name, name, folder=service.new_id(), host=host)


async def result(
    service: MockService, account: str, task_id: str, number: int
) -> tuple[Path, datetime]:
    """The clip of a task that succeeded, or picture ``number``, and when it ended.

    Made once for equal requests. Raises Denied, or FfmpegError.
    """
    task, state = service.tasks.state(account, task_id)
    if task is None or not isinstance(state, Succeeded) or number > task.results:
        raise Denied(403, "AccessDenied", "Request has expired.")
    request = service.scenarios.sized(task.request, account)
    return await service.clips.of(request, number), task.ended
