"""The probes that cost nothing, as a table.

A create call is in it only where nothing could be made of it: it has no valid key, model or path,
or no picture that can be decoded. Section numbers of documents are not given: they change.
"""

from typing import Any

from wanx_render.catalog.figures import Evidence
from wanx_render.conformance.probe import (
    Aspect,
    Expected,
    Noise,
    ProbeCheck,
    Question,
    ServiceProbe,
)
from wanx_render.language import NOTHING, Message, tr, verbatim

# -- what the expectations rest on ---------------------------------------------------------------

ERRORS = Evidence(title=tr("Official list of error codes"), date="2026-06", kind="official")
OLD_ERRORS = Evidence(title=tr("Official list of error codes"), date="2025-10", kind="official")
FRAMES = Evidence(title=tr("Official reference of wan2.7"), date="2026-09", kind="official")
TASKS = Evidence(title=tr("Official page on asynchronous tasks"), date="2026-10", kind="official")
UPLOADS = Evidence(title=tr("Official page on temporary uploads"), date="2026-10", kind="official")
LIMITS = Evidence(title=tr("Official page of rate limits"), date="2026-06", kind="official")
BODIES = Evidence(
    title=tr("Official page of rate limits, with limits of bodies"), date="2026-09", kind="official"
)
SWEEP = Evidence(title=tr("Published answers of every model"), date="2026-08", kind="captured")
QUOTA = Evidence(title=tr("Published log of tries at Singapore"), date="2026-07", kind="captured")
PLAN = Evidence(title=tr("Published answers at Beijing"), date="2026-09", kind="captured")
FUNCTION = Evidence(title=tr("Published test report at Beijing"), date="2025-12", kind="captured")
HEADERS = Evidence(title=tr("Published headers of text calls"), date="2026-05", kind="captured")
USERS = Evidence(title=tr("Reports of users"), date="2026-08", kind="third-party")
ASSUMED = Evidence(title=tr("Assumed; no document says it"), date="2026-11", kind="inferred")


def _says(evidence: Evidence, *answers: str) -> tuple[Expected, ...]:
    return tuple(Expected(answer, evidence) for answer in answers)


def _check(aspect: Aspect, *expected: Expected, title: Message = NOTHING) -> ProbeCheck:
    return ProbeCheck(aspect, expected, title)


# -- questions -----------------------------------------------------------------------------------

_NO_TASK = "00000000-0000-0000-0000-000000000000"
_NOWHERE = "https://wanx-render.invalid/clip.mp4"  # a name that never has an address
_PICTURE = Noise()
# Messages about the picture itself, which cannot be decoded: what is probed was not looked at.
_OF_PICTURE = ("*image*", "*picture*", "*inspection*", "*download*", "*media resource*")
_REFUSED = ("400 *", "200 PENDING > FAILED *")


def _first_frame(**parameters: Any) -> Question:
    """A create call of one first frame, with ``parameters``."""
    fields = {"input": {"img_url": _PICTURE}, "parameters": parameters}
    return Question("create", models="cheapest", form="img_url", fields=fields)


def _media(*items: tuple[str, Any]) -> Question:
    """A create call of a media list."""
    media = [{"type": kind, "url": url} for kind, url in items]
    return _of_media({"media": media})


def _of_media(given: dict[str, Any]) -> Question:
    """A create call of a model that also goes on from a clip: its types are documented."""
    fields = {"input": given}
    return Question("create", models="cheapest", form="media", role="first_clip", fields=fields)


def _sized(megabytes: int, *expected: Expected) -> ServiceProbe:
    """A picture of so many bytes as Base64; the prompt is no text, so that nothing can be made."""
    fields = {"input": {"prompt": 0, "img_url": Noise(megabytes)}}
    return ServiceProbe(
        f"data-{megabytes}-mb",
        tr("{n} MB as a data URI", n=megabytes),
        Question("create", models="cheapest", form="img_url", fields=fields),
        (_check("size", *expected),),
    )


