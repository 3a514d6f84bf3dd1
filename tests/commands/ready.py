"""What the program prints without running: `uv run python -m tests.commands.ready` writes it.

Help pages as click makes them for 80 columns, and completions of three shells, in both languages.
"""

import gettext
import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from unittest import mock

import click

from tests.support.places import ROOT
from wanx_render import cli, language
from wanx_render.catalog.capabilities import packaged
from wanx_render.commands.options import FolderOrUrl, PathType
from wanx_render.language import looked_up
from wanx_render.languages import LANGUAGES
from wanx_render.ready.pages import SHELLS

TEXTS = ROOT / "wanx_render" / "ready" / "texts"
COLUMNS = 78  # click's width on a terminal of 80 columns or more
HELP = ("-h", "--help")


def names(command: click.Command, *words: str) -> Iterator[tuple[str, ...]]:
    """Every command by its words, the program itself too."""
    yield words
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            member = command.get_command(click.Context(command), name)
            assert member is not None
            yield from names(member, *words, name)


def command_of(program: click.Command, words: tuple[str, ...]) -> click.Command:
    """The command of these words."""
    for word in words:
        assert isinstance(program, click.Group)
        program = program.get_command(click.Context(program), word) or program
    return program


@contextmanager
def speaking(tag: str) -> Iterator[click.Command]:
    """The command line in a language; English again afterwards."""
    domain = gettext.textdomain()
    try:
        with mock.patch.dict(os.environ, {"WANX_LANG": tag}):
            yield cli._in_language(os.environ, as_json=False)
    finally:
        gettext.textdomain(domain)
        language.use("en")


def help_page(program: click.Command, words: tuple[str, ...]) -> str:
    """The page as a process of its own would print it."""
    vars(command_of(program, words))["_help_option"] = None  # click keeps that of its first call
    with redirect_stdout(io.StringIO()) as out:
        program.main(
            [*words, "--help"], prog_name="wanx-render", standalone_mode=False,
            terminal_width=COLUMNS,
        )  # fmt: skip
    return out.getvalue()


# -- completions -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Value:
    """What a place takes: ``words``, a ``list``, ``file`` or ``folder``, or ``anything``."""

    kind: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Switch:
    """An option with all its names; ``value`` is None where it takes none."""

    names: tuple[str, ...]
    about: str
    value: Value | None
    repeats: bool = False


@dataclass(frozen=True)
class Verb:
    """A command by its words, such as ``tasks list``."""

    words: str
    about: str
    switches: tuple[Switch, ...]
    value: Value | None


def value_of(parameter: click.Parameter) -> Value:
    if isinstance(parameter.type, click.Choice):
        return Value("words", tuple(parameter.type.choices))
    if isinstance(parameter.type, PathType):
        if isinstance(parameter.type, FolderOrUrl) or "DIR" in (parameter.metavar or ""):
            return Value("folder")
        is_list = isinstance(parameter, click.Argument) and parameter.name in ("file", "files")
        return Value("list" if is_list else "file")
    if parameter.name == "words":  # of ``models``
        return Value("words", ("diff", *sorted(packaged().models)))
    return Value("anything")


def switches_of(command: click.Command) -> Iterator[Switch]:
    for option in command.params:
        if isinstance(option, click.Option) and not option.hidden:
            value = None if option.is_flag else value_of(option)
            spelled = (*option.opts, *option.secondary_opts)
            yield Switch(spelled, first_line(option.help or ""), value, option.multiple)
    yield Switch(HELP, looked_up("Show this message and exit."), None)


def verbs(program: click.Command) -> Iterator[Verb]:
    for words in names(program):
        command = command_of(program, words)
        if words and not isinstance(command, click.Group):
            arguments = [p for p in command.params if isinstance(p, click.Argument)]
            value = value_of(arguments[0]) if arguments else None
            about = first_line(command.help or "")
            yield Verb(" ".join(words), about, tuple(switches_of(command)), value)


def first_line(text: str) -> str:
    """The first sentence of a help text."""
    return re.split(r"(?<=\.) |(?<=。)|\n", text, maxsplit=1)[0]


def bash(every: list[Verb]) -> str:
    """A function that offers words, and the line that ties it to the program."""
    cases = "".join(map(bash_case, every))
    tops, tasks = " ".join(members(every)), " ".join(members(every, "tasks"))
    return BASH.replace("@TOPS@", tops).replace("@TASKS@", tasks).replace("@CASES@", cases)


