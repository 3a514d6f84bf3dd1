"""A list and its folder as they are now; what others change is seen at the next look.

The truth is in the list, the picks file, the journal and the manifest; nothing is kept here that a
restart would lose.
"""

import asyncio
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wanx_render import manifest as manifests
from wanx_render.board.app import Malformed
from wanx_render.bundle import comments
from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput, FolderBusy
from wanx_render.language import Message, tr
from wanx_render.manifest import Manifest
from wanx_render.planning.journal import Journal
from wanx_render.planning.planned import (
    AnyPlanned,
    Asked,
    PlannedFootage,
    PlannedPicture,
    PlannedShot,
)
from wanx_render.session.connection import access_for
from wanx_render.session.environment import Environment
from wanx_render.session.folder import held, opened, writable
from wanx_render.session.outlook import warnings
from wanx_render.session.selection import RenderOptions, Selection
from wanx_render.session.survey import Survey, Surveyed, Unpaid, unpaid
from wanx_render.session.watch_saves import Print, print_of
from wanx_render.shotlist import picks
from wanx_render.shotlist.picks import Choice, Picks
from wanx_render.validation.rows.lists import picked_for, with_picks

if TYPE_CHECKING:
    from wanx_render.backends.line import Access

_SHOWN = 20  # problems and warnings


