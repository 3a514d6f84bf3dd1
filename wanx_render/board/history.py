"""The choices that were made on the board, in order, so that each can be undone and done again.

It is in ``.cache`` of the render folder and outlives a reload and the board. Nothing depends on it:
the folder may be emptied, and the choices stay.
"""

import json
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from wanx_render.files import write_atomically
from wanx_render.geometry import Focus
from wanx_render.language import Message, tr
from wanx_render.shotlist.picks import Choice

MOST = 200  # steps that are kept


@dataclass(frozen=True, slots=True)
class Step:
    """One choice for one shot: what was chosen before, and after."""

    shot: str
    before: Choice
    after: Choice

    @property
    def text(self) -> Message:
        """What the step does, in words."""
        return _difference(self.shot, self.before, self.after)


def _difference(shot: str, before: Choice, after: Choice) -> Message:
    if added := set(after.rejected) - set(before.rejected):
        return tr("{shot}: take {n} rejected", shot=shot, n=min(added))
    if after.pick != before.pick and after.pick:
        return tr("{shot}: take {n} chosen", shot=shot, n=after.pick)
    if removed := set(before.rejected) - set(after.rejected):
        return tr("{shot}: take {n} no longer rejected", shot=shot, n=min(removed))
    if after.image_focus != before.image_focus:
        return tr("{shot}: crop of the first frame moved", shot=shot)
    if after.focus != before.focus:
        if after.focus is None:
            return tr("{shot}: the list's focus used", shot=shot)
        return tr("{shot}: focus moved", shot=shot)
    return tr("{shot}: the list's pick used", shot=shot)


class History:
    """The steps of one list, and how many of them are done now."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._steps, self._done = _read(file)

    @property
    def last(self) -> Step | None:
        """The step that is undone next."""
        return self._steps[self._done - 1] if self._done else None

    @property
    def next(self) -> Step | None:
        """The undone step that is done again next."""
        return self._steps[self._done] if self._done < len(self._steps) else None

    def add(self, step: Step, *, joined: bool = False) -> None:
        """Note a new choice; undone steps are gone. ``joined``: it continues the last one."""
        steps = self._steps[: self._done]
        if joined and steps and steps[-1].shot == step.shot and steps[-1].after == step.before:
            step = Step(step.shot, steps.pop().before, step.after)
        self._keep([*steps, step][-MOST:])

    def undone(self) -> None:
        self._keep(self._steps, self._done - 1)

    def redone(self) -> None:
        self._keep(self._steps, self._done + 1)

    def forget(self) -> None:
        """Start again: the choices were changed elsewhere."""
        self._keep([])

    def _keep(self, steps: list[Step], done: int | None = None) -> None:
        self._steps = steps
        self._done = len(steps) if done is None else done
        record = {"version": 1, "done": self._done, "steps": [_data(step) for step in steps]}
        with suppress(OSError):  # a full disk keeps nobody from choosing
            write_atomically(self._file, json.dumps(record, ensure_ascii=False), durable=False)


def _data(step: Step) -> list[Any]:
    return [step.shot, _choice_data(step.before), _choice_data(step.after)]


def _choice_data(choice: Choice) -> list[Any]:
    points = ([str(p.x), str(p.y)] if p else None for p in (choice.focus, choice.image_focus))
    return [choice.pick, list(choice.rejected), *points]


def _read(file: Path) -> tuple[list[Step], int]:
    """The steps of ``file``; none where it is not there or not ours."""
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        steps = [
            Step(str(shot), _choice(before), _choice(after))
            for shot, before, after in record["steps"]
        ]
        done = int(record["done"])
    except (OSError, ValueError, KeyError, TypeError):
        return [], 0
    return (steps, done) if 0 <= done <= len(steps) else ([], 0)


def _choice(data: Any) -> Choice:
    pick, rejected, *points = data
    focuses = (Focus(Fraction(p[0]), Fraction(p[1])) if p else None for p in points)
    return Choice(pick, tuple(rejected), *focuses)
