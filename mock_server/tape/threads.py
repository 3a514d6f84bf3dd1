"""A recorder or a replay on a thread of this process, for tests."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from starlette.types import ASGIApp

from mock_server.tape.cassette import CassetteWriter, folder_of, read_cassette
from mock_server.tape.player import Player
from mock_server.tape.recorder import Recorder
from mock_server.web.server import listen, server

_SECONDS = 10.0
_LARGEST = 64 * 1024 * 1024


class ThreadServer:
    """An application on a free port of loopback; ``make`` gets the origin it will have."""

    def __init__(self, make: Callable[[str], ASGIApp]) -> None:
        self._listener = listen("127.0.0.1", 0)
        self.origin = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.app = make(self.origin)
        self._server = server(self.app)
        self._thread = threading.Thread(target=self._run, name="wanx-tape", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        await self._server.serve(sockets=[self._listener])
        close = getattr(self.app, "close", None)
        if close:
            await close()

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(_SECONDS)
        self._listener.close()


class ReplayedService:
    """A cassette as the service, at ``base_url``; with ``once``, no create is answered again."""

    def __init__(self, cassette: Path, *, once: bool = False) -> None:
        """Raises BadCassette or OSError."""
        tape = read_cassette(cassette)
        self._server = ThreadServer(lambda origin: Player(tape, origin, once=once))
        self.origin = self._server.origin
        self.base_url = self.origin + urlsplit(tape.service).path.rstrip("/")

    @property
    def player(self) -> Player:
        player = self._server.app
        assert isinstance(player, Player)  # noqa: S101  # it was made above
        return player

    @property
    def unmatched(self) -> list[str]:
        """A sentence for each request that is not on the cassette."""
        return [miss.sentence() for miss in self.player.unmatched]

    def assert_all_matched(self) -> None:
        """Every request was one of the recorded ones."""
        assert not self.unmatched, "\n".join(self.unmatched)  # noqa: S101

    def rewind(self) -> None:
        """Begin again."""
        self.player.rewind()

    def close(self) -> None:
        self._server.close()


class RecordedService:
    """A recorder before ``service``, at ``base_url``, that writes a new cassette."""

    unmatched: tuple[str, ...] = ()

    def __init__(self, cassette: Path, service: str) -> None:
        """Raises BadCassette or OSError."""
        tape = self._tape = CassetteWriter(cassette, service)
        folder = folder_of(cassette, _LARGEST)
        self._server = ThreadServer(lambda origin: Recorder(service, origin, tape, folder))
        self.origin = self._server.origin
        self.base_url = self.origin + urlsplit(service).path.rstrip("/")

    def assert_all_matched(self) -> None:
        """While it is recorded, everything is new."""

    def close(self) -> None:
        self._server.close()
        self._tape.close()
