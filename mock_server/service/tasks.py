"""The tasks of every account, as its simulator has them."""

from bisect import bisect_left
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from mock_server.service.clocks import ServiceClock
from mock_server.service.foreign_tasks import FOREIGN
from mock_server.service.store import Store
from mock_server.wire.provenance import LIMITS, OFFICIAL, rests_on
from wanx_render.backends.base import Pending, TaskState, Unknown
from wanx_render.backends.simulator import DrawTimes, Simulator, Task, documented_times
from wanx_render.catalog.capabilities import Catalog

TaskLife = tuple[Task, TaskState]


class Tasks:
    """A simulator for each account, and one for the tasks that others sent with its key."""

    def __init__(
        self,
        catalog: Catalog,
        clock: ServiceClock,
        store: Store,
        *,
        seed: int,
        limits: bool,
        times: Callable[[str], DrawTimes] = lambda _: documented_times,
        changed: Callable[[Task], None] = lambda _: None,
    ) -> None:
        """``changed`` hears of every task that is new or whose life became another.

        ``times`` gives what draws how long the tasks of an account take.
        """
        self._catalog, self._clock, self._store = catalog, clock, store
        self._seed, self._limits, self._times = seed, limits, times
        self._changed = changed
        self._accounts: dict[str, Simulator] = {}
        self._foreign: dict[str, Simulator] = {}
        self.restore(Task.from_record(record) for _, record in store.all("task"))

    # What the simulator itself does (wanx_render.backends.simulator); its marks are here.
    @rests_on("official text", LIMITS, "Beyond the running limit of a model, tasks wait as PENDING")
    @rests_on("official text", LIMITS, "Creates beyond a model's limit a second are 429")
    @rests_on(
        "guess", "only bounds are documented", "Run times are log-normal, longer for long clips"
    )
    @rests_on("guess", "nobody says", "Tasks wait 1 to 8 seconds before they run")
    @rests_on("official text", OFFICIAL, "Task and result are gone 24 hours after the end: UNKNOWN")
    @rests_on("official text", OFFICIAL, "usage has the fields of the model's family")
    @rests_on(
        "official text", OFFICIAL, "actual_prompt where prompt_extend is on and the model has it"
    )
    @rests_on("third party", "open code of the models", "Clip sizes: tier area, sides by 16, down")
    def of(self, account: str) -> Simulator:
        """The tasks of one account."""
        if account not in self._accounts:
            self._accounts[account] = Simulator(
                self._catalog,
                lambda: self._clock.now(account),
                self._seed,
                limits=self._limits,
                changed=self._save_task,
                times=self._times(account),
            )
        return self._accounts[account]

    def foreign(self, account: str) -> Simulator:
        """Tasks of another program that uses the account."""
        if account not in self._foreign:
            self._foreign[account] = Simulator(
                self._catalog, lambda: self._clock.now(account), self._seed, limits=False
            )
        return self._foreign[account]

    def state(self, account: str, task_id: str) -> tuple[Task | None, TaskState]:
        """A task of the account and what a query answers; a foreign one has a state alone."""
        simulator = self._accounts.get(account)
        if simulator is None:
            return None, Unknown(task_id)
        state = simulator.state(account, task_id)
        if isinstance(state, Unknown) and account in self._foreign:
            return None, self._foreign[account].state(FOREIGN, task_id)
        return simulator.task(account, task_id), state

    def recent(self, account: str, since: datetime) -> list[TaskLife]:
        """The account's own tasks of the last 24 hours, from ``since`` on, newest first."""
        return _recent(self.of(account), since)

    def recent_foreign(self, account: str, since: datetime) -> list[TaskLife]:
        """The same of another program's tasks."""
        return _recent(self._foreign[account], since) if account in self._foreign else []

    def all(self, account: str | None = None) -> list[TaskLife]:
        """Every task of an account, or of all, in the order they were accepted."""
        lives = [
            (task, simulator.truth(task))
            for name, simulator in self._accounts.items()
            if account in (None, name)
            for task in simulator.tasks()
        ]
        return sorted(lives, key=lambda life: life[0].submitted)

    def known(self, task_id: str) -> Task | None:
        """A task of any account, however old."""
        tasks = (simulator.known(task_id) for simulator in self._accounts.values())
        return next((task for task in tasks if task), None)

    def restore(self, tasks: Iterable[Task]) -> None:
        """Take over the tasks of an earlier server."""
        by_account: dict[str, list[Task]] = {}
        for task in tasks:
            by_account.setdefault(task.account, []).append(task)
        for account, its_tasks in by_account.items():
            self.of(account).restore(sorted(its_tasks, key=lambda task: task.submitted))

    def forget(self, account: str | None) -> list[str]:
        """Forget the tasks of an account, or all; returns the names of the accounts."""
        names = [account] if account else [*self._accounts]
        for name in names:
            self._accounts.pop(name, None)
            self._foreign.pop(name, None)
        return names

    def save(self) -> None:
        """Write everything, after the store was cleared."""
        for task, _ in self.all():
            self._store.put("task", task.task_id, task.record())

    def _save_task(self, task: Task) -> None:
        self._changed(task)
        if self._store.kept:
            self._store.put("task", task.task_id, task.record())
            self._store.put("clock", "", self._clock.record())


def _recent(simulator: Simulator, since: datetime) -> list[TaskLife]:
    since = max(since, simulator.now() - timedelta(hours=24))
    tasks = simulator.tasks()
    tasks = tasks[bisect_left(tasks, since, key=lambda task: task.submitted) :]
    newest = sorted(tasks, key=lambda task: (task.submitted, task.task_id), reverse=True)
    return [(task, simulator.truth(task)) for task in newest]


def next_event(task: Task, state: TaskState) -> datetime:
    """When a task that goes on changes its state."""
    return task.started if isinstance(state, Pending) else task.ended
