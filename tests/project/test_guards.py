"""Code, example and docs entry demand each other: commands, export formats and transitions.

Rules and diagnostics have the same guard in test_project.py.
"""

import ast
import re
import shlex
from collections.abc import Iterator

import click
import pytest

from tests.support.places import GOLDEN, ROOT
from wanx_render.cli import VERBS, cli
from wanx_render.shotlist.transitions import NAMES as TRANSITIONS
from wanx_render.timelines.formats import NAMES as EXPORT_FORMATS

FINISHING = (ROOT / "docs" / "guide" / "finishing.md").read_text(encoding="utf-8")
HANDOVER = (ROOT / "docs" / "guide" / "handover.md").read_text(encoding="utf-8")
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs" / "guide").glob("*.md")),
]
DOCS = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
# Tests of the layout name rooms, which are called as some commands are.
OTHERS = {"test_guards.py", "test_house.py", "test_layers.py", "test_rooms.py"}
TESTS = "\n".join(
    path.read_text(encoding="utf-8")
    for path in (ROOT / "tests").rglob("test_*.py")
    if path.name not in OTHERS
)
LISTS = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "specs").glob("*.yaml"))


def commands(
    command: click.Command, *words: str
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command by the words it is called with, such as ``("tasks", "list")``."""
    if not isinstance(command, click.Group):
        yield words, command
        return
    for name in command.list_commands(click.Context(command)):
        member = command.get_command(click.Context(command), name)
        assert member is not None
        yield from commands(member, *words, name)


COMMANDS = dict(commands(cli))
NAMES = [" ".join(words) for words in COMMANDS]


def calls() -> list[str]:
    """What the pages call the program with: each `wanx-render ...` in a block of commands.

    Those of CONTRIBUTING.md are of a changed program, in which test_contributing.py runs them.
    """
    pages = (page.read_text(encoding="utf-8") for page in PAGES if page.name != "CONTRIBUTING.md")
    text, lines = "\n".join(pages), []
    for block in re.findall(r"^```(?:sh|bash|console)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        joined = block.replace("\\\n", " ")
        lines += re.findall(r"(?:^|[ ;|(])wanx-render ([^|;&#>)\n]*)", joined, re.MULTILINE)
    return sorted({line.strip() for line in lines})


def section(heading: str, page: str = FINISHING) -> str:
    """One section of a page, by the beginning of its heading."""
    return re.split(r"^## ", page.split(f"\n## {heading}", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


@pytest.mark.parametrize("name", NAMES)
def test_every_command_has_an_example_in_the_docs_and_a_test(name: str) -> None:
    assert re.search(rf"\bwanx-render {name}\b", DOCS), f"no page shows `wanx-render {name}`"
    words = r'",\s*"'.join(name.split())
    assert re.search(rf'"{words}"', TESTS), f"no test calls {name}"


@pytest.mark.parametrize("name", NAMES)
def test_every_option_is_in_the_docs(name: str) -> None:
    options = {
        "|".join(option for option in spellings if option.startswith("--"))
        for parameter in COMMANDS[tuple(name.split())].params
        for spellings in [(*parameter.opts, *parameter.secondary_opts)]
        if isinstance(parameter, click.Option) and not parameter.hidden
    }
    missing = [pair for pair in options if not re.search(rf"({pair})(?![a-z-])", DOCS)]
    assert not missing, f"no page says what these do: {sorted(missing)}"


@pytest.mark.parametrize("line", calls())
def test_every_command_line_of_the_docs_is_understood(line: str) -> None:
    words = shlex.split(re.sub(r"\.\.\.|…", "", line))
    command: click.Command = cli
    context = click.Context(cli, info_name="wanx-render")
    while isinstance(command, click.Group):
        if not words or command.get_command(context, words[0]) is None:
            words.insert(0, "render" if command is cli else "")
        command, name = command.get_command(context, words[0]) or command, words.pop(0)
    command.make_context(name, words, parent=context)


@pytest.mark.parametrize("name", EXPORT_FORMATS)
def test_every_export_format_is_in_the_guide_and_has_its_golden_file(name: str) -> None:
    assert re.search(rf"--format {name}\b", HANDOVER), name
    assert (GOLDEN / f"export.{name}").is_file()


def test_the_command_offers_every_export_format() -> None:
    (style,) = (p for p in COMMANDS[("export",)].params if "--format" in p.opts)
    assert isinstance(style.type, click.Choice)
    assert tuple(style.type.choices) == EXPORT_FORMATS


def test_every_golden_export_is_of_a_format() -> None:
    assert {path.suffix[1:] for path in GOLDEN.glob("export.*")} == set(EXPORT_FORMATS)


@pytest.mark.parametrize("name", TRANSITIONS)
def test_every_transition_is_in_the_guide_and_has_its_golden_seam(name: str) -> None:
    text = section("Transitions")
    assert re.search(rf"type: {name}\b|`{name}`", text), f"the guide does not explain {name}"
    if name != "cut":
        assert list(GOLDEN.glob(f"seam-{name}*.txt")), f"no golden seam of {name}"


def test_every_transition_of_the_guide_and_every_golden_seam_is_in_the_code() -> None:
    kinds = set(TRANSITIONS)
    assert set(re.findall(r"type: ([a-z]+)", section("Transitions"))) <= kinds
    assert {path.stem.split("-")[1] for path in GOLDEN.glob("seam-*.txt")} <= kinds


def test_the_list_of_commands_has_every_command_and_the_first_paragraph_of_its_help() -> None:
    modules = (ROOT / "wanx_render" / "commands").glob("*.py")
    assert {path.stem for path in modules} - {"__init__", "options"} == set(VERBS)
    for name, text in VERBS.items():
        command = cli.get_command(click.Context(cli), name)
        assert command is not None and command.name == name
        assert (command.help or "").partition("\n\n")[0] == text, name


MODULES = sorted(p for name in ("wanx_render", "mock_server") for p in (ROOT / name).rglob("*.py"))
_AMOUNTS = re.compile(r"(amount|cost|price|spent|paid|budget|limit|billed)\b")


def amounts_in_texts(source: str) -> list[str]:
    """The amounts of money that f-strings of a module format themselves."""
    values = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.FormattedValue)]
    return [
        text
        for value in values
        if _AMOUNTS.search(text := ast.unparse(value.value))
        if text.endswith(".amount") or (value.format_spec and "f" in ast.unparse(value.format_spec))
    ]


def test_money_becomes_text_in_one_module() -> None:
    program = [path for path in MODULES if path.is_relative_to(ROOT / "wanx_render")]
    sites = {path: amounts_in_texts(path.read_text("utf-8")) for path in program}
    assert [path for path, amounts in sites.items() if amounts] == [ROOT / "wanx_render/money.py"]


def test_the_guard_of_money_notices_an_amount() -> None:
    assert amounts_in_texts('f"{cost.amount} {cost.currency}"') == ["cost.amount"]
    assert amounts_in_texts('f"{limit:.2f}"') == ["limit"]


def silent_defaults(source: str) -> list[int]:
    """The lines of each `case _` that answers instead of raising: a forgotten case passes there."""
    return [
        case.pattern.lineno
        for match in ast.walk(ast.parse(source))
        if isinstance(match, ast.Match)
        for case in match.cases
        if isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None
        if not any(
            isinstance(node, ast.Raise) or "assert_never" in ast.unparse(node)
            for statement in case.body
            for node in ast.walk(statement)
        )
    ]


def test_no_match_has_a_silent_default() -> None:
    sources = {path: path.read_text("utf-8") for path in MODULES}
    matching = {path: text for path, text in sources.items() if re.search(r"\bmatch\b", text)}
    sites = {path: silent_defaults(text) for path, text in matching.items()}
    assert len(matching) > 30
    assert {path: lines for path, lines in sites.items() if lines} == {}


def test_the_guard_of_matches_notices_a_silent_default() -> None:
    text = "match x:\n  case 1:\n    y = 2\n  case {}:\n    {}\n"
    assert silent_defaults(text.format("_", "pass")) == [4]
    assert silent_defaults(text.format("other", "y = other")) == [4]
    assert not silent_defaults(text.format("_", "raise ValueError(x)"))
    assert not silent_defaults(text.format("_", "assert_never(x)"))
