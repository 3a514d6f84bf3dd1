"""What stores and clusters can be wrong with, in Chinese."""

from pathlib import Path

import pytest

from tests.support.sentences import kept_english, lost_in_files
from wanx_render.errors import BadInput, StoreError
from wanx_render.language import shown
from wanx_render.workers import executors
from wanx_render.workers.store import SharedFolder


def test_every_sentence_of_the_room_is_chinese_also_where_it_comes_out_of_a_file() -> None:
    assert kept_english("workers") == {}
    assert lost_in_files("workers") == []


def test_a_missing_file_and_a_wrong_executor_are_explained_in_chinese(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as missing:
        SharedFolder(tmp_path).get("a.mp4", tmp_path / "b.mp4")
    assert shown(missing.value.sentence, "zh") == f"{tmp_path}/a.mp4：文件不存在"
    with pytest.raises(BadInput) as wrong:
        executors.choice("ssh:host")
    hint = wrong.value.diagnostics[0].hint
    assert shown(hint, "zh").endswith("dask:tcp://HOST:PORT 或 dask:tls://HOST:PORT")
