"""A render folder while a command works in it: one process at a time, its journal, its workers."""

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from wanx_render.clock import RealClock
from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput, FolderBusy
from wanx_render.files import is_part, part_name
from wanx_render.language import Message, plural, tr, verbatim
from wanx_render.planning.journal import Journal
from wanx_render.planning.rebuild import is_lost, rebuild
from wanx_render.session.selection import unwritable


def writable(folder: Path) -> None:
    """Make the render folder if it is not there. Raises BadInput where nothing can be written."""
    try:
        for place in (folder, folder / "clips", folder / ".cache"):
            place.mkdir(parents=True, exist_ok=True)
            probe = part_name(place / "write")
            probe.touch()
            probe.unlink()
    except OSError as error:
        raise unwritable(place, verbatim(error.strerror or str(error))) from None


def writable_file(path: Path) -> Path:
    """``path``, where a file can be written there. Raises BadInput."""
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        with tempfile.TemporaryFile(dir=path.parent):  # it has no name that a kill could leave
            pass
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        message = tr("cannot write {file}: {reason}", file=path, reason=reason)
        hint = tr("use another with --out")
        raise BadInput(Diagnostic("folder-unwritable", message, hint=hint)) from None
    return path


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """The render folder, for one process at a time; the lock dies with the process."""
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise FolderBusy(
            tr("another run uses {folder}; wait for it, or use another --folder", folder=folder)
        ) from None
    try:
        sweep(folder, RealClock().now().timestamp() - _LONGEST)
        yield
    finally:
        lock.release()


_LONGEST = 3600  # seconds; commands that do not hold the folder write small files, in moments
# What files were called by earlier versions while they were written. People look into the render
# folder, and may keep files of their own there.
_BESIDE = re.compile(
    r"\..+\.(mp4|jpg|json|html|srt|ass|otio|edl|fcpxml|csv)(\.\w+)*\.part(\.poster|\.\d+\.cell)?"
    r"|\..+\.mp4\.\d+\.sound|\.write-\d+"
)
_WITHIN = re.compile(
    r"\..+\.part|(mock-service|uploads)\.part|\.write-\d+|probe-\d+"
    r"|\.[0-9a-f]{16}\.\d+\.\d+-\d\.jpg"
)
_CACHES = ("frames", "proxies", "stores", "thumbs")
_UNFINISHED = {
    ".": _BESIDE,
    **dict.fromkeys(
        ("clips", "doubtful", ".cache", *(f".cache/{name}" for name in _CACHES)), _WITHIN
    ),
}


def sweep(folder: Path, before: float) -> None:
    """Remove files that a killed process left unfinished in a render folder.

    Only what has not changed since ``before``, in seconds since 1970; the caller holds the folder,
    so that no run is at work on them. What cannot be removed is left.
    """
    places = {str(folder / place): pattern for place, pattern in _UNFINISHED.items()}
    for place, pattern in (places | dict.fromkeys(_row_folders(folder), _BESIDE)).items():
        with suppress(OSError), os.scandir(place) as entries:
            for entry in entries:
                is_ours = is_part(entry.name) or pattern.fullmatch(entry.name)
                if is_ours and _old_file(entry, before):
                    Path(entry.path).unlink(missing_ok=True)


def _row_folders(folder: Path) -> Iterator[str]:
    """The folders of a table's rows in its render folder: each keeps a manifest."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False) and Path(entry.path, "manifest.json").is_file():
                yield entry.path


def _old_file(entry: "os.DirEntry[str]", before: float) -> bool:
    return entry.is_file(follow_symlinks=False) and entry.stat().st_mtime < before


@contextmanager
def opened(folder: Path, warn: Callable[[Message], None] = lambda _: None) -> Iterator[Journal]:
    """The journal of a render folder; one that is gone beside paid clips is written again.

    Raises BadInput for a journal that is not ours, NeedsApproval where clips cannot be explained.
    """
    if is_lost(folder):
        warn(
            plural(
                "warning: the journal was missing; {n} paid clip is restored from manifest.json",
                "warning: the journal was missing; {n} paid clips are restored from manifest.json",
                rebuild(folder),
            )
        )
    journal = Journal(folder / "journal.sqlite")
    try:
        yield journal
    finally:
        journal.close()


@contextmanager
def pool(at_once: int | None = None) -> Iterator[ThreadPoolExecutor]:
    """As many ffmpeg processes as cores; an interrupted run starts no more of them."""
    executor = ThreadPoolExecutor(at_once or os.cpu_count() or 2)
    try:
        yield executor
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        raise
    executor.shutdown()


_SCRATCH = ".wanx-scratch-"


@contextmanager
def scratch(near: Path) -> Iterator[Path]:
    """A hidden folder in ``near`` for one command, also for what libraries keep for the moment.

    It goes with the command; those of commands that were killed go with the next one. Raises
    OSError.
    """
    for left in near.iterdir():
        if left.name.startswith(_SCRATCH) and left.is_dir() and not left.is_symlink():
            _remove_if_left(left)
    folder, lock = _locked_folder(near)
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        yield folder
    finally:
        tempfile.tempdir = before
        lock.release()
        shutil.rmtree(folder, ignore_errors=True)


def _locked_folder(near: Path) -> tuple[Path, FileLock]:
    """A folder whose lock says that its command lives; made again where a sweep came first."""
    for _ in range(5):
        folder = Path(tempfile.mkdtemp(prefix=_SCRATCH, dir=near))
        lock = FileLock(folder / "lock")
        try:
            lock.acquire(timeout=1)
        except (Timeout, OSError):
            continue
        if (folder / "lock").exists():
            return folder, lock
        lock.release()
    raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), str(near))


def _remove_if_left(folder: Path) -> None:
    """Remove a scratch folder whose command is dead: nobody holds its lock."""
    lock = FileLock(folder / "lock")
    with suppress(Timeout, OSError):
        lock.acquire(timeout=0)
        lock.release()
        shutil.rmtree(folder, ignore_errors=True)
