"""A journal that is gone or empty next to paid clips: written again from manifests and the clips.

The absence of a record is not the absence of what it recorded: nothing is bought before every clip
in the folder is explained.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from wanx_render import files
from wanx_render import manifest as manifests
from wanx_render.diagnostics import counted, listed
from wanx_render.errors import NeedsApproval
from wanx_render.manifest import Manifest, TakeRecord
from wanx_render.planning.attempt import Rebuilt
from wanx_render.planning.journal import Journal
from wanx_render.planning.take_name import TakeName
from wanx_render.task import key_of


@dataclass(frozen=True)
class Rebuild:
    """What a rebuilt journal knows again."""

    clips: int

    def __str__(self) -> str:
        clips = counted(self.clips, "paid clip")
        return f"the journal was gone; it knows {clips} again, from manifest.json and the clips"


def is_lost(folder: Path) -> bool:
    """Whether there are clips in a render folder and no journal that could know of them."""
    journal = folder / "journal.sqlite"
    there = journal.is_file() and journal.stat().st_size > 0
    return not there and any(_clips(folder))


def rebuild(folder: Path) -> Rebuild:
    """Write the journal of a folder again from what its manifests record of its clips.

    It takes its name when it is whole. Raises NeedsApproval where a clip is in no manifest, or is
    other than recorded: it may be paid.
    """
    with tempfile.TemporaryDirectory(prefix=".journal-", dir=folder) as name:
        part = Path(name) / "journal.sqlite"
        journal = Journal(part)
        try:
            _fill(journal, folder)
        finally:
            journal.close()
        for end in ("-wal", "-shm"):  # of the journal that is gone: they must not be read into this
            (folder / f"journal.sqlite{end}").unlink(missing_ok=True)
        files.place(part, folder / "journal.sqlite")
    return Rebuild(len(list(_clips(folder))))


def _fill(journal: Journal, folder: Path) -> None:
    names_known: set[str] = set()
    for manifest in manifests.all_in(folder):
        for row in _rows(manifest, folder):
            path = folder / "clips" / row.name
            if row.name in names_known or (path.is_file() and files.sha256(path) == row.sha256):
                names_known.add(row.name)
                journal.rebuilt(row)
    missing = {path.name for path in _clips(folder)} - names_known
    if missing:
        names = listed(sorted(missing))
        raise NeedsApproval(
            f"{folder} has clips and no journal that says how they were paid: {names}; "
            "nothing was sent. Put journal.sqlite back from a copy, or move these clips out of "
            "the folder to have them made and paid again"
        )


def _clips(folder: Path) -> Iterator[Path]:
    return (path for path in (folder / "clips").glob("*.mp4") if not path.name.startswith("."))


def _rows(manifest: Manifest, folder: Path) -> Iterator[Rebuilt]:
    for shot in manifest.shots:
        for take in shot.takes:
            if take.clip and take.sha256 and take.task_id:
                clip = folder / "clips" / Path(take.clip).name
                if clip.is_file():
                    yield _row(manifest, shot.id, take, clip)


def _row(manifest: Manifest, shot: str, take: TakeRecord, clip: Path) -> Rebuilt:
    name = TakeName(manifest.project.partition("/")[2], shot, take.take)
    amount, _, currency = (take.cost or "").partition(" ")
    return Rebuilt(
        key=key_of(take.request, manifest.backend),
        label=str(name),
        scope=manifest.backend,
        request=take.request,
        asked_at=take.asked_at or datetime.now(UTC).isoformat(),
        task_id=take.task_id or "",
        sha256=take.sha256 or "",
        name=clip.name,
        bytes=clip.stat().st_size,
        amount=amount or None,
        currency=currency or None,
        actual_prompt=take.actual_prompt,
        usage=take.usage or {},
    )
