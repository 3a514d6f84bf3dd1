"""Answers about tasks of families, in the shape that each has."""

from functools import cache
from typing import Any

from mock_server.families.family import Family, families
from mock_server.wire.provenance import rests_on
from wanx_render.task import TaskRequest


@cache
def _family_named(model: str) -> Family | None:
    return next((family for family in families() if model in family.models), None)


@rests_on("official text", "official references of persons, 2026",
          "Clips of persons come in results, and their usage has no output seconds")  # fmt: skip
def in_its_shape(request: TaskRequest, body: dict[str, Any]) -> dict[str, Any]:
    """The answer to a query about a task that succeeded, as its family writes it."""
    family = _family_named(request.model)
    if family is None:
        return body
    output = dict(body["output"])
    if family.answer == "results":
        output["results"] = {"video_url": output.pop("video_url")}
        for name in ("orig_prompt", "actual_prompt"):
            output.pop(name, None)
    usage = body["usage"] if family.usage is None else usage_of(family, request)
    return {**body, "output": output, "usage": usage}


def without_task(body: dict[str, Any]) -> dict[str, Any]:
    """An answer about a task, as a call writes it that makes none."""
    output = {
        name: value
        for name, value in body["output"].items()
        if not name.startswith("task_") and not name.endswith("_time") and name != "finished"
    }
    return {**body, "output": output}


def usage_of(family: Family, request: TaskRequest) -> dict[str, Any]:
    """The usage of a family, with the figures of a request."""
    figures = {
        "seconds": float(request.duration),
        "tier": int(request.resolution.removesuffix("P") or 0),
    }
    return {
        name: figures.get(value, value) if isinstance(value, str) else value
        for name, value in (family.usage or {}).items()
    }
