"""One family of models, as ``families.yaml`` has it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from mock_server.wire.provenance import RULES, Basis, Rule
from wanx_render.source import yaml_source

_FILE = "families.yaml"


@dataclass(frozen=True, slots=True)
class Family:
    """Models that are asked at one path, in one form, and answered in one."""

    title: str
    models: tuple[str, ...]
    path: str
    like: str
    regions: tuple[str, ...]
    basis: Basis
    source: str
    requires: Mapping[str, Any]  # fields of ``input``: what they hold, or the words allowed
    also: tuple[str, ...] = ()  # models of other paths that answer here too
    takes: tuple[str, ...] = ()
    media: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    required_parameters: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()  # none for pictures
    per_second: Mapping[str, Any] = field(default_factory=dict)  # CNY at Beijing
    bills_inputs: bool = False
    conversation: bool = False
    answer: str = "video_url"
    at_once: Mapping[str, Any] | None = None  # of the output; no task is made
    usage: Mapping[str, Any] | None = None

    @property
    def form(self) -> str:
        """What its request form is called in the catalog of the emulator."""
        return f"family {self.models[0]}"

    @property
    def is_static(self) -> bool:
        """Whether its answer has nothing that is made."""
        return bool(self.at_once)


@cache
def families() -> tuple[Family, ...]:
    """Every family, in the order of the file."""
    file = resources.files(__package__ or "") / _FILE
    return tuple(_family(record) for record in yaml_source.packaged(file))


def family_of(path: str, model: str) -> Family | None:
    """The family that answers for ``model`` at ``path``."""
    fitting = (family for family in families() if model in (*family.models, *family.also))
    return next((family for family in fitting if family.path == path), None)


def family_at_once(path: str, model: str) -> Family | None:
    """The family that answers for ``model`` at ``path`` without a task."""
    family = family_of(path, model)
    return family if family and family.at_once is not None else None


def _family(record: Mapping[str, Any]) -> Family:
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in record.items()
    }
    values["title"] = str(record["title"])
    return Family(**values)


def mark_families() -> None:
    """Put a mark for each family into the list of what behaviours rest on."""
    for family in families():
        names = ", ".join(family.models)
        behaviour = f"{names}: fields and answer at {family.path.removeprefix('/services/aigc/')}"
        rule = Rule("families", behaviour, family.basis, family.source, f"families.{_FILE}")
        if rule not in RULES:
            RULES.append(rule)
