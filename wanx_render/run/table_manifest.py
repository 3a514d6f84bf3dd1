"""One manifest over the rows of a table: theirs put together, read and written row by row.

In the form of any manifest, with ``row/`` before the names of shots and deliverables, and the rows
that were left out with their problems.
"""

import json
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from wanx_render.files import write_atomically
from wanx_render.manifest import VERSION

Rows = Sequence[tuple[str, Path]]  # names of rows, and their folders


def write_table_manifest(home: Path, rows: Rows, whole: Mapping[str, Any]) -> None:
    """Write ``manifest.json`` of a table's folder from what its rows' say; whole or not at all.

    ``whole`` is what it says of the table.
    """
    first = next(_read(rows), None)
    if first is None:
        return
    keys = ("backend", "region", "program", "ffmpeg", "finished_at")
    head = {"version": VERSION, **{key: first[1][key] for key in keys}}
    write_atomically(home / "manifest.json", _text({**head, **whole}, rows))


def last_run_cost(home: Path) -> str:
    """What the last run of a table spent; empty where its manifest does not say."""
    try:
        with (home / "manifest.json").open(encoding="utf-8") as manifest:
            head = json.loads(manifest.readline().strip() + "]}")  # the rest may be many megabytes
            return str(head.get("cost_run", ""))
    except (OSError, ValueError):
        return ""


def _text(head: dict[str, Any], rows: Rows) -> Iterator[str]:
    """The manifest in pieces: a table may have ten thousand rows."""
    yield json.dumps(head, ensure_ascii=False)[:-1]
    for key, change in (("shots", _shot), ("deliverables", _deliverable)):
        yield f', "{key}": ['
        records = (change(record, row) for row, whole in _read(rows) for record in whole[key])
        for number, record in enumerate(records):
            yield ("\n" if number == 0 else ",\n") + json.dumps(record, ensure_ascii=False)
        yield "]"
    yield "}\n"


def _read(rows: Rows) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each row that has a manifest, with it; one at a time."""
    for row, folder in rows:
        try:
            record = json.loads((folder / "manifest.json").read_bytes())
        except (OSError, ValueError):
            continue
        if isinstance(record, dict) and record.get("version") == VERSION:
            yield row, record


def _shot(record: dict[str, Any], row: str) -> dict[str, Any]:
    takes = [_with_files(take, row, ("clip", "first_frame", "sent")) for take in record["takes"]]
    changes: dict[str, Any] = {"id": f"{row}/{record['id']}", "takes": takes}
    if footage := record.get("footage"):
        changes["footage"] = _with_files(footage, row, ("source", "clip"))
    return {**record, **changes}


def _deliverable(record: dict[str, Any], row: str) -> dict[str, Any]:
    changes: dict[str, Any] = {
        "name": f"{row}/{record['name']}",
        "path": _under(row, record["path"]),
    }
    changes["parts"] = [_part(part, row) for part in record["parts"]]
    for key in ("poster", "sheet"):
        if still := record.get(key):
            changes[key] = _with_files(still, row, ("path",))
    for key in ("sounds", "overlays"):
        if records := record.get(key):
            changes[key] = [_with_files(one, row, ("file",)) for one in records]
    if shots := record.get("shots"):
        changes["shots"] = [_shot(shot, row) for shot in shots]
    return {**record, **changes}


def _part(record: dict[str, Any], row: str) -> dict[str, Any]:
    over = [_with_files(one, row, ("file",)) for one in record.get("overlays") or ()]
    part = _with_files(record, row, ("look",))
    return {**part, "shot": f"{row}/{record['shot']}", "overlays": over}


def _with_files(record: dict[str, Any], row: str, keys: Sequence[str]) -> dict[str, Any]:
    """A record whose paths start at the table's folder."""
    return {**record, **{key: _under(row, record.get(key)) for key in keys}}


def _under(row: str, path: str | None) -> str | None:
    """A path that starts at the row's folder, from the table's."""
    return posixpath.normpath(posixpath.join(row, path)) if path else None
