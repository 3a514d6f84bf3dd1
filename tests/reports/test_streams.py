"""Printing never fails, and who stops reading does not end a run."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.process import Ended, environment, project, wanx

FILM = "renders/small/film.mp4"
SECRET = "sk-secret-0123456789abcdef"
BROKEN = """\
import sys
from wanx_render import cli

@cli.cli.command()
def broken():
    {raises}

cli.main(["broken"])
"""


def shell(folder: Path, line: str, **env: str) -> Ended:
    """A line of a shell in which ``wanx`` is the program."""
    command = f'wanx() {{ "{sys.executable}" -m wanx_render "$@"; }}; {line}'
    done = subprocess.run(
        ["/bin/sh", "-c", command], cwd=folder, env=environment(**env), capture_output=True,
        stdin=subprocess.DEVNULL, timeout=120, check=False,
    )  # fmt: skip
    return Ended(done.returncode, done.stdout, done.stderr)


def without_reader(folder: Path, *arguments: str, **env: str) -> int:
    """Run with both streams on pipes whose readers have gone; the exit code."""
    ends = [os.pipe(), os.pipe()]
    for reading, _ in ends:
        os.close(reading)
    with os.fdopen(ends[0][1], "wb", 0) as out, os.fdopen(ends[1][1], "wb", 0) as err:
        return wanx(folder, *arguments, stdout=out.fileno(), stderr=err.fileno(), **env).code


@pytest.mark.proof
@pytest.mark.parametrize("more", [pytest.param(()), pytest.param(("--json",))])
def test_a_run_whose_reader_has_gone_ends_as_it_would(
    more: tuple[str, ...], tmp_path: Path
) -> None:
    project(tmp_path)
    assert without_reader(tmp_path, "list.yaml", *more) == 0
    assert (tmp_path / FILM).is_file()
    assert without_reader(tmp_path, "none.yaml", *more) == 2


@pytest.mark.proof
def test_a_reader_who_leaves_in_the_middle_does_not_end_the_run(tmp_path: Path) -> None:
    project(tmp_path)
    done = shell(tmp_path, "{ wanx list.yaml --json; echo $? >code; } | head -n 1")
    assert json.loads(done.out)["event"] == "start"
    assert (tmp_path / "code").read_text().strip() == "0"
    assert (tmp_path / FILM).is_file()
    assert done.err == b""


@pytest.mark.proof
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_fault_and_no_file_takes_their_place(
    closed: str, tmp_path: Path
) -> None:
    project(tmp_path)
    assert shell(tmp_path, f"wanx list.yaml {closed}").code == 0
    assert (tmp_path / FILM).is_file()
    journal = (tmp_path / "renders/small/journal.sqlite").read_bytes()
    assert journal.startswith(b"SQLite format 3\0")
    assert shell(tmp_path, f"wanx validate none.yaml {closed}").code == 2


@pytest.mark.proof
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a Linux device")
def test_a_full_disk_under_the_output_is_said_and_the_film_is_there(tmp_path: Path) -> None:
    project(tmp_path)
    done = shell(tmp_path, "wanx list.yaml --json >/dev/full")
    assert done.code == 1
    assert b"cannot write the output: No space left" in done.err
    assert (tmp_path / FILM).is_file()


@pytest.mark.parametrize(
    ("encoding", "arguments"),
    [("gbk", ()), ("ascii", ("--format", "json")), ("utf-16", ("--format", "github"))],
)
def test_what_is_no_terminal_gets_utf8(
    encoding: str, arguments: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "bad🎉.yaml").write_text("version: 1\n猫: 🎉\n", encoding="utf-8")
    done = wanx(tmp_path, "validate", "bad🎉.yaml", *arguments, PYTHONIOENCODING=encoding)
    assert done.code == 2
    assert "猫" in done.out.decode("utf-8")
    assert "bug" not in done.err.decode("utf-8")


def on_terminal(folder: Path, *arguments: str, **env: str) -> tuple[int, bytes]:
    """Run on a terminal of its own; the exit code and what it showed."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "wb", 0) as terminal:
        number = terminal.fileno()
        code = wanx(folder, *arguments, stdout=number, stderr=number, **env).code
    shown = b""
    try:
        while piece := os.read(ours, 65536):
            shown += piece
    except OSError:  # Linux says so at the end
        pass
    os.close(ours)
    return code, shown


@pytest.mark.parametrize(("encoding", "cat"), [("gbk", "猫"), ("utf-8", "猫"), ("ascii", "?")])
def test_a_terminal_keeps_its_encoding_and_marks_what_it_lacks(
    encoding: str, cat: str, tmp_path: Path
) -> None:
    (tmp_path / "bad.yaml").write_text("version: 1\n猫: 🎉\n", encoding="utf-8")
    code, shown = on_terminal(tmp_path, "validate", "bad.yaml", PYTHONIOENCODING=encoding)
    assert code == 2
    assert cat in shown.decode(encoding)


