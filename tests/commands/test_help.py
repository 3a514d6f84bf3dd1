"""Help of every command, in both languages, on a terminal of 80 columns."""

import gettext
import os
import re
from collections.abc import Callable, Iterator

import click
import pytest

from tests.commands.ready import names
from wanx_render import cli, language
from wanx_render.diagnostics import display_width

EVERY = list(names(cli.cli))
Page = Callable[..., str]


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Page]:
    """What the program prints, in this process; the language is put back."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LANGUAGE", "en")
    domain = gettext.textdomain()

    def printed(tag: str, *words: str) -> str:
        monkeypatch.setenv("WANX_LANG", tag)
        command = cli._in_language(os.environ, as_json=False)
        command.main(list(words), prog_name="wanx-render", standalone_mode=False)
        return capsys.readouterr().out

    yield printed
    gettext.textdomain(domain)
    language.use("en")


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_chinese_help_fits_80_columns_and_has_no_english_sentence(
    words: tuple[str, ...], page: Page
) -> None:
    usage, *lines = page("zh", *words, "--help").splitlines()
    assert usage.startswith(f"用法：{' '.join(('wanx-render', *words))}")
    for line in lines:
        assert display_width(line) <= 80, line
        prose = re.sub(r"`[^`]*`|(?<=  )\w[\w-]*(?=  )", "", line)
        assert not re.search(r"[A-Za-z][a-z]+,? [a-z]{2,}|:\s*$", prose), line
    assert sum(display_width(line) > len(line) for line in lines) > 1
    text = "".join(lines)
    assert "显示本帮助并退出。" in text


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_english_help_fits_80_columns(words: tuple[str, ...], page: Page) -> None:
    usage, *lines = page("en", *words, "--help").splitlines()
    assert usage.startswith("Usage: wanx-render")
    assert not [line for line in lines if len(line) > 80 or line.endswith("...")]


def test_every_option_has_help_of_one_imperative_line() -> None:
    for words in EVERY:
        command: click.Command = cli.cli
        for word in words:
            assert isinstance(command, click.Group)
            command = command.get_command(click.Context(command), word) or command
        for option in command.params:
            if isinstance(option, click.Option):
                assert isinstance(option.help, str), (words, option.opts)
                assert re.match(r"[A-Z][a-z]+,? .*\.$", option.help), (words, option.opts)


def test_the_render_folder_has_one_name_and_its_older_one_still_works(page: Page) -> None:
    for name in ("status", "rescue", "resolve", "board", "plan", "render", "report", "export"):
        assert re.search(r"--folder DIR +Use this render folder", page("en", name, "--help")), name
    assert "--out" not in page("en", "status", "--help")
    status = cli.cli.get_command(click.Context(cli.cli), "status")
    assert status is not None
    for option in ("--folder", "--out"):
        context = status.make_context("status", ["list.yaml", option, "some"])
        assert str(context.params["out"]) == "some"


def test_what_is_wrong_with_a_command_line_is_said_in_chinese(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], page: Page
) -> None:
    monkeypatch.setenv("WANX_LANG", "zh")
    for words, texts in (
        (("render",), ("用法：", "缺少参数 FILES（或 --plan）")),
        (("render", "a.yaml", "--max-cost", "x"), ("--max-cost", "的值无效：“x” 不是有效的金额")),
        (("plan", "a.yaml", "--nonsense"), ("没有选项 '--nonsense'",)),
    ):
        with pytest.raises(SystemExit):
            cli.main(words)
        err = capsys.readouterr().err
        assert all(text in err for text in texts), err
    with pytest.raises(SystemExit):
        cli.main(("plan", "a.yaml", "--nonsense", "--json"))
    done = capsys.readouterr()
    assert "No such option '--nonsense'." in done.out  # JSON is English
    assert "没有选项" in done.err
