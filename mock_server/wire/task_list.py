"""The list of tasks: filters, paging and the window of 24 hours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mock_server.wire.errors import ErrorAnswer
from mock_server.wire.provenance import TASKS, rests_on
from mock_server.wire.task_answers import BEIJING, list_row
from wanx_render.backends.base import TaskState, status_of
from wanx_render.backends.simulator import Task
from wanx_render.catalog.capabilities import Catalog

_STATUSES = ("PENDING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELED", "UNKNOWN", "SUSPENDED")
_DAY = timedelta(hours=24)
_PAGE_SIZES = range(1, 101)


@dataclass(frozen=True, slots=True)
class ListQuery:
    """The filters and the page that a client asks for."""

    start: datetime
    end: datetime
    task_id: str = ""
    model: str = ""
    status: str = ""
    page: int = 1
    size: int = 10


@rests_on("official text", TASKS, "Filters: task_id, start_time, end_time, model_name, status")
@rests_on("official text", TASKS, "Times are YYYYMMDDhhmmss, at most 24 hours apart")
@rests_on("guess", "not documented", "Pages have up to 100 rows; a bad filter is 400")
def read_list_query(query: Mapping[str, str], now: datetime) -> ListQuery:
    """The query of a list call. Raises ErrorAnswer."""
    end = _time(query, "end_time")
    start = _time(query, "start_time")
    if start is None:
        start = (end or now) - _DAY
    if end is None:
        end = min(start + _DAY, now)
    if end - start > _DAY:
        raise ErrorAnswer(
            400, "InvalidParameter", "start_time and end_time are over 24 hours apart."
        )
    status = query.get("status", "")
    if status and status not in _STATUSES:
        raise ErrorAnswer(400, "InvalidParameter", f"status must be one of {', '.join(_STATUSES)}.")
    size = _number(query, "page_size", 10)
    if size not in _PAGE_SIZES:
        raise ErrorAnswer(400, "InvalidParameter", "page_size must be between 1 and 100.")
    return ListQuery(
        start=start.replace(microsecond=0),
        end=end,
        task_id=query.get("task_id", ""),
        model=query.get("model_name", ""),
        status=status,
        page=max(_number(query, "page_no", 1), 1),
        size=size,
    )


def _time(query: Mapping[str, str], name: str) -> datetime | None:
    text = query.get(name, "")
    if not text:
        return None
    try:
        moment = datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=BEIJING)
        if len(text) != 14 or not 1970 <= moment.year <= 9000:
            raise ValueError(text)
        return moment
    except ValueError:
        raise ErrorAnswer(400, "InvalidParameter", f"{name} must be YYYYMMDDhhmmss.") from None


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, "") or str(default)
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise ErrorAnswer(400, "InvalidParameter", f"{name} must be a positive number.")
    return int(text)


@rests_on("official text", TASKS, "The answer has total, total_page, page_no, page_size and data")
def list_answer(
    tasks: Sequence[tuple[Task, TaskState]], query: ListQuery, catalog: Catalog
) -> dict[str, Any]:
    """One page of ``tasks`` (newest first), as the service writes it."""
    matching = [life for life in tasks if _matches(*life, query, catalog)]
    first = (query.page - 1) * query.size
    return {
        "total": len(matching),
        "total_page": -(-len(matching) // query.size),
        "page_no": query.page,
        "page_size": query.size,
        "data": [list_row(*life, catalog) for life in matching[first : first + query.size]],
    }


def _matches(task: Task, state: TaskState, query: ListQuery, catalog: Catalog) -> bool:
    name = catalog.entry(task.request.model).region_names.value[task.request.region]
    # Times of the query are whole seconds.
    time = task.submitted.replace(microsecond=0)
    return (
        query.start <= time <= query.end
        and query.task_id in ("", task.task_id)
        and query.model in ("", name)
        and query.status in ("", status_of(state))
    )
