"""Where the clips of a list are, and all that knows of them; the rows of a table share one.

Lists that are rendered together share their clips: a request is paid once, by the list that asked
first, and the others get the same bytes in their own folders.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from wanx_render import files
from wanx_render.backends.base import home_of
from wanx_render.language import tr
from wanx_render.planning.attempt import Attempt
from wanx_render.planning.journal import Journal
from wanx_render.tasks.budget import SpendingLimit
from wanx_render.tasks.collect import Collector
from wanx_render.tasks.submit import Submitter


@dataclass(frozen=True, eq=False, kw_only=True)
class ClipStore:
    """A folder with its journal, its money, and who asks and fetches for it."""

    folder: Path
    journal: Journal
    limit: SpendingLimit
    submitter: Submitter
    collector: Collector

    def knows(self, key: str) -> bool:
        """Whether the clip for ``key`` is here, or on its way from the account of this run."""
        attempt = self.journal.clip_for(key)
        if attempt and attempt.clip_name and (self.folder / "clips" / attempt.clip_name).is_file():
            return True
        attempt = self.journal.owed_for(key)
        backend = self.submitter.backend
        return attempt is not None and home_of(backend, attempt.recipient) is not None


DAMAGED = "damaged"  # the folder for clips that are not what was paid for any more


def is_whole(path: Path, sha256: str) -> bool:
    """Whether a stored clip is there and is the bytes that were paid for."""
    return path.is_file() and files.sha256(path) == sha256


def whole_clip(key: str, journal: Journal, folder: Path) -> Attempt | None:
    """The attempt whose clip for ``key`` is in a render folder, as it was paid for."""
    attempt = journal.clip_for(key)
    if attempt is None or attempt.clip_name is None or attempt.clip_sha256 is None:
        return None
    is_here = is_whole(folder / "clips" / attempt.clip_name, attempt.clip_sha256)
    return attempt if is_here else None


def set_aside(path: Path, folder: Path) -> str:
    """Move a damaged clip out of the way; where it is now, empty where there is none."""
    if not path.is_file():
        return ""
    (folder / DAMAGED).mkdir(exist_ok=True)
    files.place(path, folder / DAMAGED / path.name, durable=False)
    return f"{DAMAGED}/{path.name}"


def store_for(key: str, own: ClipStore, others: Iterable[ClipStore]) -> ClipStore:
    """The store that asks for ``key``: one that knows of it already, or the take's own."""
    if own.knows(key):
        return own
    return next((store for store in others if store is not own and store.knows(key)), own)


def share(key: str, source: ClipStore, target: ClipStore) -> None:
    """Give ``target`` the clip for ``key`` that ``source`` has: the same bytes, paid once.

    Ended on the way it is done again: the journal learns of the clip when its file is there.
    """
    attempt = source.journal.clip_for(key)
    if attempt is None or attempt.clip_name is None:
        return
    clips = target.folder / "clips"
    clips.mkdir(exist_ok=True)
    with files.part_of(clips / attempt.clip_name) as part:
        files.link(source.folder / "clips" / attempt.clip_name, part)
        files.place(part, clips / attempt.clip_name)
    target.journal.borrowed(attempt, tr("paid for in {folder}", folder=source.folder.name))
