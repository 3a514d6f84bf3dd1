"""The service's behaviour without a network: requests in, tasks that live and end by a clock.

Everything a task will do is settled when it is accepted, by draws keyed by seed, account, request
and how often that request came; its state at any moment is then only a matter of the time, so
reading a task never changes it and the order of calls never matters.
"""

import hashlib
import math
import random
import re
import uuid
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from wanx_render.backends.base import (
    Accepted,
    Canceled,
    Failed,
    Pending,
    Running,
    Succeeded,
    TaskState,
    Unknown,
)
from wanx_render.backends.imitation.outcome import usage
from wanx_render.backends.imitation.refusals import AT_ONCE, refusal_of
from wanx_render.backends.imitation.task_records import plain_request, request_of
from wanx_render.catalog.abilities import Model, PictureModel
from wanx_render.catalog.capabilities import Catalog
from wanx_render.errors import Refused, Throttled
from wanx_render.task import TaskRequest

# In the prompt of a shot: [[mock: fail=DataInspectionFailed]] makes its task end so, and
# [[mock: stuck]] keeps it waiting.
_TAG = re.compile(r"\[\[mock:\s*(?:fail=([A-Za-z.]+)|(stuck))\s*\]\]")

_MESSAGES = {
    "DataInspectionFailed": "Input or output data may contain inappropriate content.",
    "IPInfringementSuspect": "Input data is suspected of being involved in IP infringement.",
    "InternalError.Timeout": "An internal timeout error has occured during execution.",
}
_STUCK_FOR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Fate:
    """What befalls a task that does not simply succeed."""

    kind: Literal["fail", "fail-at-once", "stuck"]
    code: str = ""
    message: str = ""
    seconds: float = AT_ONCE  # until a flaw of the request shows


