"""Choices made while looking at clips: ``<list>.picks.yaml`` in, one ``Choice`` for each shot out.

It stands beside the list and overrides it, so that nobody's YAML is ever rewritten by the program.
"""

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from wanx_render.diagnostics import Diagnostic, Span, did_you_mean
from wanx_render.errors import BadInput
from wanx_render.geometry import Focus
from wanx_render.language import NOTHING, Message, tr, verbatim
from wanx_render.shotlist import reading
from wanx_render.shotlist.names import normal
from wanx_render.shotlist.values import FocusPoint
from wanx_render.source import yaml_source
from wanx_render.source.yaml_source import Source

NEWEST = -1  # in the place of a take: the last one, which is being bought
_KEYS = ("pick", "rejected", "focus", "image_focus")
MOST_TAKES = 999  # the list's takes and all that were asked for later
_FOCUS = TypeAdapter(FocusPoint)
_HEAD = "# What was chosen on the board; it overrides the shot list beside it.\n"


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen for one shot; None where the list decides."""

    pick: int | None = None
    rejected: tuple[int, ...] = ()
    focus: Focus | None = None
    image_focus: Focus | None = None  # of the crop that prepares the first frame (``fit_image``)


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

    def with_newest(self, shots: Collection[str]) -> "Picks":
        """These picks with the take that is being bought of each of ``shots``."""
        newest = {shot: replace(self.of(shot), pick=NEWEST) for shot in shots}
        return replace(self, shots={**self.shots, **newest})

    def having(self, shot: str, choice: Choice) -> "Picks":
        """These picks with another choice for one shot; an empty one leaves no trace."""
        rest = {name: item for name, item in self.shots.items() if name != shot}
        shots = {**self.shots, shot: choice} if choice != Choice() else rest
        return replace(self, shots=shots, read=None)


_ENDING = ".picks.yaml"


def beside(file: Path) -> Path:
    """Where the picks of the list ``file`` stand."""
    return file.with_name(f"{file.stem}{_ENDING}")


def may_be_in(folder: Path) -> bool:
    """Whether a folder may hold the picks of any list; one look at it for all rows of a table."""
    try:
        with os.scandir(folder) as entries:
            return any(entry.name.casefold().endswith(_ENDING) for entry in entries)
    except OSError:
        return True


def read(file: Path, ids: tuple[str, ...]) -> tuple[Picks, tuple[Diagnostic, ...]]:
    """The picks of the list ``file`` with the shots ``ids``, and what is wrong with them.

    Raises BadInput where the file is not YAML.
    """
    path = beside(file)
    if not path.exists():
        return Picks(path), ()
    try:
        source, _ = reading.read(path, str(path))
    except BadInput as problem:
        if [diagnostic.code for diagnostic in problem.diagnostics] == ["file-empty"]:
            return Picks(path), ()
        raise
    taking = _Reading(source, ids)
    shots = dict(taking.shots())
    return Picks(path, shots, source), tuple(taking.problems)


def write(picks: Picks) -> None:
    """Put ``picks`` into their file, in one step. Raises OSError."""
    shots = {name: _written(choice) for name, choice in picks.shots.items()}
    yaml_source.write(picks.file, {"version": 1, "shots": shots}, _HEAD)


def _written(choice: Choice) -> dict[str, Any]:
    record: dict[str, Any] = {"pick": choice.pick, "rejected": list(choice.rejected)}
    for name, point in (("focus", choice.focus), ("image_focus", choice.image_focus)):
        if point:
            record[name] = [_decimal(point.x), _decimal(point.y)]
    return {name: value for name, value in record.items() if value}


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)


@dataclass
class _Reading:
    """Takes the file apart, noting every problem on the way."""

    source: Source
    ids: tuple[str, ...]
    problems: list[Diagnostic] = field(default_factory=list)

    def refuse(self, code: str, message: Message, span: Span, hint: Message = NOTHING) -> None:
        self.problems.append(Diagnostic(code, message, span, hint))

    def shots(self) -> Iterator[tuple[str, Choice]]:
        mapping = self._mapping(self.source.value, (), ("version", "shots"))
        version = mapping.get("version", 1)
        if version != 1 or isinstance(version, bool):
            self.refuse("value-unknown", tr("version must be 1"), self.source.place(("version",)))
        shots = self._mapping(mapping.get("shots"), ("shots",), self.ids)
        for name, value in shots.items():
            record = self._mapping(value, ("shots", name), _KEYS)
            yield name, self._choice(name, record)

    def _mapping(self, value: Any, path: yaml_source.Path, keys: tuple[str, ...]) -> dict[str, Any]:
        """The known keys of the mapping at ``path``; nothing where there is none."""
        if value is None:
            return {}
        if not isinstance(value, dict):
            label = verbatim(str(path[-1])) if path else tr("the picks file")
            message = tr("{key} must be {expected}", key=label, expected=tr("a mapping of keys"))
            self.refuse("type-wrong", message, self.source.place(path))
            return {}
        shots = path == ("shots",)
        for key in value:
            if normal(key) not in keys:
                code = "shot-unknown" if shots else "unknown-key"
                message = tr("unknown shot {name!r}", name=key)
                message = message if shots else tr("unknown key {key!r}", key=key)
                hint = did_you_mean(key, keys) or tr("remove it; it has no effect")
                self.refuse(code, message, self.source.key((*path, key)), hint)
        return {normal(key): item for key, item in value.items() if normal(key) in keys}

    def _choice(self, name: str, record: dict[str, Any]) -> Choice:
        pick = self._take(record.get("pick"), ("shots", name, "pick"))
        rejections = self._rejected(record.get("rejected"), name)
        if pick in rejections:
            message = tr("take {pick} is both picked and rejected", pick=pick)
            self.refuse("pick-rejected", message, self.source.place(("shots", name, "pick")))
        focus, image_focus = (self._focus(record, name, key) for key in ("focus", "image_focus"))
        return Choice(pick, rejections, focus, image_focus)

    def _take(self, value: Any, path: yaml_source.Path) -> int | None:
        if value is None:
            return None
        if type(value) is not int:
            self.refuse("type-wrong", tr("a take must be a whole number"), self.source.place(path))
        elif not 1 <= value <= MOST_TAKES:
            message = tr("a take must be a number from 1 to {limit}", limit=MOST_TAKES)
            self.refuse("value-out-of-range", message, self.source.place(path))
        else:
            return value
        return None

    def _rejected(self, value: Any, name: str) -> tuple[int, ...]:
        path = ("shots", name, "rejected")
        if value is None:
            return ()
        if not isinstance(value, list):
            self.refuse(
                "type-wrong", tr("rejected must be a list of takes"), self.source.place(path)
            )
            return ()
        takes = (self._take(number, (*path, index)) for index, number in enumerate(value))
        return tuple(sorted({take for take in takes if take}))

    def _focus(self, record: dict[str, Any], name: str, key: str) -> Focus | None:
        value = record.get(key)
        if value is None:
            return None
        try:
            return _FOCUS.validate_python(value)
        except ValidationError as error:
            problem = error.errors(include_url=False, include_input=False)[0]
            context = problem.get("ctx", {})
            place = self.source.place(("shots", name, key))
            self.refuse("focus-invalid", context["message"], place, context["hint"])
            return None


def stale(picks: Picks, takes: Mapping[str, int]) -> tuple[Diagnostic, ...]:
    """Picks of takes that there are no more, by how many ``takes`` each shot has.

    When what a shot asks for changes, its takes start again and the choice means nothing.
    """
    return tuple(
        Diagnostic(
            "pick-stale",
            tr(
                "take {pick} of {name} is picked, but there are {n}; the pick is ignored",
                pick=pick,
                name=name,
                n=takes[name],
            ),
            picks.place(name, "pick"),
            tr("remove it, or request another take with --retake"),
            "warning",
        )
        for name, pick in picks.picked.items()
        if pick > takes.get(name, pick)
    )
