"""One emulated service: accounts with their tasks, uploads, limits and clocks. No HTTP here."""

import random
import shutil
import tempfile
import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from mock_server.accounts import Account
from mock_server.basis import ERRORS, LIMITS, OFFICIAL, TASKS, UPLOADS, rests_on
from mock_server.clips import Clips
from mock_server.clocks import ServiceClock, make
from mock_server.evidence import Journal
from mock_server.faults import Fault, Plan, read_plan
from mock_server.media import Finder
from mock_server.others import OTHERS, add_others
from mock_server.storage import Denied, Shelf, Signer, Upload, kept_until
from mock_server.store import BadState, Store
from mock_server.wire import Problem, named_model, read
from wanx_render.backends.base import Accepted, Pending, Running, Succeeded, TaskState, Unknown
from wanx_render.backends.simulator import Fate, Simulator, Task
from wanx_render.catalog.capabilities import Catalog
from wanx_render.errors import Refused, Throttled
from wanx_render.media.ffmpeg import Ffmpeg
from wanx_render.task import TaskRequest

POLICIES_PER_SECOND = 100
_TOO_MANY = "Requests rate limit exceeded, please try again later."
_NOT_CANCELLED = "Failed to cancel the task, please confirm if the task is in PENDING status."


@dataclass(frozen=True)
class Options:
    """How a service behaves where the real one was seen to behave in several ways."""

    clock: str = "x60"
    start: datetime | None = None
    seed: int = 0
    refuse: Literal["at-once", "later"] = "later"
    limits: bool | None = None  # None: where time passes by itself
    faults: tuple[Fault, ...] = ()
    state: Path | None = None
    result_hosts: tuple[str, ...] = ()  # results are named there; else at the server's own address
    clips: Path | None = None  # a folder of clips that outlast the server; several may share it


