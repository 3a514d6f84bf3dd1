"""Any order of runs, crashes, faults, lag, other people's tasks, clock jumps and days that pass.

Virtual time over the emulator in this process; its ledger is the judge. MACHINES=200 for a long go.
"""

import os
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from PIL import Image

from mock_server.faults.reading import read_line
from tests.support import person
from tests.support.contexts import run_context
from tests.support.emulator import Twin
from tests.support.places import ROOT
from tests.support.programs import PROGRAMS
from tests.support.virtual import Counted, Time
from wanx_render.backends.dashscope import DashScope
from wanx_render.backends.line import Access
from wanx_render.backends.uploads import KnownUploads
from wanx_render.catalog.capabilities import packaged
from wanx_render.errors import NeedsApproval, ServiceError
from wanx_render.media import ffmpeg
from wanx_render.planning import plan
from wanx_render.planning.journal import Journal
from wanx_render.run.orchestrator import render
from wanx_render.validation.load import load

pytestmark = pytest.mark.proof

EXAMPLES = int(os.environ.get("MACHINES", "15"))
MODELS = ("wanx2.1-i2v-turbo", "wan2.2-i2v-flash")
DAY = 24 * 3600

FAULTS = (
    "on=create nth=1 effect=reset stage=after",
    "on=create nth=1 effect=reset stage=before",
    "on=create nth=2 effect=never stage=after",
    "on=create nth=1 status=502 stage=after",
    "on=create nth=1+2 status=429",
    "on=create nth=1 effect=html stage=after",
    "on=create nth=1 effect=truncated stage=after",
    "on=create nth=2 effect=fail code=DataInspectionFailed",
    "on=create nth=1 status=403 code=Arrearage",
    "on=list effect=lag seconds=45 times=8",
    "on=list nth=2 status=500",
    "on=list nth=2+3+4 effect=reset",
    "on=list status=403 code=AccessDenied",
    "on=query nth=2 status=500",
    "on=query effect=unknown nth=1+2",
    "on=query nth=3 effect=garbage",
    "on=result nth=1 effect=wrong-length",
    "on=result status=500",
    "on=policy nth=1 status=503",
)


class Crash(BaseException):
    """The end of the process, as far as the code can tell."""


class Fuse:
    """Counts what leaves a trace, and burns through at a given step: nothing happens after it."""

    def __init__(self, steps: int | None) -> None:
        self.left = steps

    def step(self) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise Crash


class DoomedTransport(httpx.AsyncBaseTransport):
    def __init__(self, inner: httpx.AsyncBaseTransport, fuse: Fuse) -> None:
        self.inner, self.fuse = inner, fuse

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.fuse.step()
        answer = await self.inner.handle_async_request(request)
        self.fuse.step()
        return answer


class DoomedJournal(Journal):
    fuse = Fuse(None)

    @contextmanager
    def _write(self) -> Iterator[Any]:
        self.fuse.step()
        with super()._write() as db:
            yield db
        self.fuse.step()


class SkewedTime:
    """The client's own clock, which is wrong by some hours."""

    pace = 1

    def __init__(self, time: Time) -> None:
        self.time, self.skew = time, timedelta(0)

    def now(self) -> datetime:
        return self.time.now() + self.skew

    async def sleep(self, seconds: float) -> None:
        await self.time.sleep(seconds)


POOL = Counted(2)
CATALOG = packaged()


def photograph(path: Path) -> None:
    """The first frame of every shot that has a file."""
    with Image.open(ROOT / "specs" / "frames" / "harbour.jpg") as image:
        image.convert("RGB").resize((400, 400)).save(path)


