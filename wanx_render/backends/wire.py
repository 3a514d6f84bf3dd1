"""DashScope's wire format: a request as the body of a create call, answers as states. No network.

What goes where in a body is data of the catalog (``forms.yaml``); answers are those of the official
text of November 2025 and of the page on tasks.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

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
from wanx_render.backends.cleaning import (
    LONGEST_NUMBER,
    Cleaner,
    identifier,
    one_line,
    parsed,
)
from wanx_render.catalog.capabilities import Catalog
from wanx_render.catalog.request_forms import BodyPlace, Form
from wanx_render.task import InputMedia, TaskRequest

# Times on the wire carry no zone; samples are Beijing's, whatever the region.
BEIJING = timezone(timedelta(hours=8))


def create_body(
    request: TaskRequest, catalog: Catalog, address: Callable[[InputMedia], str]
) -> dict[str, Any]:
    """The body of a create call, as its model's form has it; ``address`` says where a medium is.

    Every field that the model knows is written out, so that no default of the service's decides.
    """
    model = catalog.entry(request.model)
    form, fields = catalog.form(model), dict[str, Any]()
    for role, medium in request.media:
        _put(fields, form.fields[role], address(medium))
    fields |= _words(request, form)
    values = _values(request)
    parameters = {
        name: values[name] for name in catalog.parameters(model) if values[name] is not None
    }
    name = model.region_names.value[request.region]
    return {"model": name, "input": fields, "parameters": parameters}


def _put(fields: dict[str, Any], place: BodyPlace, address: str) -> None:
    match place.kind:
        case "address":
            fields[place.field] = address
        case "list":
            fields.setdefault(place.field, []).append(address)
        case "typed":
            fields.setdefault(place.field, []).append({"type": place.type, "url": address})


def _words(request: TaskRequest, form: Form) -> dict[str, Any]:
    """What is said in words; nothing of what is empty."""
    if form.prompt == "messages":
        return {"messages": [{"role": "user", "content": [{"text": request.prompt}]}]}
    words = {
        "prompt": request.prompt,
        "negative_prompt": request.negative_prompt,
        "template": request.template,
    }
    return {name: text for name, text in words.items() if text}


def _values(request: TaskRequest) -> dict[str, Any]:
    """Every parameter that some form knows; None for what this request leaves to the service."""
    return {
        "resolution": request.resolution,
        "size": str(request.size).replace("x", "*") if request.size else None,
        "ratio": request.ratio or None,
        "duration": request.duration,
        "prompt_extend": request.prompt_extend,
        "watermark": request.watermark,
        "seed": request.seed,
        "audio": request.sound != "silent",
        "shot_type": request.shot_type or None,
        "negative_prompt": request.negative_prompt or None,  # where a form has it among these
        "n": 1,
    }


def accepted(body: Mapping[str, Any], cleaner: Cleaner) -> Accepted | None:
    """The task a create call began, if its answer says so without doubt."""
    output = body.get("output")
    task_id = identifier(output.get("task_id")) if isinstance(output, dict) else ""
    if not task_id or cleaner.text(task_id) != task_id:  # a key that is echoed is no id
        return None
    return Accepted(task_id, cleaner.text(body.get("request_id")))


@dataclass(frozen=True, slots=True)
class Context:
    """What an answer is read with."""

    cleaner: Cleaner
    result_hours: int  # for which a result can be fetched
    now: datetime  # the service's time


def state(task_id: str, body: Mapping[str, Any], context: Context) -> TaskState | None:
    """How a task stands by the answer of a query; None for an answer that says nothing.

    A state that is not in the documents is ``Unknown``, which proves nothing.
    """
    output = body.get("output")
    status = output.get("task_status") if isinstance(output, dict) else None
    if not isinstance(output, dict) or not isinstance(status, str):
        return None
    submit_time, start_time, end_time = (
        moment(output.get(name)) for name in ("submit_time", "scheduled_time", "end_time")
    )
    cleaner, word = context.cleaner, status.upper()
    if word == "PENDING":
        return Pending(task_id, submit_time)
    if word in ("RUNNING", "SUSPENDED"):
        return Running(task_id, submit_time, start_time)
    if word == "SUCCEEDED":
        return _succeeded(task_id, body, (submit_time, start_time, end_time), context)
    if word == "FAILED":
        problem = error_of(output, cleaner)
        request_id = cleaner.text(body.get("request_id"))
        times = (submit_time, start_time, end_time)
        return Failed(task_id, problem.code, problem.message, request_id, *times)
    if word in ("CANCELED", "CANCELLED"):
        return Canceled(task_id)
    return Unknown(task_id, cleaner.text(status) or "UNKNOWN")


Times = tuple[datetime | None, datetime | None, datetime | None]


def _succeeded(
    task_id: str, body: Mapping[str, Any], times: Times, context: Context
) -> Succeeded | Failed | None:
    """A task that is done; None where its answer names no result."""
    output, cleaner = body["output"], context.cleaner
    result = _result(output)
    url = _result_url(output)
    if not url:
        return _failed_within(task_id, body, times, context)
    submit_time, start_time, end_time = times
    end_time = end_time or context.now
    return Succeeded(
        task_id=task_id,
        url=url,
        submitted=submit_time or end_time,
        started=min(start_time or submit_time or end_time, end_time),
        ended=end_time,
        expires=_expiry(url, end_time, timedelta(hours=context.result_hours)),
        original_prompt=cleaner.prose(output.get("orig_prompt") or result.get("orig_prompt")) or "",
        actual_prompt=cleaner.prose(output.get("actual_prompt") or result.get("actual_prompt")),
        usage=cleaner.facts(body.get("usage")),
    )


def _expiry(url: str, end_time: datetime, usual: timedelta) -> datetime:
    """When the link ends: so long after the task, or earlier where the link says so itself."""
    until = stated_end(url)
    if until and end_time < until < end_time + usual - _LINK_ROUNDING:
        return until
    return end_time + usual


def stated_end(url: str) -> datetime | None:
    """When a link ends by its own signature, where it says so."""
    stated = re.search(r"[?&]Expires=(\d{1,11})(&|$)", url)
    return datetime.fromtimestamp(int(stated[1]), UTC) if stated else None


_LINK_ROUNDING = timedelta(minutes=1)  # links were seen to be signed some seconds before the end


def _failed_within(
    task_id: str, body: Mapping[str, Any], times: Times, context: Context
) -> Failed | None:
    """A task that succeeded as a whole, and made none of its pictures; None where none says why.

    And where its usage counts some: it is billed, and the answer contradicts itself.
    """
    usage = body.get("usage")
    if isinstance(usage, dict) and usage.get("image_count"):
        return None
    results = body["output"].get("results")
    for result in results if isinstance(results, list) else ():
        if isinstance(result, dict) and result.get("code"):
            problem = error_of(result, context.cleaner)
            request_id = context.cleaner.text(body.get("request_id"))
            return Failed(task_id, problem.code, problem.message, request_id, *times)
    return None


def _result(output: Mapping[str, Any]) -> Mapping[str, Any]:
    """The first of ``results`` that has an address; else the first, or nothing."""
    results = output.get("results")
    entries = results if isinstance(results, list) else [results]
    named = [entry for entry in entries if isinstance(entry, dict)]
    made = (entry for entry in named if entry.get("url") or entry.get("video_url"))
    return next(made, named[0] if named else {})


def _picture_of(output: Mapping[str, Any]) -> Any:
    """The address of a picture that comes as the answer in a conversation."""
    choices = output.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        message = choice.get("message") if isinstance(choice, dict) else None
        content = message.get("content") if isinstance(message, dict) else None
        for part in content if isinstance(content, list) else ():
            if isinstance(part, dict) and part.get("image"):
                return part["image"]
    return None


def _result_url(output: Mapping[str, Any]) -> str:
    """Where the clip is: ``video_url``, or in ``results``, where sibling models put it; a picture
    may also be in ``choices``."""
    result = _result(output)
    names = (
        output.get("video_url"), result.get("video_url"), result.get("url"), _picture_of(output),
    )  # fmt: skip
    url = next((url for url in names if isinstance(url, str) and url), "")
    # Whole, for its signature; what no address can hold becomes a mark, and is refused later.
    return one_line(url[:LONGEST_URL])


LONGEST_URL = 16_000  # characters; more than any server takes


@dataclass(frozen=True, slots=True)
class Problem:
    """What the service says went wrong; the code is empty where it gives none."""

    code: str
    message: str


def error_of(body: Mapping[str, Any], cleaner: Cleaner) -> Problem:
    """Code and message in any of the forms in use: flat, under ``error``, as JSON in the message.

    Source: captured answers of 2026; the nested forms come from the compatible mode and plan hosts.
    """
    error = body.get("error")
    if isinstance(error, dict):
        code = error.get("code") or error.get("type") or body.get("code")
        message = error.get("message") or body.get("message")
        return Problem(cleaner.text(code), cleaner.text(message))
    message = body.get("message")
    if isinstance(message, str) and message.lstrip().startswith("{"):
        inner = parsed(message.encode("utf-8", "replace")).get("error")
        if isinstance(inner, dict):
            message = inner.get("message") or message
    return Problem(cleaner.text(body.get("code")), cleaner.text(message))


def listed(row: Any, catalog: Catalog, cleaner: Cleaner) -> Listed | None:
    """A row of the list; None for one that cannot be read."""
    if not isinstance(row, dict):
        return None
    task_id, created_at = identifier(row.get("task_id")), _milliseconds(row.get("gmt_create"))
    if not task_id or created_at is None:
        return None
    name = cleaner.text(row.get("model_name"))
    model = catalog.model(name) or catalog.picture_model(name)
    status = cleaner.text(row.get("status")).upper()
    return Listed(task_id, status, model.name if model else "", created_at)


def _milliseconds(value: Any) -> datetime | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        value = int(value[:LONGEST_NUMBER])
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        return None
    return _bounded(datetime.fromtimestamp(min(value / 1000, _LATEST), UTC))


# The service means no time outside these years.
_YEARS = range(2020, 2101)
_LATEST = datetime(2101, 1, 1, tzinfo=UTC).timestamp()


def moment(text: Any) -> datetime | None:
    """A time as the service writes it, in UTC; None for anything else.

    One that names its zone is taken by it; the service's own name none.
    """
    if not isinstance(text, str):
        return None
    try:
        time = datetime.fromisoformat(text)
        time = time if time.tzinfo else time.replace(tzinfo=BEIJING)
        return _bounded(time.astimezone(UTC))
    except (ValueError, OverflowError):
        return None


def _bounded(time: datetime) -> datetime | None:
    return time if time.year in _YEARS else None


def list_time(time: datetime) -> str:
    """A time as the list's filters want it."""
    return time.astimezone(BEIJING).strftime("%Y%m%d%H%M%S")
