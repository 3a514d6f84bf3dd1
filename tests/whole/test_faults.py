"""Every fault of the emulator by every kind of request: the run recovers alone and pays once."""

import os
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mock_server.faults.reading import read_line
from tests.support.contexts import run_context
from tests.support.emulator import Twin
from tests.support.places import ROOT
from tests.support.virtual import Counted, Time
from tests.tiers import sample
from wanx_render.backends.dashscope import DashScope
from wanx_render.backends.line import Access
from wanx_render.catalog.capabilities import Catalog
from wanx_render.events import Event
from wanx_render.manifest import Manifest
from wanx_render.media import ffmpeg
from wanx_render.planning import plan
from wanx_render.planning.journal import Journal
from wanx_render.run.clips.task_runner import AGAIN
from wanx_render.run.orchestrator import render
from wanx_render.tasks.account import MOST_DOUBTS, Ambiguous
from wanx_render.validation.load import load

LIST = """\
version: 1
project: faults
backend: dashscope
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3}
shots:
  - {id: one, image: a.png, prompt: 第一个镜头, takes: 2}
  - {id: two, image: b.png, prompt: second}
deliverables:
  - {aspect: 9:16, size: 90x160}
"""
REQUESTS = 3


@dataclass
class Stage:
    """A list, an emulator with a fault plan, and runs of the real orchestrator in virtual time."""

    folder: Path
    catalog: Catalog
    program: ffmpeg.Ffmpeg
    pool: Counted
    limit: Decimal | None = None
    on_ambiguous: Ambiguous = "ask"
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.time = Time(self.pool)
        self.meet(0)

    def meet(self, seed: int) -> None:
        """Talk to another emulator from now on, which lives in our time."""
        self.twin = Twin.in_time(self.time.now, seed=seed)
        self.twin.service.clips._pool = self.pool  # its threads are counted too

    def run(self) -> Manifest:
        self.events.clear()
        loaded = load(self.folder / "list.yaml", self.catalog)
        out = self.folder / "out"
        out.mkdir(exist_ok=True)
        journal = Journal(out / "journal.sqlite")
        try:
            return self.time.run(self._run(loaded, journal, out))
        finally:
            journal.close()

    async def _run(self, loaded: Any, journal: Journal, out: Path) -> Manifest:
        access = Access("http://127.0.0.1/api/v1", "sk-mock-a", own_hosts=True)
        transport = self.twin.transport
        backend = DashScope(access, self.catalog, self.time, random.Random(3), transport=transport)
        made = plan.make(loaded.shots, "dashscope", loaded.media, self.catalog)
        context = run_context(
            plan=made, backend=backend, journal=journal, catalog=self.catalog,
            program=self.program, executor=self.pool, clock=self.time, wall=self.time, folder=out,
            emit=self.events.append, limit=self.limit, chance=random.Random(5),
            on_ambiguous=self.on_ambiguous,
        )  # fmt: skip
        try:
            return await render(context, "test")
        finally:
            await backend.close()

    def faults(self, *lines: str) -> None:
        self.twin.service.set_faults(read_line(line) for line in lines)

    def paid(self) -> list[int]:
        """How often each different request was accepted, by the emulator's ledger.

        A task that failed is never billed, and may be asked for again.
        """
        rows = [row for row in self.twin.ledger()["submissions"] if row["status"] != "FAILED"]
        return sorted(Counter(row["request"] for row in rows).values())


@pytest.fixture(scope="module")
def pool() -> Iterator[Counted]:
    with Counted(2) as pool:
        yield pool


@pytest.fixture
def stage(
    tmp_path: Path,
    catalog: Catalog,
    program: ffmpeg.Ffmpeg,
    pool: Counted,
) -> Stage:
    # Photographs: what a clip of a plain colour begins with proves nothing.
    for name, photograph in (("a.png", "harbour.jpg"), ("b.png", "bottle.jpg")):
        with Image.open(ROOT / "specs" / "frames" / photograph) as image:
            image.convert("RGB").resize((600, 800)).save(tmp_path / name)
    (tmp_path / "list.yaml").write_text(LIST, encoding="utf-8")
    return Stage(tmp_path, catalog, program, pool)


BODIES = ("html", "garbage", "truncated", "wrong-length", "redirect")
CUTS = ("reset", "close", "never")
WHEN = ("before", "after")
CREATES = [
    *(f"effect={effect} stage={stage}" for effect in (*CUTS, *BODIES) for stage in WHEN),
    *(f"effect={effect} stage={stage}" for effect in CUTS for stage in ("headers", "body")),
    *(f"status={status} stage={stage}" for status in (500, 502, 503, 504) for stage in WHEN),
    "status=429", "status=429 retry_after=7", "effect=slow stage=before seconds=0.1",
]  # fmt: skip
READS = [
    *(f"effect={effect}" for effect in (*CUTS, *BODIES)),
    *(f"effect={effect} stage={stage}" for effect in CUTS for stage in ("headers", "body")),
    *(f"status={status}" for status in (500, 502, 503, 504)),
    "status=429", "status=429 retry_after=7",
]  # fmt: skip
OPERATIONS = ("query", "list", "policy", "result")
# Each fault and each operation is met; every pair of them with FAULTS=whole.
WHOLE = os.environ.get("FAULTS") == "whole"
PAIRS = [
    (operation, fault)
    for o, operation in enumerate(OPERATIONS) for f, fault in enumerate(READS)
    if WHOLE or (o + f) % 3 == 0
]  # fmt: skip


