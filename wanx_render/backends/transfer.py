"""One exchange over HTTP within bounds: of time as a whole, of size also after decompression.

httpx bounds each read; what trickles, never ends or unpacks to gigabytes is bounded here.
"""

import asyncio
import base64
import hashlib
import os
import re
import socket
import ssl
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from wanx_render.backends.cleaning import Cleaner
from wanx_render.backends.http.client import Client
from wanx_render.errors import Broken
from wanx_render.language import Message, recorded, tr, verbatim
from wanx_render.media import images

MOST_JSON = 4 * 1024 * 1024  # a page of the list with 100 rows is some 60 kB
MOST_BYTES = 512 * 1024 * 1024  # of a clip; 30 s in 1080P are about 50 MB
# A download goes on for as long as it brings so much: then a try ends, and the next one resumes.
STALL_SECONDS, SLOWEST = 60.0, 1024  # bytes a second


class TooLarge(httpx.DecodingError):
    """An answer is larger than any real one."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, unpacked."""

    status: int
    headers: httpx.Headers
    content: bytes


async def exchange(client: Client, request: httpx.Request, seconds: float) -> Answer:
    """Send ``request`` and read its answer, in ``seconds`` of real time and ``MOST_JSON`` bytes.

    Raises httpx.HTTPError.
    """
    try:
        async with asyncio.timeout(seconds):
            answer = await client.send(request)
            try:
                content = await _content(answer)
            finally:
                await answer.aclose()
    except TimeoutError:
        raise httpx.ReadTimeout(
            tr("no complete answer within {seconds:.0f} s", seconds=seconds)
        ) from None
    return Answer(answer.status_code, answer.headers, content)


async def _content(answer: httpx.Response) -> bytes:
    unpacker, content = Unpacker(answer.headers.get("content-encoding", ""), MOST_JSON), b""
    async for chunk in answer.aiter_raw():
        content += unpacker.unpack(chunk)
        if len(content) > MOST_JSON:
            raise TooLarge(tr("the answer is larger than {n} MiB", n=MOST_JSON >> 20))
    return content


class Unpacker:
    """Undoes gzip or deflate, and never gives more than ``most`` bytes in total."""

    def __init__(self, encoding: str, most: int) -> None:
        """Raises httpx.DecodingError for an encoding that was not asked for."""
        self._left = most + 1
        match encoding.strip().lower():
            case "" | "identity":
                self._unpack: Any = None
            case "gzip" | "x-gzip" | "deflate":
                self._unpack = zlib.decompressobj(zlib.MAX_WBITS | 32)
            case unknown:
                raise httpx.DecodingError(
                    tr("the answer has an unknown encoding: {name!r}", name=unknown[:20])
                )

    @property
    def packed(self) -> bool:
        return self._unpack is not None

    @property
    def whole(self) -> bool:
        """Whether the end of what was packed has come."""
        return self._unpack is None or bool(self._unpack.eof)

    def unpack(self, chunk: bytes) -> bytes:
        """Raises httpx.DecodingError where the bytes are damaged."""
        if self._unpack is None:
            return chunk
        try:
            data: bytes = self._unpack.decompress(chunk, self._left)
        except zlib.error as error:
            raise httpx.DecodingError(
                tr("cannot decompress the answer: {reason}", reason=error)
            ) from None
        self._left -= len(data)
        if self._left <= 0:
            raise TooLarge(tr("the decompressed answer is too large"))
        return data


@dataclass
class Download:
    """A file on its way: what of it is here, and what its head said of it."""

    target: Path
    window: float = STALL_SECONDS  # real seconds over which the rate is taken
    most: int = MOST_BYTES
    etag: str = ""
    total: int | None = None  # bytes, where the service says
    picture: bool = False  # whether it is one; else a video

    @property
    def size(self) -> int:
        """How many bytes are here."""
        return self.target.stat().st_size if self.target.exists() else 0

    def headers(self) -> dict[str, str]:
        """What to ask with: the rest, where a part is here and the server can be held to it."""
        values = {"Accept-Encoding": "identity"}
        if self.size and self.etag:
            values |= {"Range": f"bytes={self.size}-", "If-Range": self.etag}
        return values

    def restart(self) -> None:
        self.target.unlink(missing_ok=True)
        self.etag, self.total = "", None


async def stream_to(download: Download, answer: httpx.Response) -> Message | None:
    """Write what ``answer`` brings; None where all came, or what is wrong.

    The bytes that came stay for the next try where they may be a beginning. Raises httpx.HTTPError
    where the connection ends or stalls, Broken for a result larger than any clip.
    """
    start = _start(download, answer)
    if start is None:
        download.restart()
        return tr("status {status}", status=answer.status_code)
    unpacker = Unpacker(answer.headers.get("content-encoding", ""), download.most)
    if unpacker.packed:
        download.etag, download.total = "", None  # its length is that of the packed bytes
    with download.target.open("ab" if start else "wb") as file:
        async with _Rate(download.window) as rate:
            async for chunk in answer.aiter_raw():
                rate.came(len(chunk))
                try:
                    file.write(unpacker.unpack(chunk))
                except TooLarge:  # it would be no smaller the next time
                    raise _oversized(download, download.most + 1) from None
                if file.tell() > download.most:
                    raise _oversized(download, file.tell())
    if not unpacker.whole:
        download.restart()
        return tr("the compressed file is cut off")
    return _whole(download, answer, start)


