"""One sentence in two languages: what is data stays English, what people read is theirs."""

import copy
import gettext
import json
import pickle
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from wanx_render import language
from wanx_render.language import (
    Message,
    joined,
    looked_up,
    plural,
    preferred,
    recorded,
    shown,
    tr,
    using,
    verbatim,
)
from wanx_render.languages import language_of


@pytest.fixture(autouse=True)
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A catalogue of this test's own, compiled as the real one is."""
    texts = Catalog(locale="zh_CN")
    texts.add("{model} cannot make {tier}", "{model} 不支持 {tier}")
    texts.add(("{n} shot failed", "{n} shots failed"), ("{n} 个镜头失败",))
    texts.add("use {tiers}", "请使用 {tiers}")
    texts.add("{names} or {last}", "{names} 或 {last}")
    texts.add("{amount} of {limit}", "{amount}/{limit}")
    texts.add("unknown key {name!r}", "未知的键“{name}”")
    texts.add("{seconds:.1f} seconds are left", "还剩 {seconds:.1f} 秒")
    texts.add(("{names} has no label", "{names} have no label"), ("{names} 没有标识",))
    texts.add(", ", "、")
    texts.add("{first} and {last}", "{first} 和 {last}")
    texts.add("{shot} take {n}", "{shot} 第 {n} 条")
    texts.add("; ", "；")
    texts.add("expired: gone", "已过期：已消失")
    texts.add(": ", "：")
    texts.add(" and ", "和")
    texts.add("; or ", "；或")
    compiled = BytesIO()
    write_mo(compiled, texts)
    path = tmp_path / "zh_CN" / "LC_MESSAGES" / "wanx_render.mo"
    path.parent.mkdir(parents=True)
    path.write_bytes(compiled.getvalue())
    monkeypatch.setattr(language, "LOCALES", tmp_path)
    for memory in (language._catalogue, language._templates, language._best_fit):
        memory.cache_clear()
    yield
    for memory in (language._catalogue, language._templates, language._best_fit):
        memory.cache_clear()


REFUSED = tr("{model} cannot make {tier}", model="wan2.2", tier="1080P")


def test_a_message_is_english_as_data_and_chinese_to_a_chinese_reader() -> None:
    assert json.dumps({"message": REFUSED}) == '{"message": "wan2.2 cannot make 1080P"}'
    assert shown(REFUSED) == "wan2.2 cannot make 1080P"
    with using("zh"):
        assert shown(REFUSED) == "wan2.2 不支持 1080P"
        assert f"{REFUSED}" == "wan2.2 cannot make 1080P"


def test_messages_within_messages_are_translated_too() -> None:
    tiers = joined(("480P", "720P"), tr(", "))
    assert tr("use {tiers}", tiers=tiers) == "use 480P, 720P"
    assert shown(tr("use {tiers}", tiers=tiers), "zh") == "请使用 480P、720P"
    assert shown(joined([REFUSED, "x"], "; "), "zh") == "wan2.2 不支持 1080P; x"


def test_a_blank_parts_chinese_characters_from_latin_letters_in_a_join() -> None:
    either = joined(("image", "references 中的图片", "音频"), tr(" and "))
    assert shown(either, "zh") == "image 和 references 中的图片和音频"
    assert shown(joined(("image", "音频"), tr("; or ")), "zh") == "image；或音频"
    assert shown(joined(("音频", "image"), tr("; or ")), "zh") == "音频；或 image"
    assert shown(joined(("镜头", "A"), ""), "zh") == "镜头A"


def test_one_and_many_have_their_own_english() -> None:
    assert plural("{n} shot failed", "{n} shots failed", 1) == "1 shot failed"
    two = plural("{n} shot failed", "{n} shots failed", 2)
    assert two == "2 shots failed"
    assert shown(two, "zh") == "2 个镜头失败"


def test_a_message_survives_copies_and_other_processes() -> None:
    one = plural("{n} shot failed", "{n} shots failed", 1)
    for message in (REFUSED, one):
        for other in (pickle.loads(pickle.dumps(message)), copy.deepcopy(message)):  # noqa: S301
            assert other == message
            assert shown(other, "zh") == shown(message, "zh") != message


def test_a_reason_of_the_system_is_looked_up_and_no_other_value() -> None:
    written = tr("{model} cannot make {tier}", model="use {tiers}", tier="720P")
    assert shown(written, "zh") == "use {tiers} 不支持 720P"
    reason = tr("{reason}", reason="use {tiers}")
    assert shown(reason, "zh") == "请使用 {tiers}"


