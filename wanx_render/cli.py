"""argv in, exit code out: commands and options, and what becomes of every error."""

from __future__ import annotations

import errno
import os
import signal
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from wanx_render.commands.options import (
    AMBIGUOUS,
    BACKEND,
    BASE_URL,
    CASCADE,
    CATALOG,
    DELIVER,
    FILE,
    JSON,
    LINES,
    OUT,
    RESULT_HOST,
    RETAKE,
    ROWS,
    WHERE,
    Money,
    once,
)
from wanx_render.errors import BadInput, WanxError
from wanx_render.reports import export_formats, streams

# What only some commands need is imported where it is used: every start pays for the rest.
if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal
    from pathlib import Path

    from wanx_render.diagnostics import Diagnostic


# Each command is ``command`` in the module of its name in ``commands``, imported when it is called.
# The text is the first sentence of its help.
VERBS = {
    "conform": "Make a video or picture exact: crop, pad or blur CLIP to an aspect, verify it, "
    "write OUT.",
    "doctor": "Look at Python, ffmpeg, font, key, disk, clock and proxies; the key is never shown.",
    "init": "Write a runnable example into DIR [here]; nothing is overwritten.",
    "models": "Show what each model can do, or one MODEL with the source of each figure.",
    "schema": "Print the JSON Schema of the shot list, for editors.",
    "tasks": "The service's own tasks: list, show, cancel.",
    "validate": "Say every problem of each FILE; nothing is sent.",
}


