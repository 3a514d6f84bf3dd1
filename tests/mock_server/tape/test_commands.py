"""The commands of the program: ready lines, bad options, and a recording that is killed."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from mock_server.serve import command
from mock_server.tape.cassette import BadCassette, CassetteWriter, read_cassette
from mock_server.testing import Server
from tests.support.emulator import started
from tests.support.tapes import TapeClient, recording, taped


@pytest.fixture(scope="module")
def service() -> Iterator[Server]:
    server = Server("auto", 0)
    yield server
    server.close()


def recorder(service: Server, path: Path, *more: str) -> tuple[str, ...]:
    return ("record", "--to", service.base_url, "--cassette", str(path), *more)


def test_a_recording_that_is_killed_is_readable_and_can_be_continued(
    service: Server, tmp_path: Path
) -> None:
    path = tmp_path / "killed.jsonl"
    with started(*recorder(service, path)) as (ready, process):
        client = TapeClient(ready["base_url"].removesuffix("/api/v1"))
        client.finished(client.task("first"))
        process.send_signal(signal.SIGKILL)
        process.wait(20)
        client.close()
    count = len(taped(path).entries)
    assert count == 4
    with path.open("ab") as stream:  # the kill came within a line
        stream.write(b'{"n": 5, "at": "2026')
    assert len(taped(path).entries) == count
    with recording(service.base_url, path, append=True) as origin:
        client = TapeClient(origin)
        client.finished(client.task("second"))
        client.close()
    entries = taped(path).entries
    assert [entry.number for entry in entries] == list(range(1, 2 * count + 1))
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_cassette_that_is_there_is_not_written_over(service: Server, tmp_path: Path) -> None:
    path = tmp_path / "there.jsonl"
    path.write_text("mine")
    result = CliRunner().invoke(command, [*recorder(service, path)])
    assert result.exit_code == 2
    assert "add --append" in result.output
    assert path.read_text() == "mine"


@pytest.mark.parametrize("url", ["dashscope", "ftp://x/", "http://"])
def test_a_service_needs_an_address(url: str, tmp_path: Path) -> None:
    arguments = ["record", "--to", url, "--cassette", str(tmp_path / "a")]
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 2
    assert "is not an http or https address" in result.output


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{}", "line 2 of the cassette"),
        ("no json", "not a JSON object"),
        ('{"n":1,"at":"x","seconds":0,"request":{},"answer":{}}', "incomplete"),
        (
            '{"n":1,"at":"2026-01-01T00:00:00+00:00","seconds":0,"request":{"method":"GET",'
            '"url":"/","headers":{}},"answer":{"status":200,"headers":{"a":"b\\r\\nc: d"}}}',
            "incomplete",
        ),
    ],
)
def test_a_bad_line_of_a_cassette_is_named(line: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    CassetteWriter(path, "http://x").close()
    with path.open("a") as stream:
        stream.write(line + "\n")
    with pytest.raises(BadCassette, match=words):
        read_cassette(path)


def test_no_file_outside_of_the_folder_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    CassetteWriter(path, "http://x").close()
    for name in ("../secret", "a" * 64 + "/x", "/etc/passwd", ""):
        with pytest.raises(BadCassette):
            read_cassette(path).folder.file(name)


@pytest.mark.proof
def test_a_recording_is_replayed_by_another_process(service: Server, tmp_path: Path) -> None:
    path = tmp_path / "session.jsonl"
    with started(*recorder(service, path)) as (ready, _):
        client = TapeClient(ready["base_url"].removesuffix("/api/v1"))
        recorded = client.whole_flow("a cat")
        client.close()
    with started("replay", "--cassette", str(path)) as (ready, _):
        assert ready["exchanges"] == 5
        client = TapeClient(ready["base_url"].removesuffix("/api/v1"))
        assert client.whole_flow("a cat") == recorded
        client.close()


@pytest.mark.parametrize("text", [None, "", "{}\n", "[]", "\0"])
def test_a_file_that_is_no_cassette_is_named(text: str | None, tmp_path: Path) -> None:
    path = tmp_path / "no.jsonl"
    if text is not None:
        path.write_text(text)
    result = CliRunner().invoke(command, ["replay", "--cassette", str(path)])
    assert result.exit_code == 2
    assert "Error: " in result.output
    assert "Traceback" not in result.output
