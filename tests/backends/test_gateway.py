"""What the gateway before the service limits, and where uploads go when hosts differ."""

import asyncio
import base64
import json
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.ground.test_task import REQUEST
from tests.support.virtual import ManualClock
from wanx_render.backends.base import Submission
from wanx_render.backends.cleaning import Cleaner
from wanx_render.backends.dashscope import DashScope
from wanx_render.backends.line import Access, workspace_headers
from wanx_render.backends.raw import RawCall, RawService
from wanx_render.backends.uploads import MOST_INLINE, to_upload
from wanx_render.catalog.capabilities import Catalog
from wanx_render.errors import Refused, Uncertain
from wanx_render.files import sha256_of
from wanx_render.media.images import inspect
from wanx_render.task import InputMedia, TaskRequest

OF_WORKSPACE = "llm-ab12.cn-beijing.maas.aliyuncs.com"
SHARED = "dashscope.aliyuncs.com"
ALONE = "llm-ab12.ap-northeast-1.maas.aliyuncs.com"
STORAGE = "dashscope-instant.oss-cn-beijing.aliyuncs.com"
ACCEPTED = {"request_id": "r", "output": {"task_id": "t-1", "task_status": "PENDING"}}
NO_PATH = {"code": "NotFound", "message": "no such path", "request_id": "r"}


@dataclass(frozen=True)
class Answer:
    """What a host says; as a stream, as from a connection."""

    status: int
    body: str = ""

    def made(self) -> httpx.Response:
        return httpx.Response(self.status, stream=httpx.ByteStream(self.body.encode()))


def said(status: int, body: Any) -> Answer:
    return Answer(status, json.dumps(body))


class Gateway:
    """Hosts by their names: what was asked of each, and what it answers to a policy or a create."""

    def __init__(self, *serving: str, create: Answer | None = None) -> None:
        self.serving = serving  # the hosts that give policies
        self.missing = said(404, NO_PATH)
        self.create = create or said(200, ACCEPTED)
        self.seen: list[tuple[str, str]] = []
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[httpx.Headers] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        host, path = request.url.host, request.url.path
        content = await request.aread()
        self.seen.append((host, path.removeprefix("/api/v1")))
        if host == STORAGE:
            return Answer(200).made()
        self.headers.append(request.headers)
        if path.endswith("/uploads"):
            return (self._policy() if host in self.serving else self.missing).made()
        self.bodies.append(json.loads(content or b"{}"))
        return self.create.made()

    @staticmethod
    def _policy() -> Answer:
        data = {"upload_dir": "dashscope-instant/x", "upload_host": f"https://{STORAGE}"}
        return said(200, {"request_id": "r", "data": data})

    def asked(self, path: str) -> list[str]:
        return [host for host, seen in self.seen if seen.startswith(path)]


def submit(
    gateway: Gateway, host: str, catalog: Catalog, *requests: TaskRequest, workspace: str = ""
) -> None:
    async def work() -> None:
        backend = DashScope(
            Access(f"https://{host}/api/v1", "sk-one", workspace=workspace), catalog,
            ManualClock(), random.Random(1), transport=httpx.MockTransport(gateway),
        )  # fmt: skip
        try:
            for request in requests:
                submission = Submission(request, "a take 1")
                await backend.prepare(submission)
                await backend.submit(submission)
        finally:
            await backend.close()

    asyncio.run(work())


def from_file(path: Path) -> TaskRequest:
    found = inspect(path.read_bytes())
    image = InputMedia(f"sha256:{found.sha256}", path=path, size=found.size)
    return replace(REQUEST, image=image)


def from_data(size: int) -> TaskRequest:
    """A request whose picture is written in the list, of so many bytes."""
    data = b"\x89PNG\r\n\x1a\n" + bytes(size - 8)
    url = f"data:image/png;base64,{base64.b64encode(data).decode()}"
    return replace(REQUEST, image=InputMedia(f"sha256:{sha256_of(data)}", url=url))


# -- what goes within a request --------------------------------------------------------------------


def test_a_small_picture_of_the_list_goes_within_the_request(catalog: Catalog) -> None:
    gateway, request = Gateway(SHARED), from_data(100_000)
    submit(gateway, SHARED, catalog, request)
    assert request.image
    assert gateway.bodies[0]["input"]["img_url"] == request.image.url
    assert gateway.asked("/uploads") == []


def test_a_large_one_is_uploaded(catalog: Catalog) -> None:
    gateway = Gateway(SHARED)
    submit(gateway, SHARED, catalog, from_data(6_000_000))
    assert gateway.bodies[0]["input"]["img_url"].startswith("oss://dashscope-instant/x/picture")
    assert len(json.dumps(gateway.bodies[0])) < 2000


def test_what_goes_within_one_request_is_counted_together() -> None:
    third = InputMedia("x", url="data:image/png;base64," + "A" * (MOST_INLINE // 3))
    address = InputMedia("y", url="https://example.com/a.png")
    assert list(to_upload([third, address, third, third, address])) == [third]


# -- too large -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        Answer(413),
        Answer(413, "<html>413 Request Entity Too Large</html>"),
        said(413, {"code": "BadRequest.TooLarge", "message": "Payload Too Large"}),
    ],
)
def test_a_request_that_the_gateway_turns_away_created_nothing(
    answer: Answer, catalog: Catalog
) -> None:
    with pytest.raises(Refused) as caught:
        submit(Gateway(create=answer), SHARED, catalog, from_data(1000))
    assert caught.value.code == "BadRequest.TooLarge"
    assert catalog.meaning(caught.value.code).kind == "input"


