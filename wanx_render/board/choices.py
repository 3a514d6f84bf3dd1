"""Choices on the board: picks, rejections, points of focus; each goes to the picks file at once."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from wanx_render.board.app import Declined, Malformed
from wanx_render.board.holding import Holding, problem_of
from wanx_render.geometry import Focus
from wanx_render.language import tr
from wanx_render.shotlist import picks
from wanx_render.shotlist.picks import Choice

Asked = Mapping[str, Any]


class Choices:
    """What is chosen of one list; ``changed`` is called after each choice."""

    def __init__(self, holding: Holding, changed: Callable[[], None]) -> None:
        self._holding = holding
        self._changed = changed
        self._writing = asyncio.Lock()

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
            return Choice(pick, rejections, before.focus)

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
        return await self._write(shot, lambda before: replace(before, focus=focus))

    async def _write(self, shot: str, change: Callable[[Choice], Choice]) -> dict[str, Any]:
        """Put one choice into the picks file, as it is now."""
        holding = self._holding
        async with self._writing:
            ids = tuple(planned_shot.shot.id for planned_shot in holding.outlook.plan.shots)
            now, wrong = picks.read(holding.list, ids)
            if wrong:
                raise Declined(
                    tr("fix the picks file first: {problem}", problem=problem_of(wrong[0]))
                )
            after = now.having(shot, change(now.of(shot)))
            if after.shots != now.shots:
                await asyncio.to_thread(picks.write, after)
                await holding.reload()
                self._changed()
        return {"ok": True}


def _taken_back(before: Choice, number: int) -> Choice:
    """The choice without the rejection of take ``number``."""
    return replace(before, rejected=tuple(take for take in before.rejected if take != number))


def _is_thousandth(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 1000
