"""A file is written whole or not at all, by any number of writers."""

import hashlib
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.run.test_durability import without_privileges
from wanx_render.files import (
    is_part,
    part_name,
    part_of,
    place,
    sha256,
    sha256_of,
    write_atomically,
)


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


def test_a_part_is_known_by_its_name_and_what_belongs_to_it_too(folder: Path) -> None:
    for name in ("film.mp4", "x" * 255, "two\nlines", ".hidden"):
        part = part_name(folder / name)
        assert part.parent == folder
        assert is_part(part.name)
        assert is_part(f"{part.name}.3.cell")
    for name in (
        "film.mp4",
        ".notes.part",
        "a.0123456789ab.part",
        ".0123456789ab.part",
        ".a.b.part",
    ):
        assert not is_part(name)


def test_a_part_goes_where_it_is_not_placed(folder: Path) -> None:
    path = folder / "a"
    with pytest.raises(RuntimeError), part_of(path) as part:
        part.write_text("half")
        raise RuntimeError
    assert names(folder) == []
    with part_of(path) as part:
        part.write_text("whole")
        place(part, path)
    assert (names(folder), path.read_text()) == (["a"], "whole")


@pytest.mark.skipif(os.name != "posix", reason="needs file permissions")
def test_a_file_that_only_can_be_read_is_placed(folder: Path) -> None:
    with part_of(folder / "a") as part:
        part.write_text("a link to a clip of somebody else")
        part.chmod(0o444)
        place(part, folder / "a")
    assert mode_of(folder / "a") == 0o444


STOPPED = """
import os, signal, sys
from pathlib import Path
from wanx_render import files

def stop(*_):
    os.kill(os.getpid(), signal.SIGKILL)

setattr(os, sys.argv[2], stop)
files.write_atomically(Path(sys.argv[1]), "new")
"""


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
@pytest.mark.parametrize(("step", "text"), [("fsync", "old"), ("replace", "old"), ("close", "new")])
def test_killed_on_the_way_leaves_one_whole_file_and_a_part_that_is_known(
    folder: Path, step: str, text: str
) -> None:
    path = folder / "a"
    path.write_text("old")
    steps = STOPPED if step != "close" else STOPPED.replace("setattr", "files.sync_folder = stop #")
    ran = subprocess.run([sys.executable, "-c", steps, str(path), step])
    assert ran.returncode == -signal.SIGKILL
    assert path.read_text() == text
    left = [name for name in names(folder) if name != "a"]
    assert len(left) == (text == "old")
    assert all(is_part(name) for name in left)


FULL = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
from pathlib import Path
from wanx_render.files import write_atomically
try:
    write_atomically(Path(sys.argv[1]), "x" * 10_000)
except OSError as error:
    print(error)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs resource limits")
def test_where_no_more_can_be_written_nothing_is_left(folder: Path) -> None:
    path = folder / "a"
    path.write_text("old")
    command = [sys.executable, "-B", "-c", FULL, str(path)]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.stdout == f"[Errno 27] File too large: {str(path)!r}\n", ran.stderr
    assert (names(folder), path.read_text()) == (["a"], "old")


@pytest.mark.skipif(os.name != "posix", reason="needs file permissions")
def test_the_error_of_a_folder_that_is_read_only_names_the_file(folder: Path) -> None:
    path = folder / "a"
    path.write_text("old")
    folder.chmod(0o555)
    write = "from pathlib import Path; from wanx_render.files import write_atomically; import sys;"
    code = f"{write} write_atomically(Path(sys.argv[1]), 'new')"
    command = without_privileges(sys.executable, "-B", "-c", code, str(path))
    ran = subprocess.run(command, capture_output=True, text=True)
    folder.chmod(0o755)
    assert ran.stderr.endswith(f"PermissionError: [Errno 13] Permission denied: {str(path)!r}\n")
    assert (names(folder), path.read_text()) == (["a"], "old")


def test_a_hash_is_that_of_all_bytes(folder: Path) -> None:
    data = os.urandom(3_000_000)
    (folder / "a").write_bytes(data)
    assert sha256(folder / "a") == sha256_of(data) == hashlib.sha256(data).hexdigest()
    with pytest.raises(FileNotFoundError):
        sha256(folder / "none")