@dataclass(frozen=True, slots=True)
class Task:
    """A task with its whole life: when it starts and ends, and how."""

    task_id: str
    request_id: str
    account: str
    request: TaskRequest
    submitted: datetime
    started: datetime
    ended: datetime
    fate: Fate | None = None
    cancelled: bool = False
    results: int = 1  # pictures that were asked for at once

    def shifted_to(self, start: datetime) -> "Task":
        return replace(self, started=start, ended=start + (self.ended - self.started))

    def record(self) -> dict[str, Any]:
        """The task as plain JSON data."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        times = {name: getattr(self, name).isoformat() for name in _TIMES}
        fate = asdict(self.fate) if self.fate else None
        return {**fields, **times, "fate": fate, "request": plain_request(self.request)}

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> "Task":
        """The task that ``record`` was made of; KeyError, TypeError or ValueError if of none."""
        times = {name: datetime.fromisoformat(record[name]).astimezone(UTC) for name in _TIMES}
        request = request_of(record["request"])
        fate = Fate(**record["fate"]) if record["fate"] else None
        return cls(**{**record, **times, "request": request, "fate": fate})


_TIMES = ("submitted", "started", "ended")


@dataclass(frozen=True, slots=True)
class TaskTimes:
    """For how many seconds a task waits, and then runs."""

    waits: float
    runs: float


@dataclass
class _Lane:
    """What one account asked of one model: the service runs a few of these at once."""

    tasks: list[str] = field(default_factory=list)
    free_at: list[datetime] = field(default_factory=list)
    recent: list[datetime] = field(default_factory=list)


class Simulator:
    """A service that takes requests; every call says for which account."""

    def __init__(
        self,
        catalog: Catalog,
        now: Callable[[], datetime],
        seed: int = 0,
        *,
        limits: bool = True,
        changed: Callable[[Task], None] = lambda _: None,
        times: "DrawTimes | None" = None,
    ) -> None:
        """``changed`` hears of every task that is new or whose life became another.

        ``times`` draws how long tasks take: by default as documented.
        """
        self._catalog = catalog
        self.now = now
        self._seed = seed
        self._limits = limits
        self._changed = changed
        self._times = times or documented_times
        self._tasks: dict[str, Task] = {}
        self._lanes: dict[tuple[str, str], _Lane] = {}
        self._counts: dict[tuple[str, str], int] = {}

    def submit(self, account: str, request: TaskRequest) -> Accepted:
        """Accept a request as a new task; raises Refused or Throttled as the service does."""
        refusal = refusal_of(request, self._catalog)
        if refusal:
            raise Refused(refusal.code, refusal.message)
        return self.accept(account, request)

    def accept(
        self, account: str, request: TaskRequest, fate: Fate | None = None, *, results: int = 1
    ) -> Accepted:
        """Accept a request that was judged, and that may have its ``fate``; raises Throttled.

        Picture models make ``results`` pictures.
        """
        lane = self._lanes.setdefault((account, request.model), _Lane())
        self._admit(lane, self._catalog.entry(request.model))
        task = self._draw(account, request, lane, fate or _tagged(request.prompt))
        task = task if results == 1 else replace(task, results=results)
        lane.tasks.append(task.task_id)
        self.put(task)
        return Accepted(task.task_id, task.request_id)

    def tasks(self) -> tuple[Task, ...]:
        """Every task there is, oldest first."""
        return tuple(self._tasks.values())

    def restore(self, tasks: Iterable[Task]) -> None:
        """Take over the tasks of an earlier simulator: a service outlives its clients."""
        for task in tasks:
            self._tasks[task.task_id] = task
            lane = self._lanes.setdefault((task.account, task.request.model), _Lane())
            lane.tasks.append(task.task_id)
            if task.ended > self.now() and not task.cancelled and _holds_a_slot(task):
                lane.free_at.append(task.ended)
            key = (task.account, task.request.key("simulator"))
            self._counts[key] = self._counts.get(key, 0) + 1

    def put(self, task: Task) -> None:
        """Keep a task, in place of what was known of it."""
        self._tasks[task.task_id] = task
        self._changed(task)

    def known(self, task_id: str) -> Task | None:
        """The task itself, of any account and any age."""
        return self._tasks.get(task_id)

    def truth(self, task: Task) -> TaskState:
        """What became of a task, also when nobody may ask any more."""
        return self._state(task)

    def task(self, account: str, task_id: str) -> Task | None:
        """The task itself, if it is this account's and younger than its 24 hours."""
        task = self._tasks.get(task_id)
        if task is None or task.account != account or self.now() > self._expiry(task):
            return None
        return task

    def state(self, account: str, task_id: str) -> TaskState:
        """What a query answers now."""
        task = self.task(account, task_id)
        return Unknown(task_id) if task is None else self._state(task)

    def cancel(self, account: str, task_id: str) -> bool:
        """Cancel a pending task; those behind it in the queue move up."""
        task = self.task(account, task_id)
        if task is None or not isinstance(self._state(task), Pending):
            return False
        self.put(replace(task, cancelled=True))
        self._move_up(self._lanes[(account, task.request.model)], task.request.model)
        return True

    def _admit(self, lane: _Lane, model: Model | PictureModel) -> None:
        if not self._limits:
            return
        now = self.now()
        lane.recent = [at for at in lane.recent if now - at < timedelta(seconds=1)]
        if len(lane.recent) >= model.creates_per_second.value:
            raise Throttled(
                "Throttling.RateQuota", "Requests rate limit exceeded, please try again later."
            )
        lane.recent.append(now)

    def _draw(self, account: str, request: TaskRequest, lane: _Lane, fate: Fate | None) -> Task:
        model = self._catalog.entry(request.model)
        key = request.key("simulator")
        count = self._counts.get((account, key), 0)
        self._counts[(account, key)] = count + 1
        chance = _chance(self._seed, account, key, count)
        task_id, request_id = _uuid(chance), _uuid(chance)
        now = self.now()
        times = self._times(chance, model, request)
        waits, runs = timedelta(seconds=times.waits), timedelta(seconds=times.runs)
        match fate.kind if fate else None:
            case "stuck":
                start = now + _STUCK_FOR
            case "fail-at-once":
                half = timedelta(seconds=fate.seconds / 2 if fate else 0)
                start, runs = now + half, half
            case "fail" | None:
                start = _take_slot(lane, model, now + waits, runs)
        return Task(task_id, request_id, account, request, now, start, start + runs, fate)

    def _move_up(self, lane: _Lane, model_name: str) -> None:
        """Give the slots out again, in order of arrival; what already runs keeps its times."""
        model, now = self._catalog.entry(model_name), self.now()
        lane.free_at = []
        for task_id in lane.tasks:
            task = self._tasks[task_id]
            if task.cancelled or not _holds_a_slot(task):
                continue
            earliest = task.started if task.started <= now else max(task.submitted, now)
            start = _take_slot(lane, model, earliest, task.ended - task.started)
            if start != task.started:
                self.put(task.shifted_to(start))

    def _state(self, task: Task) -> TaskState:
        now = self.now()
        if task.cancelled:
            return Canceled(task.task_id)
        if now < task.started:
            return Pending(task.task_id, task.submitted)
        if now < task.ended:
            return Running(task.task_id, task.submitted, task.started)
        if task.fate and task.fate.kind != "stuck":
            return _failed(task, task.fate)
        return self._succeeded(task)

    def _succeeded(self, task: Task) -> Succeeded:
        model = self._catalog.entry(task.request.model)
        is_picture = isinstance(model, PictureModel)
        rewrites = isinstance(model, PictureModel) or model.returns_actual_prompt.value
        has_actual_prompt = task.request.prompt_extend and rewrites
        return Succeeded(
            task_id=task.task_id,
            url=f"mock://{task.task_id}.{'png' if is_picture else 'mp4'}",
            submitted=task.submitted,
            started=task.started,
            ended=task.ended,
            expires=self._expiry(task),
            original_prompt=task.request.prompt,
            actual_prompt=_extended(task.request.prompt, is_picture) if has_actual_prompt else None,
            usage=usage(task.request, self._catalog, task.results),
        )

    def _expiry(self, task: Task) -> datetime:
        return task.ended + timedelta(hours=self._catalog.service.result_hours.value)


