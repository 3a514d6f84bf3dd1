"""What of a render folder stands in its store, and whether it is still what was put there.

The record lies in the render folder; a store is asked, never trusted to have stayed as it was. What
is put is a line more in the record, so that a table of ten thousand rows writes no more than that.
"""

import json
import os
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from wanx_render import integrity
from wanx_render.files import sha256_of
from wanx_render.workers.store import Store

_STATE = ("journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm")
_ASIDE = ("damaged", "doubtful")  # folders of clips that are for nobody but who decides of them
_RECORDS = Path(".cache") / "stores"
_SPARE = 100  # lines that a later one replaces, before a record is written shorter


class UploadIndex:
    """The files of one folder in one store: for each its hash, and how the store marked it."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.folder = folder
        self.store = store
        digest = sha256_of(str(store).encode())[:16]
        self._file = folder / _RECORDS / f"{digest}.jsonl"
        self._lock = threading.Lock()
        self._turns: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._marks: dict[str, str] | None = None  # as the store has them, where it was asked
        self._folders: defaultdict[str, set[str]] = defaultdict(set)
        self._known, lines, about = _read(self._file)
        if os.path.lexists(self._file) and (
            about != str(store) or lines > 2 * len(self._known) + _SPARE
        ):
            # What a damaged line said is put once more; the store decides what it holds.
            integrity.drop(self._file)
            self._note(self._known)

    def look(self) -> None:
        """Ask the store once for all it holds, and no more for each file. Raises StoreError."""
        self._marks = self.store.marks()
        for name in self._marks:
            folder, _, last = name.rpartition("/")
            self._folders[folder].add(last)

    def names(self, folder: str) -> set[str]:
        """The files of a folder of the store, by their last names. Raises StoreError."""
        return self.store.names(folder) if self._marks is None else set(self._folders[folder])

    def has(self, name: str) -> bool:
        """Whether the store has a file of this name, any run may have put it. Raises StoreError."""
        return bool(self._mark(name))

    def keep(self, name: str, sha256: str) -> None:
        """Note that the store holds ``name`` with this content. Raises StoreError."""
        mark = self.store.mark(name)
        with self._lock:
            self._known[name] = (sha256, mark)
            if self._marks is not None:
                self._marks[name] = mark
            self._note({name: (sha256, mark)})

    def _note(self, more: dict[str, tuple[str, str]]) -> None:
        """Add lines to the record, below one that says which store it is about."""
        lines = [json.dumps([name, *about]) for name, about in more.items()]
        if not self._file.exists():
            integrity.folder(self._file.parent)
            lines.insert(0, json.dumps(str(self.store)))
        with self._file.open("a", encoding="utf-8") as out:
            out.write("".join(f"\n{line}" for line in lines))

    def stands(self, name: str, sha256: str) -> bool:
        """Whether the store still holds ``name`` as it was put. Raises StoreError."""
        record = self._known.get(name)
        return record is not None and record[0] == sha256 and record[1] == self._mark(name)

    def _mark(self, name: str) -> str:
        return self.store.mark(name) if self._marks is None else self._marks.get(name, "")

    def hold(self, names: Iterable[str]) -> bool:
        """Whether the store holds all of them as they were put. Raises StoreError."""
        records = [(name, self._known.get(name)) for name in names]
        return bool(records) and all(r and r[1] == self._mark(name) for name, r in records)

    def offer(self, path: Path, name: str, sha256: str) -> bool:
        """Put ``path`` under ``name`` where it is not there already; whether it was sent.

        ``sha256`` is of its content. Raises StoreError.
        """
        with self._lock:
            turn = self._turns[name]
        with turn:  # rows that share a clip put it once
            if self.stands(name, sha256):
                return False
            self.store.put(path, name)
            self.keep(name, sha256)
            return True


def to_publish(folder: Path) -> tuple[str, ...]:
    """The names of what people look for in a render folder: no journal, nothing hidden."""
    return tuple(sorted(_shown(folder, folder.rglob("*"))))


def _shown(folder: Path, paths: Iterable[Path]) -> Iterable[str]:
    for path in paths:
        parts = path.relative_to(folder).parts
        is_hidden = any(part.startswith(".") for part in parts)
        aside = parts[0] in _ASIDE
        if path.is_file() and not is_hidden and not aside and path.name not in _STATE:
            yield "/".join(parts)


def last_seen(folder: Path) -> dict[tuple[str, str], str]:
    """In which store each file of a folder was put, by its name and hash; no store is asked."""
    stores: dict[tuple[str, str], str] = {}
    for file in sorted((folder / _RECORDS).glob("*.jsonl")):
        store = next((line for line in _lines(file) if isinstance(line, str)), "")
        stores |= {(name, sha256): store for name, (sha256, _) in _read(file)[0].items()}
    return stores


def _read(file: Path) -> tuple[dict[str, tuple[str, str]], int, str | None]:
    """What a record says, in how many lines, and about which store.

    A line that was cut short or damaged says nothing; where there is one, no store is named.
    """
    records: dict[str, tuple[str, str]] = {}
    lines, about, good = 0, None, True
    for line in _lines(file):
        lines += 1
        match line:
            case [str(name), str(sha256), str(mark)]:
                # Earlier versions kept the quotation marks of an ETag.
                records[name] = (sha256, mark.replace('"', ""))
                continue
            case str() if lines == 1:
                about = line
                continue
        good = False
    return records, lines, about if good else None


def _lines(file: Path) -> Iterator[object]:
    """The values in a record, None for a line that holds none."""
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for line in filter(None, text.split("\n")):
        try:
            yield json.loads(line)
        except ValueError:
            yield None
