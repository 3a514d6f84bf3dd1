"""Edits of the list on the board: shown as a difference first, and saved on a word.

Nothing is kept here between the two: what is saved is found again from the file as it is then, and
must be the very change that was shown.

``edit`` takes ``{shot, changes: {prompt, caption, duration, trim: {start, end}}}`` with any of
these keys; own footage and stills have ``caption`` and ``trim`` alone. It answers with
``{file, rows, values, fixed, durations}`` and, where there are changes, with
``{diff, token, cost: {takes, amount}, problems, warnings}``. ``fixed`` are reasons why keys
cannot be changed here, ``rows`` how many rows of a table a change concerns. ``save`` takes the same
and ``token``; a token of null means that the change cannot be saved.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from wanx_render.board.app import Declined, Malformed
from wanx_render.board.holding import Holding, problem_of
from wanx_render.errors import BadInput
from wanx_render.language import tr
from wanx_render.planning.planned import AnyPlanned, PlannedFootage
from wanx_render.session.survey import paid_again
from wanx_render.shotlist.model import GeneratedShot
from wanx_render.shotlist.reading import ListFile
from wanx_render.source.changes import Change
from wanx_render.source.patching import FilePatch

Asked = Mapping[str, Any]


class Edits:
    """Edits of one list; ``saved`` is called after one was written."""

    def __init__(self, holding: Holding, saved: Callable[[], None]) -> None:
        self._holding = holding
        self._saved = saved
        self._writing = asyncio.Lock()

    async def edit(self, asked: Asked) -> dict[str, Any]:
        """What ``changes`` of a shot would do to the file, and cost; without any, what can be
        changed. Nothing is written. Raises KeyError, Malformed or BadInput."""
        planned_shot = self._holding.any_shot(asked.get("shot"))
        wanted = _wanted(asked.get("changes"), planned_shot)
        file = await asyncio.to_thread(self._read)
        answer = {"file": file.name, "rows": self._rows(), **self._editable(file, planned_shot)}
        if not wanted:
            return answer
        try:
            patch = await asyncio.to_thread(_patch, file, planned_shot, wanted)
            answer |= {"diff": patch.diff, "token": None, "problems": []}
            return answer | await self._outcome(patch)
        except BadInput as problem:
            reasons = [problem_of(diagnostic) for diagnostic in problem.diagnostics]
            return {"diff": "", "token": None, **answer, "problems": reasons}

    async def save(self, asked: Asked) -> dict[str, Any]:
        """Write the change that ``token`` names. Raises Declined where it is another by now."""
        planned_shot = self._holding.any_shot(asked.get("shot"))
        wanted = _wanted(asked.get("changes"), planned_shot)
        async with self._writing:
            file = await asyncio.to_thread(self._read)
            patch = await asyncio.to_thread(_patch, file, planned_shot, wanted)
            if asked.get("token") != patch.token:
                raise Declined(
                    tr("the list is another than was shown; look at the change again"),
                    **await self.edit(asked),
                )
            await self._holding.if_written(patch.after.text)
            await asyncio.to_thread(patch.save)
            await self._holding.reload()
            self._saved()
        return {"ok": True}

    def _read(self) -> ListFile:
        return ListFile.read(self._holding.list, str(self._holding.list))

    def _rows(self) -> int | None:
        """How many rows of a table a change of the list concerns; None where it has none."""
        batch = self._holding.selection.batches[0]
        return len(batch.lists) if batch.tabular else None

    def _editable(self, file: ListFile, planned_shot: AnyPlanned) -> dict[str, Any]:
        """The values that can be changed, and why others cannot."""
        shot, index = planned_shot.shot, file.shot(planned_shot.shot.id)
        trim = {"start": _decimal(shot.trim.start), "end": _decimal(shot.trim.end)}
        values: dict[str, Any] = {"caption": shot.caption, "trim": trim}
        model = None
        if isinstance(shot, GeneratedShot):
            values |= {"prompt": shot.prompt, "duration": shot.duration}
            model = self._holding.selection.catalog.model(shot.model)
        fixed = {key: problem for key in values if (problem := file.filled(index, key))}
        return {
            "values": values,
            "fixed": {key: problem_of(problem) for key, problem in fixed.items()},
            "durations": sorted(model.durations.value) if model else [],
        }

    async def _outcome(self, patch: FilePatch) -> dict[str, Any]:
        """What follows of a change: what would have to be paid, what is wrong with it or new."""
        after = await self._holding.if_written(patch.after.text)
        takes, amount = paid_again(self._holding.unpaid(), self._holding.unpaid(after), after)
        known = self._holding.selection.batches[0].warnings
        warned = {problem.message for problem in known}
        warnings = after.batches[0].warnings
        return {
            "token": patch.token if patch.diff else None,
            "cost": {
                "takes": [take.name.title for take in takes],
                "amount": amount.shown if takes else None,
            },
            "warnings": [
                problem_of(problem) for problem in warnings if problem.message not in warned
            ],
        }


def _wanted(changes: Any, planned_shot: AnyPlanned) -> dict[str, Any]:
    """The changes that the page asks for, as values of the list. Raises Malformed."""
    if changes is None:
        return {}
    if not isinstance(changes, dict) or not changes.keys() <= set(_READERS):
        raise Malformed(tr("changes may have prompt, caption, duration and trim"))
    if isinstance(planned_shot, PlannedFootage) and not changes.keys() <= {"caption", "trim"}:
        raise Malformed(tr("changes of own footage may have caption and trim"))
    return {key: _READERS[key](key, value) for key, value in changes.items()}


def _text(key: str, value: Any) -> str:
    if not isinstance(value, str):
        raise Malformed(tr("{key} must be {expected}", key=key, expected=tr("text")))
    return value.replace("\r\n", "\n")


def _whole(key: str, value: Any) -> int | None:
    if value is not None and type(value) is not int:  # true is an int to Python
        raise Malformed(tr("{key} must be {expected}", key=key, expected=tr("a whole number")))
    return value


def _trim(_: str, value: Any) -> dict[str, Decimal | None]:
    if value is None:
        return {"start": None, "end": None}
    if not isinstance(value, dict) or not value.keys() <= {"start", "end"}:
        raise Malformed(tr("trim must have start and end, in seconds"))
    return {key: _seconds(item) for key, item in value.items()}


def _seconds(value: Any) -> Decimal | None:
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1000:
        return Decimal(str(value))
    raise Malformed(tr("trim must have start and end, in seconds"))


_READERS: Mapping[str, Callable[[str, Any], Any]] = {
    "prompt": _text,
    "caption": _text,
    "duration": _whole,
    "trim": _trim,
}


def _patch(file: ListFile, planned_shot: AnyPlanned, wanted: Mapping[str, Any]) -> FilePatch:
    return file.patch(_changes(file, planned_shot, wanted))


def _changes(
    file: ListFile, planned_shot: AnyPlanned, wanted: Mapping[str, Any]
) -> Iterator[Change]:
    index = file.shot(planned_shot.shot.id)
    for key, value in wanted.items():
        if key == "trim":
            yield from _trimmed(file, index, planned_shot, value)
        elif value != getattr(planned_shot.shot, key):
            yield from file.on_shot(index, key, value)


def _trimmed(
    file: ListFile, index: int, planned_shot: AnyPlanned, value: Mapping[str, Any]
) -> Iterator[Change]:
    """The change of a trim; what of it stays the same stays as it is written."""
    trim, written = planned_shot.shot.trim, file.written(index, "trim")
    before = {"start": trim.start or None, "end": trim.end}
    after = dict(written) if isinstance(written, dict) else {}
    for key, seconds in value.items():
        if (seconds or None) != before[key]:
            after = {**after, key: seconds} if seconds else _without(after, key)
    yield from file.on_shot(index, "trim", after or None)


def _without(mapping: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in mapping.items() if name != key}


def _decimal(value: Fraction | None) -> float | None:
    return float(value) if value is not None else None
