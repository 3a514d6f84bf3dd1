"""The tasks of one render folder, for the commands that look after them."""

from dataclasses import KW_ONLY, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from wanx_render.catalog.capabilities import Catalog
from wanx_render.catalog.result_hosts import shown_url
from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput
from wanx_render.language import tr
from wanx_render.money import write_money
from wanx_render.planning.attempt import Attempt
from wanx_render.planning.plan import Plan
from wanx_render.planning.rebuild import is_lost
from wanx_render.session.outlook import make_plan
from wanx_render.session.selection import folder_of
from wanx_render.task import InputMedia
from wanx_render.validation.batches import read_first_rows
from wanx_render.validation.load import load_all


@dataclass(frozen=True)
class FolderOptions:
    """The list whose folder is meant, and how to reach its service."""

    file: Path
    _: KW_ONLY
    backend: str | None = None
    out: Path | None = None
    as_json: bool = False
    base_url: str | None = None
    catalog: Path | None = None
    result_hosts: tuple[str, ...] = ()


@dataclass(frozen=True)
class RenderedFolder:
    """The render folder of a list: of a table, that of all its rows."""

    path: Path
    plan: Plan  # of the first row
    catalog: Catalog
    file: Path
    is_table: bool

    def media(self) -> tuple[InputMedia, ...]:
        """The pictures and sounds of all rows, for which the whole list is read."""
        batch = load_all(self.file, self.catalog, keep_going=True)
        return tuple(media for shot_list in batch.lists for media in shot_list.media.values())


def rendered_folder(options: FolderOptions) -> RenderedFolder:
    """The folder of a list. Raises BadInput where nothing was rendered."""
    read = read_first_rows((options.file,), options.catalog)
    batch, catalog = read.good[0], read.catalog
    first = batch.lists[0]
    folder = folder_of(first, options.out)
    if not (folder / "journal.sqlite").is_file() and not is_lost(folder):
        message = tr("nothing was rendered yet: {folder} has no journal", folder=folder)
        hint = tr("give the render folder with --folder")
        raise BadInput(Diagnostic("folder-empty", message, hint=hint))
    plan = make_plan(first, catalog, options.backend)
    return RenderedFolder(folder, plan, catalog, options.file, is_table=bool(first.row))


def is_owed(attempt: Attempt) -> bool:
    """Whether its clip is paid and not here."""
    return attempt.clip_name is None and attempt.state == "succeeded"


def record_of(attempt: Attempt, now: datetime) -> dict[str, Any]:
    left = (attempt.expires_at - now).total_seconds() / 3600 if attempt.expires_at else None
    waits = is_owed(attempt)
    return {
        "attempt": attempt.id,
        "take": attempt.label,
        "row": attempt.take.row or None,
        "shot": attempt.take.shot,
        "number": attempt.take.number,
        "state": attempt.state,
        "service": attempt.scope.partition(" ")[0],
        "address": attempt.address or None,
        "task_id": attempt.task_id,
        "asked_at": attempt.asked_at.isoformat(timespec="seconds"),
        "age_hours": round((now - attempt.asked_at).total_seconds() / 3600, 2),
        "hours_left": round(left, 2) if waits and left is not None else None,
        "clip": attempt.clip_name,
        "cost": write_money(attempt.bill) if attempt.bill else None,
        "code": attempt.code,
        "message": attempt.message,
        "result": shown_url(attempt.url) if waits else None,
    }
