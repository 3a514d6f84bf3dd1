"""Probes find what an emulator does otherwise than the documents say, and nothing else."""

import dataclasses
import json
from pathlib import Path

import pytest

from tests.conformance.probing import BURST, KEY, LARGE, QUICK, Probing, Seen, named, seen
from wanx_render.backends.cleaning import Cleaner
from wanx_render.catalog.capabilities import packaged
from wanx_render.conformance import report
from wanx_render.conformance.kept import KeptAnswers
from wanx_render.conformance.probe import ProbeFinding
from wanx_render.conformance.table import PROBES

HERE = {m.name for m in packaged().models.values() if "beijing" in m.region_names.value}


@pytest.fixture(scope="module")
def as_it_is() -> list[ProbeFinding]:
    return Probing().ask(QUICK)[0]


def drift(as_it_is: list[ProbeFinding], came: list[ProbeFinding]) -> Seen:
    """What was seen and judged otherwise than of the emulator as it is."""
    known = seen(as_it_is)
    return {key: value for key, value in seen(came).items() if known[key] != value}


def test_the_emulator_as_it_is_agrees_everywhere(as_it_is: list[ProbeFinding]) -> None:
    assert [(f.probe, f.aspect, f.seen) for f in as_it_is if f.verdict != "agrees"] == []


def test_it_was_asked_about_every_model_of_the_region(as_it_is: list[ProbeFinding]) -> None:
    assert {f.model for f in as_it_is if f.probe == "policy"} == HERE


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (
            "on=create model=wanx-render-no-such-model effect=change set.code=Model.Gone",
            {("unknown-model", "answer", ""): ("404 Model.Gone", "differs")},
        ),
        (
            "on=cancel effect=change status=409",
            {
                ("cancel-unknown", "answer", ""): ("409 UnsupportedOperation", "differs"),
                ("failed-task", "cancelled", "wan2.2-i2v-flash"): (
                    "409 UnsupportedOperation", "differs",
                ),
            },
        ),
        (
            "on=policy model=wan2.7-i2v effect=error status=404 code=ModelNotFound form=nested",
            {("policy", "answer", "wan2.7-i2v"): ("404 ModelNotFound nested", "differs")},
        ),
        (
            "on=list effect=change headers.content-type=text/plain",
            {("list", "format", ""): ("text/plain", "differs")},
        ),
        (
            'on=query effect=change set.output.submit_time="2000-01-01 00:00:00.000"',
            {("failed-task", "zone", "wan2.2-i2v-flash"): ("", "")},
        ),
    ],
)  # fmt: skip
def test_a_drift_is_found_and_nothing_else_differs(
    as_it_is: list[ProbeFinding], fault: str, expected: Seen
) -> None:
    came = drift(as_it_is, Probing(fault).ask(QUICK)[0])
    if "2000" in fault:  # by how much depends on the day
        assert came.keys() == expected.keys()
        assert [verdict for _, verdict in came.values()] == ["differs"]
    else:
        assert came == expected


def test_a_model_that_the_region_lost_is_found(as_it_is: list[ProbeFinding]) -> None:
    catalog = packaged()
    models = {name: m for name, m in catalog.models.items() if name != "wan2.6-i2v"}
    drifted = Probing(catalog=catalog.model_copy(update={"models": models}))
    assert drift(as_it_is, drifted.ask(QUICK)[0]) == {
        ("empty-input", "answer", "wan2.6-i2v"): ("404 InvalidParameter", "differs"),
    }


@pytest.mark.parametrize(
    ("faults", "expected"),
    [
        ((), {"answer": "agrees", "retry-after": "agrees", "limits": "agrees"}),
        (
            ("on=query effect=change headers.retry-after=3",),
            {"answer": "agrees", "retry-after": "differs", "limits": "agrees"},
        ),
        (
            ("on=query effect=change headers.x-ratelimit-remaining=0",),
            {"answer": "agrees", "retry-after": "agrees", "limits": "differs"},
        ),
    ],
)
def test_a_burst_shows_the_limit_a_second(
    faults: tuple[str, ...], expected: dict[str, str]
) -> None:
    came, asker = Probing(*faults, pace=20, clock="real", limits=True).ask(BURST[:1])
    assert "content-type" in asker.headers[429]
    assert {f.aspect: f.verdict for f in came} == expected


@pytest.mark.proof
def test_a_service_without_that_limit_differs() -> None:
    came, _ = Probing(pace=1, clock="real", limits=False).ask(BURST[:1])
    assert {f.aspect: (f.seen, f.verdict) for f in came} == {
        "answer": ("200 UNKNOWN", "differs"),
        "retry-after": ("", "unsettled"),
        "limits": ("absent", "agrees"),
    }


