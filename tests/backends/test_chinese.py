"""What the way to the service can be wrong with, in Chinese."""

import pytest

from tests.support.sentences import kept_english, lost_in_files
from wanx_render.backends import network
from wanx_render.errors import BadInput
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
