"""A recorder before an emulator, and clients of both."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from mock_server.tape.cassette import Cassette, CassetteWriter, folder_of, read_cassette
from mock_server.tape.player import Player
from mock_server.tape.recorder import Recorder
from mock_server.tape.threads import ThreadServer
from tests.support.emulator import ASYNC, CREATE, KEY, body

LARGEST = 64 * 1024 * 1024


@contextmanager
def recording(
    service: str, path: Path, largest: int = LARGEST, *, append: bool = False
) -> Iterator[str]:
    """A recorder before ``service``, a base URL; yields the origin for clients."""
    tape = CassetteWriter(path, service, append=append)
    server = ThreadServer(lambda origin: Recorder(service, origin, tape, folder_of(path, largest)))
    try:
        yield server.origin
    finally:
        server.close()
        tape.close()


@contextmanager
def replaying(path: Path, *, once: bool = False) -> Iterator[tuple[str, Player]]:
    """A replay of a cassette: its origin, and what it counts."""
    players: list[Player] = []

    def make(origin: str) -> Player:
        players.append(Player(read_cassette(path), origin, once=once))
        return players[0]

    server = ThreadServer(make)
    try:
        yield server.origin, players[0]
    finally:
        server.close()


class TapeClient:
    """A plain client that does what users do: create, poll, download."""

    def __init__(self, origin: str, headers: dict[str, str] | None = None) -> None:
        self.origin = origin
        self.headers = headers or KEY
        self.http = httpx.Client(trust_env=False, timeout=30)

    def create(self, prompt: str = "a cat", **parameters: Any) -> httpx.Response:
        headers = {**ASYNC, **self.headers}
        content = body(prompt, **parameters)
        return self.http.post(self.origin + CREATE, headers=headers, json=content)

    def task(self, prompt: str = "a cat") -> str:
        return str(self.create(prompt).json()["output"]["task_id"])

    def query(self, task: str) -> dict[str, Any]:
        url = f"{self.origin}/api/v1/tasks/{task}"
        return dict(self.http.get(url, headers=self.headers).json())

    def finished(self, task: str) -> list[dict[str, Any]]:
        """Every answer about a task, to its end."""
        answers = [self.query(task)]
        while answers[-1]["output"]["task_status"] in ("PENDING", "RUNNING"):
            answers.append(self.query(task))
        return answers

    def whole_flow(self, prompt: str = "a cat") -> tuple[list[str], bytes]:
        """The states of a new task, and its clip."""
        answers = self.finished(self.task(prompt))
        url = answers[-1]["output"]["video_url"]
        clip = self.http.get(url)
        assert clip.status_code == 200, clip.text
        return [answer["output"]["task_status"] for answer in answers], clip.content

    def close(self) -> None:
        self.http.close()


def everything_in(path: Path) -> dict[str, bytes]:
    """Each file of a cassette, by its name."""
    folder = folder_of(path).path
    files = [path, *(sorted(folder.iterdir()) if folder.exists() else [])]
    return {file.name: file.read_bytes() for file in files}


def taped(path: Path) -> Cassette:
    return read_cassette(path)
