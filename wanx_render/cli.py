"""argv in, exit code out: which command it is, and what becomes of every error."""

from __future__ import annotations

import errno
import os
import signal
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from wanx_render.errors import BadInput, WanxError
from wanx_render.reports import streams

# What only some commands need is imported where it is used: every start pays for the rest.
if TYPE_CHECKING:
    from collections.abc import Sequence

    from wanx_render.diagnostics import Diagnostic

# The first sentence of each command's help. A command is called ``command``, in the module of its
# name in ``commands``, which is imported when it is called.
VERBS = {
    "board": "Show FILE live in the browser: run, compare takes, choose, set what crops keep in "
    "view.",
    "conform": "Make a video or picture exact: crop, pad or blur CLIP to an aspect, verify it, "
    "write OUT.",
    "doctor": "Look at Python, ffmpeg, font, key, disk, clock and proxies; the key is never shown.",
    "export": "Write what was rendered of FILE as a timeline for an editing program: whole clips, "
    "cuts, transitions, markers and sounds.",
    "init": "Write a runnable example into DIR [here]; nothing is overwritten.",
    "models": "Show what each model can do, or one MODEL with the source of each figure.",
    "plan": "Show what rendering FILES would ask for, make and cost; nothing is sent.",
    "render": "Make the clips that FILES lack, then their deliverables; run again to resume.",
    "report": "Write what was rendered of FILES as storyboards: pages that open offline.",
    "rescue": "Fetch every clip of FILE's folder that was paid for and is not here; ask for "
    "nothing new.",
    "resolve": "Settle what only a person can: requests of FILE whose outcome is unknown.",
    "schema": "Print the JSON Schema of the shot list, for editors.",
    "status": "Show every task FILE ever asked for: state, age, hours left to fetch it.",
    "tasks": "The service's own tasks: list, show, cancel.",
    "validate": "Say every problem of each FILE; nothing is sent.",
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
        command: click.Command = import_module(f"wanx_render.commands.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in VERBS and _is_file_name(args[0]):
            args = ["render", *args]
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        click.Group(commands=self.commands).format_commands(ctx, formatter)


def _is_file_name(word: str) -> bool:
    return word.lower().endswith((".yaml", ".yml")) or os.path.exists(word)  # noqa: PTH110  # no pathlib at the start


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="wanx-render", prog_name="wanx-render")
def cli() -> None:
    """Turn a YAML shot list into finished, exact videos.

    `wanx-render shots.yaml` renders a list; on the mock backend, the default, that needs no key, no
    network and no money.
    """


_COMPLETION = "_WANX_RENDER_COMPLETE"  # by which a shell asks click for completions

# A full or failing disk, a folder that became read-only or has a file's name: no bug of ours.
_OF_THE_MACHINE = (
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO,
    errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP, errno.EMFILE, errno.ENFILE,
)  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit with its code."""
    streams.prepare()
    words = list(sys.argv[1:] if arguments is None else arguments)
    code, problems = _run(words)
    if problems is not None and "--json" in words:
        _write_json(words, code, problems)
    for fault in streams.faults():
        click.echo(f"error: the output could not be written: {fault.strerror}", err=True)
        code = code or 1
    sys.exit(code)


def _run(words: list[str]) -> tuple[int, tuple[Diagnostic, ...] | None]:
    """The whole failure policy on one screen: the exit code, and what kept a command from its end.

    None where it came to its end and has said all itself.
    """
    try:
        return cli.main(words, prog_name="wanx-render", standalone_mode=False) or 0, None
    except click.exceptions.Exit as leaving:
        return leaving.exit_code, None
    except click.ClickException as error:
        error.show()
        return _ended(2, "usage", error.format_message())
    except BadInput as error:
        from wanx_render import diagnostics

        for problem in error.diagnostics:
            _say(diagnostics.full(problem, error.texts))
        return error.exit_code, error.diagnostics
    except WanxError as error:
        _say(f"error: {error}")
        return _ended(error.exit_code, "stopped", str(error))
    except SystemExit as leaving:  # click's: the end of a completion, or of a broken pipe
        if _COMPLETION in os.environ:
            return int(leaving.code or 0), None
        return _bug(leaving.__context__ or leaving)  # the output's pipe never comes so far
    except (KeyboardInterrupt, click.Abort):
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # asked a second time, it ends at once
        message = "interrupted: what was made so far is kept; run the same command again to go on"
        _say(message)
        return _ended(130, "interrupted", message)
    except OSError as error:
        if error.errno not in _OF_THE_MACHINE:
            return _bug(error)
        message = f"{error.strerror}: {error.filename2 or error.filename or 'a file'}"
        _say(f"error: {message}")
        return _ended(1, "machine", message)
    except Exception as error:  # noqa: BLE001  # the boundary: a bug of ours ends here, with its log
        return _bug(error)


def _ended(code: int, kind: str, message: str) -> tuple[int, tuple[Diagnostic, ...]]:
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


def _say(text: str) -> None:
    from wanx_render.diagnostics import clean, without_secrets

    click.echo(clean(without_secrets(text)), err=True)


def _bug(error: BaseException) -> tuple[int, tuple[Diagnostic, ...]]:
    from wanx_render.reports import bug_log

    head, log = bug_log.report_of(error, os.environ.get("DASHSCOPE_API_KEY", "").strip())
    _say(f"error: {head}\n  {log}")
    return _ended(3, "bug", head)