def test_foreign_words_and_texts_without_chinese_stay_as_they_are() -> None:
    assert shown(verbatim("{odd} braces"), "zh") == "{odd} braces"
    assert shown(tr("not in the catalogue"), "zh") == "not in the catalogue"
    assert shown("plain", "zh") == "plain"
    assert verbatim(REFUSED) is REFUSED


@pytest.mark.parametrize(
    "text", ["wan2.2 cannot make 1080P", "3 shots failed", "1 shot failed", "use 480P", "其他"]
)
def test_a_sentence_read_from_a_file_is_known_again(text: str) -> None:
    message = recorded(text)
    assert isinstance(message, Message)
    assert message == text
    assert (shown(message, "zh") != text) == (text != "其他")
    assert recorded(message) is message


@pytest.mark.parametrize(
    "text", ["no shots failed", "wake take 1: Input and output data is refused"]
)
def test_the_words_of_others_are_not_taken_for_ours(text: str) -> None:
    assert shown(recorded(text), "zh") == text


def test_help_texts_are_looked_up_as_they_stand() -> None:
    assert looked_up(", ", "zh") == "、"
    assert looked_up("", "zh") == ""
    assert looked_up(", ") == ", "


@pytest.mark.parametrize(
    ("environ", "chosen"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "C"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "de_DE.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh_TW"}, "zh"),
        ({"WANX_LANG": "zh", "LC_ALL": "en_US.UTF-8"}, "zh"),
        ({"WANX_LANG": "zh-Hans"}, "zh"),
        ({"WANX_LANG": "en", "LANG": "zh_CN"}, "en"),
        ({"WANX_LANG": "", "LANG": "zh_CN"}, "zh"),
        ({"WANX_LANG": "zha"}, "en"),
    ],
)
def test_the_language_is_what_the_environment_asks_for(
    environ: dict[str, str], chosen: str
) -> None:
    assert language_of(environ) == chosen


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-US,en;q=0.9,zh;q=0.5", "en"),
        ("de, zh;q=0.4, en;q=0.6", "en"),
        ("zh;q=0, en", "en"),
        ("fr", None),
        ("", None),
        ("zh;q=many, en;q=0.1", "en"),
    ],
)
def test_a_browser_gets_the_first_language_that_is_there(header: str, chosen: str | None) -> None:
    assert preferred(header) == chosen


def test_what_a_library_knows_as_gettext_reads_the_same_file() -> None:
    found = gettext.translation("wanx_render", language.LOCALES, ["zh_CN"])
    assert found.gettext("use {tiers}") == "请使用 {tiers}"


def test_the_command_line_speaks_the_language_of_its_environment() -> None:
    command = [sys.executable, "-m", "wanx_render", "validate", "none.yaml"]
    english, chinese = (
        subprocess.run(command, env={"WANX_LANG": tag}, capture_output=True).stdout.decode()
        for tag in ("en", "zh")
    )
    assert "error" in english
    assert "错误" in chinese


@pytest.mark.parametrize(
    ("text", "chinese"),
    [
        ("unknown key 'promt'", "未知的键“promt”"),
        ('unknown key "it\'s"', "未知的键“it's”"),
        ("unknown key PosixPath('a')", "未知的键“PosixPath('a')”"),
        ("12.5 seconds are left", "还剩 12.5 秒"),
        ("a, b have no label", "a, b 没有标识"),
        ("a has no label", "a 没有标识"),
    ],
)
def test_a_written_sentence_is_recognised_whatever_form_its_values_have(
    text: str, chinese: str
) -> None:
    message = recorded(text)
    assert message == text
    assert shown(message, "zh") == chinese


def test_no_template_of_a_word_or_two_is_seen_in_the_words_of_others() -> None:
    for text in ("Name or service not known", "made of 3", "at 24"):
        assert recorded(text).template == "{text}"


@pytest.mark.parametrize(
    ("text", "chinese"),
    [
        ("3x4: unknown key 'a'", "3x4：未知的键“a”"),
        (
            "a has no label; Bad request; 2.5 seconds are left",
            "a 没有标识；Bad request；还剩 2.5 秒",
        ),
        ("X: task y: unknown key 'a'; b", "X：task y：未知的键“a”；b"),
        ("A: expired: gone; so b; expired: gone", "A：已过期：已消失；so b；已过期：已消失"),
        ("Throttling: too many; again", "Throttling: too many; again"),
    ],
)
def test_sentences_that_were_put_together_are_recognised_one_by_one(
    text: str, chinese: str
) -> None:
    message = recorded(text)
    assert message == text
    assert shown(message, "zh") == chinese