def members(every: list[Verb], group: str = "") -> dict[str, str]:
    """The commands of the program or of one group, each with what it is for."""
    own = [verb for verb in every if verb.words.rpartition(" ")[0] == group]
    named = {verb.words.rpartition(" ")[2]: verb.about for verb in own}
    return (
        named if group else dict(sorted({**named, "tasks": looked_up(cli.VERBS["tasks"])}.items()))
    )


def bash_case(verb: Verb) -> str:
    options = " ".join(name for switch in verb.switches for name in switch.names)
    lines = [f"    '{verb.words}')", f"        options='{options}'", "        case $previous in"]
    for switch in verb.switches:
        if switch.value:
            spelled = " | ".join(switch.names)
            lines.append(f"        {spelled}) place=value {bash_value(switch.value)} ;;")
    lines.append(f"        *) {bash_value(verb.value)} ;;" if verb.value else "        *) ;;")
    return "\n".join([*lines, "        esac", "        ;;", ""])


def bash_value(value: Value) -> str:
    return f"kind=words words='{' '.join(value.words)}'" if value.words else f"kind={value.kind}"


BASH = r"""# Completes wanx-render in bash. Turned on by this line in ~/.bashrc:
#   eval "$(wanx-render completion bash)"
_wanx_render_paths() {
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen "$@" -- "$current")
}

_wanx_render_lists() {
    compopt -o filenames
    mapfile -t COMPREPLY < <(
        compgen -f -X '!*.yaml' -- "$current"
        compgen -f -X '!*.yml' -- "$current"
        compgen -d -- "$current"
    )
}

_wanx_render() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local verb=${COMP_WORDS[1]} options='-h --help --version' kind='' words='' place=''
    [[ $current == '=' ]] && current=''
    [[ $previous == '=' ]] && previous=${COMP_WORDS[COMP_CWORD - 2]}
    current=${current#[\"\']} current=${current//\\/}
    if ((COMP_CWORD > 2)) && [[ $verb == tasks ]]; then
        verb="tasks ${COMP_WORDS[2]}"
    fi
    COMPREPLY=()
    case $verb in
    *.yaml | *.yml) ((COMP_CWORD > 1)) && verb=render ;;
    esac
    ((COMP_CWORD == 1)) && verb=''
    case $verb in
    '') kind=first words='@TOPS@' ;;
    tasks) kind=words words='@TASKS@' options='-h --help' ;;
@CASES@    esac
    if [[ $place != value && $current == -* ]]; then
        kind=words words=$options
    fi
    case $kind in
    words) mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current") ;;
    file) _wanx_render_paths -f ;;
    folder) _wanx_render_paths -d ;;
    list) _wanx_render_lists ;;
    first)
        _wanx_render_lists
        mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$words" -- "$current")
        ;;
    esac
}

complete -F _wanx_render wanx-render
"""


def zsh(every: list[Verb]) -> str:
    """A function of zsh's own completion system, with what each word is for."""
    cases = "".join(map(zsh_case, every))
    tops, tasks = zsh_table(members(every)), zsh_table(members(every, "tasks"))
    return ZSH.replace("@TOPS@", tops).replace("@TASKS@", tasks).replace("@CASES@", cases)


def zsh_table(table: dict[str, str]) -> str:
    return "\n".join(f"    {zsh_quoted(f'{name}:{about}')}" for name, about in table.items())


def zsh_quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def zsh_case(verb: Verb) -> str:
    specs = [spec for switch in verb.switches for spec in zsh_switch(switch)]
    if verb.value and verb.value.kind != "anything":
        specs.append(f"'*:{zsh_value(verb.value)}'")
    body = " \\\n            ".join(specs)
    return f"    '{verb.words}')\n        _arguments \\\n            {body}\n        ;;\n"


def zsh_switch(switch: Switch) -> Iterator[str]:
    about = re.sub(r"([\[\]:\\])", r"\\\1", switch.about)
    for name in switch.names:
        others = " ".join(other for other in switch.names if other != name)
        start = "*" if switch.repeats else f"({others})" if others else ""
        sign = "=" if switch.value and name.startswith("--") else ""
        value = f":{zsh_value(switch.value)}" if switch.value else ""
        yield zsh_quoted(f"{start}{name}{sign}[{about}]{value}")


def zsh_value(value: Value) -> str:
    match value.kind:
        case "words":
            return f" :({' '.join(value.words)})"
        case "list":
            return ' :_files -g "*.(yaml|yml)"'
        case "file":
            return " :_files"
        case "folder":
            return " :_files -/"
        case _:
            return " : "


