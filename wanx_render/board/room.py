"""The board's room: what a tab sees of a list and its folder, and all that one may do there."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from wanx_render.board import view
from wanx_render.board.choices import Choices, ShownUpdates
from wanx_render.board.comments import BoardComments, ShotClips
from wanx_render.board.edits import Edits
from wanx_render.board.feed import Feed
from wanx_render.board.holding import Holding
from wanx_render.board.pictures import BoardPictures
from wanx_render.board.runs import Runs
from wanx_render.board.snippets import snippet
from wanx_render.board.view import BoardState, Ledger
from wanx_render.board.windows import window
from wanx_render.clock import RealClock
from wanx_render.money import Money, show_amount, show_money
from wanx_render.planning.attempt import Attempt
from wanx_render.planning.take_status import TakeStatus
from wanx_render.session.approval import limit_of
from wanx_render.shotlist.model import ClipShot

T = TypeVar("T")

LOOK = 1.0  # seconds between two looks at the files that others may change
SETTLE = 0.25  # seconds in which several events become one new look at the journal
REST = 6  # times as long as a look took: a long list shall not keep the run from its work
REST_AFTER_CHOICE = 0.4  # seconds; more choices in this time are read together
LINES = 30  # of the log that a tab gets


class Room:
    """One list on the board."""

    def __init__(self, holding: Holding, executor: Executor, epoch: str) -> None:
        self.feed = Feed(epoch)
        self._holding = holding
        self._executor = executor
        self._choices = Choices(holding, ShownUpdates(now=self._look, first=self._show_first))
        self._edits = Edits(holding, self._look)
        self._comments = BoardComments(holding, self._look)
        self._runs = Runs(
            holding, executor, choose=self._choices.choose, news=self._news, over=self._restand
        )
        self._pictures = BoardPictures(holding, executor, lambda name: self._clips[name])
        self._wall = RealClock()
        self._elsewhere = False
        self._shown: dict[str, dict[str, Any]] = {}
        self._about: dict[str, Any] = {}
        self._clips: dict[str, Attempt] = {}  # by the names of their files
        self._took = 0.0  # seconds, by the last look
        self._soon: asyncio.TimerHandle | None = None
        self._later: asyncio.Task[None] | None = None  # shows what follows of a choice
        self._reread = False  # whether it reads the list again
        self._look()

    # What is shown

    def state(self) -> dict[str, Any]:
        """Everything a tab needs that knows nothing yet."""
        self._look()
        return {"about": self._about, "shots": list(self._shown.values())}

    def _scene(self) -> BoardState:
        outlook, selection = self._holding.outlook, self._holding.selection
        statuses: dict[str, list[TakeStatus]] = {
            card.shot.id: [] for card in view.cards_of(outlook.plan)
        }
        for status in outlook.statuses:
            statuses[status.take.shot].append(status)
        return BoardState(
            plan=outlook.plan,
            statuses={name: tuple(status) for name, status in statuses.items()},
            ledger=Ledger.of(self._holding.journal.every()),
            picks=selection.lists[0].loaded.picks,
            catalog=selection.catalog,
            live=self._runs.live,
            now=self._runs.now() or self._wall.now(),
            wall=self._wall.now(),
            elsewhere=self._elsewhere,
            manifest=self._holding.manifest,
            is_here=lambda film: (self._holding.results / film.path).is_file(),
        )

    def _look(self) -> None:
        """Make every view again, and send the tabs what changed."""
        self._seen = scene = self._scene()
        self._clips = {item.clip_name or "": item for item in scene.ledger.clips.values()}
        self._comments.read()
        cards = view.cards_of(scene.plan)
        shots = {card.shot.id: self._card(scene, card) for card in cards}
        about = self._view_of_run(scene) | {"comments": self._comments.general(shots)}
        if list(shots) != list(self._shown):
            self._shown, self._about = shots, about
            self.feed.publish("state", {"about": about, "shots": list(shots.values())})
            return
        for name, record in shots.items():
            if _lasting(record) != _lasting(self._shown[name]):
                self.feed.publish("shot", record)
        if about != self._about:
            self.feed.publish("about", about)
        self._shown, self._about = shots, about

    def _card(self, scene: BoardState, card: view.Card) -> dict[str, Any]:
        """A shot or picture with the comments on it."""
        said = self._comments.of(card.shot.id, ShotClips.of(scene, card))
        return view.any_card(scene, card) | {"comments": said}

    def _show_first(self, shot: str, reread: bool) -> None:
        """Show one shot as it was chosen now, and all that follows when choosing rests."""
        holding = self._holding
        picks = holding.selection.lists[0].loaded.picks
        scene = replace(self._seen, plan=holding.outlook.plan, picks=picks)
        record = self._card(scene, holding.any_planned(shot))
        self._shown[shot] = record
        self.feed.publish("shot", record)
        self._about = {**self._about, **self._choices.steps()}
        self.feed.publish("about", self._about)
        if self._later:
            self._later.cancel()
        self._reread = self._reread or reread
        self._later = asyncio.create_task(self._show_rest())

    async def _show_rest(self) -> None:
        await asyncio.sleep(REST_AFTER_CHOICE)
        self._later = None  # from here on it is not cancelled: it would leave half of a new state
        if self._reread:
            self._reread = False
            await self._holding.reload()
        self._look()

    def _view_of_run(self, scene: BoardState) -> dict[str, Any]:
        outlook, running = self._holding.outlook, self._runs.current
        plan, cost = outlook.plan, outlook.cost
        problems = [*self._holding.problems, *([why] if (why := self._comments.problem) else [])]
        return {
            "project": self._holding.selection.lists[0].name,
            "file": self._holding.list.name,
            "folder": str(self._holding.results),
            "mock": plan.backend == "mock",
            "run": running.what if running else "elsewhere" if self._elsewhere else None,
            "opening": running.opening if running else "",
            "pace": running.service.clock.pace if running else 1,
            "to_make": {"takes": len(outlook.new), "price": cost.shown},
            "pictures": self._pictures_to_make(),
            "paid": show_money(Money(scene.ledger.paid, plan.currency)),
            "film": show_money(Money(self._film(scene), plan.currency)),
            **self._budget(running.spent(scene.ledger) if running else Decimal(0)),
            "deliverables": view.deliverables(scene),
            "debts": view.debts(scene),
            "problems": [*([reason] if (reason := self._runs.stopped) else []), *problems],
            "warnings": self._holding.warnings,
            "log": list(self._runs.log)[-LINES:],
            **self._choices.steps(),
        }

    def _pictures_to_make(self) -> dict[str, Any]:
        """The first frames that are to be made before any clip, and what they cost."""
        outlook = self._holding.outlook
        takes = tuple(take for take in outlook.new if take.request.is_picture)
        return {"takes": len(takes), "price": outlook.plan.cost(takes).shown}

    def _budget(self, spent: Decimal) -> dict[str, Any]:
        """The most that a run may spend, and how much of it this one has spent."""
        plan = self._holding.outlook.plan
        budget = limit_of(plan.budget, self._holding.options.max_cost)
        budget_text = show_money(Money(budget, plan.currency)) if budget is not None else None
        share = min(float(spent / budget), 1.0) if budget else 0.0
        return {"budget": budget_text, "spent": show_amount(spent), "share": share}

    def _film(self, scene: BoardState) -> Decimal:
        """What the clips of the list as it is cost, whenever they were paid."""
        takes = (status.take for status in self._holding.outlook.statuses)
        keys = {take.request.key(scene.plan.backend) for take in takes}
        clips = (scene.ledger.clips[key] for key in keys & scene.ledger.clips.keys())
        return sum((Decimal(clip.amount or 0) for clip in clips), Decimal(0))

    # What changes

    def _news(self) -> None:
        """Something happened; several things in a moment are shown together."""
        if self._soon is None:
            pause = max(SETTLE, REST * self._took)
            self._soon = asyncio.get_running_loop().call_later(pause, self._restand)

    def _restand(self) -> None:
        if self._soon:
            self._soon.cancel()
            self._soon = None
        start = time.monotonic()
        self._holding.restand()
        self._look()
        self._took = time.monotonic() - start

    async def watch(self) -> None:
        """Look at the files from time to time, for as long as the board is open."""
        while True:
            await asyncio.sleep(LOOK)
            list_changed, work_changed = self._holding.changed()
            alone = self._runs.current is None  # a run of ours sends its own events
            if alone and (work_changed or self._elsewhere):
                before, self._elsewhere = self._elsewhere, self._holding.is_held()
                work_changed = work_changed or before != self._elsewhere
            if list_changed:
                await self._holding.reload()
            if list_changed or (alone and work_changed):
                self._restand()

    # Files

    def clip(self, name: str) -> Path | None:
        """A clip that the journal knows by this very name."""
        return self._holding.folder / "clips" / name if name in self._clips else None

    def footage(self, shot: str) -> Path | None:
        """The file of own footage that the list names."""
        for planned in self._holding.outlook.plan.footage:
            if planned.shot.id == shot and isinstance(planned.shot, ClipShot):
                return planned.file.path
        return None

    def deliverable(self, name: str) -> Path | None:
        """The file of a deliverable that the manifest records."""
        records = self._holding.manifest.deliverables if self._holding.manifest else ()
        record = next((candidate for candidate in records if candidate.name == name), None)
        return self._holding.results / f"{record.name}.mp4" if record else None

    async def picture(self, kind: str, name: str) -> Path | None:
        """A small picture of the clip or of the first frame of the shot called ``name``."""
        return await self._pictures.of(kind, name)

    async def _work(self, call: Callable[..., T], *given: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, call, *given)

    # What a person does

    async def act(self, what: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Do what the page asks for. Raises KeyError for what there is not, WanxError else."""
        acts: dict[str, Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]]] = {
            "choose": self._choices.choose,
            "reject": self._choices.reject,
            "focus": self._choices.focus,
            "window": self._window,
            "crop": self._choices.crop,
            "undo": self._choices.undo,
            "redo": self._choices.redo,
            "edit": self._edits.edit,
            "save": self._edits.save,
            "snippet": self._snippet,
            "comments": self._comments.add,
            "done": self._comments.mark,
            "quote": self._runs.quote,
            "run": self._runs.start,
            "cancel": self._runs.cancel,
        }
        return await acts[what](asked)

    async def _window(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        return window(self._holding, asked)

    async def _snippet(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        return await self._work(snippet, self._holding, asked)

    async def close(self) -> None:
        """Let the tabs and the folder go."""
        self.feed.close()
        if self._later:
            self._later.cancel()
        await self._runs.close()
        self._holding.close()


def _lasting(record: Mapping[str, Any]) -> dict[str, Any]:
    """A shot's view without what time alone changes."""
    passing = ("age", "left", "hours")
    takes = [{k: v for k, v in take.items() if k not in passing} for take in record["takes"]]
    return {**record, "takes": takes}