class _Commands(click.Group):
    """``wanx-render shots.yaml`` is ``wanx-render render shots.yaml``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*VERBS, *super().list_commands(ctx)])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return super().get_command(ctx, cmd_name)
        command: click.Command = import_module(f"wanx_render.commands.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.list_commands(ctx) and _is_file_name(args[0]):
            args = ["render", *args]
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """As click does, without an import of the commands."""
        listed = {name: click.Command(name, help=text) for name, text in VERBS.items()}
        click.Group(commands={**self.commands, **listed}).format_commands(ctx, formatter)


def _is_file_name(word: str) -> bool:
    return word.lower().endswith((".yaml", ".yml")) or os.path.exists(word)  # noqa: PTH110  # no pathlib at the start


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="wanx-render", prog_name="wanx-render")
def cli() -> None:
    """Turn a YAML shot list into finished, exact videos.

    `wanx-render shots.yaml` renders a list; on the mock backend, the default, that needs no key, no
    network and no money.
    """


@cli.command()
@click.argument("files", type=FILE, nargs=-1, callback=once)
@BACKEND
@DELIVER
@click.option("--plan", "saved", type=FILE, help="Run a saved plan, and nothing else than it.")
@click.option(
    "--only",
    multiple=True,
    metavar="ID",
    help="Make the clips of these shots only; of a table, of these rows.",
)
@ROWS
@RETAKE
@CASCADE
@click.option("--max-cost", type=Money(), help="Stop before spending more than this.")
@click.option("--yes", is_flag=True, help="Spend without asking; the mock never asks.")
@BASE_URL
@RESULT_HOST
@AMBIGUOUS
@WHERE
@click.option("--watch", is_flag=True, help="Render again at each save; ask before spending.")
@LINES
@CATALOG
def render(
    files: tuple[Path, ...],
    backend: str | None,
    out: Path | str | None,
    saved: Path | None,
    only: tuple[str, ...],
    rows: str | None,
    shard: str | None,
    retake: tuple[str, ...],
    cascade: bool,
    max_cost: Decimal | None,
    yes: bool,
    base_url: str | None,
    result_hosts: tuple[str, ...],
    on_ambiguous: Any,
    executor: str | None,
    watch: bool,
    as_json: bool,
    catalog: Path | None,
) -> int:
    """Make the clips that FILES lack, then their deliverables; run again to resume."""
    from wanx_render.commands import render as command
    from wanx_render.session.environment import Environment
    from wanx_render.session.selection import RenderOptions

    if not files and saved is None:
        raise click.UsageError("Missing argument 'FILES' (or --plan).")
    if files and saved is not None:
        raise click.UsageError("A saved plan names its list itself: leave FILES out.")
    if saved is not None and (retake or not cascade):
        raise click.UsageError("A saved plan is run as it is: plan again with the new options.")
    folder, store = (None, out) if isinstance(out, str) else (out, None)
    options = RenderOptions(
        files, backend=backend, catalog=catalog, only=only, rows=rows, shard=shard, retake=retake,
        cascade=cascade, out=folder, store=store, plan=saved, max_cost=max_cost, as_json=as_json,
        yes=yes, base_url=base_url, executor=executor, result_hosts=result_hosts,
        on_ambiguous=on_ambiguous,
    )  # fmt: skip
    if watch:
        if len(files) != 1 or retake or rows or shard:
            raise click.UsageError("--watch goes with one list, without --retake, --rows, --shard.")
        return command.render_at_saves(options, Environment.real())
    return command.render(options, Environment.real())


@cli.command()
@click.argument("files", type=FILE, nargs=-1, required=True, callback=once)
@BACKEND
@JSON
@click.option("--out", "save", type=FILE, metavar="PLAN", help="Save the plan for approval.")
@click.option("--folder", type=FILE, help="The render folder [renders/PROJECT beside the file].")
@click.option("--detailed-exitcode", is_flag=True, help="Answer 6 where there is work to pay for.")
@click.option("--only", multiple=True, metavar="ID", help="These shots or rows of a table only.")
@ROWS
@RETAKE
@CASCADE
@CATALOG
def plan(
    files: tuple[Path, ...],
    backend: str | None,
    as_json: bool,
    save: Path | None,
    folder: Path | None,
    detailed_exitcode: bool,
    only: tuple[str, ...],
    rows: str | None,
    shard: str | None,
    retake: tuple[str, ...],
    cascade: bool,
    catalog: Path | None,
) -> int:
    """Show what rendering FILES would ask for, make and cost; nothing is sent."""
    from wanx_render.commands.plan import PlanOptions, plan
    from wanx_render.session.environment import Environment

    if save is not None and (retake or not cascade):
        raise click.UsageError("--retake and --no-cascade cannot be saved: give them to render.")
    options = PlanOptions(
        files, backend=backend, catalog=catalog, only=only, rows=rows, shard=shard, retake=retake,
        cascade=cascade, save=save, folder=folder, as_json=as_json, detailed=detailed_exitcode,
    )  # fmt: skip
    return plan(options, Environment.real())


@cli.command()
@click.argument("file", type=FILE)
@BACKEND
@OUT
@click.option("--port", default=0, show_default=True, type=click.IntRange(0, 65535),
              help="Where on 127.0.0.1; 0 takes a free one.")  # fmt: skip
@click.option("--max-cost", type=Money(), help="No run from the board may spend more than this.")
@BASE_URL
@CATALOG
def board(
    file: Path,
    backend: str | None,
    out: Path | None,
    port: int,
    max_cost: Decimal | None,
    base_url: str | None,
    catalog: Path | None,
) -> int:
    """Show FILE live in the browser: run, compare takes, choose, set what crops keep in view."""
    from wanx_render.commands.board import board
    from wanx_render.session.environment import Environment
    from wanx_render.session.selection import RenderOptions

    options = RenderOptions(
        (file,), backend=backend, out=out, max_cost=max_cost, catalog=catalog, base_url=base_url
    )
    return board(options, port, Environment.real())


@cli.command()
@click.argument("file", type=FILE)
@OUT
@JSON
@CATALOG
def status(file: Path, out: Path | None, as_json: bool, catalog: Path | None) -> int:
    """Show every task FILE ever asked for: state, age, hours left to fetch it. Sends nothing."""
    from wanx_render.commands.status import status
    from wanx_render.session.environment import Environment
    from wanx_render.session.folder_tasks import FolderOptions

    return status(FolderOptions(file, None, out, as_json, None, catalog), Environment.real())


@cli.command()
@click.argument("file", type=FILE)
@BACKEND
@OUT
@BASE_URL
@RESULT_HOST
@LINES
@CATALOG
def rescue(
    file: Path,
    backend: str | None,
    out: Path | None,
    base_url: str | None,
    result_hosts: tuple[str, ...],
    as_json: bool,
    catalog: Path | None,
) -> int:
    """Fetch every clip of FILE's folder that was paid for and is not here; ask for nothing new."""
    from wanx_render.commands.rescue import rescue
    from wanx_render.session.environment import Environment
    from wanx_render.session.folder_tasks import FolderOptions

    options = FolderOptions(file, backend, out, as_json, base_url, catalog, result_hosts)
    return rescue(options, Environment.real())


@cli.command()
@click.argument("file", type=FILE)
@click.argument("attempt", type=int, required=False)
@click.option("--adopt", metavar="TASK", help="The attempt is this task of the service.")
@click.option("--release", is_flag=True, help="It was never accepted; it may be asked for again.")
@OUT
@JSON
@CATALOG
def resolve(
    file: Path,
    attempt: int | None,
    adopt: str | None,
    release: bool,
    out: Path | None,
    as_json: bool,
    catalog: Path | None,
) -> int:
    """Settle what only a person can: requests of FILE whose outcome is unknown."""
    from wanx_render.commands.resolve import Decision, resolve
    from wanx_render.session.environment import Environment
    from wanx_render.session.folder_tasks import FolderOptions

    options = FolderOptions(file, None, out, as_json, None, catalog)
    return resolve(options, Decision(attempt, adopt, release), Environment.real())


