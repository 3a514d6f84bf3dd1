"""Which files the service already holds, kept between runs: an upload is good for two days.

Kept by account, model and content; without the account's key the addresses are of no use.
"""

import json
from datetime import datetime
from pathlib import Path

from wanx_render.files import write_atomically


class KnownUploads:
    """Addresses of uploads; in ``file``, or only in memory where none is given."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._known = _read(file) if file else {}

    def find(self, scope: str, model: str, identity: str, now: datetime) -> str | None:
        """The address of what was uploaded, while it can be used."""
        url, until = self._known.get(_name(scope, model, identity), ("", ""))
        return url if until and now < datetime.fromisoformat(until) else None

    def keep(self, scope: str, model: str, identity: str, url: str, until: datetime) -> None:
        self._known[_name(scope, model, identity)] = (url, until.isoformat())
        self._write()

    def forget(self, urls: frozenset[str]) -> None:
        """The service did not take these: the next run uploads them again."""
        left = {name: entry for name, entry in self._known.items() if entry[0] not in urls}
        if len(left) < len(self._known):
            self._known = left
            self._write()

    def _write(self) -> None:
        if self._file is None:
            return
        self._file.parent.mkdir(exist_ok=True)
        # Readable by their owner only: they say where the pictures are.
        write_atomically(self._file, json.dumps(self._known), mode=0o600, durable=False)


def _name(*parts: str) -> str:
    return "\n".join(parts)


def _read(file: Path) -> dict[str, tuple[str, str]]:
    """What an earlier run kept; nothing where the file is not one of ours."""
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        entries = {str(name): (str(url), str(until)) for name, (url, until) in record.items()}
        for _, until in entries.values():
            datetime.fromisoformat(until)
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
    return entries
