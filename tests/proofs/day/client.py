"""The program at one account: every home of it, until nothing is left to be made.

``python -m tests.proofs.day account FOLDER NAME [KILL]``. Requests, journals and money are real;
time is virtual. Films of tables that are not ``finished`` are plain text, and their clips' decoding
is remembered: ffmpeg decodes the first clip of each kind, and says of the others what it said then.
"""

import asyncio
import json
import os
import random
import re
import resource
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx

from tests.proofs.day.clocks import SharedTime, Slot
from tests.proofs.day.figures import Sampler, resident, spent
from tests.proofs.day.shop import Account, Home, Shop
from tests.support import person
from tests.support.batches import Paper
from tests.support.programs import PROGRAMS
from tests.support.virtual import Counted
from wanx_render.backends.dashscope import DashScope
from wanx_render.backends.line import Access
from wanx_render.backends.uploads import KnownUploads
from wanx_render.catalog.capabilities import packaged
from wanx_render.events import Event
from wanx_render.media import ffmpeg
from wanx_render.session.approval import check_budgets
from wanx_render.session.carry_out import Means, Run
from wanx_render.session.connection import Service
from wanx_render.session.folder import opened, writable
from wanx_render.session.selection import RenderOptions, Selection
from wanx_render.session.survey import Survey
from wanx_render.workers.base import LocalWorkers

RUNS = 40
STEP = 100  # films between two lines of figures
PROGRAM = PROGRAMS["wheel"]


# -- the wire ------------------------------------------------------------------------------------