def _tagged(prompt: str) -> Fate | None:
    """The fate that a prompt's own tag asks for."""
    tag = _TAG.search(prompt)
    if tag is None:
        return None
    return Fate("stuck") if tag[2] else Fate("fail", tag[1])


def _holds_a_slot(task: Task) -> bool:
    return task.fate is None or task.fate.kind == "fail"


def _failed(task: Task, fate: Fate) -> Failed:
    message = fate.message or _MESSAGES.get(fate.code, "The task failed, as a test requested.")
    return Failed(
        task.task_id, fate.code, message, task.request_id, task.submitted, task.started, task.ended
    )


def _chance(*parts: object) -> random.Random:
    digest = hashlib.sha256("\0".join(str(part) for part in parts).encode()).digest()
    return random.Random(digest)  # noqa: S311  # a simulation, not a secret


def _uuid(chance: random.Random) -> str:
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))


DrawTimes = Callable[[random.Random, Model | PictureModel, TaskRequest], TaskTimes]


def documented_times(
    chance: random.Random, model: Model | PictureModel, request: TaskRequest
) -> TaskTimes:
    """Some seconds of waiting, and a log-normal run between the documented bounds.

    Longer clips take longer.
    """
    waits = chance.uniform(1, 8)
    low, high = model.task_seconds.value
    default = model.durations.value[0] if isinstance(model, Model) else 0
    middle = math.sqrt(low * high) * (request.duration / default if default else 1) ** 0.5
    return TaskTimes(waits, min(max(chance.lognormvariate(math.log(middle), 0.3), low), high))


def _take_slot(
    lane: _Lane, model: Model | PictureModel, earliest: datetime, runs: timedelta
) -> datetime:
    """When a task that could start at ``earliest`` starts, and hold its slot until it ends."""
    lane.free_at.sort()
    start = earliest
    while len(lane.free_at) >= model.running_at_once.value:
        start = max(earliest, lane.free_at.pop(0))
    lane.free_at.append(start + runs)
    return start


def _extended(prompt: str, is_picture: bool) -> str:
    more = "soft light, fine detail" if is_picture else "one continuous shot, natural motion"
    return f"{prompt}, {more} (extended by the mock)".lstrip(", ")
