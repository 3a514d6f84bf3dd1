"""What one list is rendered with: everything is handed in, nothing is made here."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wanx_render.events import Emit
from wanx_render.planning.journal import Journal
from wanx_render.planning.plan import Plan
from wanx_render.run.clips.judge import JudgeCommand
from wanx_render.tasks.account import Account
from wanx_render.tasks.clip_store import ClipStore
from wanx_render.tasks.tools import Tools
from wanx_render.workers.base import Workers


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """A plan, what it is carried out with, and what the person chose."""

    plan: Plan
    folder: Path  # where its deliverables and its manifest go
    tools: Tools
    account: Account  # what lists that run together share at the service
    store: ClipStore  # where its clips are
    other_stores: Sequence[ClipStore]  # of the other lists, which may have the same clips
    workers: Workers  # where pieces and deliverables are made
    emit: Emit
    only: frozenset[str]  # the shots to render; empty: all
    submits: bool  # whether anything may be asked of the service; else only what is there
    cascade: bool  # whether a shot is generated again because its first frame changed
    insisted: frozenset[str]  # shots that are sent again whatever became of them
    warnings: tuple[str, ...]  # of the list, for the record
    judge: JudgeCommand | None = None  # what a person has clips judged by

    @property
    def journal(self) -> Journal:
        return self.store.journal

    @property
    def clips(self) -> Path:
        """The folder that holds ``clips`` and what belongs to them."""
        return self.store.folder
