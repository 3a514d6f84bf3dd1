"""A snapshot of the service: tasks, time and faults as JSON data; uploaded files are not in it."""

from datetime import datetime
from typing import Any

from mock_server.faults.reading import read_plan
from mock_server.service.clocks import read_ahead
from mock_server.service.service import MockService
from mock_server.service.store import BadState
from wanx_render.backends.simulator import Task
from wanx_render.language import tr


def snapshot(service: MockService) -> dict[str, Any]:
    return {
        "version": 1,
        "clock": service.clock.record(),
        "faults": [fault.record() for fault in service.plan.faults],
        "tasks": [task.record() for task, _ in service.tasks.all()],
    }


def restore(service: MockService, record: dict[str, Any]) -> None:
    """Go back to a snapshot. Raises BadState, and then nothing has changed."""
    try:
        tasks = [Task.from_record(fields) for fields in record["tasks"]]
        faults = read_plan(record["faults"])
        now, ahead = datetime.fromisoformat(record["clock"]["now"]), read_ahead(record["clock"])
        catalog = service.catalog
        known = catalog.models.keys() | catalog.pictures.keys()
        unknown = {task.request.model for task in tasks} - known
        if record["version"] != 1 or unknown:
            raise ValueError(f"version {record['version']}, unknown models {unknown}")
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise BadState(tr("not a snapshot of this server ({reason})", reason=repr(error))) from None
    service.reset()
    service.clock.restart(now, ahead)
    service.set_faults(faults)
    service.tasks.restore(tasks)
    service.notices.resume(tasks)
    service.save()
