"""Files of a store kept near a worker, up to a bound, and the folder each call works in.

A call gets its files as links, so that what is dropped from the cache while it works is still its.
"""

import getpass
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from wanx_render import files, integrity
from wanx_render.errors import StoreError
from wanx_render.language import tr

PLACE = "WANX_CACHE"
BOUND = "WANX_CACHE_GB"


@dataclass(frozen=True, slots=True)
class Cache:
    """The least recently used files go first; ``bound`` in bytes."""

    folder: Path
    bound: int

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "Cache":
        """Where the environment says, else in the folder for temporary files; 10 GB."""
        place = environ.get(PLACE)
        folder = Path(place) if place else Path(tempfile.gettempdir()) / f"wanx-{_user(environ)}"
        try:
            gigabytes = float(environ.get(BOUND) or 10)
        except ValueError:
            gigabytes = 10
        return cls(folder, int(gigabytes * 1e9))

    def bring(self, key: str, target: Path, fetch: Callable[[Path], None], sha256: str) -> None:
        """The file ``key`` at ``target``; fetched where it is not here, whole.

        What is here is read and compared each time: by its hash or, where ``sha256`` is empty, by
        its seal under the name of ``target``. Raises StoreError where it does not come whole.
        """
        entry = self._files / key
        with suppress(FileNotFoundError):
            files.link(entry, target)  # first: what is dropped from the cache now is still there
            if files.sha256(target) == sha256 if sha256 else integrity.is_whole(target):
                os.utime(entry)
                return
            target.unlink()
        self._files.mkdir(parents=True, exist_ok=True)
        with files.part_of(entry) as part:
            fetch(part)
            if sha256 and files.sha256(part) != sha256:
                raise StoreError(tr("the store delivered a damaged file: {file}", file=key))
            files.link(part, target)
            files.place(part, entry, durable=False)
        self._trim()

    def keep(self, key: str, path: Path) -> None:
        """Remember a file that was made here."""
        self._files.mkdir(parents=True, exist_ok=True)
        with files.part_of(self._files / key) as part:
            files.link(path, part)
            files.place(part, self._files / key, durable=False)
        self._trim()

    def forget(self, key: str) -> None:
        """Let a file go that is no good."""
        (self._files / key).unlink(missing_ok=True)

    def _trim(self) -> None:
        """Drop what was not used for longest, until the rest fits."""
        entries = []
        for path in self._files.iterdir():
            with suppress(FileNotFoundError):
                entries.append((path.stat(), path))
        size = sum(status.st_size for status, _ in entries)
        for status, path in sorted(entries, key=lambda one: one[0].st_mtime_ns):
            if size <= self.bound:
                return
            path.unlink(missing_ok=True)
            size -= status.st_size

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder for one call; gone with it, or swept where its process was killed."""
        calls = self.folder / "calls"
        calls.mkdir(parents=True, exist_ok=True)
        _sweep(calls)
        place = calls / uuid.uuid4().hex
        lock = FileLock(f"{place}.lock")
        with lock:  # before the folder is there: it is locked when another process sees it
            place.mkdir()
            try:
                yield place
            finally:
                shutil.rmtree(place, ignore_errors=True)
                _forget(lock)

    @property
    def _files(self) -> Path:
        return self.folder / "files"


def _sweep(calls: Path) -> None:
    """Remove the folders of calls whose process is gone: nobody holds their lock."""
    for place in calls.glob("*"):
        if not place.is_dir():
            continue
        lock = FileLock(f"{place}.lock")
        with suppress(Timeout, OSError), lock.acquire(timeout=0):
            shutil.rmtree(place, ignore_errors=True)
            _forget(lock)


def _forget(lock: FileLock) -> None:
    with suppress(OSError):  # Windows keeps a file that somebody has open; the next sweep takes it
        Path(lock.lock_file).unlink(missing_ok=True)


def _user(environ: Mapping[str, str]) -> str:
    with suppress(OSError, KeyError, ImportError):
        return getpass.getuser()
    return environ.get("USER", "worker")