def small_clip() -> Path:
    """A clip as the service makes it of that picture: 5 s at 480P, which stands still."""
    path = Path(tempfile.gettempdir()) / f"wanx-machine-{os.getpid()}.mp4"
    if not path.exists():
        picture = path.with_suffix(".png")
        photograph(picture)
        still = ["-loop", "1", "-framerate", "5", "-t", "5", "-i", str(picture)]
        look = ["-vf", "scale=624:624:out_color_matrix=bt709", "-pix_fmt", "yuv420p"]
        preset = ["-c:v", "libx264", "-preset", "ultrafast"]
        ffmpeg.run(PROGRAMS["wheel"], [*still, *look, *preset, str(path)])
    return path


class Orders(RuleBasedStateMachine):
    """One render folder, one account, and everything that can befall them."""

    @initialize(seed=st.integers(0, 99))
    def begin(self, seed: int) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="wanx-machine-"))
        photograph(self.folder / "a.png")
        (self.folder / "out").mkdir()
        self.time = Time(POOL)
        self.clock = SkewedTime(self.time)
        self.twin = Twin.in_time(self.time.now, seed=seed)
        clip = small_clip()

        async def of(_: Any, _number: int = 1) -> Path:
            return clip

        self.twin.service.clips.of = of  # type: ignore[method-assign]
        self.shots = [(f"镜头 {n}", MODELS[n % 2], "a.png") for n in range(2)]
        self.foreign: set[str] = set()
        self.excused: Counter[str] = Counter()  # tasks whose day was over before they were fetched
        self.prompts: set[str] = set()  # that a person has changed since

    # -- what may happen -------------------------------------------------------------------------

    @rule(model=st.sampled_from(MODELS), upload=st.booleans())
    @precondition(lambda self: len(self.shots) < 6)
    def add_a_shot(self, model: str, upload: bool) -> None:
        image = "a.png" if upload else '"https://example.com/a.png"'
        self.shots.append((f"镜头 {len(self.shots)}", model, image))

    @rule(
        lines=st.lists(st.sampled_from(FAULTS), max_size=3),
        steps=st.none() | st.integers(0, 120),
    )
    def run(self, lines: list[str], steps: int | None) -> None:
        """A run in trouble, which may be its last."""
        self.twin.service.set_faults(read_line(line) for line in lines)
        self._run(Fuse(steps))

    @rule(model=st.sampled_from(MODELS), number=st.integers(0, 3))
    def somebody_else_asks(self, model: str, number: int) -> None:
        body = {
            "model": model,
            "input": {"prompt": f"foreign {number}", "img_url": "https://example.com/x.png"},
            "parameters": {"resolution": "480P"},
        }
        self.twin.service.set_faults(())
        answer = self.twin.create(json=body)
        if answer.status_code == 200:
            self.foreign.add(answer.json()["output"]["task_id"])

    @rule(minutes=st.sampled_from([1, 10, 120, 1200, 1700]))
    def time_passes(self, minutes: int) -> None:
        self.time.pass_by(minutes * 60)
        self._excuse_what_expired()

    @rule(hours=st.sampled_from([-26, -1, 0, 1, 26]))
    def the_clock_jumps(self, hours: int) -> None:
        self.clock.skew = timedelta(hours=hours)

    @rule()
    def a_person_settles(self) -> None:
        """Looks at the service's list, as `resolve` asks for, and answers truthfully."""
        with self._journal() as journal:
            person.give_up_expired(journal)
            person.settle(journal, self.twin.ledger()["submissions"])
            for attempt in journal.every("failed"):  # found unfit: sent again only with a change
                self._reword(str(attempt.request["prompt"]))

    # -- what must hold --------------------------------------------------------------------------

    @invariant()
    def nothing_is_paid_twice(self) -> None:
        if not hasattr(self, "twin"):
            return
        for prompt in self.prompts | {prompt for prompt, _, _ in self.shots}:
            alive = [
                row for row in self._accepted(prompt) if row["status"] not in ("FAILED", "CANCELED")
            ]
            assert len(alive) <= 1 + self.excused[prompt], (prompt, alive)

    @invariant()
    def nobody_elses_task_is_taken(self) -> None:
        if hasattr(self, "twin") and (self.folder / "out/journal.sqlite").exists():
            with self._journal() as journal:
                assert not journal.task_ids() & self.foreign

    def teardown(self) -> None:
        if not hasattr(self, "twin"):
            return
        try:
            self.twin.service.set_faults(())
            self.clock.skew = timedelta(0)
            complete = False
            for _ in range(6):
                if complete:
                    break
                self.a_person_settles()
                self._excuse_what_expired()
                complete = self._run(Fuse(None))
            assert complete, "the shots are not all there, though nothing is in the way any more"
            self.nothing_is_paid_twice()
            clips = {path.name for path in (self.folder / "out/clips").glob("*.mp4")}
            assert clips
        finally:
            self.twin.service.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    # -- how -------------------------------------------------------------------------------------

    def _run(self, fuse: Fuse) -> bool:
        """One run of the orchestrator; whether it made everything."""
        shots = "".join(
            f"  - {{id: s{n}, image: {image}, prompt: {prompt}, model: {model},"
            f" resolution: 480P}}\n"
            for n, (prompt, model, image) in enumerate(self.shots)
        )
        (self.folder / "list.yaml").write_text(
            f"version: 1\nproject: machine\nbackend: dashscope\nshots:\n{shots}"
            "deliverables:\n  - 9:16\n",
            encoding="utf-8",
        )
        loaded = load(self.folder / "list.yaml", CATALOG)
        made = plan.make(loaded.shots, "dashscope", loaded.media, CATALOG)
        journal = DoomedJournal(self.folder / "out/journal.sqlite")
        journal.fuse = fuse
        try:
            return self.time.run(self._work(replace(made, deliverables=()), journal, fuse))
        except (Crash, ServiceError, NeedsApproval):
            return False
        except BaseExceptionGroup as group:
            rest = group.split(Crash)[1]
            if rest:
                raise rest from None
            return False
        finally:
            journal.close()
            self._excuse_what_expired()

    async def _work(self, made: plan.Plan, journal: Journal, fuse: Fuse) -> bool:
        backend = DashScope(
            Access("http://127.0.0.1/api/v1", "sk-mock-a", own_hosts=True), CATALOG, self.clock,
            random.Random(7), uploads=KnownUploads(self.folder / "out/.cache/uploads.json"),
            transport=DoomedTransport(self.twin.transport, fuse),
        )  # fmt: skip
        try:
            await backend.open()
            context = run_context(
                plan=made, backend=backend, journal=journal, catalog=CATALOG,
                program=PROGRAMS["wheel"], executor=POOL, clock=self.clock, wall=self.clock,
                folder=self.folder / "out", emit=lambda _: None, chance=random.Random(8),
            )  # fmt: skip
            return (await render(context, "test")).complete
        finally:
            await backend.close()

    @contextmanager
    def _journal(self) -> Iterator[Journal]:
        journal = Journal(self.folder / "out/journal.sqlite")
        try:
            yield journal
        finally:
            journal.close()

    def _reword(self, prompt: str) -> None:
        self.prompts.add(prompt)
        self.shots = [
            (f"{text} again" if text == prompt else text, model, image)
            for text, model, image in self.shots
        ]

    def _accepted(self, prompt: str) -> list[dict[str, Any]]:
        rows = self.twin.ledger()["submissions"]
        return [row for row in rows if row["prompt"] == prompt]

    def _excuse_what_expired(self) -> None:
        """A result that nobody fetched in its day is lost; to ask for it again is right."""
        if not (self.folder / "out/journal.sqlite").exists():
            return
        with self._journal() as journal:
            kept = {a.task_id for a in journal.every() if a.clip_name}
        now = self.time.now()
        tasks = self.twin.service.tasks.of("a").tasks()
        self.excused = Counter(
            task.request.prompt
            for task in tasks
            if task.task_id not in kept
            and not task.cancelled
            and task.fate is None
            and (now - task.ended).total_seconds() > DAY
        )


def test_the_invariants_hold_whatever_happens() -> None:
    run_state_machine_as_test(
        Orders,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=16, deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
