"""What is uploaded is what the list was read with, and a create call never leaves without it."""

import asyncio
import base64
import hashlib
import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.backends.test_contract import TwinClock, asked
from tests.support.emulator import Twin
from wanx_render.backends.base import Submission
from wanx_render.backends.dashscope import DashScope
from wanx_render.backends.line import Access
from wanx_render.backends.uploads import KnownUploads
from wanx_render.catalog.capabilities import Catalog
from wanx_render.errors import Broken
from wanx_render.geometry import Size
from wanx_render.task import InputMedia, TaskRequest

__all__ = ["asked"]  # a fixture of the contract

# As versions before workspaces kept them: backend, host and a few digits of the key's hash.
KEPT_AS = f"dashscope 127.0.0.1 {hashlib.sha256(b'sk-mock-a').hexdigest()[:8]}"


class Seen(httpx.AsyncBaseTransport):
    """A way to the emulator that keeps the bodies of create calls."""

    def __init__(self, twin: Twin) -> None:
        self.way, self.bodies = twin.transport, list[dict[str, Any]]()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/video-synthesis"):
            self.bodies.append(json.loads(request.content))
        return await self.way.handle_async_request(request)


def service(twin: Twin, seen: Seen, catalog: Catalog, uploads: KnownUploads) -> DashScope:
    access = Access("http://127.0.0.1/api/v1", "sk-mock-a", own_hosts=True)
    return DashScope(
        access, catalog, TwinClock(twin), random.Random(1),
        uploads=uploads, transport=seen,
    )  # fmt: skip


def sent_after_its_upload_was_forgotten(request: TaskRequest, catalog: Catalog) -> str:
    """Where the service was asked to take the first frame from."""
    twin, uploads = Twin(), KnownUploads()
    seen = Seen(twin)

    async def work() -> None:
        backend = service(twin, seen, catalog, uploads)
        submission = Submission(request, "a take 1")
        try:
            await backend.prepare(submission)
            url = uploads.find(KEPT_AS, request.model, upload_name(request), backend.now())
            assert url
            uploads.forget(frozenset({url}))  # as where another task with it fails meanwhile
            await backend.submit(submission)
        finally:
            await backend.close()

    asyncio.run(work())
    assert len(twin.ledger()["submissions"]) == 1
    (body,) = seen.bodies
    return str(body["input"]["img_url"])


def upload_name(request: TaskRequest) -> str:
    return request.image.prepared.name if request.image.prepared else request.image.identity


def test_a_picture_whose_upload_is_forgotten_meanwhile_is_uploaded_again(
    asked: TaskRequest, catalog: Catalog
) -> None:
    assert sent_after_its_upload_was_forgotten(asked, catalog).startswith("oss://")


def test_a_prepared_data_uri_is_never_sent_as_it_was_written(
    asked: TaskRequest, catalog: Catalog
) -> None:
    assert asked.image.path
    written = "data:image/png;base64," + base64.b64encode(asked.image.path.read_bytes()).decode()
    image = InputMedia("data-uri", url=written, size=Size(750, 1000), prepared=asked.image.path)
    request = replace(asked, image=image)
    assert sent_after_its_upload_was_forgotten(request, catalog).startswith("oss://")


def test_a_picture_that_changed_since_the_list_was_read_is_not_sent(
    asked: TaskRequest, catalog: Catalog, picture: Callable[..., Path]
) -> None:
    assert asked.image.path
    asked.image.path.write_bytes(picture("other.png", (700, 900)).read_bytes())
    twin, uploads = Twin(), KnownUploads()

    async def work() -> None:
        backend = service(twin, Seen(twin), catalog, uploads)
        try:
            await backend.prepare(Submission(asked, "a take 1"))
        finally:
            await backend.close()

    with pytest.raises(Broken, match="changed since the list was read"):
        asyncio.run(work())
