"""A journal that is gone or empty next to paid clips: written again from manifests and the clips.

The absence of a record is not the absence of what it recorded: nothing is bought before every clip
in the folder is explained.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from wanx_render import files
from wanx_render import manifest as manifests
from wanx_render.diagnostics import listed
from wanx_render.errors import NeedsApproval
from wanx_render.language import tr
from wanx_render.manifest import Manifest, PictureRecord, ShotRecord, TakeRecord
from wanx_render.planning.journal import Journal
from wanx_render.planning.take_name import TakeName
from wanx_render.task import key_of


def is_lost(folder: Path) -> bool:
    """Whether there are clips in a render folder and no journal that could know of them."""
    journal = folder / "journal.sqlite"
    there = journal.is_file() and journal.stat().st_size > 0
    return not there and any(_clips(folder))


def rebuild(folder: Path) -> int:
    """Write the journal of a folder again from its manifests; how many paid clips it knows again.

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
    return len(list(_clips(folder)))


def _fill(journal: Journal, folder: Path) -> None:
    names_known: set[str] = set()
    for manifest in manifests.all_in(folder):
        for shot, take, clip in _recorded(manifest, folder):
            if clip.name in names_known or files.sha256(clip) == take.sha256:
                names_known.add(clip.name)
                name = TakeName(manifest.project.partition("/")[2], shot, take.take)
                journal.rebuilt(name, take, clip, manifest.backend)
                journal.asked(str(name), key_of(take.request, manifest.backend))
    missing = {path.name for path in _clips(folder)} - names_known
    if missing:
        names = listed(sorted(missing))
        raise NeedsApproval(
            tr(
                "{folder} has clips but no journal that says how they were paid: {names}; "
                "nothing was sent. Restore journal.sqlite from a copy, or move these clips out "
                "of the folder to have them made and paid again.",
                folder=folder,
                names=names,
            )
        )


def _clips(folder: Path) -> Iterator[Path]:
    """Videos and pictures that were paid for."""
    paths = (folder / "clips").glob("*")
    return (p for p in paths if p.suffix in _SUFFIXES and not p.name.startswith("."))


_SUFFIXES = (".mp4", ".png", ".jpg", ".webp", ".bmp")


def _recorded(manifest: Manifest, folder: Path) -> Iterator[tuple[str, TakeRecord, Path]]:
    """The takes whose clips are here, each with its shot before it and the clip behind."""
    films = (shot for film in manifest.deliverables for shot in film.shots)
    made: tuple[PictureRecord | ShotRecord, ...] = (*manifest.pictures, *manifest.shots, *films)
    for shot in made:
        for take in shot.takes:
            if take.clip and take.sha256 and take.task_id:
                clip = folder / "clips" / Path(take.clip).name
                if clip.is_file():
                    yield shot.id, take, clip
