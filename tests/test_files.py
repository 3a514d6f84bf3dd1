"""A file is written whole or not at all, by any number of writers."""

import os
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from wanx_render.files import part_name, write_atomically


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "folder"
    made.mkdir()
    return made


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_text_bytes_and_pieces_are_written_as_they_are(folder: Path) -> None:
    path = folder / "a"
    write_atomically(path, "猫\r\n\n")
    assert path.read_bytes() == "猫\r\n\n".encode()
    write_atomically(path, b"\0\xff")
    assert path.read_bytes() == b"\0\xff"
    write_atomically(path, (f"{number}\n" for number in range(3)), durable=False)
    assert path.read_bytes() == b"0\n1\n2\n"
    assert names(folder) == ["a"]


def test_a_lone_surrogate_does_not_stop_the_writing(folder: Path) -> None:
    write_atomically(folder / "a", "x\udc80y")
    assert (folder / "a").read_text() == "x\\udc80y"


def test_a_failure_in_the_middle_leaves_the_old_file_and_no_part(folder: Path) -> None:
    path = folder / "a"
    path.write_text("old")

    def pieces() -> Iterator[str]:
        yield "half of the new"
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_atomically(path, pieces())
    assert path.read_text() == "old"
    assert names(folder) == ["a"]


def test_a_mode_holds_whatever_the_umask(folder: Path) -> None:
    before = os.umask(0)
    try:
        write_atomically(folder / "private", "x", mode=0o600)
        os.umask(0o027)
        write_atomically(folder / "usual", "x")
        write_atomically(folder / "shared", "x", mode=0o644)
    finally:
        os.umask(before)
    assert mode_of(folder / "private") == 0o600
    assert mode_of(folder / "usual") == 0o640
    assert mode_of(folder / "shared") == 0o644


def test_two_writers_of_one_process_never_share_a_part(folder: Path) -> None:
    path = folder / "a"
    assert part_name(path) != part_name(path)
    texts = [str(number) * 100_000 for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda text: write_atomically(path, text, durable=False), texts * 5))
    assert path.read_text() in texts
    assert names(folder) == ["a"]


@pytest.mark.parametrize("name", ["x" * 255, "猫" * 85, "🎉" * 63])
def test_the_longest_name_has_a_part_too(folder: Path, name: str) -> None:
    write_atomically(folder / name, "x")
    assert names(folder) == [name]
