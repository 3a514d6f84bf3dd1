"""A list held against its folder as both stand now; what others change is seen when asked for.

The truth is in the list, the picks file, the journal and the manifest; nothing is kept here that a
restart would lose.
"""

import asyncio
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wanx_render import manifest as manifests
from wanx_render.board.app import Malformed
from wanx_render.commands.render import RenderOptions, Session, who_asks
from wanx_render.diagnostics import concise
from wanx_render.errors import BadInput, FolderBusy
from wanx_render.manifest import Manifest
from wanx_render.planning.journal import Journal
from wanx_render.planning.plan import PlannedShot
from wanx_render.session.environment import Environment
from wanx_render.session.folder import held, opened
from wanx_render.session.outlook import warnings
from wanx_render.session.selection import read
from wanx_render.shotlist import picks

if TYPE_CHECKING:
    from wanx_render.backends.dashscope import Access

_SHOWN = 20  # problems and warnings


class Holding:
    """One list and its folder, with the journal open."""

    def __init__(self, options: RenderOptions, environment: Environment, folder: Path) -> None:
        """Raises BadInput where the list is wrong or a key is missing."""
        if options.file is None:
            raise LookupError("a board needs a list")
        self.options = options
        self.environment = environment
        self.folder = folder
        self.list: Path = options.file
        self._stack = ExitStack()
        self.journal: Journal = self._stack.enter_context(opened(folder))
        self.problems: list[str] = []
        self.warnings: list[str] = []
        self.seen = self.stamps()
        loaded, catalog = read(self.list, options.catalog)
        self.session = self._against(loaded, catalog)
        self.asked_at: Access | None = who_asks(options, self.session.made, catalog, environment)
        self._read: tuple[int, int] = (0, 0)
        self.manifest: Manifest | None = None
        self._see_manifest()
        self._warn()

    def close(self) -> None:
        self._stack.close()

    def session_of(self, **more: Any) -> Session:
        """The session of other options than the list's own."""
        return self._against(self.session.loaded, self.session.catalog, **more)

    def _against(self, loaded: Any, catalog: Any, **more: Any) -> Session:
        options = replace(self.options, **more)
        return Session.of(options, loaded, catalog, folder=self.folder, journal=self.journal)

    def planned(self, shot: Any) -> PlannedShot:
        """The shot of this name; KeyError where there is none, Malformed where it is no name."""
        if not isinstance(shot, str):
            raise Malformed("shot must be a text")
        for planned in self.session.made.shots:
            if planned.shot.id == shot:
                return planned
        raise KeyError(shot)

    def take_of(self, asked: Any) -> tuple[PlannedShot, int]:
        """The shot and the take that the page names.

        Raises KeyError where there is no such, Malformed where one is not written as it must be.
        """
        planned, number = self.planned(asked.get("shot")), asked.get("take")
        if type(number) is not int:  # true is an int to Python, and would be written as it is
            raise Malformed("take must be a whole number")
        if not 1 <= number <= len(planned.takes):
            raise KeyError(number)
        return planned, number

    async def reload(self) -> None:
        """Read the list again; where it has become wrong, say so and keep what there was."""
        try:
            loaded, catalog = await asyncio.to_thread(read, self.list, self.options.catalog)
            session = self._against(loaded, catalog)
        except BadInput as problem:
            self.problems = [concise(each) for each in problem.diagnostics][:_SHOWN]
            return
        self.session, self.problems = session, []
        self._warn()

    def _warn(self) -> None:
        found = warnings(self.session.loaded, self.session.made)
        self.warnings = [concise(each) for each in found][:_SHOWN]

    def restand(self) -> None:
        """See again how every take stands, and what was delivered."""
        self.session = self.session_of()
        self._see_manifest()

    def _see_manifest(self) -> None:
        """Read the manifest where it is another than before."""
        path = self.folder / "manifest.json"
        stamp = _stamp(path)
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

    def stamps(self) -> tuple[tuple[int, int], ...]:
        paths = (
            self.list,
            picks.beside(self.list),
            self.folder / "manifest.json",
            self.folder / "journal.sqlite-wal",
        )
        return tuple(_stamp(path) for path in paths)

    def is_held(self) -> bool:
        """Whether another program works in the folder."""
        try:
            with held(self.folder):
                return False
        except FolderBusy:
            return True


def _stamp(path: Path) -> tuple[int, int]:
    try:
        known = path.stat()
    except OSError:
        return 0, 0
    return known.st_mtime_ns, known.st_size
