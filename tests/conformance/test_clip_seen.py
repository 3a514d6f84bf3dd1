"""What a bought clip shows of the catalogue's figures, and the catalog file of what was seen."""

import json
from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.probing import Probing, named
from wanx_render.backends.raw import RawAnswer
from wanx_render.catalog.capabilities import Catalog, packaged
from wanx_render.catalog.user_file import with_user_file
from wanx_render.conformance import report
from wanx_render.conformance.clip import (
    ClipSeen,
    clip_findings,
    day_findings,
    twin_findings,
)
from wanx_render.conformance.probe import ProbeFinding
from wanx_render.conformance.seen_catalog import Probed, differences, seen_catalog
from wanx_render.geometry import Size
from wanx_render.source import yaml_source
from wanx_render.task import InputMedia, TaskRequest

HOST = "https://dashscope-a717.oss-accelerate.aliyuncs.com"
END = datetime(2026, 11, 26, 10, 8, 49, tzinfo=UTC)
URL = f"{HOST}/1d/aa/20261126/x/y.mp4?Expires={int(END.timestamp()) + 86_395}&Signature=s%2Bt"
PROBED = Probed("dashscope.aliyuncs.com", "beijing", date(2026, 11, 26))
REQUEST = TaskRequest(
    model="wan2.2-i2v-flash", region="beijing", image=InputMedia("sha256:0", size=Size(750, 1000)),
    last_image=None, prompt="A boat", negative_prompt="", template=None, resolution="480P",
    duration=5, sound="none", sound_file=None, prompt_extend=True, watermark=False, seed=7,
)  # fmt: skip


def answer(body: dict[str, Any], status: int = 200, **headers: str) -> RawAnswer:
    return RawAnswer(status, headers, json.dumps(body).encode(), 0.1)


def clip(**changes: Any) -> ClipSeen:
    """A clip as every document says it is."""
    output = {
        "task_id": "t", "task_status": "SUCCEEDED", "video_url": URL, "orig_prompt": "A boat",
        "actual_prompt": "A small boat", "submit_time": "2026-11-26 18:07:03.149",
        "scheduled_time": "2026-11-26 18:07:03.216", "end_time": "2026-11-26 18:08:49.000",
    }  # fmt: skip
    output |= changes.pop("output", {})
    usage = changes.pop("usage", {"duration": 5, "SR": 480, "video_count": 1})
    values: dict[str, Any] = {
        "request": REQUEST, "task": answer({"output": output, "usage": usage}), "url": URL,
        "part": RawAnswer(206, {"content-length": "1"}, b"\0", 0.1), "size": Size(544, 720),
        "rate": Fraction(30), "own_host": False,
    }  # fmt: skip
    return ClipSeen(**{**values, **changes})


def verdicts(findings: Any) -> dict[str, str]:
    return {finding.aspect: finding.verdict for finding in findings}


AS_DESCRIBED = verdicts(clip_findings(clip(), packaged()))


def test_a_clip_as_described_agrees_in_everything() -> None:
    assert set(AS_DESCRIBED.values()) == {"agrees"}
    assert len(AS_DESCRIBED) == 11


@pytest.mark.parametrize(
    ("changes", "aspect", "seen"),
    [
        ({"size": Size(480, 640)}, "", ""),  # what another document says
        ({"size": Size(480, 656)}, "frame", "480x656"),
        ({"rate": Fraction(24)}, "fps", "24"),
        ({"rate": Fraction(30000, 1001)}, "fps", "30000/1001"),
        ({"usage": {"duration": 5, "SR": 480}}, "usage", "SR, duration"),
        ({"usage": {"duration": 5, "SR": 480, "video_count": 1, "fps": 30}}, "usage",
         "SR, duration, fps, video_count"),
        ({"usage": {"duration": 6, "SR": 480, "video_count": 1}}, "seconds", "6 s"),
        ({"output": {"actual_prompt": None}}, "actual_prompt", "absent"),
        ({"output": {"scheduled_time": "2026-11-26 18:02:03.216"}}, "run", "406 s"),
        ({"url": URL.replace(HOST, "https://storage.example.com")}, "host", "storage.example.com"),
        ({"url": URL.replace("https", "http")}, "scheme", "http"),
        ({"url": f"{HOST}/y.mp4?Expires={int(END.timestamp()) + 172_800}"}, "hours", "48 h"),
        ({"part": RawAnswer(200, {"content-length": "9"}, b"", 0.1)}, "range", "200"),
        ({"part": RawAnswer(206, {}, b"", 0.1)}, "length", "absent"),
    ],
)  # fmt: skip
def test_each_drift_is_found_and_nothing_else(
    changes: dict[str, Any], aspect: str, seen: str
) -> None:
    findings = list(clip_findings(clip(**changes), packaged()))
    differing = {f.aspect: f.seen for f in findings if f.verdict != "agrees"}
    assert differing == ({aspect: seen} if aspect else {})


def test_an_emulator_s_link_settles_nothing_of_hosts() -> None:
    came = clip(own_host=True, url="http://127.0.0.1:1/y.mp4?Expires=1", part=None)
    found = verdicts(clip_findings(came, packaged()))
    assert {name for name, verdict in found.items() if verdict == "unsettled"} == {
        "host", "scheme", "range", "length",
    }  # fmt: skip


def test_a_conflict_of_sizes_is_decided() -> None:
    lines = list(report.conflicts(clip_findings(clip(size=Size(480, 640)), packaged())))
    assert lines == [
        "size at 480P of 750x1000: 480x640, as third party 2026-11 says, "
        "not 544x720 (open source 2025-02)"
    ]