@pytest.mark.parametrize("encoding", ["gbk", "cp437", "latin-1"])
def test_json_is_utf8_on_any_terminal(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("version: 1\n猫: 🎉\n", encoding="utf-8")
    env = {"PYTHONIOENCODING": f"{encoding}:strict", "WANX_LANG": "en"}
    for arguments in (("validate", "bad.yaml", "--format", "json"), ("plan", "bad.yaml", "--json")):
        code, shown = on_terminal(tmp_path, *arguments, **env)
        assert code == 2
        data = next(line for line in shown.splitlines() if line.startswith((b"[", b"{")))
        assert "unknown key '猫'" in str(json.loads(data.decode("utf-8")))


@pytest.mark.parametrize("encoding", ["gbk", "cp437", "ascii", "latin-1"])
def test_chinese_fails_on_no_terminal(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "bad🎉.yaml").write_text("version: 1\n猫: 🎉\n", encoding="utf-8")
    env = {"PYTHONIOENCODING": encoding, "WANX_LANG": "zh"}
    code, shown = on_terminal(tmp_path, "validate", "bad🎉.yaml", **env)
    text = shown.decode(encoding)
    assert code == 2, text
    assert ("未知的键" if encoding == "gbk" else "????") in text
    assert "unknown-key" in text


# -- the last line of defence


def broken(tmp_path: Path, raises: str) -> Callable[..., Ended]:
    script = tmp_path / "broken.py"
    script.write_text(BROKEN.format(raises=raises), encoding="utf-8")

    def start(redirect: str = "", **env: str) -> Ended:
        line = f'"{sys.executable}" broken.py {redirect}'
        done = subprocess.run(
            ["/bin/sh", "-c", line], cwd=tmp_path, env=environment(TMPDIR=str(tmp_path), **env),
            capture_output=True, timeout=60, check=False,
        )  # fmt: skip
        return Ended(done.returncode, done.stdout, done.stderr)

    return start


@pytest.mark.parametrize(
    ("raises", "sentence"),
    [
        ("raise MemoryError", "not enough memory"),
        ('raise ImportError("libtiff.so.6: no file", name="PIL")', "cannot load PIL: libtiff.so.6"),
        ("import os; os.mkdir('x'); os.chdir('x'); os.rmdir('../x'); os.getcwd()",
         "the working folder no longer exists"),
        ('raise OSError(116, "Stale file handle", "clip.mp4")', "cannot use clip.mp4: Stale"),
    ],
)  # fmt: skip
def test_a_fault_of_the_machine_is_no_bug(raises: str, sentence: str, tmp_path: Path) -> None:
    done = broken(tmp_path, raises)()
    assert done.code == 1
    assert f"error: {sentence}" in done.text
    assert "bug" not in done.text


RAISES = {
    "a lone surrogate": r'raise RuntimeError("\udc80 x")',
    "a key": f'raise RuntimeError("the header was Bearer {SECRET}")',
    "another key": 'raise RuntimeError("the header was Bearer other-key-0815")',
    "a group": f'raise ExceptionGroup("several", [RuntimeError("x {SECRET}")])',
    "no text": "raise type('Odd', (Exception,), {'__str__': lambda self: 1 / 0})()",
    "a socket": "raise BrokenPipeError(32, 'Broken pipe')",
}


@pytest.mark.parametrize(
    ("raises", "redirect"),
    [*((raises, "") for raises in RAISES), ("a lone surrogate", "2>&-"), ("a key", "2>/dev/full")],
)
def test_a_bug_ends_in_3_with_a_log_that_holds_no_key(
    raises: str, redirect: str, tmp_path: Path
) -> None:
    if "full" in redirect and not Path("/dev/full").exists():
        pytest.skip("a Linux device")
    done = broken(tmp_path, RAISES[raises])(redirect, DASHSCOPE_API_KEY="other-key-0815")
    assert done.code == 3
    (log,) = tmp_path.glob("wanx-render-*.log")
    text = log.read_text(encoding="utf-8")
    assert "Traceback" in text
    assert log.stat().st_mode & 0o077 == 0
    for secret in (SECRET, "other-key-0815"):
        assert secret not in text + done.text
    assert redirect or "a bug in wanx-render" in done.text


def test_where_no_log_can_be_written_it_is_printed(tmp_path: Path) -> None:
    raises = 'import tempfile; tempfile.tempdir = "/nonexistent"; raise RuntimeError("the cause")'
    done = broken(tmp_path, raises)()
    assert done.code == 3
    assert "cannot write a log" in done.text
    assert "Traceback" in done.text
    assert "RuntimeError: the cause" in done.text