_EMPTY: dict[str, Any] = {"input": {}}
_ROW = (
    "api_key_id, caller_parent_id, caller_uid, end_time, gmt_create, model_name, region, "
    "request_id, start_time, status, task_id, user_api_unique_key"
)
_TAKEN, _TOO_LARGE = "let through", "too large"

PROBES: tuple[ServiceProbe, ...] = (
    ServiceProbe(
        "list", tr("list of tasks"), Question("list"),
        (
            _check("answer", *_says(TASKS, "200 list")),
            _check("format", *_says(PLAN, "application/json"), title=tr("format of answers")),
            _check("request-id", *_says(HEADERS, "same"), title=verbatim("x-request-id")),
        ),
    ),
    ServiceProbe(
        "wrong-key", tr("wrong key"), Question("list", key="wrong"),
        (
            _check("answer", *_says(PLAN, "401 InvalidApiKey")),
            _check("format", *_says(PLAN, "application/json"), title=tr("format of refusals")),
        ),
    ),
    ServiceProbe(
        "no-key", tr("no key"), Question("list", key="none"),
        (_check("answer", *_says(OLD_ERRORS, "401 InvalidApiKey")),),
    ),
    ServiceProbe(
        "unknown-task", tr("query of an unknown task"), Question("query", task=_NO_TASK),
        (_check("answer", *_says(PLAN, "200 UNKNOWN")),),
    ),
    ServiceProbe(
        "malformed-task", tr("query of a malformed id"), Question("query", task="no-task"),
        (_check("answer", *_says(FUNCTION, "200 UNKNOWN")),),
    ),
    ServiceProbe(
        "cancel-unknown", tr("cancel an unknown task"), Question("cancel", task=_NO_TASK),
        (_check("answer", *_says(ASSUMED, "400 UnsupportedOperation")),),
    ),
    ServiceProbe(
        "unknown-model", tr("unknown model"),
        Question("create", models="unknown", fields=_EMPTY),
        (
            _check(
                "answer", *_says(SWEEP, "404 InvalidParameter"), *_says(ERRORS, "404 ModelNotFound")
            ),
        ),
    ),
    ServiceProbe(
        "no-model", tr("no model"), Question("create", fields=_EMPTY),
        (_check("answer", *_says(ERRORS, "400 BadRequest.EmptyModel")),),
    ),
    ServiceProbe(
        "no-input", tr("no input"),
        Question("create", models="cheapest", form="img_url"),
        (_check("answer", *_says(ERRORS, "400 BadRequest.EmptyInput")),),
    ),
    ServiceProbe(
        "not-async", tr("no header for asynchronous calls"),
        Question("create", models="cheapest", form="img_url", fields=_EMPTY, is_async=False),
        (_check("answer", *_says(SWEEP, "403 AccessDenied")),),
    ),
    ServiceProbe(
        "no-path", tr("wrong path"),
        Question("nowhere", models="cheapest", form="img_url", fields=_EMPTY),
        (
            _check(
                "answer", *_says(USERS, "400 InvalidParameter"), *_says(ERRORS, "404 NotFound")
            ),
        ),
    ),
    ServiceProbe(
        "policy", tr("place for uploads"), Question("policy", models="every"),
        (_check("answer", *_says(UPLOADS, "200 policy")),),
    ),
    ServiceProbe(
        "empty-input", tr("empty input"),
        Question("create", models="frames", fields=_EMPTY),
        (_check("answer", *_says(QUOTA, "200 PENDING > FAILED InvalidParameter")),),
    ),
    ServiceProbe(
        "other-region",
        tr("model of another region"),
        Question("create", models="elsewhere", fields=_EMPTY),
        (_check("answer", *_says(LIMITS, "404 *")),),
    ),
    ServiceProbe(
        "failed-task", tr("a failed task"),
        Question("create", models="cheapest", form="img_url", fields=_EMPTY),
        (
            _check("zone", *_says(PLAN, "UTC+8"), title=tr("time zone of answers")),
            _check("listed", *_says(ASSUMED, "0..30 s"), title=tr("time until it is listed")),
            _check(
                "cancelled", *_says(TASKS, "400 UnsupportedOperation"),
                title=tr("cancel a task that has ended"),
            ),
            _check("row", *_says(TASKS, _ROW), title=tr("fields of its row in the list")),
        ),
    ),
    ServiceProbe(
        "two-first-frames", tr("two first frames"),
        _media(("first_frame", _PICTURE), ("first_frame", _PICTURE)),
        (_check("answer", *_says(FRAMES, *_REFUSED)),), _OF_PICTURE,
    ),
    ServiceProbe(
        "unknown-type", tr("unknown type of media"),
        _media(("first_frame", _PICTURE), ("banana", _PICTURE)),
        (_check("answer", *_says(FRAMES, *_REFUSED)),), _OF_PICTURE,
    ),
    ServiceProbe(
        "clip-and-frame", tr("first clip and first frame"),
        _media(("first_clip", _NOWHERE), ("first_frame", _PICTURE)),
        (_check("answer", *_says(FRAMES, *_REFUSED)),), _OF_PICTURE,
    ),
    ServiceProbe(
        "img-url-as-media",
        tr("img_url where media is due"),
        _of_media({"img_url": _PICTURE}),
        (_check("answer", *_says(USERS, "200 PENDING > FAILED InvalidParameter")),),
    ),
    ServiceProbe(
        "bare-base64", tr("Base64 that is no data URI"),
        Question(
            "create", models="cheapest", form="img_url",
            fields={"input": {"img_url": Noise(prefix="")}},
        ),
        (_check("answer", *_says(ASSUMED, "400 InvalidParameter", "* > FAILED InvalidParameter")),),
        _OF_PICTURE,
    ),
    ServiceProbe(
        "wrong-duration", tr("a duration nobody has"), _first_frame(duration=977),
        (_check("answer", *_says(QUOTA, "200 PENDING > FAILED InvalidParameter")),), _OF_PICTURE,
    ),
    ServiceProbe(
        "wrong-tier", tr("a resolution nobody has"), _first_frame(resolution="99P"),
        (_check("answer", *_says(QUOTA, "200 PENDING > FAILED InvalidParameter")),), _OF_PICTURE,
    ),
    ServiceProbe(
        "wrong-seed", tr("a negative seed"), _first_frame(seed=-9),
        (_check("answer", *_says(QUOTA, "200 PENDING > FAILED InvalidParameter")),), _OF_PICTURE,
    ),
    _sized(9, *_says(BODIES, _TAKEN)),
    _sized(11, *_says(BODIES, _TAKEN), *_says(ERRORS, _TOO_LARGE)),
    _sized(15, *_says(BODIES, _TAKEN), *_says(ERRORS, _TOO_LARGE)),
    _sized(21, *_says(BODIES, _TOO_LARGE)),
    # The last ones: they use up what the account may ask in a second.
    ServiceProbe(
        "burst", tr("25 queries in a second"), Question("query", task=_NO_TASK, times=25),
        (
            _check("answer", *_says(LIMITS, "429 Throttling.RateQuota")),
            _check("retry-after", *_says(HEADERS, "absent"), title=verbatim("Retry-After")),
            _check("limits", *_says(HEADERS, "absent"), title=verbatim("X-RateLimit-*")),
        ),
    ),
    ServiceProbe(
        "burst-waiting", tr("the same, ready to wait"),
        Question(
            "query", task=_NO_TASK, times=25, headers={"X-DashScope-Wait-Timeout": "10"}
        ),
        (_check("answer", *_says(ASSUMED, "429 Throttling.RateQuota")),),
    ),
)  # fmt: skip
