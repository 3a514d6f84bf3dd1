"""What people who mistype read: the place, the value, and what to do next."""

import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from mock_server.help_groups import OPTION_GROUPS
from mock_server.serve import command

PLAN = """\
- {on: create, nth: 1, effect: reset}
- on: create
  nht: 2
  effect: reset
"""
SCENARIOS = """\
scenarios:
  - {words: "a cat*", queue: 2}
  - words: "a dog*"
    run: {median: ten}
"""


def said(*arguments: str) -> str:
    outcome = CliRunner().invoke(command, list(arguments))
    assert outcome.exit_code
    return outcome.stderr.partition("Error: ")[2]


def written(folder: Path, text: str) -> str:
    file = folder / "plan.yaml"
    file.write_text(text)
    return str(file)


@pytest.mark.parametrize(
    ("option", "text", "message"),
    [
        ("--faults", PLAN, ":3:3: fault 2: unknown key 'nht'; did you mean 'nth'?"),
        ("--faults", f"faults:\n{PLAN}", ":4:3: fault 2: unknown key 'nht'"),
        ("--faults", "- on: create\n   nth: 1\n", ":2:7: unexpected ':' in a value"),
        ("--faults", "- on=crate effect=reset\n", ":1:3: 'on=crate effect=reset': on: expected"),
        ("--scenarios", SCENARIOS, ":4:19: scenario 2: run.median: expected a number, got 'ten'"),
        ("--scenarios", "words: a cat", ":1:1: scenarios must be a list"),
        ("--scenarios", "", ":1:1: the file is empty"),
        ("--catalog", "modls: {}\n", ":1:8: unknown key 'modls'"),
    ],
)  # fmt: skip
def test_a_file_that_is_wrong_is_named_with_the_place(
    option: str, text: str, message: str, tmp_path: Path
) -> None:
    file = written(tmp_path, text)
    assert said(option, file).startswith(file + message)


def test_a_preset_that_is_mistyped_is_not_only_a_missing_file() -> None:
    text = said("--faults", "flakey")
    assert text == "flakey is not a file, and not one of flaky, hostile, drift\n"


@pytest.mark.parametrize(
    "arguments",
    [("--port",), ("replay", "--cassette", "none", "--port")],
)
def test_a_port_that_is_taken_is_named_with_what_to_do(arguments: tuple[str, ...]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        text = said(*arguments, port)
    assert text.startswith(f"cannot listen on 127.0.0.1 port {port}: ")
    assert text.endswith("; choose another port, or 0 for a free one\n")


def test_the_proxy_s_port_is_named_when_that_one_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        text = said("--authority", str(tmp_path / "ca"), "--proxy", "--proxy-port", port)
    assert text.startswith(f"cannot listen on 127.0.0.1 port {port}: ")


def test_an_option_before_a_command_is_not_ignored() -> None:
    text = said("--port", "8765", "replay", "--cassette", "none")
    assert text.startswith("--port has no effect before replay; options of replay come after it")


def test_the_help_has_every_option_in_one_group() -> None:
    names = [name for _, group in OPTION_GROUPS for name in group]
    assert sorted(names) == sorted({str(option.name) for option in command.params})
    text = CliRunner().invoke(command, ["--help"]).stdout
    assert all(text.count(f"  {option.opts[0]}") for option in command.params)
    assert text.index("Server:") < text.index("--end-with-stdin") < text.index("Time:")


def test_a_cassette_that_cannot_be_written_is_not_called_unreadable(tmp_path: Path) -> None:
    file = tmp_path / "none" / "cat.jsonl"
    text = said("record", "--to", "http://127.0.0.1:9/api/v1", "--cassette", str(file))
    assert text.startswith(f"cannot write {file}: ")