def test_a_twin_that_was_cancelled() -> None:
    done = answer({"request_id": "r"})
    state = answer({"output": {"task_id": "t", "task_status": "CANCELED"}})
    assert verdicts(twin_findings("m", done, state)) == {
        "cancel": "agrees", "state": "agrees", "usage": "agrees",
    }  # fmt: skip


def test_a_twin_that_ran_before_settles_nothing() -> None:
    late = answer({"code": "UnsupportedOperation", "message": "no"}, 400)
    state = answer({"output": {"task_id": "t", "task_status": "SUCCEEDED"}, "usage": {"SR": 480}})
    assert set(verdicts(twin_findings("m", late, state)).values()) == {"unsettled"}


def test_the_day_after() -> None:
    gone = answer({"output": {"task_id": "t", "task_status": "UNKNOWN"}})
    assert verdicts(day_findings("m", gone, RawAnswer(403, {}, b"", 0.1))) == {
        "task": "agrees", "link": "agrees",
    }  # fmt: skip
    still = answer({"output": {"task_id": "t", "task_status": "SUCCEEDED"}})
    assert verdicts(day_findings("m", still, RawAnswer(206, {}, b"", 0.1))) == {
        "task": "differs", "link": "differs",
    }  # fmt: skip


# -- the catalog file ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def asked() -> list[ProbeFinding]:
    return Probing().ask(named("empty-input"))[0]


def written(tmp_path: Path, seen: dict[str, Any]) -> Catalog:
    file = tmp_path / "seen.yaml"
    yaml_source.write(file, seen)
    return with_user_file(packaged(), file)


def test_what_was_seen_is_a_catalog_file(tmp_path: Path, asked: list[ProbeFinding]) -> None:
    catalog = written(tmp_path, seen_catalog(asked, clip(), packaged(), PROBED))
    assert catalog.sources["probed-2026-11-26"].kind == "captured"
    assert catalog.sources["probed-2026-11-26"].date == "2026-11-26"
    model, before = catalog.models["wan2.2-i2v-flash"], packaged().models["wan2.2-i2v-flash"]
    assert (model.fps.source, model.fps.value) == ("probed-2026-11-26", 30)
    assert model.tiers == before.tiers and model.task_seconds == before.task_seconds
    assert catalog.service.tier_areas["480P"].value == 399360
    assert catalog.prices == packaged().prices


def test_only_what_was_seen_is_in_it(asked: list[ProbeFinding]) -> None:
    seen = seen_catalog(asked, None, packaged(), PROBED)
    assert set(seen) == {"sources", "models"}
    assert all(set(fields) == {"region_names"} for fields in seen["models"].values())
    assert seen_catalog([], None, packaged(), PROBED).keys() == {"sources"}


def test_figures_that_differ_are_named_and_written(
    tmp_path: Path, asked: list[ProbeFinding]
) -> None:
    usage = {"duration": 5, "SR": 480, "video_count": 1, "output_video_duration": 5}
    usage |= {"input_video_duration": 0}
    came = clip(
        rate=Fraction(24), size=Size(480, 640), usage=usage,
        output={"scheduled_time": "2026-11-26 18:02:03.216"},
    )  # fmt: skip
    seen = seen_catalog(asked, came, packaged(), PROBED)
    assert [report.difference(figure) for figure in differences(seen, packaged())] == [
        "wan2.2-i2v-flash fps: 24 was seen; the model catalog has 30 (official 2025-11)",
        "wan2.2-i2v-flash usage: 2.6 was seen; the model catalog has 2.2 (official 2026-10)",
        "wan2.2-i2v-flash task_seconds: 60-406 was seen; "
        "the model catalog has 60-300 (official 2025-11)",
        "tier_areas 480P: 307200 was seen; the model catalog has 399360 (open source 2025-02)",
    ]
    model = written(tmp_path, seen).models["wan2.2-i2v-flash"]
    assert (model.fps.value, model.usage.value) == (24, "2.6")
    assert model.task_seconds.value == (60, 406)


def test_a_model_that_is_gone_is_written_as_gone(tmp_path: Path) -> None:
    catalog = packaged()
    models = {name: m for name, m in catalog.models.items() if name != "wan2.6-i2v"}
    drifted = Probing(catalog=catalog.model_copy(update={"models": models}))
    findings, _ = drifted.ask(named("empty-input"))
    seen = seen_catalog(findings, None, catalog, PROBED)
    assert [figure.name for figure in differences(seen, catalog)] == ["wan2.6-i2v region_names"]
    names = written(tmp_path, seen).models["wan2.6-i2v"].region_names.value
    assert "beijing" not in names and "singapore" in names


def test_a_model_of_another_region_that_is_there_is_written(tmp_path: Path) -> None:
    catalog = packaged()
    model = next(m for m in catalog.models.values() if "beijing" not in m.region_names.value)
    names = {**model.region_names.value, "beijing": next(iter(model.region_names.value.values()))}
    figure = model.region_names.model_copy(update={"value": names})
    models = {**catalog.models, model.name: model.model_copy(update={"region_names": figure})}
    findings, _ = Probing(catalog=catalog.model_copy(update={"models": models})).ask(
        named("other-region")
    )
    assert [f.model for f in findings if f.verdict == "differs"] == [model.name]
    seen = seen_catalog(findings, None, catalog, PROBED)
    assert [figure.name for figure in differences(seen, catalog)] == [f"{model.name} region_names"]
    assert written(tmp_path, seen).models[model.name].region_names.value == names


def test_a_service_that_is_busy_or_closed_says_nothing_of_a_model() -> None:
    for status, code in ((429, "Throttling"), (403, "Model.AccessDenied"), (503, "Busy")):
        fault = f"on=create effect=error status={status} code={code}"
        findings, _ = Probing(fault).ask(named("empty-input"))
        assert seen_catalog(findings, None, packaged(), PROBED).keys() == {"sources"}