@pytest.mark.proof
def test_waiting_changes_nothing_of_the_limit() -> None:
    came, _ = Probing(pace=1, clock="real", limits=True).ask(BURST)
    assert {f.probe: f.verdict for f in came if f.aspect == "answer"} == {
        "burst": "agrees", "burst-waiting": "agrees",
    }  # fmt: skip


@pytest.mark.proof
def test_how_large_a_picture_may_be_as_text() -> None:
    came, asker = Probing().ask(LARGE)
    assert [(f.seen, f.verdict) for f in came] == [
        ("let through", "agrees"), ("let through", "agrees"), ("let through", "agrees"),
        ("too large", "agrees"),
    ]  # fmt: skip
    assert len(asker.tasks) == 3 and not asker.in_doubt


@pytest.mark.proof
def test_a_gateway_that_refuses_large_bodies_is_seen() -> None:
    fault = "on=create effect=error status=413 code=BadRequest.TooLarge"
    came, _ = Probing(fault).ask(LARGE[:1])
    assert [(f.seen, f.verdict) for f in came] == [("too large", "differs")]


# -- money ---------------------------------------------------------------------------------------


def test_no_probe_of_the_table_can_become_a_clip() -> None:
    for probe in PROBES:
        if probe.question.call in ("create", "nowhere"):
            text = json.dumps(
                probe.question.fields, default=lambda noise: dataclasses.asdict(noise)
            )
            assert "http" not in text.replace("https://wanx-render.invalid/", "")
            assert "oss://" not in text
            prompt = dict(probe.question.fields).get("input", {}).get("prompt")
            assert not isinstance(prompt, str)


@pytest.mark.parametrize("status", ["SUCCEEDED", "RUNNING", "PENDING", "UNKNOWN"])
def test_nothing_more_is_created_once_a_task_may_be_billed(status: str) -> None:
    probes = named("empty-input", "two-first-frames", "failed-task")
    fault = f"on=query effect=change set.output.task_status={status}"
    probing = Probing(fault)
    came, asker = probing.ask(probes)
    assert len(asker.tasks) == 1 == len(asker.in_doubt)
    later = came[1:]
    assert len(later) > 5
    assert all(f.reason == "not asked: an earlier task may be billed" for f in later)


def test_an_acceptance_that_names_no_task_ends_the_creating() -> None:
    fault = "on=create effect=change drop=output.task_id"
    came, asker = Probing(fault).ask(named("empty-input", "failed-task"))
    assert [task.task_id for task in asker.in_doubt] == ["?"]
    assert all(f.reason == "not asked: an earlier task may be billed" for f in came[1:])


def test_a_task_that_still_waits_after_its_time_is_cancelled_and_costs_nothing() -> None:
    pending = "on=query times=31 effect=change set.output.task_status=PENDING"
    _, asker = Probing(pending).ask(named("failed-task"))
    (task,) = asker.tasks
    assert task.cancelled is not None
    assert not asker.in_doubt


# -- what is kept and shown ----------------------------------------------------------------------


def test_kept_answers_hold_no_key_and_nothing_of_the_account(tmp_path: Path) -> None:
    echo = "on=policy effect=change set.key={key} set.link=https://x.example/a?Signature=abcdefgh"
    probes = named("list", "wrong-key", "policy")
    folder = tmp_path / "kept"
    folder.mkdir()
    Probing(echo).ask(probes, KeptAnswers(folder, Cleaner(KEY)))
    files = sorted(folder.iterdir())
    assert len(files) == 2 + len(HERE)
    for path in files:
        text = path.read_text()
        assert KEY not in text and "abcdefgh" not in text and "probing" not in text
        assert path.stat().st_mode & 0o077 == 0
    policy = json.loads(files[-1].read_text())
    assert policy["answers"][0]["body"]["data"]["signature"] == "***"
    assert policy["answers"][0]["body"]["link"] == "https://x.example/a?***"


def test_the_table_fits_into_80_columns_and_names_what_differs() -> None:
    came, _ = Probing("on=list effect=change headers.x-request-id=r").ask(QUICK)
    text = report.table(came, 80)
    assert max(map(len, text.splitlines())) <= 80
    assert "x-request-id" in text and "differs" in text
    assert "differs: x-request-id" in report.summary(came)


def test_conflicts_of_documents_are_decided(as_it_is: list[ProbeFinding]) -> None:
    lines = [line for line in report.conflicts(as_it_is) if line.startswith("unknown model: ")]
    assert lines in (
        [
            "unknown model: 404 ModelNotFound, as official 2026-06 says, "
            "not 404 InvalidParameter (captured 2026-08)"
        ],
        [
            "unknown model: 404 InvalidParameter, as captured 2026-08 says, "
            "not 404 ModelNotFound (official 2026-06)"
        ],
    )
