"""A recorder or a replay on a thread of this process, for tests."""

import asyncio
import threading
from collections.abc import Callable

from starlette.types import ASGIApp

from mock_server.web.server import listen, server

_SECONDS = 10.0


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