ZSH = r"""#compdef wanx-render
# Completes wanx-render in zsh. Write it where zsh looks for functions (a folder of $fpath):
#   wanx-render completion zsh > ~/.zfunc/_wanx-render
# or turn it on by a line in ~/.zshrc, after compinit:
#   eval "$(wanx-render completion zsh)"
_wanx-render_verb() {
    case $1 in
@CASES@    esac
}

_wanx-render() {
    local -a verbs=(
@TOPS@
    ) of_tasks=(
@TASKS@
    )
    if ((CURRENT == 2)); then
        if [[ $words[2] == -* ]]; then
            _arguments '-h' '--help' '--version'
            return
        fi
        _describe -t commands command verbs
        _files -g '*.(yaml|yml)'
        return
    fi
    local verb=$words[2]
    if [[ $verb == tasks ]]; then
        if ((CURRENT == 3)); then
            _describe -t commands command of_tasks
            return
        fi
        shift words
        ((CURRENT--))
        verb="tasks $words[2]"
    fi
    if [[ $verb != *.(yaml|yml) ]]; then
        shift words
        ((CURRENT--))
    else
        verb=render
    fi
    _wanx-render_verb $verb
}

if [[ $funcstack[1] == _wanx-render ]]; then
    _wanx-render "$@"
else
    compdef _wanx-render wanx-render
fi
"""


def fish(every: list[Verb]) -> str:
    """A line for each word, with what it is for."""
    lines = [FISH.rstrip()]
    for name, about in members(every).items():
        lines.append(fish_line("", f"-a {name}", about))
    for name, about in members(every, "tasks").items():
        lines.append(fish_line("tasks", f"-a {name}", about))
    for verb in every:
        if verb.value and verb.value.kind != "anything":
            lines.append(fish_line(verb.words, f"-k {fish_value(verb.value)}", ""))
        for switch in verb.switches:
            value = f" -x {fish_value(switch.value)}" if switch.value else ""
            lines.append(fish_line(verb.words, fish_names(switch) + value.rstrip(), switch.about))
    return "\n".join(lines) + "\n"


def fish_line(verb: str, what: str, about: str) -> str:
    condition = fish_quoted(f"__wanx_render_is {verb}".strip())
    said = f" -d {fish_quoted(about)}" if about else ""
    return f"complete -c wanx-render -n {condition} {what}{said}"


def fish_quoted(text: str) -> str:
    return "'" + re.sub(r"(['\\])", r"\\\1", text) + "'"


def fish_names(switch: Switch) -> str:
    return " ".join(
        f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in switch.names
    )


def fish_value(value: Value) -> str:
    match value.kind:
        case "words":
            return f"-a {fish_quoted(' '.join(value.words))}"
        case "list":
            return "-a '(__wanx_render_lists)'"
        case "file":
            return "-a '(__fish_complete_path)'"
        case "folder":
            return "-a '(__fish_complete_directories)'"
        case _:
            return ""


FISH = r"""# Completes wanx-render in fish. Write it where fish looks for completions:
#   wanx-render completion fish > ~/.config/fish/completions/wanx-render.fish
function __wanx_render_is --description 'Whether these words are the command that was typed'
    set -l typed (commandline -opc)
    set -e typed[1]
    set -l verb $typed[1]
    switch "$verb"
        case tasks
            set verb $typed[1..2]
        case '*.yaml' '*.yml'
            set verb render
    end
    test "$verb" = "$argv"
end

function __wanx_render_lists --description 'Shot lists and folders'
    __fish_complete_path (commandline -ct) | string match -r '^[^\t]*(?:\.ya?ml|/)(?:\t.*)?$'
end

complete -c wanx-render -f
complete -c wanx-render -n __wanx_render_is -s h -l help
complete -c wanx-render -n __wanx_render_is -l version
complete -c wanx-render -n __wanx_render_is -k -a '(__wanx_render_lists)'
"""

SCRIPTS = {"bash": bash, "zsh": zsh, "fish": fish}


def texts() -> dict[str, str]:
    """Every text by the name of its file."""
    written: dict[str, str] = {}
    for tag in LANGUAGES:
        with speaking(tag) as program:
            for words in names(program):
                written[f"{'-'.join(('help', *words))}.{tag}"] = help_page(program, words)
            every = list(verbs(program))
            written |= {f"{shell}.{tag}": SCRIPTS[shell](every) for shell in SHELLS}
    return written


def write() -> None:
    """Write every text, and remove those of commands that are gone."""
    wanted = texts()
    TEXTS.mkdir(exist_ok=True)
    for path in TEXTS.iterdir():
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (TEXTS / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
