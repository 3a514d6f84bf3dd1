import json
from pathlib import Path
from typing import Any

import pytest

from wanx_render.errors import BadInput
from wanx_render.manifest import Manifest, read

# As the first release wrote it: no times, no prices, no budget.
OLD: dict[str, Any] = {
    "version": 1, "project": "old", "backend": "mock", "region": "beijing", "program": "p",
    "ffmpeg": "5.1", "finished_at": "2026-01-01T00:00:00+00:00", "complete": True,
    "cost": "0.72 CNY", "warnings": [],
    "shots": [{"id": "one", "picked": 1, "takes": [
        {"take": 1, "state": "succeeded", "request": {"prompt": "p"}, "cost": "0.72 CNY"},
    ]}],
    "deliverables": [{
        "name": "9x16", "path": "9x16.mp4", "width": 90, "height": 160, "aspect": "9:16",
        "fit": "crop", "fps": "30", "frames": 90, "duration": "3.000000", "sha256": "ab",
        "loudness": None, "key": "k",
        "parts": [{"shot": "one", "start": 0, "frames": 90, "crop": "90x160+0+0",
                   "enlarged": "1.000", "held": 0}],
        "checks": [{"name": "size", "expected": "90x160", "found": "90x160", "holds": True}],
    }],
}  # fmt: skip


def write(folder: Path, record: object) -> Path:
    path = folder / "manifest.json"
    path.write_text(record if isinstance(record, str) else json.dumps(record))
    return path


def test_a_manifest_of_an_older_program_is_read(tmp_path: Path) -> None:
    found = read(write(tmp_path, OLD))
    assert isinstance(found, Manifest)
    assert found.shots[0].takes[0].asked_at is None
    assert found.shots[0].focus == ("1/2", "1/2")
    assert found.deliverables[0].parts[0].shared == 0
    assert found.wanted == ()


def test_what_a_later_program_adds_is_passed_over(tmp_path: Path) -> None:
    assert read(write(tmp_path, {**OLD, "mood": "blue"})).project == "old"


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ("no json", "is not valid JSON"),
        ("[" * 100_000, "is not valid JSON"),
        ([], "has version None"),
        ({**OLD, "version": 2}, "has version 2"),
        ({**OLD, "shots": "none"}, "is damaged at shots"),
        ({**OLD, "deliverables": [{"name": 1}]}, "is damaged at deliverables.0"),
    ],
)
def test_what_is_no_manifest_is_refused_in_a_sentence(
    tmp_path: Path, record: object, expected: str
) -> None:
    with pytest.raises(BadInput) as caught:
        read(write(tmp_path, record))
    assert caught.value.diagnostics[0].code == "manifest-unreadable"
    assert expected in caught.value.diagnostics[0].message


def test_a_missing_manifest_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        read(tmp_path / "manifest.json")
    assert caught.value.diagnostics[0].code == "manifest-missing"
