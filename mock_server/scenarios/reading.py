"""Scenarios from the data of a YAML file or an admin call."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from mock_server.scenarios.scenario import Scenario
from mock_server.scenarios.spans import SPAN_KINDS
from wanx_render.language import Message, joined, tr, verbatim

_MOST = 1000


class BadScenario(ValueError):
    """A scenario file cannot be read; the message says where and why."""


def read_scenarios(value: Any) -> tuple[Scenario, ...]:
    """Scenarios from a list, or a mapping with ``scenarios``. Raises BadScenario."""
    if isinstance(value, Mapping) and set(value) == {"scenarios"}:
        value = value["scenarios"]
    if not isinstance(value, list | tuple) or len(value) > _MOST:
        raise BadScenario(tr("scenarios must be a list of at most {n} entries", n=_MOST))
    return tuple(
        _scenario(entry, tr("scenario {n}", n=number)) for number, entry in enumerate(value, 1)
    )


def _scenario(fields: Any, name: Message) -> Scenario:
    if not isinstance(fields, Mapping):
        raise BadScenario(tr("{fault} must be a mapping", fault=name))
    try:
        return Scenario.model_validate({str(key): value for key, value in fields.items()})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"] if part not in SPAN_KINDS)
        own = first.get("ctx", {}).get("error")
        message = own.args[0] if isinstance(own, ValueError) else verbatim(first["msg"])
        parts = (part for part in (name, place, message) if part)
        raise BadScenario(joined(parts, tr(": "))) from None
