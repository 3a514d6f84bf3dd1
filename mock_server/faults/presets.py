"""Fault plans by name: a bad day, everything at once, and a service that drifts."""

from mock_server.faults.fault import Fault

# As public captures of the same gateway show them.
_GATEWAY = {
    "x-dashscope-call-gateway": "true",
    "req-cost-time": "39",
    "req-arrive-time": "1790244529873",
    "resp-start-time": "1790244529912",
    "x-envoy-upstream-service-time": "38",
    "vary": "Origin, Accept-Encoding",
    "server": "istio-envoy",
    "set-cookie": "acw_tc=0a1b2c3d;path=/;HttpOnly;Max-Age=1800",
}

_ECHO = "Incorrect API key provided: {key}.\n\x1b[2Jdone: 1 shot, 0.00 CNY"

PRESETS: dict[str, tuple[Fault, ...]] = {
    # A bad day: most things work at the second try.
    "flaky": (
        Fault(on="create", chance=0.05, effect="error", status=503, code="ModelUnavailable"),
        Fault(on="create", chance=0.05, effect="error", status=429, code="Throttling.RateQuota"),
        Fault(on="create", chance=0.03, effect="reset", stage="after"),
        Fault(on="query", chance=0.05, effect="error", status=500, code="InternalError"),
        Fault(on="query", chance=0.05, effect="reset", stage="body"),
        Fault(on="query", chance=0.05, effect="slow", stage="after", seconds=2),
        Fault(on="list", chance=0.2, effect="lag", seconds=30),
        Fault(on="result", chance=0.1, effect="reset", stage="body"),
    ),
    # Everything that was ever reported, often.
    "hostile": (
        Fault(on="create", chance=0.08, effect="reset", stage="after"),
        Fault(on="create", chance=0.05, effect="reset", stage="before"),
        Fault(on="create", chance=0.04, effect="html", stage="after"),
        Fault(on="create", chance=0.04, effect="truncated", stage="after"),
        Fault(on="create", chance=0.04, effect="error", status=500, stage="after"),
        Fault(on="create", chance=0.04, effect="error", status=504, stage="after"),
        Fault(on="create", chance=0.1, status=429, code="Throttling.RateQuota", retry_after=2),
        Fault(on="create", chance=0.05, effect="fail", code="InternalError.Algo"),
        Fault(on="query", chance=0.08, effect="reset", stage="headers"),
        Fault(on="query", chance=0.08, effect="garbage"),
        Fault(on="query", chance=0.05, effect="wrong-length"),
        Fault(on="query", chance=0.05, effect="unknown"),
        Fault(on="query", chance=0.05, effect="error", status=502),
        Fault(on="list", chance=0.1, effect="error", status=500),
        Fault(on="list", chance=0.3, effect="lag", seconds=90),
        Fault(on="list", chance=0.5, effect="foreign", count=2),
        Fault(on="result", chance=0.1, effect="reset", stage="body"),
        Fault(on="result", chance=0.1, effect="truncated"),
        Fault(on="result", chance=0.05, effect="expired"),
        Fault(on="result", chance=0.05, effect="redirect"),
    ),
    # The service as it may be one day: everything works, and nothing looks as it did.
    "drift": (
        Fault(on="any", chance=0.03, effect="gzip"),
        Fault(on="any", chance=0.03, effect="chunked"),
        Fault(on="any", chance=0.05, effect="change", headers=_GATEWAY),
        Fault(on="create", chance=0.03, effect="change", set={"output.task_status": "QUEUED"}),
        Fault(on="create", chance=0.03, effect="change", drop=("request_id", "output.task_status")),
        Fault(on="create", chance=0.03, effect="change", set={"output.priority": {"level": 3}}),
        Fault(on="create", chance=0.02, effect="change", set={"output": {"id": "{task_id}"}}),
        Fault(on="create", chance=0.02, effect="change", status=202),
        Fault(on="create", chance=0.02, status=400, code="Conflict", stage="after"),
        Fault(on="create", chance=0.02, status=429, code="Throttling.BurstRate", form="quoted"),
        Fault(on="create", chance=0.02, status=500, form="nested", stage="after"),
        Fault(on="create", chance=0.02, status=401, code="invalid_api_key", message=_ECHO),
        Fault(on="query", chance=0.04, effect="change", set={"output.task_status": "QUEUED"}),
        Fault(on="query", chance=0.03, effect="change", set={"output.task_status": "succeeded"}),
        Fault(on="query", chance=0.03, effect="change", drop=("usage", "output.end_time")),
        Fault(on="query", chance=0.03, effect="change", set={"output.end_time": "{value}Z"}),
        Fault(on="query", chance=0.03, effect="change", set={"output.end_time": 1790244529873}),
        Fault(on="query", chance=0.03, effect="change", set={"usage.video_count": "{value}"}),
        Fault(on="query", chance=0.03, effect="change", set={"output.message": _ECHO}),
        Fault(on="query", chance=0.02, status=429, form="nested"),
        Fault(on="query", chance=0.02, effect="trickle", seconds=0.02),
        Fault(on="list", chance=0.1, effect="change", drop=("data.*.gmt_create",)),
        Fault(on="list", chance=0.1, effect="change", set={"total_page": 10**9}),
        Fault(on="list", chance=0.1, effect="change", set={"total": "{value}", "data.*.x": None}),
        Fault(on="result", chance=0.1, effect="no-range"),
        Fault(on="result", chance=0.1, effect="redirect", status=302),
    ),
}  # fmt: skip
