"""The versioned record of what was delivered; reports depend on it alone.

Paths in it start at the render folder. Two runs of one list differ in times only.
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

VERSION = 1


@dataclass(frozen=True, slots=True)
class TakeRecord:
    """One take: what was asked, what the service said, and the clip that came."""

    take: int
    state: str
    request: dict[str, Any]
    task_id: str | None = None
    code: str | None = None
    message: str | None = None
    actual_prompt: str | None = None
    usage: dict[str, Any] | None = None
    cost: str | None = None
    clip: str | None = None
    sha256: str | None = None
    width: int | None = None
    height: int | None = None
    predicted: str | None = None
    fps: str | None = None
    frames: int | None = None
    sound: bool | None = None


@dataclass(frozen=True, slots=True)
class ShotRecord:
    """A shot with its takes and the one that was picked."""

    id: str
    picked: int
    takes: tuple[TakeRecord, ...]


@dataclass(frozen=True, slots=True)
class CheckRecord:
    """One promise held against the finished file."""

    name: str
    expected: str
    found: str
    holds: bool


@dataclass(frozen=True, slots=True)
class PartRecord:
    """Where a shot stands in a deliverable, counted in its frames, and what was done to it."""

    shot: str
    start: int
    frames: int
    crop: str | None
    enlarged: str
    held: int
    shared: int = 0  # frames in which the next shot is seen too


@dataclass(frozen=True, slots=True)
class DeliverableRecord:
    """One finished file and the proof of what it is."""

    name: str
    path: str
    width: int
    height: int
    aspect: str
    fit: str
    fps: str
    frames: int
    duration: str
    sha256: str
    loudness: str | None
    key: str
    parts: tuple[PartRecord, ...]
    checks: tuple[CheckRecord, ...]
    notices: tuple[str, ...] = ()  # black, still or silent stretches, which may be meant


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything a run delivered."""

    project: str
    backend: str
    region: str
    program: str
    ffmpeg: str
    finished_at: str
    complete: bool
    cost: str
    shots: tuple[ShotRecord, ...]
    deliverables: tuple[DeliverableRecord, ...]
    warnings: tuple[str, ...] = ()
    version: int = field(default=VERSION)

    def text(self) -> str:
        record = {"version": self.version, **asdict(self)}
        return json.dumps(record, ensure_ascii=False, indent=2) + "\n"


def deliverables_in(path: Path) -> dict[str, DeliverableRecord]:
    """The deliverables an earlier run recorded at ``path``; empty where there is no such record."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["version"] != VERSION:
            return {}
        return {each["name"]: _deliverable(each) for each in record["deliverables"]}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _deliverable(record: dict[str, Any]) -> DeliverableRecord:
    parts = tuple(PartRecord(**part) for part in record["parts"])
    checks = tuple(CheckRecord(**check) for check in record["checks"])
    notices = tuple(record.get("notices", ()))
    return DeliverableRecord(**{**record, "parts": parts, "checks": checks, "notices": notices})
