"""The event that a finished task sends: a CloudEvent, as the vendor's event bus writes it."""

import hashlib
import uuid
from datetime import UTC, datetime
from typing import Any

from mock_server.wire.provenance import rests_on
from mock_server.wire.task_answers import BEIJING, list_row
from wanx_render.backends.base import Pending
from wanx_render.backends.simulator import Task
from wanx_render.catalog.capabilities import Catalog

_EVENTS = "official page on events of asynchronous tasks, May to October 2026"
_FROM_LIST = ("api_key_id", "user_api_unique_key")


def sends_event(task: Task) -> bool:
    """Whether a task ends in a way that an event is sent for: not cancelled, and not stuck."""
    return not task.cancelled and not (task.fate and task.fate.kind == "stuck")


@rests_on("official text", _EVENTS, "A finished task sends acs.dashscope's AsyncTaskFinish")
@rests_on("official text", _EVENTS, "An event has no address of a result; its times are Beijing's")
@rests_on("guess", "not described", "A cancelled task sends no event; every region has events")
@rests_on("guess", "not described", "contain_result is true where the task succeeded")
def task_event(task: Task, catalog: Catalog) -> dict[str, Any]:
    """The body of the request that says how ``task`` ended; the same whenever it is asked for."""
    row = list_row(task, Pending(task.task_id), catalog)
    has_failed = task.fate is not None
    end = _in_utc(task.ended)
    return {
        "id": _event_id(task),
        "specversion": "1.0",
        "source": "acs.dashscope",
        "type": "dashscope:System:AsyncTaskFinish",
        "time": end,
        "datacontenttype": "application/json",
        "aliyunregionid": row["region"],
        "aliyunaccountid": row["caller_uid"],
        "aliyunoriginalaccountid": row["caller_uid"],
        "aliyunpublishtime": end,
        "aliyuneventbusname": "default",
        "data": {
            "task_id": task.task_id,
            "task_status": "FAILED" if has_failed else "SUCCEEDED",
            "start_time": _in_beijing(task.started),
            "end_time": _in_beijing(task.ended),
            "region": row["region"],
            "request_id": task.request_id,
            **{name: row[name] for name in _FROM_LIST},
            "contain_result": not has_failed,
        },
    }


def _event_id(task: Task) -> str:
    digest = hashlib.sha256(f"event {task.task_id} {task.ended.isoformat()}".encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))


def _in_utc(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _in_beijing(time: datetime) -> str:
    return time.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")
