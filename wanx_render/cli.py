"""argv in, exit code out: which command it is, and what becomes of every error."""

from __future__ import annotations

import atexit
import errno
import gc
import gettext
import os
import re
import signal
import sys
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from wanx_render import language
from wanx_render.errors import BadInput, WanxError
from wanx_render.language import NOTHING, Message, looked_up, recorded, shown, tr
from wanx_render.languages import language_of
from wanx_render.reports import streams

# What only some commands need is imported where it is used: every start pays for the rest.
if TYPE_CHECKING:
    from collections.abc import MutableMapping, Sequence

    from wanx_render.diagnostics import Diagnostic

# The first sentence of each command's help. A command is called ``command``, in the module of its
# name in ``commands``, which is imported when it is called.
VERBS = {
    "board": tr("Show FILE live in the browser: run it, compare takes, choose, set the focus."),
    "completion": tr(
        "Print the script that completes commands, options, files and models in SHELL."
    ),
    "conform": tr("Crop, pad or blur CLIP to an exact aspect, verify the result and write OUT."),
    "doctor": tr("Check Python, ffmpeg, font, key, disk, clock and proxies. Never shows the key."),
    "export": tr("Write FILE's finished shots as a timeline for an editing program."),
    "init": tr("Write a runnable example into DIR [here]. Overwrites nothing."),
    "models": tr("Show what each model can do, or one MODEL with the source of each figure."),
    "plan": tr("Show what rendering FILES would request, make and cost. Sends nothing."),
    "render": tr("Make the missing clips of FILES, then the deliverables. Run again to resume."),
    "report": tr("Write storyboards of FILES: pages that open offline."),
    "rescue": tr(
        "Download clips that were paid for but are missing locally. Requests nothing new."
    ),
    "resolve": tr("Resolve requests of FILE whose outcome is unknown."),
    "schema": tr("Print the JSON Schema of the shot list, for editors."),
    "status": tr("Show every task FILE ever requested: state, age, hours left to download it."),
    "tasks": tr("List, show or cancel the service's own tasks."),
    "validate": tr("Check FILES and report every problem. Sends nothing."),
}


class _Commands(click.Group):
    """The commands, none of which is imported before it is called.

    ``wanx-render shots.yaml`` is ``wanx-render render shots.yaml``.
    """

    def __init__(self, **attributes: Any) -> None:
        # What click shows and suggests by name; the commands themselves come when they are called.
        lines = {name: click.Command(name, help=text) for name, text in VERBS.items()}
        super().__init__(commands=lines, **attributes)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return super().get_command(ctx, cmd_name)
        command = _loaded(cmd_name)
        return command if language.language() == "en" else _translated(command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in VERBS and _is_file_name(args[0]):
            args = ["render", *args]
        return super().resolve_command(ctx, args)

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section(looked_up("Commands")):
            formatter.write_dl([(name, shown(text)) for name, text in VERBS.items()])


def _loaded(name: str) -> click.Command:
    command: click.Command = import_module(f"wanx_render.commands.{name}").command
    return command


def _translated(command: click.Command) -> click.Command:
    from wanx_render.help_page import translated

    return translated(command)


def _is_file_name(word: str) -> bool:
    return word.lower().endswith((".yaml", ".yml")) or os.path.exists(word)  # noqa: PTH110  # no pathlib at the start


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=tr(
        "Turn a YAML shot list into finished videos of an exact aspect.\n\n"
        "`wanx-render shots.yaml` renders a list. The default backend, the mock, needs no key, no "
        "network and no money."
    ),
)
@click.version_option(package_name="wanx-render", prog_name="wanx-render")
def cli() -> None:
    """Turn a YAML shot list into finished videos of an exact aspect."""


_COMPLETION = "_WANX_RENDER_COMPLETE"  # by which a shell asks click for completions

# A full or failing disk, a folder that became read-only or has a file's name: no bug of ours.
_OF_THE_MACHINE = (
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO,
    errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP, errno.EMFILE, errno.ENFILE,
    errno.ENOMEM, errno.ESTALE, errno.ETIMEDOUT, errno.ENXIO, errno.ENODEV,
)  # fmt: skip
_OURS = ("wanx_render", "mock_server")  # packages whose absence is a bug


_DATA = r"--format[ =](json|github)\b"  # what ``validate`` prints for other programs

