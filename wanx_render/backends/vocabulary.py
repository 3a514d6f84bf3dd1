"""DashScope's wire format: a request as the body of a create call, answers as states. No network.

Fields and values are those of the official text of November 2025 and of the page on tasks.
"""

import json
import math
from collections.abc import Mapping
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
from wanx_render.capabilities import Catalog, Model
from wanx_render.task import Media, TaskRequest

# Times on the wire carry no zone; samples are Beijing's, whatever the region.
BEIJING = timezone(timedelta(hours=8))


def create_path(name: str) -> str:
    """Where tasks of the model called ``name`` at the service are created."""
    family = "image2video" if "kf2v" in name else "video-generation"
    return f"/services/aigc/{family}/video-synthesis"


def create_body(request: TaskRequest, model: Model, urls: Mapping[str, str]) -> dict[str, Any]:
    """The body of a create call; ``urls`` tells where each medium is, by its identity.

    Every field that the model knows is written out, so that no default of the service's decides.
    """
    given = _frames(request, model, urls)
    if request.prompt:
        given["prompt"] = request.prompt
    if request.negative_prompt:
        given["negative_prompt"] = request.negative_prompt
    if request.template:
        given["template"] = request.template
    parameters: dict[str, Any] = {
        "resolution": request.resolution,
        "duration": request.duration,
        "prompt_extend": request.prompt_extend,
        "watermark": request.watermark,
        "seed": request.seed,
    }
    if model.sound.value == "switchable":
        parameters["audio"] = request.sound != "silent"
    name = model.region_names.value[request.region]
    return {"model": name, "input": given, "parameters": parameters}


def _frames(request: TaskRequest, model: Model, urls: Mapping[str, str]) -> dict[str, Any]:
    def at(media: Media | None) -> str | None:
        return urls[media.identity] if media else None

    first, last, sound = at(request.image), at(request.last_image), at(request.sound_file)
    match model.request_form.value:
        case "img_url":
            named = {"img_url": first, "audio_url": sound}
        case "first_last":
            named = {"first_frame_url": first, "last_frame_url": last, "audio_url": sound}
        case "media":
            kinds = {"first_frame": first, "last_frame": last, "driving_audio": sound}
            return {"media": [{"type": kind, "url": url} for kind, url in kinds.items() if url]}
    return {name: url for name, url in named.items() if url}


def parsed(data: bytes) -> dict[str, Any]:
    """A JSON object, or an empty one where ``data`` is none."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def accepted(body: Mapping[str, Any]) -> Accepted | None:
    """The task a create call began, if its answer says so without doubt."""
    output = body.get("output")
    task_id = output.get("task_id") if isinstance(output, dict) else None
    if not isinstance(task_id, str) or not task_id:
        return None
    return Accepted(task_id, _text(body.get("request_id")))


def state(task_id: str, body: Mapping[str, Any], result_hours: int) -> TaskState | None:
    """How a task stands by the answer of a query; None for an answer that says nothing."""
    output = body.get("output")
    if not isinstance(output, dict):
        return None
    submitted, started, ended = (
        moment(output.get(name)) for name in ("submit_time", "scheduled_time", "end_time")
    )
    match output.get("task_status"):
        case "PENDING":
            return Pending(task_id, submitted)
        case "RUNNING" | "SUSPENDED":
            return Running(task_id, submitted, started)
        case "SUCCEEDED":
            url = output.get("video_url")
            if not isinstance(url, str) or not url:
                return None
            ended = ended or submitted or datetime.now(UTC)
            usage = body.get("usage")
            actual = output.get("actual_prompt")
            return Succeeded(
                task_id=task_id,
                url=url,
                submitted=submitted or ended,
                started=started or submitted or ended,
                ended=ended,
                expires=ended + timedelta(hours=result_hours),
                original_prompt=_text(output.get("orig_prompt")),
                actual_prompt=actual if isinstance(actual, str) else None,
                usage=usage if isinstance(usage, dict) else {},
            )
        case "FAILED":
            code, message = _text(output.get("code")), _text(output.get("message"))
            request_id = _text(body.get("request_id"))
            return Failed(task_id, code, message, request_id, submitted, started, ended)
        case "CANCELED":
            return Canceled(task_id)
        case "UNKNOWN":
            return Unknown(task_id)
        case _:
            return None


def listed(row: Any, catalog: Catalog) -> Listed | None:
    """A row of the list; None for one that cannot be read."""
    if not isinstance(row, dict):
        return None
    task_id, created = row.get("task_id"), row.get("gmt_create")
    if not isinstance(task_id, str) or not isinstance(created, int | float):
        return None
    if not math.isfinite(created) or not 0 <= created < 253_402_300_800_000:
        return None
    model = catalog.model(_text(row.get("model_name")))
    at = datetime.fromtimestamp(created / 1000, UTC)
    return Listed(task_id, _text(row.get("status")), model.name if model else "", at)


def moment(text: Any) -> datetime | None:
    """A time as the service writes it, in UTC; None for anything else."""
    if not isinstance(text, str):
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=BEIJING).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def list_time(time: datetime) -> str:
    """A time as the list's filters want it."""
    return time.astimezone(BEIJING).strftime("%Y%m%d%H%M%S")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
