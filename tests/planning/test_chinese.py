"""What plans and journals say, in Chinese."""

from pathlib import Path

import pytest

from tests.support.sentences import kept_english, lost_in_files
from wanx_render.errors import Broken
from wanx_render.language import shown
from wanx_render.planning.journal import Journal
from wanx_render.planning.take_name import TakeName


def test_every_sentence_of_the_room_is_chinese_also_where_it_comes_out_of_a_file() -> None:
    assert kept_english("planning") == {}
    assert lost_in_files("planning") == []


def test_a_journal_that_cannot_be_used_is_named_in_chinese(tmp_path: Path) -> None:
    with pytest.raises(Broken) as caught:
        Journal(tmp_path / "none" / "journal.sqlite")
    assert shown(caught.value.sentence, "zh").startswith(f"无法打开日志库 {tmp_path}")


def test_a_take_has_a_name_for_people() -> None:
    name = TakeName("雨天", "wake", 2).title
    assert (name, shown(name, "zh")) == ("雨天/wake take 2", "雨天/wake 第 2 条")
