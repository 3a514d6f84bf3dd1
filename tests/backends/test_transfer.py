"""Transfers over real sockets: what ends early, never ends, lies or unpacks to gigabytes.

The judges are the server's own log (what was asked for, which bytes left) and the file's bytes.
"""

import asyncio
import base64
import gzip
import hashlib
import json
import random
import threading
import time
import tracemalloc
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.virtual import ManualClock
from tests.support.wire import Asked, Reply, Script, Server, scripted
from wanx_render.backends import network
from wanx_render.backends.base import Succeeded
from wanx_render.backends.cleaning import Cleaner
from wanx_render.backends.dashscope import DOWNLOAD_TRIES, DashScope
from wanx_render.backends.http.client import Connector
from wanx_render.backends.line import READ_TRIES, Access
from wanx_render.backends.raw import RawAnswer, RawService
from wanx_render.backends.transfer import MOST_JSON, Answer, Download, TooLarge, exchange, stream_to
from wanx_render.catalog.capabilities import Catalog
from wanx_render.errors import Broken, UnknownHost, Unreachable

KEY = "sk-5f0c1d2e3b4a59687766554433221100"
CLIP = b"\x00\x00\x00\x20ftypisom" + random.Random(7).randbytes(300_000)
WHOLE = str(len(CLIP))
ETAG = '"5F0C1D2E"'


class FastClock(ManualClock):
    """Waits cost nothing, and limits of time are a twentieth: 60 s of stalling are 3."""

    pace = 20


def fetched(server: Server, target: Path, catalog: Catalog, path: str = "/clip.mp4?S=1") -> bytes:
    """What the real backend leaves at ``target``. Raises what it raises."""
    asyncio.run(_download(server, target, catalog, server.origin + path))
    return target.read_bytes()


async def _download(server: Server, target: Path, catalog: Catalog, url: str) -> None:
    access = Access(f"{server.origin}/api/v1", KEY, own_hosts=True)
    backend = DashScope(access, catalog, FastClock(), random.Random(1))
    now = datetime.now(UTC)
    try:
        await backend.download(Succeeded("t", url, now, now, now, now, "", None, {}), target)
    finally:
        await backend.close()


def asked_as_a_stranger(server: Server) -> bool:
    """Whether no request held the key, in whatever header."""
    return not any(KEY in value for asked in server.log for value in asked.headers.values())


# -- good answers in every framing ----------------------------------------------------------------


def plain(asked: Asked, reply: Reply) -> None:
    reply.head(Content_Type="video/mp4", Content_Length=WHOLE)
    reply.body(CLIP)


def chunked(asked: Asked, reply: Reply) -> None:
    reply.head(Content_Type="video/mp4", Transfer_Encoding="chunked")
    for at in range(0, len(CLIP), 50_000):
        reply.chunk(CLIP[at : at + 50_000])
    reply.last_chunk()


def until_close(asked: Asked, reply: Reply) -> None:
    reply.head(Content_Type="video/mp4", Connection="close")
    reply.body(CLIP)


def gzipped(asked: Asked, reply: Reply) -> None:
    packed = gzip.compress(CLIP)
    reply.head(Content_Type="video/mp4", Content_Encoding="gzip", Content_Length=str(len(packed)))
    reply.body(packed)


def gzipped_chunks(asked: Asked, reply: Reply) -> None:
    packed = gzip.compress(CLIP)
    reply.head(Content_Encoding="gzip", Transfer_Encoding="chunked")
    for at in range(0, len(packed), 999):
        reply.chunk(packed[at : at + 999])
    reply.last_chunk()


def with_md5(asked: Asked, reply: Reply) -> None:
    digest = base64.b64encode(hashlib.md5(CLIP).digest()).decode()
    reply.head(Content_Length=WHOLE, Content_MD5=digest)
    reply.body(CLIP)


@pytest.mark.parametrize("script", [plain, chunked, until_close, gzipped, gzipped_chunks, with_md5])
def test_a_clip_comes_whole_in_every_framing(
    script: Script, tmp_path: Path, catalog: Catalog
) -> None:
    with scripted(script) as server:
        assert fetched(server, tmp_path / "c", catalog) == CLIP
        assert len(server.log) == 1
        assert server.log[0].path == "/clip.mp4?S=1"
        assert asked_as_a_stranger(server)
        assert "authorization" not in server.log[0].headers


# -- cut, and fetched on --------------------------------------------------------------------------


