"""Tasks as the service writes them: one in the answer to a query, many as rows of the list."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

from mock_server.wire.provenance import OFFICIAL, TASKS, rests_on
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
from wanx_render.catalog.abilities import Model

BEIJING = timezone(timedelta(hours=8))


@rests_on("official text", OFFICIAL, "Each state shows its own fields; usage only on success")
@rests_on("guess", "samples show it; the documents name no zone", "Times are Beijing's, no zone")
def query_answer(state: TaskState, video_url: Callable[[Succeeded], str]) -> dict[str, Any]:
    """The answer to a query; for an expired or unknown task too, which is no error."""
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
            output["orig_prompt"] = state.original_prompt
            if state.actual_prompt is not None:
                output["actual_prompt"] = state.actual_prompt
            return {"output": {**output, "video_url": video_url(state)}, "usage": state.usage}
        case Canceled() | Unknown():
            return {"output": output}


def _times(*times: datetime | None) -> dict[str, str]:
    names = ("submit_time", "scheduled_time", "end_time")
    return {name: stamp(time) for name, time in zip(names, times, strict=False) if time}


def stamp(time: datetime) -> str:
    """As the service writes it: Beijing's time, without a zone."""
    return time.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


@rests_on("official text", TASKS, "Rows of the list are flat: status, milliseconds, no video_url")
def list_row(task: Task, state: TaskState, model: Model, region_code: str) -> dict[str, Any]:
    """One task in the answer of the list."""
    owner = hashlib.sha256(task.account.encode()).hexdigest()
    name = model.region_names.value[task.request.region]
    kind = "image2video" if "kf2v" in name else "video-generation"
    row: dict[str, Any] = {
        "task_id": task.task_id,
        "status": status_of(state),
        "model_name": name,
        "region": region_code,
        "request_id": task.request_id,
        "api_key_id": str(int(owner[:10], 16)),
        "caller_parent_id": str(int(owner[10:22], 16)),
        "caller_uid": str(int(owner[10:22], 16)),
        "gmt_create": _milliseconds(task.submitted),
        "user_api_unique_key": f"apikey:v1:aigc:{kind}:video-synthesis:{name}",
    }
    if not isinstance(state, Pending | Canceled):
        row["start_time"] = _milliseconds(task.started)
    if isinstance(state, Succeeded | Failed):
        row["end_time"] = _milliseconds(task.ended)
    return row


def _milliseconds(time: datetime) -> int:
    return int(time.timestamp() * 1000)
