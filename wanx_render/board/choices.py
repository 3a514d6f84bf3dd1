"""Choices on the board: picks, rejections, points of focus, and taking them back.

Each goes to the picks file at once. After it the list is read again; where that takes long the
choice is shown before, and the list is read a moment later.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from wanx_render.board.app import Declined
from wanx_render.board.history import History, Step
from wanx_render.board.holding import Holding, problem_of
from wanx_render.board.windows import not_cropped, point_of
from wanx_render.catalog.pricing import total
from wanx_render.language import Message, shown, tr
from wanx_render.planning.planned import Take
from wanx_render.session.watch_saves import Print, print_of
from wanx_render.shotlist import picks
from wanx_render.shotlist.picks import Choice, Picks

Asked = Mapping[str, Any]
QUICK = 0.05  # seconds; a list that is read in less is read again before a choice is answered
_ONE_MOVE = 0.9  # seconds in which moves of one point of focus are one step


@dataclass(frozen=True)
class ShownUpdates:
    """What a choice calls: ``now`` where the list was read again.

    Else ``first``, with the shot and whether the list must be read again for what follows of it.
    """

    now: Callable[[], None]
    first: Callable[[str, bool], None]


class Choices:
    """What is chosen of one list."""

    def __init__(self, holding: Holding, shown: ShownUpdates) -> None:
        self._holding = holding
        self._shown = shown
        self._writing = asyncio.Lock()
        name = picks.beside(holding.picked_list).name.removesuffix(".picks.yaml")
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
        shot = self._holding.any_shot(asked.get("shot")).shot.id
        focus = point_of(asked)
        return await self._write(
            shot, lambda before: replace(before, focus=focus), moves=focus is not None
        )

    async def crop(self, asked: Asked) -> dict[str, Any]:
        """Move the crop that prepares the first frame; null leaves it to the list.

        What makes paid clips stale must be confirmed by the exact price of making them again.
        """
        planned_shot, focus = self._holding.generated(asked.get("shot")), point_of(asked)
        shot, wish = planned_shot.shot.id, planned_shot.shot.fit_image
        if wish is None or wish.fit != "crop":
            raise not_cropped(shot)

        def choice(before: Choice) -> Choice:
            return replace(before, image_focus=focus)

        now = self._read()
        takes = await self._stale(now.having(shot, choice(now.of(shot))))
        if takes:
            price = total([take.price for take in takes], self._holding.outlook.plan.currency)
            if asked.get("price") != (exact := shown(price.shown, "en")):
                raise Declined(
                    tr("confirm the exact price of making the clips again; nothing was changed"),
                    price=exact, amount=price.shown, takes=[take.name.title for take in takes],
                )  # fmt: skip
        return await self._write(shot, choice)

    async def _stale(self, choices: Picks) -> list[Take]:
        """The takes that would have to be paid for again with other choices."""
        before = {take.name for take in self._holding.outlook.new}
        after = (await self._holding.if_chosen(choices)).only
        return [take for take in after.new if take.name not in before]

    async def undo(self, _: Asked) -> dict[str, Any]:
        """Take back the last choice."""
        async with self._writing:
            step = self._history.last
            if step is None:
                raise Declined(tr("there is nothing to undo"))
            await self._replace(step.shot, step.after, step.before)
            self._history.undone()
            await self._show(Step(step.shot, step.after, step.before))
        return {"ok": True, "shot": step.shot, "text": tr("Undone: {step}", step=step.text)}

    async def redo(self, _: Asked) -> dict[str, Any]:
        """Do again what was taken back last."""
        async with self._writing:
            step = self._history.next
            if step is None:
                raise Declined(tr("there is nothing to redo"))
            await self._replace(step.shot, step.before, step.after)
            self._history.redone()
            await self._show(step)
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
                await self._show(step)
        return {"ok": True}

    def _ids(self) -> tuple[str, ...]:
        plan = self._holding.outlook.plan
        return tuple(planned.shot.id for planned in (*plan.pictures, *plan.shots))

    def _read(self) -> Picks:
        """The picks file as it is now. Raises Declined where it has an error."""
        file = picks.beside(self._holding.picked_list)
        if self._picks and self._picks[0] == print_of(file) is not None:
            return self._picks[1]
        now, wrong = picks.read(self._holding.picked_list, self._ids())
        if wrong:
            raise Declined(tr("fix the picks file first: {problem}", problem=problem_of(wrong[0])))
        return now

    async def _save(self, after: Picks) -> None:
        await asyncio.to_thread(picks.write, after)
        self._picks = print_of(after.file), after

    async def _show(self, step: Step) -> None:
        holding = self._holding
        is_other_request = step.before.image_focus != step.after.image_focus
        if holding.took > QUICK and not is_other_request:
            holding.note_picks()
            self._shown.first(step.shot, holding.choose(step.shot, step.after))
        else:
            await holding.reload()
            self._shown.now()


def _taken_back(before: Choice, number: int) -> Choice:
    """The choice without the rejection of take ``number``."""
    return replace(before, rejected=tuple(take for take in before.rejected if take != number))