@cli.command()
@click.argument("file", type=FILE)
@click.option("--format", "style", type=click.Choice(export_formats.NAMES), required=True,
              help=export_formats.HELP)  # fmt: skip
@click.option("--out", type=FILE, help="The file to write [DELIVERABLE.FORMAT in the folder].")
@click.option("--deliverable", metavar="NAME", help="Only this one [each].")
@click.option("--relative", is_flag=True, help="Name files from where the timeline lies.")
@click.option("--folder", type=FILE, help="The render folder [renders/PROJECT beside the file].")
@JSON
@CATALOG
def export(
    file: Path,
    style: str,
    out: Path | None,
    deliverable: str | None,
    relative: bool,
    folder: Path | None,
    as_json: bool,
    catalog: Path | None,
) -> int:
    """Write what was rendered of FILE as a timeline for an editing program: whole clips, cuts,
    transitions, markers and sounds."""
    from wanx_render.commands.export import ExportOptions, export
    from wanx_render.session.environment import Environment

    options = ExportOptions(file, style, out, deliverable, relative, folder, as_json, catalog)
    return export(options, Environment.real())


@cli.command()
@click.argument("files", type=FILE, nargs=-1, required=True, callback=once)
@click.option("--out", type=FILE, help="The page to write [storyboard.html in the folder].")
@click.option("--folder", type=FILE, help="The render folder [renders/PROJECT beside the file].")
@click.option("--only", multiple=True, metavar="ROW", help="These rows of a table only.")
@ROWS
@click.option("--csv", "as_csv", is_flag=True, help="Print what was paid, by row, model and day.")
@JSON
@CATALOG
def report(
    files: tuple[Path, ...],
    out: Path | None,
    folder: Path | None,
    only: tuple[str, ...],
    rows: str | None,
    shard: str | None,
    as_csv: bool,
    as_json: bool,
    catalog: Path | None,
) -> int:
    """Write what was rendered of FILES as storyboards: pages that open offline.

    One FILE may also be a manifest.json or a render folder. Several lists, and the rows of a table,
    have a storyboard each, and a page over all."""
    from wanx_render.commands import report as command
    from wanx_render.session.environment import Environment

    if as_csv and (out or only or rows or shard or as_json):
        raise click.UsageError("--csv prints all rows to stdout; it goes with --folder only.")
    options = command.ReportOptions(
        files, catalog=catalog, only=only, rows=rows, shard=shard, out=out, folder=folder,
        as_json=as_json,
    )  # fmt: skip
    if as_csv:
        return command.report_spending(options, Environment.real())
    return command.report(options, Environment.real())


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
    except SystemExit as leaving:  # click's, of a broken pipe: the output's never comes so far
        return _bug(leaving.__context__ or leaving)
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
    if words[0] not in {**VERBS, **cli.commands} or words[0] in ("render", "rescue"):
        record = {"event": "summary", **record}
    click.echo(json.dumps(record, ensure_ascii=False))


def _say(text: str) -> None:
    from wanx_render.diagnostics import clean, without_secrets

    click.echo(clean(without_secrets(text)), err=True)


def _bug(error: BaseException) -> tuple[int, tuple[Diagnostic, ...]]:
    """Say that it is a bug of ours, once its log is written; if it cannot be, say the log."""
    # Only a bug needs these; every start would pay for them.
    import tempfile
    import traceback

    first: BaseException = error
    while isinstance(first, BaseExceptionGroup):  # as text, it is a frame around the others
        first = first.exceptions[0]
    last = "".join(traceback.format_exception_only(first)).strip()
    log = _without_key("".join(traceback.format_exception(error)))
    head = f"a bug in wanx-render, not in your files: {_without_key(last)}"
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="wanx-render-", suffix=".log", delete=False, encoding="utf-8",
            errors="backslashreplace",
        ) as file:  # fmt: skip
            file.write(log)
    except OSError as lacking:
        _say(f"error: {head}\n  no log could be written ({lacking.strerror}); here it is:\n{log}")
    else:
        _say(f"error: {head}\n  the log is in {file.name}")
    return _ended(3, "bug", head)


def _without_key(text: str) -> str:
    from wanx_render.diagnostics import without_secrets

    key = os.environ.get("DASHSCOPE_API_KEY", "").strip()
    return without_secrets(text.replace(key, "***") if len(key) > 4 else text)