class Holding:
    """One list and its folder, with the journal open."""

    def __init__(self, options: RenderOptions, environment: Environment) -> None:
        """Raises BadInput where the list is wrong or a key is missing."""
        start = time.monotonic()
        self.environment = environment
        self.list: Path = options.files[0]
        self.selection = Selection.of_one(options)
        item = self.selection.lists[0]
        self.folder = item.home  # with journal and clips
        self.results = item.folder  # with manifest and deliverables; another one for a table's row
        self.picked_list = picked_for(self.list, item.loaded.row)  # that the picks belong to
        self.options = replace(options, out=self.folder)  # also when the list changes its project
        writable(self.folder)
        self._stack = ExitStack()
        self.journal: Journal = self._stack.enter_context(opened(self.folder))
        self.problems: list[Diagnostic] = []
        self.warnings: list[Diagnostic] = []
        self.seen = self.stamps()
        self.outlook = self.surveyed().only
        plan = self.outlook.plan
        self.access: Access | None = access_for(
            self.selection.catalog, plan.backend, plan.region, options, environment.environ
        )
        self.took = time.monotonic() - start  # seconds, to read list and journal the last time
        self._choice_count = 0  # choices put into the plan, to know of those that came in between
        self._read: Print = None
        self.manifest: Manifest | None = None
        self._see_manifest()
        self._warn()
        self.seen = (*self.seen[:2], *self.stamps()[2:])  # opening the journal is no news

    def close(self) -> None:
        self._stack.close()

    def surveyed(self, **changes: Any) -> Surveyed:
        """What a run would do, with ``changes`` of the board's own options."""
        selection = self.selection.with_options(replace(self.options, **changes))
        return Survey(selection, {self.folder: self.journal}).result()

    async def if_written(self, text: str) -> Selection:
        """The list, and all rows of its table, if its file held ``text``. Raises BadInput."""
        now = self.selection.with_options(self.options).with_all_rows()
        return await asyncio.to_thread(now.if_written, self.list, text)

    def unpaid(self, selection: Selection | None = None) -> Unpaid:
        """What would have to be paid of the list, and of all rows of its table."""
        selection = selection or self.selection.with_options(self.options).with_all_rows()
        return unpaid(Survey(selection, {self.folder: self.journal}).outlooks())

    def planned(self, shot: Any) -> Asked:
        """The generated shot or picture of this name.

        KeyError where there is none, Malformed where it is no name.
        """
        planned = self.any_planned(shot)
        if isinstance(planned, PlannedFootage):
            raise KeyError(shot)
        return planned

    def generated(self, shot: Any) -> PlannedShot:
        """The generated shot of this name; KeyError also where it is that of a picture."""
        planned = self.planned(shot)
        if isinstance(planned, PlannedPicture):
            raise KeyError(shot)
        return planned

    def any_shot(self, shot: Any) -> AnyPlanned:
        """The shot of this name, of either kind; KeyError also where it is that of a picture."""
        planned = self.any_planned(shot)
        if isinstance(planned, PlannedPicture):
            raise KeyError(shot)
        return planned

    def any_planned(self, shot: Any) -> AnyPlanned | PlannedPicture:
        """The shot of this name, of either kind, or the picture; KeyError or Malformed."""
        if not isinstance(shot, str):
            raise Malformed(tr("shot must be a text"))
        plan = self.outlook.plan
        for candidate in (*plan.pictures, *plan.shots):
            if candidate.shot.id == shot:
                return candidate
        raise KeyError(shot)

    def take_of(self, asked: Any) -> tuple[Asked, int]:
        """The shot or picture and the take that the page names.

        Raises KeyError where there is no such, Malformed where one is not written as it must be.
        """
        planned_shot, number = self.planned(asked.get("shot")), asked.get("take")
        if type(number) is not int:  # true is an int to Python, and would be written as it is
            raise Malformed(tr("take must be an integer"))
        if not 1 <= number <= len(planned_shot.takes):
            raise KeyError(number)
        return planned_shot, number

    async def reload(self) -> None:
        """Read the list again; where it has become wrong, say so and keep what there was."""
        before, start = self.selection, time.monotonic()
        try:
            self.selection = await self._selected()
            self.outlook = self.surveyed().only
        except BadInput as problem:
            self.selection = before
            self.problems = list(problem.diagnostics[:_SHOWN])
            return
        self.problems = []
        self._warn()
        self.took = time.monotonic() - start

    async def _selected(self) -> Selection:
        """The list as it is in its file; read once more if a choice was made meanwhile."""
        while True:
            count = self._choice_count
            selection = await asyncio.to_thread(Selection.of_one, self.options)
            if count == self._choice_count:
                return selection

    def choose(self, shot: str, choice: Choice) -> bool:
        """Put one choice into the plan as it is; whether the list must be read again for the rest.

        The rest is what follows for shots that start from this one. A choice of another first
        frame is not for here: it changes what is asked for.
        """
        loaded, planned_shot = self.selection.lists[0].loaded, self.any_planned(shot)
        self.selection = self._chosen(loaded.picks.having(shot, choice))
        chosen = self._as_chosen(planned_shot, choice)
        plan = self.outlook.plan
        self.outlook = replace(self.outlook, plan=plan.having(chosen))
        self._choice_count += 1
        self._warn()
        return any(entry.picked.waits_for == shot for entry in plan.generated)

    def _as_chosen(
        self, planned_shot: AnyPlanned | PlannedPicture, choice: Choice
    ) -> AnyPlanned | PlannedPicture:
        if isinstance(planned_shot, PlannedPicture):
            return planned_shot.picking(choice.pick)
        shots = self.selection.lists[0].loaded.shots.shots
        focus = next(shot.focus for shot in shots if shot.id == planned_shot.shot.id)
        if isinstance(planned_shot, PlannedFootage):
            own = planned_shot.shot.model_copy(update={"focus": focus})
            return replace(planned_shot, shot=own)
        is_chosen = 1 <= (choice.pick or 0) <= len(planned_shot.takes)
        pick = choice.pick if is_chosen else planned_shot.pick_of_list
        shot = planned_shot.shot.model_copy(update={"pick": pick, "focus": focus})
        return replace(planned_shot, shot=shot, chosen=is_chosen)

    def _chosen(self, choices: Picks) -> Selection:
        """The list with other choices than those in its picks file."""
        item, *rest = self.selection.lists
        chosen = replace(item, changed=with_picks(item.loaded, choices))
        return replace(self.selection, lists=(chosen, *rest))

    async def if_chosen(self, choices: Picks) -> Surveyed:
        """What a run would do with other choices."""
        selection = self._chosen(choices).with_options(self.options)
        return Survey(selection, {self.folder: self.journal}).result()

    def note_picks(self) -> None:
        """The picks file is as the board itself wrote it."""
        place, now = 1, self.stamps()
        self.seen = (*self.seen[:place], now[place], *self.seen[place + 1 :])

    def _warn(self) -> None:
        problems = warnings(self.selection.lists[0].loaded, self.outlook.plan)
        self.warnings = list(problems)[:_SHOWN]

    def restand(self) -> None:
        """Look again at the state of every take, and at the deliverables."""
        self.outlook = self.surveyed().only
        self._see_manifest()

    def _see_manifest(self) -> None:
        """Read the manifest where it is another than before."""
        path = self.results / "manifest.json"
        stamp = print_of(path)
        if stamp == self._read:
            return
        try:
            self.manifest = manifests.read(path)
        except BadInput:
            self.manifest = None
        self._read = stamp

    def changed(self) -> tuple[bool, bool]:
        """Whether the list or its picks, and whether the folder is other than when last seen."""
        before, self.seen = self.seen, self.stamps()
        return before[:2] != self.seen[:2], before[2:] != self.seen[2:]

    def stamps(self) -> tuple[Print, ...]:
        paths = (
            self.list,
            picks.beside(self.picked_list),
            self.results / "manifest.json",
            self.folder / "journal.sqlite-wal",
            comments.beside(self.picked_list),
        )
        return tuple(print_of(path) for path in paths)

    def is_held(self) -> bool:
        """Whether another program works in the folder."""
        try:
            with held(self.folder):
                return False
        except FolderBusy:
            return True


def problem_of(diagnostic: Diagnostic) -> Message:
    """A problem with its place, as a part of a sentence."""
    if not diagnostic.span:
        return diagnostic.message
    return tr("{subject}: {text}", subject=str(diagnostic.span), text=diagnostic.message)