class Service:
    """Everything the emulator remembers, and what it does with it."""

    def __init__(self, catalog: Catalog, program: Ffmpeg, options: Options = Options()) -> None:
        self.catalog = catalog
        self.program = program
        self.options = options
        self.store = Store(options.state)
        self.clock = self._clock()
        self.signer = Signer(options.seed)
        self.plan = Plan(options.seed, options.faults)
        self.journal = Journal()
        self.chance = random.Random(options.seed)  # noqa: S311  # request ids
        self.limits = not self.clock.stands_still if options.limits is None else options.limits
        self._folder = self._make_folder()
        self.shelf = Shelf(self._folder)
        self._clips = Clips(catalog, program, options.clips or self._folder)
        self._calls: dict[tuple[str, str], list[datetime]] = {}
        self._accounts: dict[str, Simulator] = {}
        self._others: dict[str, Simulator] = {}
        self._uploads: dict[str, tuple[str, Upload]] = {}
        self._policies: dict[str, tuple[str, str]] = {}
        self._remember()

    # -- what clients do -------------------------------------------------------------------------

    @rests_on(
        "official text", TASKS, "Requests beyond a limit a second are 429 Throttling.RateQuota"
    )
    @rests_on("official text", LIMITS, "Query, list and cancel: 20 a second each; policies: 100")
    def admit(self, account: Account, operation: str) -> None:
        """Count a call against its limit a second. Raises Problem."""
        if not self.limits or operation == "create":
            return  # creates are counted per model, by the simulator
        now = self.clock.now(account.name)
        calls = self._calls.setdefault((account.name, operation), [])
        calls[:] = [at for at in calls if now - at < timedelta(seconds=1)]
        queries = self.catalog.service.queries_per_second.value
        if len(calls) >= (POLICIES_PER_SECOND if operation == "policy" else queries):
            raise Problem(429, "Throttling.RateQuota", _TOO_MANY)
        calls.append(now)

    @rests_on("guess", "both are seen in the wild", "By default, flaws show as FAILED, unbilled")
    def create(
        self, account: Account, body: dict[str, Any], *, resolves: bool, fault: Fault | None
    ) -> Accepted:
        """Accept a create call's body as a task. Raises Problem."""
        model = named_model(body, self.catalog, account.region)
        finder = Finder(
            model,
            self.shelf,
            lambda key: self._upload(account, key, model.name),
            resolves,
        )
        asked = read(body, model, account.region, finder)
        if asked.flaw and self.options.refuse == "at-once":
            raise Problem(400, asked.flaw.code, asked.flaw.message)
        try:
            fate = asked.flaw or _fate(fault)
            return self.simulator(account.name).submit(account.name, asked.request, fate)
        except Throttled as error:
            raise Problem(429, error.code, error.message) from None
        except Refused as error:
            raise Problem(400, error.code, error.message) from None

    def query(self, account: Account, task_id: str, fault: Fault | None = None) -> TaskState:
        """What a query answers; the automatic clock then goes to the task's next event."""
        if fault and fault.effect == "unknown":
            return Unknown(task_id)
        simulator = self._accounts.get(account.name)
        if simulator is None:
            return Unknown(task_id)
        state = simulator.state(account.name, task_id)
        if isinstance(state, Unknown) and account.name in self._others:
            return self._others[account.name].state(OTHERS, task_id)
        task = simulator.task(account.name, task_id)
        if task and isinstance(state, Pending | Running):
            self.clock.awaited(_next(task, state), account.name)
        return state

    @rests_on("official text", TASKS, "The list has the tasks of the last 24 hours, newest first")
    def recent(self, account: Account, fault: Fault | None = None) -> list[tuple[Task, TaskState]]:
        """The account's tasks of the last 24 hours, newest first."""
        simulator = self.simulator(account.name)
        found = _recent(simulator)
        waiting = [_next(t, s) for t, s in found if isinstance(s, Pending | Running)]
        self.clock.awaited(min(waiting, default=None), account.name)
        if fault and fault.effect == "lag":
            until = self.clock.now(account.name) - timedelta(seconds=fault.seconds)
            return [(task, state) for task, state in found if task.submitted <= until]
        if fault and fault.effect == "foreign":
            others = self._others.setdefault(account.name, self._simulator_of_others(account))
            add_others(others, self.catalog, account.region, found, fault.count)
        if account.name in self._others:
            found = found + _recent(self._others[account.name])
            found.sort(key=lambda each: each[0].submitted, reverse=True)
        return found

    @rests_on("official text", TASKS, "Only a pending task can be cancelled, else 400")
    @rests_on("guess", "not documented", "Cancelling an unknown task is the same 400")
    def cancel(self, account: Account, task_id: str) -> None:
        """Raises Problem."""
        if not self.simulator(account.name).cancel(account.name, task_id):
            raise Problem(400, "UnsupportedOperation", _NOT_CANCELLED)

    @rests_on("official text", UPLOADS, "A policy is for one model; uploads below its prefix")
    def policy(self, account: Account, model: str, origin: str) -> dict[str, object]:
        """What ``getPolicy`` answers. Raises Problem."""
        known = self.catalog.model(model)
        if known is None or known.region_names.value.get(account.region) != model:
            raise Problem(404, "ModelNotFound", "Model not exist.")
        now = self.clock.now(account.name)
        folder = f"{now:%Y-%m-%d}/{self.new_id()}"
        prefix = f"dashscope-instant/{account.name}/{folder}"
        self._policies[prefix] = (account.name, known.name)
        self.store.put("policy", prefix, [account.name, known.name])
        return self.signer.policy(prefix, f"{origin}/oss", now)

    def upload(self, form: dict[str, str], data: bytes) -> None:
        """Keep an uploaded file. Raises Denied."""
        prefix = form.get("key", "").rpartition("/")[0]
        account, model = self._policies.get(prefix, ("", ""))
        now = self.clock.now(account)
        key = self.signer.check_form(form, len(data), now)
        if key in self._uploads:
            raise Denied(409, "FileAlreadyExists", "The object you specified already exists.")
        suffix = Path(key).suffix.lower()
        kept = self.shelf.keep(data, suffix if suffix.isalnum() or suffix[1:].isalnum() else "")
        upload = Upload(key, model, kept, kept_until(now))
        self._uploads[key] = (account, upload)
        self._keep_upload(account, upload)

    async def clip(self, account: str, task_id: str) -> tuple[Path, datetime]:
        """The clip of a task that succeeded, and when it ended; made once for equal requests.

        Raises Denied, or FfmpegError.
        """
        simulator = self._accounts.get(account)
        task = simulator.task(account, task_id) if simulator else None
        if simulator is None or task is None or not isinstance(simulator.truth(task), Succeeded):
            raise Denied(403, "AccessDenied", "Request has expired.")
        return await self._clips.of(task.request), task.ended

    def new_id(self) -> str:
        return str(uuid.UUID(int=self.chance.getrandbits(128), version=4))

    # -- what tests do ---------------------------------------------------------------------------

    # What the simulator itself does (wanx_render.backends.simulator); its marks stand here.
    @rests_on("official text", LIMITS, "Beyond the running limit of a model, tasks wait as PENDING")
    @rests_on("official text", LIMITS, "Creates beyond a model's limit a second are 429")
    @rests_on(
        "guess", "only bounds are documented", "Run times are log-normal, longer for long clips"
    )
    @rests_on("guess", "nobody says", "Tasks wait 1 to 8 seconds before they run")
    @rests_on("official text", OFFICIAL, "Task and result are gone 24 hours after the end: UNKNOWN")
    @rests_on("official text", OFFICIAL, "usage has the fields of the model's family")
    @rests_on(
        "official text", OFFICIAL, "actual_prompt where prompt_extend is on and the model tells"
    )
    @rests_on("third party", "open code of the models", "Clip sizes: tier area, sides by 16, down")
    def simulator(self, account: str) -> Simulator:
        """The tasks of one account."""
        if account not in self._accounts:
            self._accounts[account] = Simulator(
                self.catalog,
                lambda: self.clock.now(account),
                self.options.seed,
                limits=self.limits,
                changed=self._keep,
            )
        return self._accounts[account]

    def tasks(self, account: str | None = None) -> list[tuple[Task, TaskState]]:
        """Every task and what became of it, in the order they were accepted."""
        found = [
            (task, simulator.truth(task))
            for name, simulator in self._accounts.items()
            if account in (None, name)
            for task in simulator.tasks()
        ]
        return sorted(found, key=lambda each: each[0].submitted)

    def find(self, task_id: str) -> tuple[Task, TaskState] | None:
        for simulator in self._accounts.values():
            task = simulator.known(task_id)
            if task:
                return task, simulator.truth(task)
        return None

    def request_of(self, task_id: str) -> TaskRequest | None:
        """What a task was asked for, whosever it is."""
        known = (simulator.known(task_id) for simulator in self._accounts.values())
        return next((task.request for task in known if task), None)

    def advance(self, seconds: float, account: str | None = None) -> datetime:
        """Move the clock on. Raises BadTime."""
        moved = self.clock.advance(seconds, account)
        self._keep_clock()
        return moved

    def set_time(self, moment: datetime, account: str | None = None) -> datetime:
        """Move the clock to ``moment``. Raises BadTime."""
        moved = self.clock.set(moment, account)
        self._keep_clock()
        return moved

    def add_faults(self, faults: Iterable[Fault]) -> None:
        """Put more faults in force behind the others, which go on counting."""
        self.plan.faults += tuple(faults)
        self._keep_faults()

    def set_faults(self, faults: Iterable[Fault]) -> None:
        """Put another plan in force; counting begins anew."""
        self.plan = Plan(self.options.seed, tuple(faults))
        self._keep_faults()

    def clear_faults(self, account: str | None = None) -> None:
        """Take the faults of one account, or all, out of force; the others go on counting."""
        faults = self.plan.faults
        self.plan.faults = tuple(f for f in faults if account not in (None, f.account))
        self._keep_faults()

    def reset(self, account: str | None = None) -> None:
        """Forget an account's tasks, uploads, calls and time, or everything."""
        self.journal.forget(account)
        self.plan.forget(account)
        for name in [account] if account else [*self._accounts]:
            self._accounts.pop(name, None)
            self._others.pop(name, None)
            self.clock.ahead.pop(name, None)
        self._calls = {k: v for k, v in self._calls.items() if account not in (None, k[0])}
        self._uploads = {k: v for k, v in self._uploads.items() if account not in (None, v[0])}
        if account is None:
            self._policies.clear()
            self.plan = Plan(self.options.seed, self.options.faults)
        self._write_all()

    def snapshot(self) -> dict[str, Any]:
        """Tasks, time and faults as JSON data; uploaded files are not in it."""
        return {
            "version": 1,
            "clock": self._clock_record(),
            "faults": [fault.record() for fault in self.plan.faults],
            "tasks": [task.record() for task, _ in self.tasks()],
        }

    def restore(self, record: dict[str, Any]) -> None:
        """Go back to a snapshot. Raises BadState, and then nothing has changed."""
        try:
            tasks = [Task.from_record(each) for each in record["tasks"]]
            faults = read_plan(record["faults"])
            now = datetime.fromisoformat(record["clock"]["now"])
            ahead = {str(k): timedelta(seconds=v) for k, v in record["clock"]["ahead"].items()}
            unknown = {task.request.model for task in tasks} - self.catalog.models.keys()
            if record["version"] != 1 or unknown:
                raise ValueError(f"version {record['version']}, unknown models {unknown}")
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise BadState(f"that is no snapshot of this server ({error!r})") from None
        self.reset()
        self.clock = make(self.clock.mode, now)
        self.clock.ahead = ahead
        self.plan = Plan(self.options.seed, faults)
        self._take(tasks)
        self._write_all()

    def close(self) -> None:
        """Stop making clips; where no state is kept, remove what was made."""
        self._keep_clock()
        self._clips.close()
        self.store.close()
        if not self.options.state:
            shutil.rmtree(self._folder, ignore_errors=True)

    # -- memory ----------------------------------------------------------------------------------

    def _make_folder(self) -> Path:
        if self.options.state is None:
            return Path(tempfile.mkdtemp(prefix="wanx-mock-"))
        folder = self.options.state.with_name(self.options.state.name + ".files")
        folder.mkdir(exist_ok=True)
        return folder

    def _clock(self) -> ServiceClock:
        """A clock that never goes back behind what an earlier server saw."""
        kept = dict(self.store.all("clock")).get("", {})
        start = datetime.fromisoformat(kept["now"]) if kept else self.options.start
        clock = make(self.options.clock, start)
        clock.ahead = {k: timedelta(seconds=v) for k, v in kept.get("ahead", {}).items()}
        return clock

    def _clock_record(self) -> dict[str, Any]:
        ahead = {name: step.total_seconds() for name, step in self.clock.ahead.items()}
        return {"now": self.clock.now().isoformat(), "ahead": ahead}

    def _remember(self) -> None:
        self._take(Task.from_record(record) for _, record in self.store.all("task"))
        for prefix, owner in self.store.all("policy"):
            self._policies[prefix] = (owner[0], owner[1])
        for key, (account, record) in self.store.all("upload"):
            times = {"until": datetime.fromisoformat(record["until"]), "path": Path(record["path"])}
            self._uploads[key] = (account, Upload(**{**record, **times}))
        for _, faults in self.store.all("faults"):
            self.plan = Plan(self.options.seed, read_plan(faults))

    def _take(self, tasks: Iterable[Task]) -> None:
        by_account: dict[str, list[Task]] = {}
        for task in tasks:
            by_account.setdefault(task.account, []).append(task)
        for account, its in by_account.items():
            self.simulator(account).restore(its)

    def _write_all(self) -> None:
        self.store.clear()
        for task, _ in self.tasks():
            self.store.put("task", task.task_id, task.record())
        for account, upload in self._uploads.values():
            self._keep_upload(account, upload)
        for prefix, owner in self._policies.items():
            self.store.put("policy", prefix, list(owner))
        self._keep_faults()
        self._keep_clock()

    def _keep_upload(self, account: str, upload: Upload) -> None:
        record = {**asdict(upload), "path": str(upload.path), "until": upload.until.isoformat()}
        self.store.put("upload", upload.key, [account, record])

    def _keep(self, task: Task) -> None:
        if self.store.kept:
            self.store.put("task", task.task_id, task.record())
        self._keep_clock()

    def _keep_faults(self) -> None:
        self.store.put("faults", "", [fault.record() for fault in self.plan.faults])

    def _keep_clock(self) -> None:
        if self.store.kept:
            self.store.put("clock", "", self._clock_record())

    # -- the rest --------------------------------------------------------------------------------

    def _simulator_of_others(self, account: Account) -> Simulator:
        now, seed = lambda: self.clock.now(account.name), self.options.seed
        return Simulator(self.catalog, now, seed, limits=False)

    def _upload(self, account: Account, key: str, model: str) -> Upload | None:
        owner, upload = self._uploads.get(key, ("", None))
        if upload is None or owner != account.name or upload.model != model:
            return None
        return upload if self.clock.now(account.name) <= upload.until else None


def _recent(simulator: Simulator) -> list[tuple[Task, TaskState]]:
    """Tasks submitted in the last 24 hours with their states, newest first."""
    since = simulator.now() - timedelta(hours=24)
    recent = [task for task in simulator.tasks() if task.submitted >= since]
    recent.sort(key=lambda task: (task.submitted, task.task_id), reverse=True)
    return [(task, simulator.truth(task)) for task in recent]


def _next(task: Task, state: TaskState) -> datetime:
    return task.started if isinstance(state, Pending) else task.ended


@rests_on("official text", ERRORS, "A task can fail with any code of the list")
def _fate(fault: Fault | None) -> Fate | None:
    if fault and fault.effect == "fail":
        return Fate("fail", fault.code or "InternalError.Algo", fault.message)
    return Fate("stuck") if fault and fault.effect == "stuck" else None
