"""Scenarios from the data of a YAML file or an admin call."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from mock_server.faults.entry_problems import BadEntry
from mock_server.scenarios.scenario import Scenario
from mock_server.scenarios.spans import SPAN_KINDS
from wanx_render.language import Message, tr
from wanx_render.source.yaml_source import Path

_MOST = 1000


class BadScenario(BadEntry):
    """A scenario file cannot be read; the message says where and why."""


def read_scenarios(value: Any) -> tuple[Scenario, ...]:
    """Scenarios from a list, or a mapping with ``scenarios``. Raises BadScenario."""
    if isinstance(value, Mapping) and set(value) == {"scenarios"}:
        return _entries(value["scenarios"], ("scenarios",))
    return _entries(value, ())


def _entries(value: Any, path: tuple[str, ...]) -> tuple[Scenario, ...]:
    if not isinstance(value, list | tuple) or len(value) > _MOST:
        message = tr("scenarios must be a list of at most {n} entries", n=_MOST)
        raise BadScenario(message, *path)
    scenarios = []
    for place, entry in enumerate(value):
        try:
            scenarios.append(_scenario(entry, tr("scenario {n}", n=place + 1)))
        except BadScenario as error:
            raise error.below(*path, place) from None
    return tuple(scenarios)


def _scenario(fields: Any, name: Message) -> Scenario:
    if not isinstance(fields, Mapping):
        raise BadScenario(tr("{fault} must be a mapping", fault=name))
    try:
        return Scenario.model_validate({str(key): value for key, value in fields.items()})
    except ValidationError as error:
        raise BadScenario.of(error, Scenario, name, _as_written) from None


def _as_written(path: Path) -> Path:
    """Without the kind of a span and the names of its bounds, which people do not write."""
    if path[1:2] and path[1] in SPAN_KINDS:
        return path[:1] + tuple(part for part in path[2:] if part not in ("low", "high"))
    return path
