"""A tunnel to a host that is none of the vendor's: bytes are passed on both ways, unread."""

import asyncio
import contextlib

_CONNECT_SECONDS = 15.0
_PIECE = 64 * 1024
_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
_NO_WAY = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


async def join_elsewhere(client: asyncio.Transport, place: tuple[str, int]) -> None:
    """Lead a client to ``place``, until one side ends."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=_PIECE)
    protocol = asyncio.StreamReaderProtocol(reader)
    client.set_protocol(protocol)
    protocol.connection_made(client)
    ours = asyncio.StreamWriter(client, protocol, reader, loop)
    try:
        async with asyncio.timeout(_CONNECT_SECONDS):
            theirs = await asyncio.open_connection(*place, limit=_PIECE)
    except (OSError, TimeoutError, ValueError):  # ValueError: no name of a host
        client.write(_NO_WAY)
        return client.close()
    client.write(_ESTABLISHED)
    client.resume_reading()
    try:
        await asyncio.gather(_pass_on(reader, theirs[1]), _pass_on(theirs[0], ours))
    except OSError:
        pass
    finally:
        for writer in (ours, theirs[1]):
            writer.close()
    return None


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(_PIECE):
        writer.write(piece)
        await writer.drain()
    with contextlib.suppress(OSError):
        writer.write_eof()
