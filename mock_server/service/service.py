"""One emulated service: its parts, wired here, and what tests do with it."""

import random
import shutil
import tempfile
import uuid
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from mock_server.families.catalogue import with_families
from mock_server.faults.fault import Fault
from mock_server.faults.plan import FaultPlan
from mock_server.faults.reading import read_plan
from mock_server.scenarios.book import ScenarioBook
from mock_server.scenarios.notices import Notices
from mock_server.service.accounts import RegionHosts
from mock_server.service.call_limits import CallLimits
from mock_server.service.clips import TINY, Clips
from mock_server.service.clocks import resume_clock
from mock_server.service.options import Options
from mock_server.service.request_log import RequestLog
from mock_server.service.store import Store
from mock_server.service.tasks import Tasks
from mock_server.service.uploads import Shelf, UploadStore
from mock_server.wire.signing import Signer
from wanx_render.catalog.capabilities import Catalog
from wanx_render.catalog.request_forms import Form
from wanx_render.media.ffmpeg import Ffmpeg


class MockService:
    """Everything the emulator remembers. What clients do with it is in ``verbs``."""

    def __init__(self, catalog: Catalog, program: Ffmpeg | None, options: Options) -> None:
        """Raises BadState, BadTime or OSError."""
        catalog = self.catalog = with_families(catalog)
        self.program = program
        self.options = options
        self.store = Store(options.state)
        self.clock = resume_clock(
            options.clock, options.start, dict(self.store.all("clock")).get("")
        )
        limits = not self.clock.stands_still if options.limits is None else options.limits
        self._folder = _make_folder(options.state)
        self._random = random.Random(options.seed)  # noqa: S311  # request ids
        self.signer = Signer(options.seed)
        self.hosts = RegionHosts(catalog.service.regions)
        self.shelf = Shelf(self._folder)
        self.clips = (
            Clips(catalog, None, self._folder)
            if options.clips == TINY
            else Clips(catalog, program, options.clips or self._folder)
        )
        self.request_log = RequestLog()
        self.call_limits = CallLimits(
            self.clock,
            per_second=catalog.service.queries_per_second.value,
            enabled=limits,
        )
        self.scenarios = ScenarioBook(catalog, options.scenarios, options.times == "captured")
        self.tasks = Tasks(
            catalog, self.clock, self.store,
            seed=options.seed, limits=limits, times=self.scenarios.times_of,
            changed=lambda task: self.notices.watch(task),
        )  # fmt: skip
        self.notices = Notices(options.webhook, catalog, self.clock)
        self.notices.resume(task for task, _ in self.tasks.all())
        self.uploads = UploadStore(self.store, self.clock, self.shelf, self.signer)
        self.plan = FaultPlan(options.seed, options.faults)
        for _, faults in self.store.all("faults"):
            self.plan = FaultPlan(options.seed, read_plan(faults))

    def form_of(self, account: str, task_id: str) -> Form | None:
        """How the request of a task was written, which decides what its answer looks like."""
        task = self.tasks.of(account).known(task_id)
        return self.catalog.form(self.catalog.entry(task.request.model)) if task else None

    def new_id(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def advance(self, seconds: float, account: str | None = None) -> datetime:
        """Move the clock on. Raises BadTime."""
        now = self.clock.advance(seconds, account)
        self._save_clock()
        return now

    def set_time(self, moment: datetime, account: str | None = None) -> datetime:
        """Move the clock to ``moment``. Raises BadTime."""
        now = self.clock.set(moment, account)
        self._save_clock()
        return now

    def add_faults(self, faults: Iterable[Fault]) -> None:
        """Put more faults in force behind the others, which go on counting.

        A fault that was there before begins to count again.
        """
        self.plan.add(faults)
        self._save_faults()

    def remove_fault(self, place: int) -> None:
        """Take one fault out of force; the others go on counting."""
        faults = self.plan.faults
        self.plan.faults = faults[:place] + faults[place + 1 :]
        self._save_faults()

    def set_faults(self, faults: Iterable[Fault]) -> None:
        """Put another plan in force; counting begins again."""
        self.plan = FaultPlan(self.options.seed, tuple(faults))
        self._save_faults()

    def clear_faults(self, account: str | None = None) -> None:
        """Take the faults of one account, or all, out of force; the others go on counting."""
        faults = self.plan.faults
        self.plan.faults = tuple(f for f in faults if account not in (None, f.account))
        self._save_faults()

    def reset(self, account: str | None = None) -> None:
        """Forget an account's tasks, uploads, calls and time, or everything."""
        self.request_log.forget(account)
        self.plan.forget(account)
        for name in self.tasks.forget(account):
            self.clock.ahead.pop(name, None)
        self.call_limits.forget(account)
        self.notices.forget(account)
        self.uploads.forget(account)
        if account is None:
            self.plan = FaultPlan(self.options.seed, self.options.faults)
            self.scenarios.scenarios = self.options.scenarios
        self.save()

    def save(self) -> None:
        """Write everything that is remembered, in place of what the store holds."""
        self.store.clear()
        self.tasks.save()
        self.uploads.save()
        self._save_faults()
        self._save_clock()

    def close(self) -> None:
        """Stop making clips; where no state is kept, remove what was made."""
        self._save_clock()
        self.notices.close()
        self.clips.close()
        self.store.close()
        if not self.options.state:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _save_faults(self) -> None:
        self.store.put("faults", "", [fault.record() for fault in self.plan.faults])

    def _save_clock(self) -> None:
        if self.store.kept:
            self.store.put("clock", "", self.clock.record())


def _make_folder(state: Path | None) -> Path:
    """Where uploads and clips are kept: for this run, or with the state file."""
    if state is None:
        return Path(tempfile.mkdtemp(prefix="wanx-mock-"))
    folder = state.with_name(state.name + ".files")
    folder.mkdir(exist_ok=True)
    return folder
