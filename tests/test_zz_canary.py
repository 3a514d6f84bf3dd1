"""No key is in any file that the whole session left, nor in anything that was printed."""

import tempfile
from pathlib import Path

import pytest
from conftest import PRINTED, SECRETS


def holding_a_key(paths: list[Path]) -> list[Path]:
    keys = [key.encode() for key in SECRETS]
    found = []
    for path in paths:
        try:
            content = path.read_bytes()
        except OSError:
            continue  # a socket, or gone by now
        found += [path for key in keys if key in content]
    return found


def test_no_key_is_in_any_file(tmp_path_factory: pytest.TempPathFactory) -> None:
    left = [path for path in tmp_path_factory.getbasetemp().rglob("*") if path.is_file()]
    logs = list(Path(tempfile.gettempdir()).glob("wanx-render-*.log"))
    assert holding_a_key(left + logs) == []


def test_the_search_would_find_one(tmp_path: Path) -> None:
    path = tmp_path / "leak.bin"
    path.write_bytes(b"\x00Bearer sk-mock-a\x00")
    assert holding_a_key([path]) == [path]
    path.unlink()


def test_no_key_was_printed() -> None:
    assert [name for name, text in PRINTED if any(key in text for key in SECRETS)] == []