def test_any_other_answer_without_words_is_a_doubt_as_before(catalog: Catalog) -> None:
    with pytest.raises(Uncertain):
        submit(Gateway(create=Answer(400)), SHARED, catalog, from_data(1000))


# -- uploads where the host of a workspace has none ------------------------------------------------


@pytest.mark.parametrize("missing", [said(404, NO_PATH), Answer(404)])
def test_uploads_go_to_the_shared_host_where_the_workspace_s_has_none(
    missing: Answer,
    catalog: Catalog,
    picture: Callable[..., Path],
    caplog: pytest.LogCaptureFixture,
) -> None:
    gateway = Gateway(SHARED)
    gateway.missing = missing
    caplog.set_level(logging.DEBUG, "wanx.render")
    requests = [from_file(picture(f"{side}.png", (700, side))) for side in (700, 900)]
    submit(gateway, OF_WORKSPACE, catalog, *requests, workspace="llm-ab12")
    tries = len([host for host in gateway.asked("/uploads") if host == OF_WORKSPACE])
    assert gateway.asked("/uploads") == [OF_WORKSPACE] * tries + [SHARED, SHARED]  # asked once
    assert gateway.asked("/services") == [OF_WORKSPACE, OF_WORKSPACE]
    assert all(body["input"]["img_url"].startswith("oss://") for body in gateway.bodies)
    assert f"no uploads at {OF_WORKSPACE}" in caplog.text


def test_uploads_stay_at_the_workspace_s_host_where_it_serves_them(
    catalog: Catalog, picture: Callable[..., Path]
) -> None:
    gateway = Gateway(OF_WORKSPACE, SHARED)
    submit(gateway, OF_WORKSPACE, catalog, from_file(picture("a.png")))
    assert gateway.asked("/uploads") == [OF_WORKSPACE]


@pytest.mark.parametrize(
    "missing",
    [
        said(404, NO_PATH),
        said(400, {"code": "InvalidParameter", "message": "url error, please check url！"}),
    ],
)
def test_without_any_place_for_uploads_a_picture_goes_within_the_request(
    missing: Answer, catalog: Catalog, picture: Callable[..., Path]
) -> None:
    gateway, path = Gateway(), picture("a.png")
    gateway.missing = missing
    submit(gateway, ALONE, catalog, from_file(path), from_file(path))
    sent = [body["input"]["img_url"].partition(",") for body in gateway.bodies]
    assert {head for head, _, _ in sent} == {"data:image/png;base64"}
    assert {base64.b64decode(data) for _, _, data in sent} == {path.read_bytes()}
    assert gateway.asked("/uploads") == [ALONE]


def test_what_cannot_go_within_a_request_is_refused_before_it_leaves(
    catalog: Catalog, tmp_path: Path
) -> None:
    sound = tmp_path / "voice.mp3"
    sound.write_bytes(b"ID3" + bytes(100))
    media = InputMedia(f"sha256:{sha256_of(sound.read_bytes())}", path=sound)
    request = replace(from_data(1000), sound="file", sound_file=media)
    gateway = Gateway()
    with pytest.raises(Refused, match="use an http"):
        submit(gateway, ALONE, catalog, request)
    assert gateway.bodies == []


def test_a_region_with_a_shared_host_never_falls_back_to_data(
    catalog: Catalog, picture: Callable[..., Path]
) -> None:
    gateway = Gateway()
    with pytest.raises(Refused, match="no such path"):
        submit(gateway, OF_WORKSPACE, catalog, from_file(picture("a.png")))
    assert gateway.bodies == []


# -- whose tasks they are --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "named"), [(SHARED, "llm-ab12"), ("relay.example", "llm-ab12"), (OF_WORKSPACE, None)]
)
def test_the_workspace_is_named_where_the_host_does_not(
    host: str, named: str | None, catalog: Catalog
) -> None:
    gateway = Gateway()
    submit(gateway, host, catalog, from_data(1000), workspace="llm-ab12")
    assert [headers.get("X-DashScope-WorkSpace") for headers in gateway.headers] == [named]


@pytest.mark.parametrize(("host", "named"), [(SHARED, "llm-ab12"), (OF_WORKSPACE, None)])
def test_a_probe_names_it_as_a_request_does_and_a_link_never(
    host: str, named: str | None, catalog: Catalog
) -> None:
    gateway, url = Gateway(), f"https://{host}/api/v1"
    access = Access(url, "sk-one", workspace="llm-ab12")

    async def work() -> None:
        service = RawService(
            url, Cleaner(), headers=workspace_headers(access, catalog),
            transport=httpx.MockTransport(gateway),
        )  # fmt: skip
        try:
            await service.ask(RawCall("POST", "/tasks/t/cancel", body=b"{}"))
            await service.fetch(f"{url}/clip", {})
        finally:
            await service.close()

    asyncio.run(work())
    assert [headers.get("X-DashScope-WorkSpace") for headers in gateway.headers] == [named, None]
