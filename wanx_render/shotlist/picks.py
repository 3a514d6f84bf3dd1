"""Choices made while looking at clips: ``<list>.picks.yaml`` in, one ``Choice`` for each shot out.

It stands beside the list and overrides it, so that nobody's YAML is ever rewritten by the program.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from wanx_render import yaml_source
from wanx_render.diagnostics import Diagnostic, Span, did_you_mean
from wanx_render.errors import BadInput
from wanx_render.geometry import Focus
from wanx_render.shotlist.names import normal
from wanx_render.shotlist.values import FocusPoint
from wanx_render.yaml_source import Source

MOST_TAKES = 999  # the list's takes and all that were asked for later
_FOCUS = TypeAdapter(FocusPoint)
_HEAD = "# What was chosen on the board; it overrides the shot list beside it.\n"


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen for one shot; None where the list decides."""

    pick: int | None = None
    rejected: tuple[int, ...] = ()
    focus: Focus | None = None


@dataclass(frozen=True)
class Picks:
    """The choices of one list, by shot, and where they stand."""

    file: Path
    shots: Mapping[str, Choice] = field(default_factory=dict)
    read: Source | None = None

    def of(self, shot: str) -> Choice:
        return self.shots.get(shot, Choice())

    def place(self, shot: str, key: str) -> Span | None:
        return self.read.place(("shots", shot, key)) if self.read else None

    @property
    def picked(self) -> dict[str, int]:
        """The take of each shot for which one was picked."""
        return {name: choice.pick for name, choice in self.shots.items() if choice.pick}

    def having(self, shot: str, choice: Choice) -> "Picks":
        """These picks with another choice for one shot; an empty one leaves no trace."""
        rest = {name: item for name, item in self.shots.items() if name != shot}
        shots = {**self.shots, shot: choice} if choice != Choice() else rest
        return replace(self, shots=shots, read=None)


def beside(file: Path) -> Path:
    """Where the picks of the list ``file`` stand."""
    return file.with_name(f"{file.stem}.picks.yaml")


def read(file: Path, ids: tuple[str, ...]) -> tuple[Picks, tuple[Diagnostic, ...]]:
    """The picks of the list ``file`` with the shots ``ids``, and what is wrong with them.

    Raises BadInput where the file is not YAML.
    """
    path = beside(file)
    if not path.exists():
        return Picks(path), ()
    try:
        source = yaml_source.read(path, str(path))
    except BadInput as problem:
        if [diagnostic.code for diagnostic in problem.diagnostics] == ["file-empty"]:
            return Picks(path), ()
        raise
    reading = _Reading(source, ids)
    shots = dict(reading.shots())
    return Picks(path, shots, source), tuple(reading.problems)


def write(picks: Picks) -> None:
    """Put ``picks`` into their file, in one step. Raises OSError."""
    shots = {name: _written(choice) for name, choice in picks.shots.items()}
    yaml_source.write(picks.file, {"version": 1, "shots": shots}, _HEAD)


def _written(choice: Choice) -> dict[str, Any]:
    record: dict[str, Any] = {"pick": choice.pick, "rejected": list(choice.rejected)}
    if choice.focus:
        record["focus"] = [_decimal(choice.focus.x), _decimal(choice.focus.y)]
    return {name: value for name, value in record.items() if value}


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)


@dataclass
class _Reading:
    """Takes the file apart, noting every problem on the way."""

    source: Source
    ids: tuple[str, ...]
    problems: list[Diagnostic] = field(default_factory=list)

    def refuse(self, code: str, message: str, span: Span, hint: str = "") -> None:
        self.problems.append(Diagnostic(code, message, span, hint))

    def shots(self) -> Iterator[tuple[str, Choice]]:
        mapping = self._mapping(self.source.value, (), ("version", "shots"))
        version = mapping.get("version", 1)
        if version != 1 or isinstance(version, bool):
            self.refuse("value-unknown", "version must be 1", self.source.place(("version",)))
        shots = self._mapping(mapping.get("shots"), ("shots",), self.ids)
        for name, value in shots.items():
            record = self._mapping(value, ("shots", name), ("pick", "rejected", "focus"))
            yield name, self._choice(name, record)

    def _mapping(self, value: Any, path: yaml_source.Path, keys: tuple[str, ...]) -> dict[str, Any]:
        """The known keys of the mapping at ``path``; nothing where there is none."""
        if value is None:
            return {}
        if not isinstance(value, dict):
            label = str(path[-1]) if path else "the picks file"
            self.refuse("type-wrong", f"{label} must be a mapping of keys", self.source.place(path))
            return {}
        shots = path == ("shots",)
        for key in value:
            if normal(key) not in keys:
                code = "shot-unknown" if shots else "unknown-key"
                complaint = "there is no shot" if shots else "unknown key"
                hint = did_you_mean(key, keys) or "take it out: it has no effect any more"
                self.refuse(code, f"{complaint} {key!r}", self.source.key((*path, key)), hint)
        return {normal(key): item for key, item in value.items() if normal(key) in keys}

    def _choice(self, name: str, record: dict[str, Any]) -> Choice:
        pick = self._take(record.get("pick"), ("shots", name, "pick"))
        rejections = self._rejected(record.get("rejected"), name)
        if pick in rejections:
            message = f"take {pick} is picked and rejected at once"
            self.refuse("pick-rejected", message, self.source.place(("shots", name, "pick")))
        return Choice(pick, rejections, self._focus(record.get("focus"), name))

    def _take(self, value: Any, path: yaml_source.Path) -> int | None:
        if value is None:
            return None
        if type(value) is not int:
            self.refuse("type-wrong", "a take is a whole number", self.source.place(path))
        elif not 1 <= value <= MOST_TAKES:
            message = f"a take is a number from 1 to {MOST_TAKES}"
            self.refuse("value-out-of-range", message, self.source.place(path))
        else:
            return value
        return None

    def _rejected(self, value: Any, name: str) -> tuple[int, ...]:
        path = ("shots", name, "rejected")
        if value is None:
            return ()
        if not isinstance(value, list):
            self.refuse("type-wrong", "rejected must be a list of takes", self.source.place(path))
            return ()
        takes = (self._take(number, (*path, index)) for index, number in enumerate(value))
        return tuple(sorted({take for take in takes if take}))

    def _focus(self, value: Any, name: str) -> Focus | None:
        if value is None:
            return None
        try:
            return _FOCUS.validate_python(value)
        except ValidationError as error:
            problem = error.errors(include_url=False, include_input=False)[0]
            hint = problem.get("ctx", {}).get("hint", "")
            place = self.source.place(("shots", name, "focus"))
            self.refuse("focus-invalid", problem["msg"], place, hint)
            return None


def stale(picks: Picks, takes: Mapping[str, int]) -> tuple[Diagnostic, ...]:
    """Picks of takes that there are no more, by how many ``takes`` each shot has.

    When what a shot asks for changes, its takes start again and the choice means nothing.
    """
    return tuple(
        Diagnostic(
            "pick-stale",
            f"take {pick} of {name} is picked, but it has {takes[name]}: the pick is passed over",
            picks.place(name, "pick"),
            "take it out, or ask for another take with --retake",
            "warning",
        )
        for name, pick in picks.picked.items()
        if pick > takes.get(name, pick)
    )
