"""Choices on the board: picks, rejections, points of focus, and taking them back.

Each goes to the picks file at once. After it the list is read again; where that takes long the
choice is shown before, and the list is read a moment later.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from wanx_render.board.app import Declined, Malformed
from wanx_render.board.history import History, Step
from wanx_render.board.holding import Holding, problem_of
from wanx_render.geometry import Focus
from wanx_render.language import Message, tr
from wanx_render.session.watch_saves import Print, print_of
from wanx_render.shotlist import picks
from wanx_render.shotlist.picks import Choice, Picks

Asked = Mapping[str, Any]
QUICK = 0.05  # seconds; a list that is read in less is read again before a choice is answered
_ONE_MOVE = 0.9  # seconds in which moves of one point of focus are one step


@dataclass(frozen=True)
class Shown:
    """What a choice calls: ``now`` where the list was read again.

    Else ``first``, with the shot and whether the list must be read again for what follows of it.
    """

    now: Callable[[], None]
    first: Callable[[str, bool], None]


class Choices:
    """What is chosen of one list."""

    def __init__(self, holding: Holding, shown: Shown) -> None:
        self._holding = holding
        self._shown = shown
        self._writing = asyncio.Lock()
        name = picks.beside(holding.list).name.removesuffix(".picks.yaml")
        self._history = History(holding.folder / ".cache" / f"{name}.choices.json")
        self._picks: tuple[Print, Picks] | None = None  # as last read or written
        self._moved = 0.0  # when a point of focus was moved last

    def steps(self) -> dict[str, Message | None]:
        """What would be undone, and what done again."""
        last, following = self._history.last, self._history.next
        return {
            "undo": last.text if last else None,
            "redo": following.text if following else None,
        }

    async def choose(self, asked: Asked) -> dict[str, Any]:
        """Pick a take; it is no longer rejected."""
        planned_shot, number = self._holding.take_of(asked)

        def choice(before: Choice) -> Choice:
            return replace(_taken_back(before, number), pick=number)

        return await self._write(planned_shot.shot.id, choice)

    async def reject(self, asked: Asked) -> dict[str, Any]:
        """Reject a take, or take that back; a rejected take is not picked if there is another."""
        planned_shot, number = self._holding.take_of(asked)

        def choice(before: Choice) -> Choice:
            if number in before.rejected:
                return _taken_back(before, number)
            rejections = tuple(sorted({*before.rejected, number}))
            pick = None if before.pick == number else before.pick
            if planned_shot.shot.pick == number:
                left = (take.number for take in planned_shot.takes if take.number not in rejections)
                pick = next(left, None)
            return replace(before, pick=pick, rejected=rejections)

        return await self._write(planned_shot.shot.id, choice)

    async def focus(self, asked: Asked) -> dict[str, Any]:
        """Set the point a crop keeps in view, in thousandths; null leaves it to the list."""
        shot = self._holding.planned(asked.get("shot")).shot.id
        point = asked.get("focus")
        if point is None:
            return await self._write(shot, lambda before: replace(before, focus=None))
        if not (isinstance(point, list) and len(point) == 2 and all(map(_is_thousandth, point))):
            raise Malformed(tr("focus must be two integers from 0 to 1000"))
        focus = Focus(Fraction(point[0], 1000), Fraction(point[1], 1000))
        return await self._write(shot, lambda before: replace(before, focus=focus), moves=True)

    async def undo(self, _: Asked) -> dict[str, Any]:
        """Take back the last choice."""
        async with self._writing:
            step = self._history.last
            if step is None:
                raise Declined(tr("there is nothing to undo"))
            await self._replace(step.shot, step.after, step.before)
            self._history.undone()
            await self._show(step.shot, step.before)
        return {"ok": True, "shot": step.shot, "text": tr("Undone: {step}", step=step.text)}

    async def redo(self, _: Asked) -> dict[str, Any]:
        """Do again what was taken back last."""
        async with self._writing:
            step = self._history.next
            if step is None:
                raise Declined(tr("there is nothing to redo"))
            await self._replace(step.shot, step.before, step.after)
            self._history.redone()
            await self._show(step.shot, step.after)
        return {"ok": True, "shot": step.shot, "text": tr("Redone: {step}", step=step.text)}

    async def _replace(self, shot: str, expected: Choice, wanted: Choice) -> None:
        """Put one choice in the place of another. Raises Declined where that is not there now."""
        now = self._read()
        if shot not in self._ids() or now.of(shot) != expected:
            self._history.forget()
            self._shown.now()
            raise Declined(
                tr("the choice for {shot} was changed elsewhere; nothing was undone", shot=shot)
            )
        await self._save(now.having(shot, wanted))

    async def _write(
        self, shot: str, change: Callable[[Choice], Choice], *, moves: bool = False
    ) -> dict[str, Any]:
        """Put one choice into the picks file, as it is now."""
        async with self._writing:
            now = self._read()
            step = Step(shot, now.of(shot), change(now.of(shot)))
            if step.before != step.after:
                await self._save(now.having(shot, step.after))
                before, self._moved = self._moved, time.monotonic() if moves else 0.0
                self._history.add(step, joined=moves and self._moved - before < _ONE_MOVE)
                await self._show(shot, step.after)
        return {"ok": True}

    def _ids(self) -> tuple[str, ...]:
        return tuple(planned_shot.shot.id for planned_shot in self._holding.outlook.plan.shots)

    def _read(self) -> Picks:
        """The picks file as it is now. Raises Declined where it has an error."""
        file = picks.beside(self._holding.list)
        if self._picks and self._picks[0] == print_of(file) is not None:
            return self._picks[1]
        now, wrong = picks.read(self._holding.list, self._ids())
        if wrong:
            raise Declined(tr("fix the picks file first: {problem}", problem=problem_of(wrong[0])))
        return now

    async def _save(self, after: Picks) -> None:
        await asyncio.to_thread(picks.write, after)
        self._picks = print_of(after.file), after

    async def _show(self, shot: str, choice: Choice) -> None:
        holding = self._holding
        if holding.took > QUICK:
            holding.note_picks()
            self._shown.first(shot, holding.choose(shot, choice))
        else:
            await holding.reload()
            self._shown.now()


def _taken_back(before: Choice, number: int) -> Choice:
    """The choice without the rejection of take ``number``."""
    return replace(before, rejected=tuple(take for take in before.rejected if take != number))


def _is_thousandth(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 1000
