"""Tasks as the service writes them: one in the answer to a query, many as rows of the list."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

from mock_server.wire.provenance import OFFICIAL, PICTURES, TASKS, rests_on
from wanx_render.backends.base import (
    Canceled,
    Failed,
    Pending,
    Running,
    Succeeded,
    TaskState,
    Unknown,
    status_of,
)
from wanx_render.backends.simulator import Task
from wanx_render.catalog.capabilities import Catalog
from wanx_render.catalog.request_forms import Form

Link = Callable[[Succeeded, str], str]  # where a file of a task that succeeded is fetched
BEIJING = timezone(timedelta(hours=8))


@rests_on("official text", OFFICIAL, "Each state shows its own fields; usage only on success")
@rests_on("guess", "samples show it; the documents name no zone", "Times are Beijing's, no zone")
def query_answer(state: TaskState, form: Form | None, link: Link) -> dict[str, Any]:
    """The answer to a query; for an expired or unknown task too, which is no error.

    ``form`` is that of the task's request, where the task is known.
    """
    output: dict[str, Any] = {"task_id": state.task_id, "task_status": status_of(state)}
    match state:
        case Pending():
            return {"output": {**output, **_times(state.submitted)}}
        case Running():
            return {"output": {**output, **_times(state.submitted, state.started)}}
        case Failed():
            times = _times(state.submitted, state.started, state.ended)
            return {"output": {**output, **times, "code": state.code, "message": state.message}}
        case Succeeded():
            output |= _times(state.submitted, state.started, state.ended)
            return {"output": {**output, **_made(state, form, link)}, "usage": state.usage}
        case Canceled() | Unknown():
            return {"output": output}


def _made(state: Succeeded, form: Form | None, link: Link) -> dict[str, Any]:
    """What a task that succeeded gives: a clip, or pictures."""
    if form and form.makes == "picture":
        return _pictures(state, form, link)
    return {**_prompts(state), "video_url": link(state, f"{state.task_id}.mp4")}


def _prompts(state: Succeeded) -> dict[str, str]:
    prompts = {"orig_prompt": state.original_prompt}
    return prompts | ({} if state.actual_prompt is None else {"actual_prompt": state.actual_prompt})


@rests_on("captured", "a function's test report of December 2025", "Pictures come in results")
@rests_on("third party", PICTURES, "Of a conversation they come in choices, each in a message")
def _pictures(state: Succeeded, form: Form, link: Link) -> dict[str, Any]:
    count = int(state.usage["image_count"])
    urls = [link(state, f"{number}/{state.task_id}.png") for number in range(1, count + 1)]
    metrics = {"TOTAL": count, "SUCCEEDED": count, "FAILED": 0}
    if form.prompt == "prompt":
        results = [{**_prompts(state), "url": url} for url in urls]
        return {"results": results, "task_metrics": metrics}
    choices = [
        {
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": [{"type": "image", "image": url}]},
        }
        for url in urls
    ]
    return {"finished": True, "choices": choices, "task_metrics": metrics}


def _times(*times: datetime | None) -> dict[str, str]:
    names = ("submit_time", "scheduled_time", "end_time")
    return {name: stamp(time) for name, time in zip(names, times, strict=False) if time}


@lru_cache(4096)  # a task is asked about again and again
def stamp(time: datetime) -> str:
    """As the service writes it: Beijing's time, without a zone."""
    return time.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


@rests_on("official text", TASKS, "Rows of the list are flat: status, milliseconds, no video_url")
def list_row(task: Task, state: TaskState, catalog: Catalog) -> dict[str, Any]:
    """One task in the answer of the list."""
    model, region = catalog.entry(task.request.model), task.request.region
    owner = hashlib.sha256(task.account.encode()).hexdigest()
    name = model.region_names.value[region]
    kind, call = catalog.form(model).path.split("/")[-2:]
    row: dict[str, Any] = {
        "task_id": task.task_id,
        "status": status_of(state),
        "model_name": name,
        "region": catalog.service.regions[region].code,
        "request_id": task.request_id,
        "api_key_id": str(int(owner[:10], 16)),
        "caller_parent_id": str(int(owner[10:22], 16)),
        "caller_uid": str(int(owner[10:22], 16)),
        "gmt_create": _milliseconds(task.submitted),
        "user_api_unique_key": f"apikey:v1:aigc:{kind}:{call}:{name}",
    }
    if not isinstance(state, Pending | Canceled):
        row["start_time"] = _milliseconds(task.started)
    if isinstance(state, Succeeded | Failed):
        row["end_time"] = _milliseconds(task.ended)
    return row


def _milliseconds(time: datetime) -> int:
    return int(time.timestamp() * 1000)
