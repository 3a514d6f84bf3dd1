"""The wire as it was captured in 2026: whole bodies, odd numbers, odd times, nested errors.

Expected values are written out by hand, from the captured answers, not by our own code.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanx_render.backends.base import (
    Accepted,
    Canceled,
    Failed,
    Listed,
    Pending,
    Running,
    Succeeded,
    TaskState,
    Unknown,
)
from wanx_render.backends.cleaning import Cleaner, parsed
from wanx_render.backends.wire import (
    Context,
    Problem,
    accepted,
    error_of,
    list_time,
    listed,
    moment,
    state,
)
from wanx_render.catalog.capabilities import Catalog, packaged

NOW = datetime(2026, 9, 23, 10, 9, 0, tzinfo=UTC)
ID = "0385dc79-5ff8-4d82-bcb6-1f0e9d1b9c0b"
CLEANER = Cleaner("sk-5f0c1d2e3b4a59687766554433221100")


def read(text: str | dict[str, Any]) -> TaskState | None:
    body = parsed((text if isinstance(text, str) else json.dumps(text)).encode())
    return state(ID, body, Context(CLEANER, 24, NOW))


# -- bodies as captured ----------------------------------------------------------------------------


def test_an_accepted_create_call() -> None:
    body = parsed(
        b'{"output":{"task_status":"PENDING","task_id":"0385dc79-5ff8-4d82-bcb6-1f0e9d1b9c0b"},'
        b'"request_id":"d0d5b7c1-0000-4000-8000-000000000001"}'
    )
    assert accepted(body, CLEANER) == Accepted(ID, "d0d5b7c1-0000-4000-8000-000000000001")


@pytest.mark.parametrize(
    "output",
    [None, [], "x", {}, {"task_id": None}, {"task_id": 5}, {"task_id": ""}, {"task_id": "a\r\nb"},
     {"task_id": "../x"}, {"task_id": "x" * 200}, {"task_id": ["x"]}, {"task_status": "PENDING"}],
)  # fmt: skip
def test_an_answer_without_a_usable_id_is_no_acceptance(output: Any) -> None:
    assert accepted({"output": output}, CLEANER) is None
    assert accepted({}, CLEANER) is None


def test_a_running_task() -> None:
    seen = read(
        '{"request_id":"r","output":{"task_id":"t","task_status":"RUNNING",'
        '"submit_time":"2026-09-23 18:07:03.149","scheduled_time":"2026-09-23 18:07:03.216"}}'
    )
    assert seen == Running(
        ID,
        datetime(2026, 9, 23, 10, 7, 3, 149_000, tzinfo=UTC),
        datetime(2026, 9, 23, 10, 7, 3, 216_000, tzinfo=UTC),
    )


URL = (
    "https://dashscope-463f.oss-accelerate.aliyuncs.com/1d/8e/20260923/0badc0de/"
    "7-metadata_video_1080p_x_refiner.mp4?Expires=1790244529&OSSAccessKeyId=k&Signature=a%2Bb%3D"
)
DONE = (
    '{"request_id":"r","output":{"task_id":"t","task_status":"SUCCEEDED",'
    '"submit_time":"2026-09-23 18:07:03.149","scheduled_time":"2026-09-23 18:07:03.216",'
    f'"end_time":"2026-09-23 18:08:49.873","video_url":"{URL}",'
    '"orig_prompt":"a turtle swims"},"usage":{"video_count":1,"duration":6,"SR":1080,'
    '"output_video_duration":6,"input_video_duration":0,"ratio":"16:9"}}'
)


def test_a_finished_task() -> None:
    seen = read(DONE)
    assert isinstance(seen, Succeeded)
    assert seen.url == URL
    assert seen.ended == datetime(2026, 9, 23, 10, 8, 49, 873_000, tzinfo=UTC)
    assert seen.original_prompt == "a turtle swims"
    assert seen.actual_prompt is None
    assert seen.usage == {
        "video_count": 1, "duration": 6, "SR": 1080, "output_video_duration": 6,
        "input_video_duration": 0, "ratio": "16:9",
    }  # fmt: skip
    # The link says 1790244529: 2026-09-24 10:08:49 UTC, a day after the end.
    assert abs(seen.expires - datetime(2026, 9, 24, 10, 8, 49, tzinfo=UTC)) < timedelta(seconds=5)


def test_a_failed_task() -> None:
    seen = read(
        '{"request_id":"r-9","output":{"task_id":"t","task_status":"FAILED",'
        '"code":"InvalidParameter","message":"prompt must contain words"}}'
    )
    assert seen == Failed(ID, "InvalidParameter", "prompt must contain words", "r-9")


def test_a_failed_task_whose_words_are_nested() -> None:
    seen = read(
        {"output": {"task_status": "FAILED", "error": {"code": "Arrearage", "message": "pay\nnow"}}}
    )
    assert seen == Failed(ID, "Arrearage", "pay␊now", "")


def test_an_unknown_task_and_a_cancelled_one() -> None:
    assert read('{"request_id":"r","output":{"task_id":"t","task_status":"UNKNOWN"}}') == Unknown(
        ID
    )
    for word in ("CANCELED", "CANCELLED", "canceled"):
        assert read({"output": {"task_status": word}}) == Canceled(ID)
    assert read({"output": {"task_status": "PENDING"}}) == Pending(ID)
    assert read({"output": {"task_status": "SUSPENDED"}}) == Running(ID)


# -- where the result is ---------------------------------------------------------------------------


def succeeded(body: dict[str, Any], **output: Any) -> TaskState | None:
    return read({"output": {"task_status": "SUCCEEDED", **output}, **body})


@pytest.mark.parametrize(
    "output",
    [
        {"video_url": "https://h/x.mp4"},
        {"results": {"video_url": "https://h/x.mp4"}},  # as s2v answers
        {"results": [{"url": "https://h/x.mp4", "orig_prompt": ".."}]},  # as pictures come
        {"results": [{"video_url": "https://h/x.mp4"}]},
        {"video_url": "https://h/x.mp4", "results": {"video_url": "https://h/other.mp4"}},
        {"video_url": "", "results": {"video_url": "https://h/x.mp4"}},
        {"video_url": None, "results": {"video_url": "https://h/x.mp4"}},
        {
            "results": [
                {"code": "DataInspectionFailed", "message": "no"},
                {"url": "https://h/x.mp4"},
            ]
        },
        {"choices": [{"message": {"content": [{"text": "a"}, {"image": "https://h/x.mp4"}]}}]},
    ],
)
def test_a_result_is_found_where_any_of_the_models_puts_it(output: dict[str, Any]) -> None:
    seen = succeeded({}, **output)
    assert isinstance(seen, Succeeded)
    assert seen.url == "https://h/x.mp4"


@pytest.mark.parametrize(
    "output",
    [
        {}, {"video_url": None}, {"video_url": ""}, {"video_url": 5}, {"video_url": ["https://x"]},
        {"video_url": {"url": "https://x"}}, {"results": []}, {"results": [None]},
        {"results": [[]]}, {"results": "https://x"}, {"results": {"video_url": 5}},
    ],
)  # fmt: skip
def test_success_without_a_result_says_nothing(output: dict[str, Any]) -> None:
    assert succeeded({}, **output) is None


def test_a_success_that_made_none_of_its_pictures_is_a_failure() -> None:
    result = {"code": "DataInspectionFailed", "message": "not this"}
    seen = succeeded({"request_id": "r"}, results=[result], task_metrics={"FAILED": 1})
    assert isinstance(seen, Failed)
    assert (seen.code, seen.message) == ("DataInspectionFailed", "not this")
    # One that is billed for a picture all the same is never asked for again.
    assert succeeded({"usage": {"image_count": 1}}, results=[result]) is None


def test_the_prompt_of_a_picture_is_with_its_result() -> None:
    result = {"url": "https://h/x.png", "orig_prompt": "a cat", "actual_prompt": "a grey cat"}
    seen = succeeded({}, results=[result])
    assert isinstance(seen, Succeeded)
    assert (seen.original_prompt, seen.actual_prompt) == ("a cat", "a grey cat")


def test_a_bare_success_has_times_all_the_same() -> None:
    seen = succeeded({"usage": [1]}, video_url="https://h/x.mp4", actual_prompt=5)
    assert isinstance(seen, Succeeded)
    assert seen.submitted <= seen.started <= seen.ended == NOW
    assert seen.expires == NOW + timedelta(hours=24)
    assert (seen.usage, seen.actual_prompt, seen.original_prompt) == ({}, None, "")


@pytest.mark.parametrize(
    ("expires", "hours"),
    [
        ("Expires=1790150000", 24),  # long over before the task ended: the link is odd, not dead
        ("Expires=1790161729", 1),
        ("Expires=1790165329", 2),
        ("Expires=1790244529", 24),
        ("Expires=99999999999", 24),
        ("Expires=999999999999999", 24),
        ("Expires=-5", 24),
        ("Expires=", 24),
        ("Expires=abc", 24),
        ("expires=1790161729", 24),
        ("x=Expires=1790161729", 24),
    ],
)
def test_the_link_ends_after_its_day_or_when_it_says_so_itself(expires: str, hours: float) -> None:
    ended = "2026-09-23 18:08:49"  # 10:08:49 UTC, 1790158129
    seen = succeeded({}, video_url=f"https://h/x.mp4?a=1&{expires}&Signature=s", end_time=ended)
    assert isinstance(seen, Succeeded)
    if hours == 24:
        assert seen.expires == seen.ended + timedelta(hours=24)
    else:
        assert seen.expires == datetime(2026, 9, 23, 10 + int(hours), 8, 49, tzinfo=UTC)


# -- times -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-09-23 18:08:49.873", datetime(2026, 9, 23, 10, 8, 49, 873_000, tzinfo=UTC)),
        ("2026-09-23 18:08:49", datetime(2026, 9, 23, 10, 8, 49, tzinfo=UTC)),
        ("2026-09-23T18:08:49", datetime(2026, 9, 23, 10, 8, 49, tzinfo=UTC)),
        ("2026-09-23T10:08:49Z", datetime(2026, 9, 23, 10, 8, 49, tzinfo=UTC)),
        ("2026-09-23T03:08:49-07:00", datetime(2026, 9, 23, 10, 8, 49, tzinfo=UTC)),
        ("9999-12-31 23:59:59", None),
        ("9999-12-31T23:59:59-23:59", None),
        ("0001-01-01 00:00:00", None),
        ("0001-01-01T00:00:00+23:59", None),
        ("1970-01-01 08:00:00", None),
        ("2026-02-30 00:00:00", None),
        ("2026-09-23 25:00:00", None),
        ("", None),
        ("now", None),
        ("2026-09-23 18:08:49\n", None),
        ("２０２６-09-23 18:08:49", None),
        (1790244529, None),
        (1790244529.5, None),
        (None, None),
        (True, None),
        ([], None),
    ],
)
def test_a_time_is_beijing_s_or_what_it_says_or_none(text: Any, time: datetime | None) -> None:
    assert moment(text) == time


_TIMES = st.from_regex(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?")


@given(text=st.one_of(st.text(), _TIMES))
def test_no_time_is_odd_enough_to_break_anything(text: str) -> None:
    time = moment(text)
    assert time is None or 2020 <= time.year <= 2101


@given(
    times=st.fixed_dictionaries(
        {},
        optional={
            name: st.sampled_from([
                "2026-09-23 18:08:49", "9999-12-31 23:59:59", "2020-01-01 00:00:00", "x", None, 5,
                "2100-12-31 23:59:59",
            ])
            for name in ("submit_time", "scheduled_time", "end_time")
        },
    )
)  # fmt: skip
def test_whatever_times_come_a_success_is_in_order(times: dict[str, Any]) -> None:
    seen = succeeded({}, video_url="https://h/x.mp4?Expires=99999999999", **times)
    assert isinstance(seen, Succeeded)
    assert seen.started <= seen.ended < seen.expires


def test_the_list_s_filters_are_beijing_time() -> None:
    assert list_time(datetime(2026, 9, 23, 17, 0, 5, tzinfo=UTC)) == "20260924010005"


# -- errors ----------------------------------------------------------------------------------------

KEY_WORDS = (
    "Invalid API-key provided. For details, see: "
    "https://www.alibabacloud.com/help/en/model-studio/error-code#apikey-error"
)
REFUSED = f'{{"code":"InvalidApiKey","message":"{KEY_WORDS}","request_id":"r"}}'
NESTED_A = '{"error":{"message":"overdue","type":"Arrearage","code":"Arrearage","param":null}}'
NESTED_B = (
    '{"code":"Throttling.RateQuota","message":"{\\"error\\":{\\"message\\":\\"The engine is '
    'currently overloaded..\\",\\"code\\":\\"EngineOverloadedError\\"}}"}'
)


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (REFUSED, "InvalidApiKey", KEY_WORDS),
        (NESTED_A, "Arrearage", "overdue"),
        ('{"error":{"message":"overdue","type":"Arrearage","code":null}}', "Arrearage", "overdue"),
        ('{"error":{"message":"m","type":"t"},"code":"Outer"}', "t", "m"),
        ('{"error":{},"code":"Outer","message":"outer"}', "Outer", "outer"),
        ('{"error":"words","code":"Outer","message":"m"}', "Outer", "m"),
        (NESTED_B, "Throttling.RateQuota", "The engine is currently overloaded.."),
        ('{"code":"X","message":"{not json"}', "X", "{not json"),
        ('{"code":"X","message":"{\\"a\\":1}"}', "X", '{"a":1}'),
        ('{"code":"X","message":"{\\"error\\":{}}"}', "X", '{"error":{}}'),
        ('{"code":"X"}', "X", ""),
        ('{"code":404,"message":5}', "404", "5"),
        ('{"code":null,"message":null}', "", ""),
        ('{"code":["X"],"message":{"a":1}}', "", ""),
        ('{"code":"a\\r\\nb","message":"c\\u0000d\\ud800"}', "a␍␊b", "c␀d�"),
        ("{}", "", ""),
    ],
    ids=lambda value: str(value)[:24],
)  # fmt: skip
def test_code_and_message_come_out_of_every_form(body: str, code: str, message: str) -> None:
    assert error_of(parsed(body.encode()), CLEANER) == Problem(code, message)


def test_a_nested_error_holds_no_key() -> None:
    key = CLEANER.key
    for body in (
        {"error": {"code": "X", "message": f"key {key}"}},
        {"code": "X", "message": json.dumps({"error": {"message": f"key {key.upper()}"}})},
        {"code": key, "message": f"Bearer {key}"},
    ):
        problem = error_of(body, CLEANER)
        assert key.lower() not in f"{problem.code} {problem.message}".lower()


def test_nested_forms_have_the_meaning_of_their_inner_words(catalog: Catalog) -> None:
    for body, kind in ((NESTED_B, "busy"), (REFUSED, "key")):
        problem = error_of(parsed(body.encode()), CLEANER)
        assert catalog.meaning(problem.code, problem.message).kind == kind


# -- the list --------------------------------------------------------------------------------------


def test_a_row_of_the_list(catalog: Catalog) -> None:
    row = {
        "task_id": ID, "status": "succeeded", "model_name": "wanx2.1-i2v-turbo",
        "gmt_create": 1790158023149, "gmt_modified": "x", "extra": {"a": 1},
    }  # fmt: skip
    at = datetime(2026, 9, 23, 10, 7, 3, 149_000, tzinfo=UTC)
    assert listed(row, catalog, CLEANER) == Listed(ID, "SUCCEEDED", "wanx2.1-i2v-turbo", at)
    assert listed({**row, "gmt_create": "1790158023149"}, catalog, CLEANER) is not None
    other = listed({**row, "model_name": "never-heard-of"}, catalog, CLEANER)
    assert other is not None
    assert other.model == ""


@pytest.mark.parametrize(
    "change",
    [
        {"task_id": None}, {"task_id": "a b"}, {"task_id": 5}, {"gmt_create": None},
        {"gmt_create": True}, {"gmt_create": -1}, {"gmt_create": 10**18}, {"gmt_create": "soon"},
        {"gmt_create": "９" * 13}, {"gmt_create": 0}, {"gmt_create": []}, {"gmt_create": 1e30},
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_read_is_none_and_breaks_nothing(
    catalog: Catalog, change: dict[str, Any]
) -> None:
    row = {"task_id": ID, "status": "X", "model_name": "m", "gmt_create": 1790158023149, **change}
    assert listed(row, catalog, CLEANER) is None


_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from([
                "output", "task_id", "task_status", "code", "message", "error", "results", "usage",
                "video_url", "end_time", "url", "status", "gmt_create", "model_name", "type",
            ]),
            inner,
            max_size=6,
        ),
    ),
    max_leaves=20,
)  # fmt: skip


@given(
    body=st.dictionaries(st.sampled_from(["output", "code", "message", "error", "usage"]), _JSON)
)
def test_no_answer_of_any_shape_breaks_the_reading(body: dict[str, Any]) -> None:
    known = parsed(json.dumps(body).encode())
    context = Context(CLEANER, 24, NOW)
    for status in ("SUCCEEDED", "FAILED", "RUNNING", "X"):
        output = known.get("output")
        with_status = {**output, "task_status": status} if isinstance(output, dict) else output
        state(ID, {**known, "output": with_status}, context)
    state(ID, known, context)
    accepted(known, CLEANER)
    error_of(known, CLEANER)
    listed(known.get("output"), packaged(), CLEANER)


def test_a_key_that_is_echoed_as_an_id_is_no_task() -> None:
    key = "sk-echoed-0123456789abcdef"
    body: dict[str, Any] = {"output": {"task_id": key, "task_status": "PENDING"}, "request_id": "r"}
    assert accepted(body, Cleaner(key)) is None
    assert accepted(body, Cleaner("sk-another-0123456789")) is None  # any key's form
    body["output"] = {"task_id": "0385dc79-5ff8-4d82-bcb6-1"}
    assert accepted(body, Cleaner(key))