def never_twice(stage: Stage) -> None:
    """The run ends well; where a request may never have arrived, once a person has it sent."""
    manifest = stage.run()
    assert set(stage.paid()) <= {1}
    if not manifest.complete:
        states = [take.state for shot in manifest.shots for take in shot.takes]
        story = [(e.shot, e.take, e.kind, e.text) for e in stage.events]
        assert states.count("unresolved") == 1, story
        # It surely never arrived, which only the ledger knows.
        assert len(stage.paid()) == REQUESTS - 1, story
        stage.on_ambiguous = "resubmit"
        stage.faults()
        assert stage.run().complete
    assert stage.paid() == [1] * REQUESTS


@pytest.mark.parametrize("fault", sample(2, CREATES))
def test_a_create_call_that_goes_wrong_is_paid_once(stage: Stage, fault: str) -> None:
    stage.faults(f"on=create nth=2 {fault}")
    never_twice(stage)


@pytest.mark.parametrize("fault", sample(1, CREATES if WHOLE else CREATES[::3]))
def test_also_where_the_list_lags_and_has_tasks_of_others(stage: Stage, fault: str) -> None:
    stage.faults(
        f"on=create nth=1 {fault}",
        "on=list effect=lag seconds=45 times=6",
        "on=list effect=foreign count=1 times=2",
    )
    never_twice(stage)


@pytest.mark.proof
@pytest.mark.parametrize("lag", [120, 300, 1200])
def test_a_list_that_lags_for_long_costs_patience_and_no_money(stage: Stage, lag: int) -> None:
    stage.faults("on=create nth=1 effect=reset stage=after", f"on=list effect=lag seconds={lag}")
    for _ in range(3):
        if stage.run().complete:
            break
        assert set(stage.paid()) == {1}
        stage.time.pass_by(900)
    assert stage.paid() == [1] * REQUESTS
    assert stage.run().complete


@pytest.mark.parametrize(
    "code", sample(1, ["InvalidParameter", "DataInspectionFailed", "Conflict"])
)
def test_a_task_that_was_accepted_with_a_refusal_is_found_and_not_paid_again(
    stage: Stage, code: str
) -> None:
    stage.faults(f"on=create nth=1 status=400 code={code} stage=after")
    assert not stage.run().complete
    assert stage.paid() == [1] * REQUESTS
    stage.faults()
    stage.run()
    assert stage.paid() == [1] * REQUESTS


@pytest.mark.proof
@pytest.mark.parametrize(("operation", "fault"), sample(4, PAIRS))
def test_a_read_that_goes_wrong_is_repeated(stage: Stage, operation: str, fault: str) -> None:
    lost = ("on=create nth=1 effect=reset stage=after",) if operation == "list" else ()
    stage.faults(*lost, f"on={operation} nth=1+2 {fault}")
    assert stage.run().complete, [(e.shot, e.kind, e.text) for e in stage.events]
    assert stage.paid() == [1] * REQUESTS


@pytest.mark.parametrize("fault", sample(1, ["effect=unknown", "effect=unknown stage=after"]))
def test_a_service_that_forgets_for_a_moment_is_asked_again(stage: Stage, fault: str) -> None:
    stage.faults(f"on=query nth=1+2+3 {fault}")
    assert stage.run().complete
    assert stage.paid() == [1] * REQUESTS


@pytest.mark.proof
def test_uploads_that_go_wrong_are_reported_and_nothing_is_paid_for_them(stage: Stage) -> None:
    path = stage.folder / "list.yaml"
    path.write_text(path.read_text().replace("b.png", "https://example.com/b.png"))
    stage.faults("on=upload status=500")
    manifest = stage.run()
    assert not manifest.complete
    assert stage.paid() == [1]  # the shot whose picture has an address of its own
    stage.faults()
    assert stage.run().complete
    assert stage.paid() == [1] * REQUESTS


@pytest.mark.proof
def test_an_upload_that_fails_once_is_tried_again_in_another_place(stage: Stage) -> None:
    stage.faults("on=upload nth=1 status=500", "on=upload nth=2 effect=reset")
    assert stage.run().complete
    assert stage.paid() == [1] * REQUESTS


def test_a_failed_task_is_reported_with_advice_and_the_others_go_on(stage: Stage) -> None:
    stage.faults("on=create prompt=second effect=fail code=DataInspectionFailed")
    manifest = stage.run()
    assert [take.state for shot in manifest.shots for take in shot.takes] == [
        "succeeded", "succeeded", "failed",
    ]  # fmt: skip
    message = next(event.text for event in stage.events if event.kind == "failed")
    assert "DataInspectionFailed" in message
    assert "change the prompt" in message


