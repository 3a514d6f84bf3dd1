"""What the way to the service can be wrong with, in Chinese."""

import asyncio
import random

import httpx
import pytest

from tests.support.sentences import kept_english, lost_in_files
from tests.support.virtual import ManualClock
from wanx_render.backends import network
from wanx_render.backends.dashscope import DashScope
from wanx_render.backends.line import Access
from wanx_render.catalog.capabilities import Catalog
from wanx_render.errors import BadInput, Unreachable
from wanx_render.language import shown


def test_every_sentence_of_the_room_is_chinese_also_where_it_comes_out_of_a_file() -> None:
    assert kept_english("backends") == {}
    assert lost_in_files("backends") == []


def test_a_wrong_proxy_is_explained_in_chinese() -> None:
    with pytest.raises(BadInput) as caught:
        network.check({"HTTPS_PROXY": "http://h:0"})
    problem = caught.value.diagnostics[0]
    assert shown(problem.message, "zh") == "HTTPS_PROXY=http://h:0 不是有效的代理：端口 0 无效"
    assert shown(problem.hint, "zh") == "请写成 HTTPS_PROXY=http://HOST:PORT，或取消设置"


@pytest.mark.parametrize(
    ("error", "english", "chinese"),
    [
        (httpx.ConnectTimeout(""), "no connection in time", "未能及时建立连接"),
        (httpx.ConnectError("All connection attempts failed"), "no connection", "无法建立连接"),
        (httpx.ReadTimeout(""), "no answer in time", "未能及时收到响应"),
        (httpx.ReadError(""), "the connection broke", "连接中断"),
        (httpx.ConnectError("Name not known"), "Name not known", "Name not known"),
    ],
)
def test_a_network_error_without_words_gets_some(
    error: httpx.HTTPError, english: str, chinese: str, catalog: Catalog
) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise error

    access, transport = Access("http://127.0.0.1:9/api/v1", "sk-mock-a"), httpx.MockTransport(fail)
    backend = DashScope(access, catalog, ManualClock(), random.Random(1), transport=transport)
    with pytest.raises(Unreachable) as caught:
        asyncio.run(backend.open())
    message = caught.value.message
    assert message == f"cannot reach the service at 127.0.0.1:9 ({english})"
    assert shown(message, "zh") == f"无法连接服务 127.0.0.1:9（{chinese}）"
