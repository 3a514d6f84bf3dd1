"""Clients that nobody here wrote do against the emulator what the page about them says."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mock_server.testing import Server
from tests.clients import outcomes
from tests.clients.installs import NotHere, installed
from tests.clients.page import TEXTS
from tests.clients.roster import CLIENTS, OutsideClient
from tests.clients.trials import TRIALS, picture_in, report_of, server_of, try_out
from tests.support.emulator import serving

# .ci/run takes two clients in four trials, .ci/proofs all in all.
WHOLE = os.environ.get("CLIENTS") == "whole"
PLAYED = TRIALS if WHOLE else ("whole", "moderated", "new-fields", "lost-answer")
RUN = [client for client in CLIENTS if WHOLE or client.sampled]
RECORD = outcomes.read()
# Programs of registries have their settings there; tests themselves get an empty one.
REAL_HOME = os.environ.get("HOME", "/")


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where clients are installed: one folder for all workers, or that of the environment."""
    kept = os.environ.get("WANX_CLIENTS")
    if kept:
        return Path(kept)
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "clients"


@pytest.fixture(scope="session")
def command_of(homes: Path) -> Callable[[OutsideClient], list[str]]:
    """Gives the command of a client, which is installed once a session."""

    def command(client: OutsideClient) -> list[str]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("HOME", REAL_HOME)
            try:
                return installed(client, homes)
            except NotHere as error:
                pytest.skip(f"{client.name}: {error}")

    return command


@pytest.fixture(scope="module", params=RUN, ids=lambda client: client.name)
def run_by(
    request: pytest.FixtureRequest, command_of: Callable[[OutsideClient], list[str]]
) -> Iterator[tuple[OutsideClient, list[str], Server]]:
    """A client with its command and its emulator."""
    client: OutsideClient = request.param
    command = command_of(client)
    with server_of(client) as server:
        yield client, command, server


@pytest.mark.proof
@pytest.mark.parametrize("trial", PLAYED)
def test_a_client_does_what_its_page_says(
    run_by: tuple[OutsideClient, list[str], Server], trial: str, tmp_path: Path
) -> None:
    client, command, server = run_by
    picture_in(tmp_path)
    version, outcome = try_out(client, trial, command, server, tmp_path)
    assert outcome.record == RECORD[client.name]["trials"][trial]
    assert client.version in ("", version)


@pytest.mark.proof
@pytest.mark.skipif(not WHOLE, reason="CLIENTS=whole runs it")
@pytest.mark.parametrize(("option", "end"), [("--lenient", "SUCCEEDED"), ("--strict", "FAILED")])
def test_pictures_of_vercels_sdk_as_bytes_are_taken_by_a_lenient_emulator(
    command_of: Callable[[OutsideClient], list[str]], option: str, end: str, tmp_path: Path
) -> None:
    picture_in(tmp_path)
    command = command_of(next(client for client in CLIENTS if client.name == "vercel-7"))
    with serving("--clock", "auto", option) as (origin, _):
        environment = {
            "BASE_URL": f"{origin}/api/v1",
            "BYTES": "1",
            "KEY": "sk-mock-bytes",
            "PICTURE": str(tmp_path / "first.png"),
            "OUT": str(tmp_path / "out.mp4"),
        }
        report = report_of(command, {"PATH": os.environ["PATH"], **environment})
    assert report["end"] == end
    assert (tmp_path / "out.mp4").exists() == (end == "SUCCEEDED")


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_the_page_has_each_client_in_each_trial(client: OutsideClient) -> None:
    assert RECORD[client.name]["trials"].keys() == TRIALS.keys() == TEXTS["trials"].keys()
    assert client.version in ("", RECORD[client.name]["version"])


def test_every_client_gets_its_video_and_pays_once_where_nothing_goes_wrong() -> None:
    for name, record in RECORD.items():
        whole = record["trials"]["whole"]
        assert (whole["clip"], whole["requests"], whole["charged"]) == (True, 1, 1), name


@pytest.mark.parametrize("trial", ["moderated", "new-code"])
def test_a_task_that_fails_costs_no_client_anything(trial: str) -> None:
    assert {record["trials"][trial]["charged"] for record in RECORD.values()} == {0}
