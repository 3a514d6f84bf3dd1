"""What of a render folder stands in its store, and whether it is still what was put there.

The record lies in the render folder; a store is asked, never trusted to have stayed as it was.
"""

import json
import threading
from collections.abc import Iterable
from pathlib import Path

from wanx_render.making import digest
from wanx_render.store import Store

_STATE = ("journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm")


class Published:
    """The files of one folder in one store: for each its hash, and how the store marked it."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.folder = folder
        self._store = store
        self._file = folder / ".cache" / "store.json"
        self._lock = threading.Lock()
        self._known = _read(self._file, str(store))

    def keep(self, name: str, sha256: str) -> None:
        """Note that the store holds ``name`` with this content."""
        mark = self._store.mark(name)
        with self._lock:
            self._known[name] = (sha256, mark)
            text = json.dumps({"store": str(self._store), "files": self._known}, indent=1)
            part = self._file.with_name(f".{self._file.name}.part")
            part.write_text(text, encoding="utf-8")
            part.replace(self._file)

    def stands(self, name: str, sha256: str) -> bool:
        """Whether the store still holds ``name`` as it was put. Raises StoreError."""
        known = self._known.get(name)
        return known is not None and known[0] == sha256 and known[1] == self._store.mark(name)

    def send(self, name: str) -> bool:
        """Put a file of the folder where it is not there already; whether it was sent."""
        path = self.folder / name
        sha256 = digest(path)
        if self.stands(name, sha256):
            return False
        self._store.put(path, name)
        self.keep(name, sha256)
        return True


def to_publish(folder: Path) -> tuple[str, ...]:
    """The names of what people look for in a render folder: no journal, nothing hidden."""
    return tuple(sorted(_shown(folder, folder.rglob("*"))))


def _shown(folder: Path, paths: Iterable[Path]) -> Iterable[str]:
    for path in paths:
        parts = path.relative_to(folder).parts
        hidden = any(part.startswith(".") for part in parts)
        if path.is_file() and not hidden and path.name not in _STATE:
            yield "/".join(parts)


def _read(file: Path, store: str) -> dict[str, tuple[str, str]]:
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        if record["store"] != store:
            return {}
        return {name: (str(sha), str(mark)) for name, (sha, mark) in record["files"].items()}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