# A start makes 200,000 objects that stay. Python's usual 700 lets it search them for garbage 300
# times: a quarter of what ``validate`` costs.
_OBJECTS = 50_000


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit with its code."""
    gc.set_threshold(_OBJECTS)
    atexit.register(gc.freeze)  # nothing is searched for garbage once more when all ends
    words = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in words
    streams.prepare(for_programs=as_json or bool(re.search(_DATA, " ".join(words))))
    code, problems = _run(_in_language(os.environ, as_json=as_json), words)
    if problems is not None and as_json:
        _write_json(words, code, problems)
    for fault in streams.faults():
        _say(tr("error: cannot write the output: {reason}", reason=fault.strerror or fault))
        code = code or 1
    sys.exit(code)


def _in_language(environ: MutableMapping[str, str], *, as_json: bool) -> click.Command:
    """The command line in the language of the environment, which is that of the process."""
    language.use(language_of(environ))
    if language.language() == "en" or as_json:
        gettext.textdomain("messages")  # JSON is English, also what click says in it
        return cli
    from wanx_render.help_page import in_language_of

    return in_language_of(environ, cli)


def _run(command: click.Command, words: list[str]) -> tuple[int, tuple[Diagnostic, ...] | None]:
    """The whole failure policy on one screen: the exit code, and what kept a command from its end.

    None where it came to its end and has said all itself.
    """
    try:
        return command.main(words, prog_name="wanx-render", standalone_mode=False) or 0, None
    except click.exceptions.Exit as leaving:
        return leaving.exit_code, None
    except click.ClickException as error:
        return 2, (_misused(error, as_json="--json" in words),)
    except BadInput as error:
        from wanx_render import diagnostics

        for problem in error.diagnostics:
            _write(diagnostics.full(problem, error.texts))
        return error.exit_code, error.diagnostics
    except WanxError as error:
        _say(tr("error: {message}", message=error.sentence))
        return _ended(error.exit_code, "stopped", error.sentence)
    except SystemExit as leaving:  # click's: the end of a completion, or of a broken pipe
        if _COMPLETION in os.environ:
            return int(leaving.code or 0), None
        return _bug(leaving.__context__ or leaving)  # the output's pipe never comes so far
    except (KeyboardInterrupt, click.Abort):
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # asked a second time, it ends at once
        message = tr("Interrupted. Finished work is kept. Run the same command again to continue.")
        _say(message)
        return _ended(130, "interrupted", message)
    except Exception as error:  # noqa: BLE001  # the boundary: a bug of ours ends here, with its log
        message = _fault_of_machine(error)
        if not message:
            return _bug(error)
        _say(tr("error: {message}", message=message))
        return _ended(1, "machine", message)


def _fault_of_machine(error: Exception) -> Message:
    """What of the machine stopped the program; nothing where it is a bug of ours."""
    match error:
        case MemoryError():
            return tr("not enough memory")
        case ImportError() if (error.name or "").partition(".")[0] not in _OURS:
            name = error.name or tr("a library")
            return tr("cannot load {name}: {reason}; install it again", name=name, reason=error)
        case OSError() if error.errno in _OF_THE_MACHINE:
            name = error.filename2 or error.filename or tr("a file")
            return tr("cannot use {name}: {reason}", name=name, reason=error.strerror)
    try:
        os.getcwd()  # noqa: PTH109  # no pathlib at the start
    except OSError:
        return tr("the working folder no longer exists")
    return NOTHING


def _ended(code: int, kind: str, message: Message) -> tuple[int, tuple[Diagnostic, ...]]:
    from wanx_render.diagnostics import Diagnostic

    return code, (Diagnostic(kind, message),)


def _write_json(words: list[str], code: int, problems: tuple[Diagnostic, ...]) -> None:
    """The last line of stdout for other programs, where a command could not write its own."""
    import json

    from wanx_render.diagnostics import as_json

    record = {"exit_code": code, "problems": [as_json(problem) for problem in problems]}
    if words[0] not in VERBS or words[0] in ("render", "rescue"):
        record = {"event": "summary", **record}
    click.echo(json.dumps(record, ensure_ascii=False))


def _misused(error: click.ClickException, *, as_json: bool) -> Diagnostic:
    """Show what is wrong with the command line, and what may be meant; the same as a value."""
    from wanx_render.diagnostics import Diagnostic
    from wanx_render.reports import meant_words

    commands = {name: partial(_loaded, name) for name in VERBS}
    hint = meant_words.hint(error, commands) if isinstance(error, click.UsageError) else NOTHING
    vars(error)["possibilities"] = None  # click's own go by the letters only
    sentence = recorded(error.format_message())
    if as_json:  # click's words are English then
        _say(tr("Error: {message}", message=sentence))
    else:
        vars(error)["message"] = shown(error.message)
        error.show()
    if hint:
        _say(tr("  hint: {hint}", hint=hint))
    return Diagnostic("usage", sentence, hint=hint)


def _say(message: Message) -> None:
    _write(shown(message))


def _write(text: str) -> None:
    from wanx_render.diagnostics import clean, without_secrets

    click.echo(clean(without_secrets(text)), err=True)


def _bug(error: BaseException) -> tuple[int, tuple[Diagnostic, ...]]:
    from wanx_render.reports import bug_log

    head, log = bug_log.report_of(error, os.environ.get("DASHSCOPE_API_KEY", "").strip())
    _say(tr("error: {message}", message=head))
    _write(f"  {shown(log)}")
    return _ended(3, "bug", head)
