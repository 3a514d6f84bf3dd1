"""``board``: the live page of one list, on this machine alone."""

import asyncio
import secrets
import socket

import uvicorn

from wanx_render.board.app import app
from wanx_render.board.guard import Guard
from wanx_render.board.holding import Holding
from wanx_render.board.room import Room
from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput
from wanx_render.language import tr
from wanx_render.session.environment import Environment
from wanx_render.session.folder import pool
from wanx_render.session.selection import RenderOptions

LOOPBACK = "127.0.0.1"


def board(options: RenderOptions, port: int, environment: Environment) -> int:
    """Serve the board until it is interrupted; the exit code. Raises BadInput."""
    with listening(port) as listener:
        asyncio.run(_serve(options, listener, environment))
    return 0


async def _serve(options: RenderOptions, listener: socket.socket, environment: Environment) -> None:
    port = int(listener.getsockname()[1])

    def announce(token: str) -> None:
        environment.stdout.write(f"http://{LOOPBACK}:{port}/?token={token}\n")
        environment.stdout.flush()

    with pool() as executor:
        room = Room(Holding(options, environment), executor, secrets.token_hex(4))
        watching = asyncio.create_task(room.watch())
        environment.say(
            tr("The board is at this address, which opens it once. Press Ctrl-C to end it.")
        )
        server = BoardServer(Guard(app(room), port, announce), room)
        try:
            await server.serve(sockets=[listener])
        finally:
            watching.cancel()
            await room.close()
            executor.shutdown(wait=False, cancel_futures=True)


class BoardServer(uvicorn.Server):
    """Lets the tabs go first, so that an end is not waited for."""

    def __init__(self, guarded: Guard, room: Room) -> None:
        super().__init__(
            uvicorn.Config(
                guarded,
                http="h11",
                ws="none",
                loop="asyncio",
                lifespan="off",
                log_config=None,
                log_level="error",
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=2,
            )
        )
        self._room = room

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._room.feed.close()
        await super().shutdown(sockets)


def listening(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.bind((LOOPBACK, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        message = tr("cannot listen on port {port}: {reason}", port=port, reason=error.strerror)
        hint = tr("use --port 0 for a free port")
        raise BadInput(Diagnostic("option-wrong", message, hint=hint)) from None
    return listener