def _start(download: Download, answer: httpx.Response) -> int | None:
    """Where in the file the answer's bytes go; None for an answer that brings none of it."""
    if answer.status_code == 200:
        length = answer.headers.get("content-length", "")
        download.etag = _strong(answer.headers.get("etag", ""))
        download.total = int(length) if re.fullmatch(r"\d{1,15}", length) else None
        if (download.total or 0) > download.most:
            raise _oversized(download, download.total or 0)
        return 0
    span = re.fullmatch(
        r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15}|\*)", answer.headers.get("content-range", "")
    )
    if answer.status_code == 206 and span and int(span[1]) == download.size:
        return download.size
    return None


def _strong(etag: str) -> str:
    return etag if etag.startswith('"') else ""


def _oversized(download: Download, size: int) -> Broken:
    most = download.most >> 20
    return Broken(
        tr(
            "the result has {size} bytes or more; a clip has at most {most} MiB",
            size=size,
            most=most,
        )
    )


def _whole(download: Download, answer: httpx.Response, start: int) -> Message | None:
    size = download.size
    if download.total is not None and size != download.total:
        if size > download.total:
            download.restart()
        return tr("got {size} bytes, expected {total}", size=size, total=download.total)
    with download.target.open("rb") as file:
        head = file.read(12)
        if problem := _other_kind(download, head):
            download.restart()
            return problem
        md5 = answer.headers.get("content-md5")
        if start == 0 and md5:
            file.seek(0)
            digest = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False))
            if base64.b64encode(digest.digest()).decode() != md5:
                download.restart()
                return tr("the checksum of the file is wrong")
    return None


def _other_kind(download: Download, head: bytes) -> Message | None:
    """What a file is not, by its first bytes."""
    if download.picture:
        return None if images.suffixes(head) else tr("the file is not a picture")
    return None if head[4:8] == b"ftyp" else tr("the file is not an MP4")


class _Rate:
    """Ends a download that brings less than ``SLOWEST`` bytes a second over a window of time."""

    def __init__(self, window: float) -> None:
        self._window = window
        self._limit = asyncio.timeout(None)
        self._bytes = 0

    def came(self, count: int) -> None:
        self._bytes += count

    async def __aenter__(self) -> Self:
        await self._limit.__aenter__()
        self._begin()
        return self

    def _begin(self) -> None:
        self._bytes = 0
        self._timer = asyncio.get_running_loop().call_later(self._window, self._check)

    def _check(self) -> None:
        if self._bytes < SLOWEST * self._window:
            self._limit.reschedule(asyncio.get_running_loop().time())
        else:
            self._begin()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Raises httpx.ReadTimeout where too little came."""
        self._timer.cancel()
        try:
            await self._limit.__aexit__(kind, error, trace)
        except TimeoutError:
            text = tr(
                "only {size} bytes in {seconds:.0f} s", size=self._bytes, seconds=self._window
            )
            raise httpx.ReadTimeout(text) from None


# -- why an exchange failed ------------------------------------------------------------------------

_NO_CONNECTION = "All connection attempts failed"  # what the HTTP client says for any reason
_SILENT: tuple[tuple[type[Exception], Message], ...] = (  # errors that mostly have no words
    (httpx.ConnectTimeout, tr("no connection in time")),
    (httpx.ConnectError, tr("no connection")),
    (httpx.TimeoutException, tr("no answer in time")),
    (httpx.NetworkError, tr("the connection broke")),
)
# What systems say of names that have no address; here for their translation.
_UNRESOLVED = (
    tr("Name or service not known"),
    tr("Temporary failure in name resolution"),
    tr("nodename nor servname provided, or not known"),
    tr("getaddrinfo failed"),
)


def reason_of(error: Exception, cleaner: Cleaner) -> Message:
    """Why an exchange failed, without any address: addresses hold signatures."""
    if error.args and isinstance(error.args[0], Message):
        return error.args[0]
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            why = recorded(cause.verify_message)
            return tr("certificate not trusted (CERTIFICATE_VERIFY_FAILED: {reason})", reason=why)
        if isinstance(cause, OSError) and cause.strerror and not isinstance(cause, ssl.SSLError):
            return recorded(cleaner.text(_plain(cause), 300))
    words = re.sub(r"https?://\S+", "...", str(error))
    if words and words != _NO_CONNECTION:
        return verbatim(cleaner.text(words, 300))
    sentences = (sentence for kind, sentence in _SILENT if isinstance(error, kind))
    return next(sentences, verbatim(type(error).__name__))


def _plain(error: OSError) -> str:
    """What the system says; asyncio puts its own words in the place of that."""
    if error.errno and not isinstance(error, socket.gaierror):
        return os.strerror(error.errno)
    return error.strerror or ""


def is_untrusted(error: BaseException) -> bool:
    """Whether the other side's certificate was the reason."""
    return any(isinstance(cause, ssl.SSLCertVerificationError) for cause in _causes(error))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and what it came of."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