class Wire:
    """Requests that have no answer yet: while there are any, virtual time stops."""

    def __init__(self, kill: str) -> None:
        """``kill`` is an operation and a number, such as ``create:70``, or empty."""
        self.busy = 0
        operation, _, number = kill.partition(":")
        self._operation, self._left = operation, int(number or 0)

    def install(self) -> None:
        """Count what every connection of this process does."""
        plain = httpx.AsyncHTTPTransport.handle_async_request
        wire = self

        async def handle(self: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
            wire.busy += 1
            try:
                answer = await plain(self, request)
            except BaseException:
                wire.busy -= 1
                raise
            wire.answered(request)
            answer.stream = _Stream(answer.stream, wire)
            return answer

        httpx.AsyncHTTPTransport.handle_async_request = handle  # type: ignore[method-assign]

    def answered(self, request: httpx.Request) -> None:
        """Die here where that was decided: the service has acted, and nobody has read of it."""
        if self._operation and self._operation == _operation(request):
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def _operation(request: httpx.Request) -> str:
    path = request.url.path
    if request.method == "POST":
        return "create" if "/services/" in path else "upload"
    return "result" if path.startswith("/results/") else "query"


class _Stream(httpx.AsyncByteStream):
    def __init__(self, inner: Any, wire: Wire) -> None:
        self._inner, self._wire, self._open = inner, wire, True

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._inner:
            yield chunk

    async def aclose(self) -> None:
        if self._open:
            self._open = False
            self._wire.busy -= 1
        await self._inner.aclose()


# -- decoding that is remembered -----------------------------------------------------------------


class Remembered:
    """In the place of ``ffmpeg.ask``: equal calls but for their paths are run once.

    Calls about a table that is ``finished`` are all run.
    """

    def __init__(self, finished: Sequence[str]) -> None:
        self._ask = ffmpeg.ask
        self._finished = [f"/{project}/" for project in finished]
        self._known: dict[tuple[str, ...], tuple[tuple[bytes, str], list[tuple[str, bytes]]]] = {}
        self.remembered = 0

    def __call__(
        self,
        program: ffmpeg.Ffmpeg,
        arguments: Sequence[str],
        timeout: float,
        stdin: bytes | None = None,
    ) -> tuple[bytes, str]:
        if stdin is not None or any(part in text for part in self._finished for text in arguments):
            return self._ask(program, arguments, timeout, stdin)
        key = tuple(re.sub(r"file:.*", "file:", text) for text in arguments)
        targets = _targets(arguments)
        if key not in self._known:
            answer = self._ask(program, arguments, timeout)
            self._known[key] = answer, [*_written(targets)]
            return answer
        answer, files = self._known[key]
        for name, data in files:
            number, _, rest = name.partition(" ")
            Path(targets[int(number)].replace("%d", rest)).write_bytes(data)
        self.remembered += 1
        return answer


def _targets(arguments: Sequence[str]) -> list[str]:
    """The files that a call of ffmpeg writes."""
    return [
        text.removeprefix("file:").replace("%%", "%")
        for before, text in pairwise(arguments)
        if text.startswith("file:") and before != "-i"
    ]


def _written(targets: Sequence[str]) -> list[tuple[str, bytes]]:
    files = []
    for number, target in enumerate(targets):
        head, _, tail = Path(target).name.partition("%d")
        for path in Path(target).parent.glob(f"{head}*{tail}" if tail else head):
            middle = path.name[len(head) : len(path.name) - len(tail)] if tail else ""
            files.append((f"{number} {middle}", path.read_bytes()))
    return files


# -- the runs ------------------------------------------------------------------------------------


@dataclass
class Progress:
    """What has happened so far, and what is written of it while it happens."""

    file: Path
    time: SharedTime
    sampler: Sampler
    films: int = 0

    def note(self, event: Event) -> None:
        if event.kind == "list":
            self.films += 1
            if self.films % STEP == 0:
                self.write()

    def write(self, **more: Any) -> None:
        record = {
            "pid": os.getpid(), "films": self.films, "passed": self.time.slot.seconds,
            "now_mib": resident(),
            "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "seconds": spent(resource.RUSAGE_SELF),
            "children_seconds": spent(resource.RUSAGE_CHILDREN), **more,
        }  # fmt: skip
        with self.file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")


class Runner:
    """Runs the homes of one account again and again, and does what a person does in between."""

    def __init__(self, folder: Path, account: Account, kill: str) -> None:
        self.folder, self.account = folder, account
        self.place = folder / account.name
        self.place.mkdir(exist_ok=True)
        shop = Shop.read(folder)
        self._finished = [table.project for table in shop.tables if table.finished]
        self.wire, self.pool = Wire(kill), Counted(2)
        self.wire.install()
        self.remembered = Remembered(self._finished)
        ffmpeg.ask = self.remembered
        self.time = SharedTime(Slot(folder / "clocks" / account.name), self.pool, self.wire)
        self.progress = Progress(self.place / "progress.jsonl", self.time, Sampler())
        self.origin = f"http://127.0.0.1:{(self.place / 'port').read_text()}"

    def run(self) -> None:
        try:
            self._until_done()
        finally:
            self.progress.sampler.stop()

    def _until_done(self) -> None:
        self.progress.write(begins=True)
        for number in range(RUNS):
            failed = self._run(number)
            settled, expired = self._settle()
            self.progress.write(run=number, failed=failed, settled=settled, expired=expired)
            if failed == self._moderated() and not (settled or expired):
                break
        self.progress.write(
            ends=True, parts=self.progress.sampler.seconds(), remembered=self.remembered.remembered
        )

    def _run(self, number: int) -> int:
        """One run over all homes, at the same time; how many films failed."""
        with ExitStack() as stack:
            runs = [self._prepared(home, stack, number) for home in self.account.homes]
            if all(run.surveyed.finished for run in runs):
                return 0

            async def work() -> None:
                async with asyncio.TaskGroup() as group:
                    for run, home in zip(runs, self.account.homes, strict=True):
                        group.create_task(self._carried_out(run, home))

            self.time.run(work())
        return sum(outcome.code != 0 for run in runs for outcome in run.outcomes.values())

    async def _carried_out(self, run: Run, home: Home) -> None:
        await run.carry_out()
        if len(self.account.homes) > 1:
            self.progress.write(home=home.name)

    def _prepared(self, home: Home, stack: ExitStack, number: int) -> Run:
        files = tuple(self.folder / f"{project}.yaml" for project in home.tables)
        out = self.place / home.name / ("" if len(files) > 1 else files[0].stem)
        selection = Selection.of(RenderOptions(files, out=out, shard=home.shard))
        journals = {}
        for folder in selection.homes:
            writable(folder)
            journals[folder] = stack.enter_context(opened(folder))
        surveyed = Survey(selection, journals).result()
        if not number:
            self.progress.write(
                home=home.name, planned=str(surveyed.cost.amount), requests=len(surveyed.requests)
            )
        check_budgets(surveyed)
        surveyed.note_retakes()
        surveyed.note_rows()
        service = self._service(home)
        means = Means(service, PROGRAM, self.pool, self._workers)
        return Run(surveyed, means, self.progress.note, storyboards=False)

    def _workers(self, home: Path) -> LocalWorkers:
        kind = LocalWorkers if home.name in self._finished else Paper
        return kind(PROGRAM, self.pool, home)

    def _service(self, home: Home) -> Service:
        key = f"sk-mock-{self.account.name}"
        access = Access(f"{self.origin}/api/v1", key, own_hosts=True)
        uploads = KnownUploads(self.place / f"{home.name}.uploads.json")
        backend = DashScope(access, packaged(), self.time, random.Random(1), uploads=uploads)
        return Service(backend, self.time)

    # -- between runs ----------------------------------------------------------------------------

    def _journals(self) -> list[Path]:
        return sorted(path.parent for path in self.place.rglob("journal.sqlite"))

    def _settle(self) -> tuple[int, list[dict[str, Any]]]:
        """Decide what only a person can: whose task it is, and that what expired is made again."""
        settled, expired = 0, []
        for folder in self._journals():
            with opened(folder) as journal:
                if journal.every("unresolved"):
                    settled += person.settle(journal, self._ledger())
                expired += [
                    {"task": attempt.task_id, "prompt": attempt.request["prompt"]}
                    for attempt in journal.every("lost")
                ]
                person.give_up_expired(journal)
        return settled, expired

    def _ledger(self) -> list[dict[str, Any]]:
        query = {"account": self.account.name}
        with httpx.Client(trust_env=False, timeout=600) as client:
            answer = client.get(f"{self.origin}/_mock/ledger", params=query).json()
        return list(answer["submissions"])

    def _moderated(self) -> int:
        """How many films fail because the service refused their words, and for nothing else."""
        count = 0
        for folder in self._journals():
            with opened(folder) as journal:
                refused = {a.key for a in journal.every("failed") if a.code == MODERATION}
                count += sum(journal.clip_for(key) is None for key in refused)
        return count


MODERATION = "DataInspectionFailed"


def main(folder: Path, name: str, kill: str) -> None:
    account = next(account for account in Shop.read(folder).accounts if account.name == name)
    Runner(folder, account, kill).run()
