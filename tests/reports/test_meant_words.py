"""Words of other programs are answered by their meaning, and every target exists."""

from collections import Counter
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path

import click
import pytest

from wanx_render.cli import VERBS, cli
from wanx_render.reports.meant_words import OPTIONS, Meant, hint, options_of
from wanx_render.reports.meant_words import VERBS as WORDS


def loaded(name: str) -> click.Command:
    command: click.Command = import_module(f"wanx_render.commands.{name}").command
    return command


COMMANDS: dict[str, Callable[[], click.Command]] = {name: partial(loaded, name) for name in VERBS}
EVERY = {option for command in COMMANDS.values() for option in options_of(command())}


@pytest.mark.parametrize("meant", [*OPTIONS, *WORDS], ids=lambda meant: meant.words[0])
def test_every_target_exists_and_every_entry_says_something(meant: Meant) -> None:
    top = set(options_of(cli))
    for target in meant.targets:
        assert target in EVERY | top if target.startswith("-") else target in VERBS
    assert meant.targets or meant.note


@pytest.mark.parametrize("meant", OPTIONS, ids=lambda meant: meant.words[0])
def test_an_option_that_is_meant_is_one_of_a_command_that_lacks_the_word(meant: Meant) -> None:
    for word in meant.words:
        lacking = [name for name, command in COMMANDS.items() if word not in options_of(command())]
        assert lacking
        said = {said_of(word, name) for name in lacking}
        assert any(said)


def test_no_word_has_two_meanings() -> None:
    for table in (OPTIONS, WORDS):
        words = Counter(word for meant in table for word in meant.words)
        assert set(words.values()) == {1}
    assert not set(VERBS) & {word for meant in WORDS for word in meant.words}


def said_of(option: str, verb: str) -> str:
    context = click.Context(loaded(verb), info_name=verb)
    return str(hint(click.NoSuchOption(option, ctx=context), COMMANDS))


@pytest.mark.parametrize(
    ("option", "verb", "said"),
    [
        ("--budget", "render", "use --max-cost"),
        ("--dry-run", "render", "use wanx-render plan; it sends nothing"),
        ("--output", "render", "use --out"),
        ("--output", "status", "use --folder"),
        ("-y", "render", "use --yes"),
        ("--yes", "plan", "--yes is an option of render"),
        ("--json", "validate", "use --format; --format json prints JSON"),
        ("--ony", "render", "did you mean --only?"),
        ("--retak", "plan", "did you mean --retake?"),
        ("--max", "render", "did you mean --max-cost?"),
        ("--zzz", "render", ""),
        ("--rose", "doctor", ""),
    ],
)
def test_an_option_is_answered_by_its_meaning(option: str, verb: str, said: str) -> None:
    assert said_of(option, verb) == said


def test_force_and_verbose_say_what_there_is() -> None:
    assert said_of("--force", "render").startswith("use --retake; finished clips are kept")
    assert "--json" in said_of("--verbose", "render")
    assert "DASHSCOPE_API_KEY" in said_of("--api-key", "render")


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("clean", "no command deletes"),
        ("check", "use wanx-render validate"),
        ("dry-run", "use wanx-render plan"),
        ("resume", "use wanx-render render; run the same command again"),
        ("rendr", "did you mean render?"),
        ("help", "use wanx-render --help"),
        ("shots", "did you mean the shot list shots.yaml?"),
    ],
)
def test_a_command_is_answered_by_its_meaning(
    word: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shots.yaml").write_text("")
    monkeypatch.chdir(tmp_path)
    assert str(hint(click.exceptions.NoSuchCommand(word), COMMANDS)).startswith(said)


def test_nothing_is_said_where_nothing_fits() -> None:
    for word in ("xyzzy", "tulip", "猫", ""):
        assert hint(click.exceptions.NoSuchCommand(word), COMMANDS) == ""
    assert hint(click.UsageError("other"), COMMANDS) == ""