@pytest.mark.parametrize(
    "code", sample(1, ["Arrearage", "AllocationQuota.FreeTierOnly", "InvalidApiKey"])
)
def test_where_nothing_can_succeed_nothing_more_is_sent(stage: Stage, code: str) -> None:
    stage.faults(f"on=create status=403 code={code}")
    manifest = stage.run()
    assert {take.code for shot in manifest.shots for take in shot.takes} == {code}
    sent = stage.twin.service.request_log.matching("a", "create")
    assert len(sent) == 1


def test_equal_tasks_of_another_program_are_left_to_a_person(stage: Stage) -> None:
    """The very same prompt with a picture that only the service can fetch: nobody can tell."""
    stage.faults("on=create nth=3 effect=reset stage=before", "on=list effect=lag seconds=3 nth=1")
    for _ in range(2):
        stage.twin.task("第一个镜头")
    manifest = stage.run()
    states = [take.state for shot in manifest.shots for take in shot.takes]
    assert sorted(states) == ["succeeded", "succeeded", "unresolved"]
    sent = len(stage.twin.service.request_log.matching("a", "create"))
    assert not stage.run().complete
    assert len(stage.twin.service.request_log.matching("a", "create")) == sent  # and never again


@pytest.mark.proof
@pytest.mark.parametrize("fault", ["status=503", "effect=html", "effect=reset"])
def test_a_service_that_never_makes_sense_is_not_asked_for_ever(stage: Stage, fault: str) -> None:
    stage.faults(f"on=create {fault}")
    manifest = stage.run()
    assert {take.state for shot in manifest.shots for take in shot.takes} == {"unresolved"}
    assert len(stage.twin.service.request_log.matching("a", "create")) == REQUESTS
    assert stage.paid() == []
    stage.on_ambiguous = "resubmit"
    stage.run()
    assert len(stage.twin.service.request_log.matching("a", "create")) <= 5 * REQUESTS
    stage.faults()
    assert stage.run().complete
    assert stage.paid() == [1] * REQUESTS


@pytest.mark.proof
def test_after_many_lost_answers_in_a_row_nothing_more_is_sent(stage: Stage) -> None:
    shots = "".join(f"  - {{id: s{n}, image: a.png, prompt: shot {n}}}\n" for n in range(12))
    text = LIST[: LIST.index("shots:")] + f"shots:\n{shots}" + LIST[LIST.index("deliverables:") :]
    (stage.folder / "list.yaml").write_text(text, encoding="utf-8")
    stage.faults("on=create effect=reset")
    stage.run()
    sent = len(stage.twin.service.request_log.matching("a", "create"))
    assert MOST_DOUBTS <= sent < 12


@pytest.mark.parametrize(
    "code", sample(1, ["InternalError.Timeout", "internal_error", "ModelServiceFailed"])
)
def test_a_failure_of_the_services_own_is_tried_again_in_the_run(stage: Stage, code: str) -> None:
    stage.faults(f"on=create prompt=second nth=1+2 effect=fail code={code}")
    assert stage.run().complete
    assert stage.paid() == [1] * REQUESTS


@pytest.mark.proof
def test_a_task_that_fails_again_and_again_is_given_up_in_the_run(stage: Stage) -> None:
    stage.faults("on=create prompt=second effect=fail code=InternalError.Algo")
    assert not stage.run().complete
    sent = stage.twin.service.request_log.matching("a", "create")
    assert len([entry for entry in sent if entry.prompt == "second"]) == 1 + AGAIN


@pytest.mark.proof
@pytest.mark.parametrize("fault", ["truncated", "wrong-length", "html", "garbage"])
def test_a_clip_that_never_comes_whole_harms_no_other(stage: Stage, fault: str) -> None:
    """The next run fetches it, and pays nothing more."""
    stage.faults(f"on=result prompt=second effect={fault}")
    manifest = stage.run()
    states = {(take.state, shot.id) for shot in manifest.shots for take in shot.takes}
    assert states == {("succeeded", "one"), ("failed", "two")}
    assert manifest.deliverables == ()
    stage.faults()
    assert stage.run().complete
    assert stage.paid() == [1] * REQUESTS


@pytest.mark.proof
def test_hostile_days_end_well_or_ask(stage: Stage) -> None:
    for seed in range(6):
        stage.meet(seed)
        stage.twin.call("PUT", "/_mock/faults", json="hostile")
        stage.folder.joinpath("list.yaml").write_text(
            LIST.replace("project: faults", f"project: faults-{seed}").replace(
                "second", f"s{seed}"
            ),
            encoding="utf-8",
        )
        for _ in range(8):
            manifest = stage.run()
            if manifest.complete:
                break
        states = {take.state for shot in manifest.shots for take in shot.takes}
        assert manifest.complete or "unresolved" in states
        assert set(stage.paid()) <= {1}