def cut_at(size: int, **headers: str) -> Script:
    """Gives ``size`` bytes more of what is asked for, and closes."""

    def script(asked: Asked, reply: Reply) -> None:
        start = asked.start
        if start:
            span = f"bytes {start}-{len(CLIP) - 1}/{len(CLIP)}"
            length = str(len(CLIP) - start)
            reply.head(206, Content_Range=span, Content_Length=length, **headers)
        else:
            reply.head(Content_Length=WHOLE, **headers)
        reply.body(CLIP[start : start + size])

    return script


def test_a_cut_download_goes_on_where_it_ended_and_no_byte_comes_twice(
    tmp_path: Path, catalog: Catalog
) -> None:
    with scripted(cut_at(70_000, ETag=ETAG)) as server:
        assert fetched(server, tmp_path / "c", catalog) == CLIP
        assert server.given == len(CLIP)
        assert [asked.start for asked in server.log] == [0, 70_000, 140_000, 210_000, 280_000]
        assert {asked.headers.get("if-range") for asked in server.log[1:]} == {ETAG}
        assert asked_as_a_stranger(server)


def test_a_download_that_goes_on_has_no_limit_of_tries_that_brought_something(
    tmp_path: Path, catalog: Catalog
) -> None:
    pieces = DOWNLOAD_TRIES - 5
    with scripted(cut_at(len(CLIP) // pieces + 1, ETag=ETAG)) as server:
        assert fetched(server, tmp_path / "c", catalog) == CLIP
        assert server.given == len(CLIP)


@pytest.mark.parametrize("etag", ["", 'W/"weak"', "unquoted"])
def test_without_a_strong_tag_nothing_is_put_together(
    etag: str, tmp_path: Path, catalog: Catalog
) -> None:
    headers = {"ETag": etag} if etag else {}
    with scripted(cut_at(70_000, **headers), plain) as server:
        assert fetched(server, tmp_path / "c", catalog) == CLIP
        assert [asked.headers.get("range") for asked in server.log] == [None, None]


def test_another_file_under_the_same_address_is_taken_from_its_beginning(
    tmp_path: Path, catalog: Catalog
) -> None:
    other = CLIP[:12] + random.Random(8).randbytes(len(CLIP))

    def changed(asked: Asked, reply: Reply) -> None:  # If-Range does not fit: 200 and all of it
        reply.head(Content_Length=str(len(other)), ETag='"other"')
        reply.body(other)

    with scripted(cut_at(70_000, ETag=ETAG), changed) as server:
        assert fetched(server, tmp_path / "c", catalog) == other
        assert server.log[1].headers["range"] == "bytes=70000-"


def test_a_server_that_ignores_ranges_is_taken_from_its_beginning(
    tmp_path: Path, catalog: Catalog
) -> None:
    with scripted(cut_at(70_000, ETag=ETAG), plain) as server:
        assert fetched(server, tmp_path / "c", catalog) == CLIP


@pytest.mark.parametrize(
    "span",
    [
        "bytes 0-299999/300012", "bytes 70001-300011/300012", "bytes 69999-300011/300012",
        "bytes */300012", "70000-", "bytes -70000/300012", "",
        "bytes 70000-300011/999999999999999999",
    ],
)  # fmt: skip
def test_a_piece_that_is_not_the_one_asked_for_is_never_joined(
    span: str, tmp_path: Path, catalog: Catalog
) -> None:
    def wrong(asked: Asked, reply: Reply) -> None:
        rest = CLIP[70_000:]
        headers = {"Content_Range": span} if span else {}
        reply.head(206, Content_Length=str(len(rest)), **headers)
        reply.body(rest)

    with scripted(cut_at(70_000, ETag=ETAG), wrong, plain) as server:
        assert fetched(server, tmp_path / "c", catalog) == CLIP
        assert server.log[2].start == 0


def test_a_range_of_another_whole_is_never_joined(tmp_path: Path, catalog: Catalog) -> None:
    def of_another(asked: Asked, reply: Reply) -> None:
        rest = CLIP[70_000:100_000]
        span = "bytes 70000-99999/100000"  # the whole was said to be larger
        reply.head(206, Content_Length=str(len(rest)), Content_Range=span)
        reply.body(rest)

    with scripted(cut_at(70_000, ETag=ETAG), of_another, plain) as server:
        assert fetched(server, tmp_path / "c", catalog) == CLIP


def test_a_range_that_cannot_be_met_begins_again(tmp_path: Path, catalog: Catalog) -> None:
    def refused(asked: Asked, reply: Reply) -> None:
        reply.head(416, Content_Range=f"bytes */{len(CLIP)}", Content_Length="0")

    with scripted(cut_at(70_000, ETag=ETAG), refused, plain) as server:
        assert fetched(server, tmp_path / "c", catalog) == CLIP
        assert [asked.start for asked in server.log] == [0, 70_000, 0]


def test_a_chunked_answer_that_is_cut_is_no_clip_and_is_fetched_again(
    tmp_path: Path, catalog: Catalog
) -> None:
    def cut(asked: Asked, reply: Reply) -> None:
        reply.head(Transfer_Encoding="chunked", ETag=ETAG)
        reply.chunk(CLIP[:100_000])  # and no last chunk

    def rest(asked: Asked, reply: Reply) -> None:
        start = asked.start
        span = f"bytes {start}-{len(CLIP) - 1}/{len(CLIP)}"
        reply.head(206, Content_Range=span, Content_Length=str(len(CLIP) - start))
        reply.body(CLIP[start:])

    with scripted(cut, rest) as server:
        assert fetched(server, tmp_path / "c", catalog) == CLIP
        assert server.log[1].start == 100_000
        assert server.given == len(CLIP)


def test_a_packed_answer_that_is_cut_is_never_gone_on_with(
    tmp_path: Path, catalog: Catalog
) -> None:
    packed = gzip.compress(CLIP)

    def cut(asked: Asked, reply: Reply) -> None:
        reply.head(Content_Encoding="gzip", Content_Length=str(len(packed)), ETag=ETAG)
        reply.body(packed[: len(packed) // 2])

    with scripted(cut, plain) as server:
        assert fetched(server, tmp_path / "c", catalog) == CLIP
        assert server.log[1].headers.get("range") is None


def test_a_packed_answer_that_only_seems_whole_is_no_clip(tmp_path: Path, catalog: Catalog) -> None:
    packed = gzip.compress(CLIP)

    def cut_in_chunks(asked: Asked, reply: Reply) -> None:
        reply.head(Content_Encoding="gzip", Transfer_Encoding="chunked")
        reply.chunk(packed[: len(packed) // 2])
        reply.last_chunk()

    with scripted(cut_in_chunks, plain) as server:
        assert fetched(server, tmp_path / "c", catalog) == CLIP


# -- answers that are not the clip ----------------------------------------------------------------


def given_up(server: Server, target: Path, catalog: Catalog) -> str:
    with pytest.raises(Unreachable) as stopped:
        fetched(server, target, catalog)
    return str(stopped.value)


def answering(status: int, body: bytes, **headers: str) -> Script:
    def script(asked: Asked, reply: Reply) -> None:
        reply.head(status, Content_Length=str(len(body)), **headers)
        reply.body(body)

    return script


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (answering(200, b"<html>Sign in</html>"), "not an MP4"),
        (answering(200, b""), "not an MP4"),
        (answering(200, CLIP, Content_MD5="AAAAAAAAAAAAAAAAAAAAAA=="), "checksum"),
        (answering(403, b"<Error><Code>AccessDenied</Code></Error>"), "403"),
        (answering(404, b""), "404"),
        (answering(500, b""), "500"),
        (answering(206, CLIP, Content_Range=f"bytes 0-{len(CLIP) - 1}/{len(CLIP)}"), ""),
        (answering(200, CLIP, Content_Encoding="br"), "unknown encoding"),
        (answering(200, CLIP, Content_Encoding="gzip"), "decompress"),
    ],
    ids=["html", "empty", "md5", "403", "404", "500", "206-unasked", "brotli", "no-gzip"],
)
def test_what_is_no_clip_is_given_up_soon_and_said(
    script: Script, words: str, tmp_path: Path, catalog: Catalog
) -> None:
    with scripted(script) as server:
        if not words:  # a whole range that nobody asked for is the whole
            assert fetched(server, tmp_path / "c", catalog) == CLIP
            return
        message = given_up(server, tmp_path / "c", catalog)
        assert words in message
        assert "S=1" not in message
        assert 1 < len(server.log) <= READ_TRIES + 1


def test_a_promise_above_the_bound_is_refused_before_its_first_byte(
    tmp_path: Path, catalog: Catalog
) -> None:
    sent = threading.Event()

    def ten_gigabytes(asked: Asked, reply: Reply) -> None:
        reply.head(Content_Length=str(10 << 30))
        sent.wait(5)  # a reader that waits for the body hangs here

    began = time.monotonic()
    with scripted(ten_gigabytes) as server:
        with pytest.raises(Broken, match="10737418240 bytes"):
            fetched(server, tmp_path / "c", catalog)
        sent.set()
        assert len(server.log) == 1
    assert time.monotonic() - began < 4
    assert not (tmp_path / "c").exists() or (tmp_path / "c").stat().st_size == 0


def test_a_range_of_a_whole_above_the_bound_is_refused_too(
    tmp_path: Path, catalog: Catalog
) -> None:
    def grown(asked: Asked, reply: Reply) -> None:
        start = asked.start
        reply.head(206, Content_Range=f"bytes {start}-{(10 << 30) - 1}/{10 << 30}",
                   Content_Length=str((10 << 30) - start))  # fmt: skip
        reply.body(bytes(1 << 20))

    with scripted(cut_at(70_000, ETag=ETAG), grown, plain) as server:
        assert fetched(server, tmp_path / "c", catalog) == CLIP
        assert server.given < 70_000 + (2 << 20) + len(CLIP)


def bounded(script: Script, target: Path) -> None:
    """Fetch with a bound of 2 MiB, so that nobody writes half a gigabyte."""

    async def go(server: Server) -> None:
        async with (
            httpx.AsyncClient(trust_env=False) as client,
            client.stream("GET", server.origin) as answer,
        ):
            await stream_to(Download(target, most=2 << 20), answer)

    with scripted(script) as server:
        asyncio.run(go(server))


def test_a_body_without_end_stops_at_the_bound(tmp_path: Path) -> None:
    def endless(asked: Asked, reply: Reply) -> None:
        reply.head(Transfer_Encoding="chunked", Content_Type="video/mp4")
        reply.chunk(CLIP[:12])
        while True:
            reply.chunk(bytes(1 << 16))

    with pytest.raises(Broken, match="a clip has at most 2 MiB"):
        bounded(endless, tmp_path / "c")
    assert 2 << 20 < (tmp_path / "c").stat().st_size <= 3 << 20


def test_a_bomb_in_a_download_stops_at_the_bound_of_a_clip(tmp_path: Path) -> None:
    packed = bomb(700, CLIP[:12])
    with pytest.raises(Broken, match="a clip has at most 2 MiB"):
        bounded(answering(200, packed, Content_Encoding="gzip"), tmp_path / "c")
    assert (tmp_path / "c").stat().st_size <= 2 << 20


def test_what_is_just_as_large_as_it_may_be_comes_in_any_framing(tmp_path: Path) -> None:
    clip = CLIP[:12] + bytes((2 << 20) - 12)
    packed = gzip.compress(clip)
    for number, script in enumerate(
        (answering(200, clip), answering(200, packed, Content_Encoding="gzip"))
    ):
        bounded(script, tmp_path / str(number))
        assert (tmp_path / str(number)).read_bytes() == clip


@pytest.mark.proof
def test_a_trickle_is_ended_and_the_rest_fetched(tmp_path: Path, catalog: Catalog) -> None:
    def trickle(asked: Asked, reply: Reply) -> None:
        reply.head(Content_Length=WHOLE, ETag=ETAG)
        reply.body(CLIP[:70_000])
        for at in range(70_000, len(CLIP)):  # five bytes a second: hours
            reply.body(CLIP[at : at + 1])
            time.sleep(0.2)

    def rest(asked: Asked, reply: Reply) -> None:
        span = f"bytes {asked.start}-{len(CLIP) - 1}/{len(CLIP)}"
        reply.head(206, Content_Range=span, Content_Length=str(len(CLIP) - asked.start))
        reply.body(CLIP[asked.start :])

    began = time.monotonic()
    with scripted(trickle, rest) as server:
        assert fetched(server, tmp_path / "c", catalog) == CLIP
        assert 70_000 < server.log[1].start < 70_100
    assert time.monotonic() - began < 15


@pytest.mark.proof
def test_a_silent_server_is_ended_too(tmp_path: Path, catalog: Catalog) -> None:
    hold = threading.Event()

    def silent(asked: Asked, reply: Reply) -> None:
        reply.head(Content_Length=WHOLE, ETag=ETAG)
        reply.body(CLIP[:70_000])
        hold.wait(20)

    with scripted(silent, cut_at(len(CLIP), ETag=ETAG)) as server:
        assert fetched(server, tmp_path / "c", catalog) == CLIP
        assert server.given == len(CLIP)
        hold.set()


# -- redirects ------------------------------------------------------------------------------------


def moved(location: str, status: int = 302) -> Script:
    def script(asked: Asked, reply: Reply) -> None:
        reply.head(status, Location=location, Content_Length="0")

    return script


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_a_permitted_place_is_followed_without_a_key(
    status: int, tmp_path: Path, catalog: Catalog
) -> None:
    with scripted(moved("/elsewhere.mp4?S=2", status), plain) as server:
        assert fetched(server, tmp_path / "c", catalog) == CLIP
        assert [asked.path for asked in server.log] == ["/clip.mp4?S=1", "/elsewhere.mp4?S=2"]
        assert asked_as_a_stranger(server)


@pytest.mark.parametrize(
    "location",
    [
        "https://evil.example/clip.mp4?Signature=secret-of-one", "http://127.0.0.2:9/clip.mp4",
        "//evil.example/x", "file:///etc/passwd", "https://evil.example\\@127.0.0.1/x", "\x01", "",
        "http://127.0.0.1:65536/clip.mp4", "http://[::1/clip.mp4",
    ],
)  # fmt: skip
def test_a_redirect_to_a_place_nobody_permits_is_not_followed(
    location: str, tmp_path: Path, catalog: Catalog
) -> None:
    with scripted(moved(location)) as server:
        with pytest.raises((UnknownHost, Unreachable)) as stopped:
            fetched(server, tmp_path / "c", catalog)
        assert "secret-of-one" not in str(stopped.value)
        if location.startswith("https://evil.example/"):  # a person may permit it
            assert isinstance(stopped.value, UnknownHost)
            assert stopped.value.host == "evil.example"
        assert {asked.path for asked in server.log} <= {"/clip.mp4?S=1"}
        assert not (tmp_path / "c").exists() or not (tmp_path / "c").stat().st_size


def test_a_redirect_without_a_place_and_one_in_a_circle_end(
    tmp_path: Path, catalog: Catalog
) -> None:
    def nowhere(asked: Asked, reply: Reply) -> None:
        reply.head(302, Content_Length="0")

    for script in (nowhere, moved("/clip.mp4?S=1")):
        with scripted(script) as server:
            given_up(server, tmp_path / "c", catalog)
            assert len(server.log) <= 4 * (READ_TRIES + 1)


# -- control exchanges ----------------------------------------------------------------------------


@pytest.mark.parametrize("port", ["65536", "-1", "x"])
def test_a_port_that_no_host_has_is_said_before_anything_is_sent(port: str) -> None:
    async def work() -> RawAnswer:
        service = RawService("http://127.0.0.1/api/v1", Cleaner(), route=network.route({}))
        try:
            return await service.fetch(f"http://127.0.0.1:{port}/clip.mp4", {})
        finally:
            await service.close()

    answer = asyncio.run(work())
    assert answer.status == 0
    assert "port" in answer.fault


async def _exchanged(server: Server, seconds: float) -> Answer:
    client = Connector().client(httpx.Limits(), {})
    try:
        return await exchange(client, client.build_request("GET", server.origin + "/x"), seconds)
    finally:
        await client.aclose()


def exchanged(*scripts: Script, seconds: float = 5.0) -> Answer:
    with scripted(*scripts) as server:
        return asyncio.run(_exchanged(server, seconds))


def test_an_answer_comes_unpacked_and_whole() -> None:
    data = json.dumps({"猫": "x" * 100_000}).encode()
    for packed, name in (
        (data, ""),
        (gzip.compress(data), "gzip"),
        (zlib.compress(data), "deflate"),
    ):
        headers = {"Content_Encoding": name} if name else {}
        assert exchanged(answering(200, packed, **headers)).content == data


def bomb(size: int, head: bytes = b"") -> bytes:
    """``size`` MiB of zeros after ``head``, packed a thousand to one; its end is missing."""
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    first = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return first + block * size  # each block stands alone


def test_a_bomb_of_two_megabytes_costs_no_gigabytes() -> None:
    packed = bomb(2048)
    assert 1_900_000 < len(packed) < 2_200_000
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            exchanged(answering(200, packed, Content_Encoding="gzip"))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 40 << 20


def test_json_without_end_stops_at_the_bound() -> None:
    given: list[Reply] = []

    def endless(asked: Asked, reply: Reply) -> None:
        given.append(reply)
        reply.head(Transfer_Encoding="chunked")
        while True:
            reply.chunk(b'{"a":' * 20_000)

    with pytest.raises(TooLarge):
        exchanged(endless)
    assert given[0].given < MOST_JSON + (16 << 20)  # what sockets buffer besides


def ended_in_time(script: Script, seconds: float = 1.5) -> None:
    began = time.monotonic()
    with pytest.raises(httpx.HTTPError):
        exchanged(script, seconds=seconds)
    assert seconds * 0.9 < time.monotonic() - began < seconds + 2


@pytest.mark.proof
def test_a_byte_now_and_then_ends_in_time() -> None:
    def drip(asked: Asked, reply: Reply) -> None:
        reply.head(Content_Length="100000")
        while True:
            reply.body(b" ")
            time.sleep(0.2)

    ended_in_time(drip)


@pytest.mark.proof
def test_a_head_that_drips_ends_in_time() -> None:
    def drip(asked: Asked, reply: Reply) -> None:
        reply.raw(b"HTTP/1.1 200 OK\r\nX: ")
        while True:
            reply.raw(b"x")
            time.sleep(0.2)

    ended_in_time(drip)


@pytest.mark.proof
def test_a_hundred_continue_without_end_ends_in_time() -> None:
    def continues(asked: Asked, reply: Reply) -> None:
        while True:
            reply.raw(b"HTTP/1.1 100 Continue\r\n\r\n" * 10)
            time.sleep(0.01)

    ended_in_time(continues)


def test_a_server_that_never_answers_ends_in_time() -> None:
    hold = threading.Event()
    ended_in_time(lambda asked, reply: hold.wait(5) and None)
    hold.set()


def test_damaged_packing_is_a_fault_of_the_answer() -> None:
    for body, name in ((b"\x1f\x8b\x08nonsense", "gzip"), (b"{}", "br"), (b"{}", "gzip, gzip")):
        with pytest.raises(httpx.DecodingError):
            exchanged(answering(200, body, Content_Encoding=name))


def test_the_key_goes_to_the_api_and_never_to_results(tmp_path: Path, catalog: Catalog) -> None:
    url = "http://127.0.0.1:1/x"

    def script(asked: Asked, reply: Reply) -> None:
        if asked.path.startswith("/api/"):
            value = {"output": {"task_id": "t", "task_status": "SUCCEEDED", "video_url": url}}
            data = json.dumps(value).encode()
            reply.head(Content_Length=str(len(data)), Set_Cookie="acw_tc=gateway; path=/")
            reply.body(data)
        else:
            plain(asked, reply)

    async def both(server: Server) -> None:
        access = Access(f"{server.origin}/api/v1", KEY, own_hosts=True)
        backend = DashScope(access, catalog, FastClock(), random.Random(1))
        state: Any = await backend.poll("t")
        assert isinstance(state, Succeeded)
        await backend.download(_at(state, f"{server.origin}/clip.mp4"), tmp_path / "c")
        await backend.close()

    with scripted(script) as server:
        asyncio.run(both(server))
        api, result = server.log
        assert api.headers["authorization"] == f"Bearer {KEY}"
        assert not any(KEY in value for value in result.headers.values())
        assert "cookie" not in result.headers


def _at(state: Succeeded, url: str) -> Succeeded:
    return Succeeded("t", url, state.ended, state.ended, state.ended,
                     state.ended + timedelta(hours=24), "", None, {})  # fmt: skip


# -- the parts by themselves ----------------------------------------------------------------------


@pytest.mark.proof
def test_a_rate_is_enough_when_it_brings_a_little(tmp_path: Path) -> None:
    """Slow but above the minimum: never ended, however long it takes."""

    def slow(asked: Asked, reply: Reply) -> None:
        reply.head(Content_Length="30012")
        for at in range(0, 30_012, 1500):
            reply.body(CLIP[at : min(at + 1500, 30_012)])
            time.sleep(0.15)

    async def go(server: Server) -> tuple[str | None, int]:
        download = Download(tmp_path / "c", window=0.5)
        async with (
            httpx.AsyncClient(trust_env=False) as client,
            client.stream("GET", server.origin) as answer,
        ):
            return await stream_to(download, answer), download.size

    with scripted(slow) as server:
        assert asyncio.run(go(server)) == (None, 30_012)
