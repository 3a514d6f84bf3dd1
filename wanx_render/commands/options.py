"""What several commands share of their words: the types of parameters, and options."""

from __future__ import annotations

import errno
import os
from copy import copy
from typing import TYPE_CHECKING, Any

import click

from wanx_render.language import tr

# Every start pays for what is imported here; the rest is imported where it is used.
if TYPE_CHECKING:
    from decimal import Decimal
    from pathlib import Path

    from wanx_render.run.clips.judge import JudgeCommand


_NEVER = (errno.ENAMETOOLONG, errno.ELOOP)  # no file is there, and none can be


class PathType(click.ParamType["Path"]):
    name = "path"

    def convert(self, value: Any, param: Any, ctx: Any) -> Path:  # the form click calls
        from pathlib import Path

        try:
            os.stat(value)  # noqa: PTH116  # no pathlib before it is needed
        except ValueError:
            self.fail(tr("{name!r} is not a valid file name", name=value), param, ctx)
        except OSError as error:
            if error.errno in _NEVER:
                self.fail(tr("{name}: {reason}", name=value, reason=error.strerror), param, ctx)
        return Path(value)

    def shell_complete(self, ctx: Any, param: Any, incomplete: str) -> list[Any]:
        return click.Path().shell_complete(ctx, param, incomplete)


FILE = PathType()


def once(ctx: Any, param: Any, files: tuple[Path, ...]) -> tuple[Path, ...]:  # noqa: ARG001  # the form click calls
    """Each list once, however often and by whatever name it was given."""
    first: dict[object, Path] = {}
    for file in files:
        first.setdefault(_identity(file), file)
    return tuple(first.values())


def _identity(file: Path) -> object:
    """What two names of one list share: the file, and the folder in which its paths start."""
    try:
        stats = [os.stat(path) for path in (file, file.parent)]  # noqa: PTH116  # as above
    except OSError:
        return file  # its reader says what is wrong with it
    return tuple((status.st_dev, status.st_ino) for status in stats)


class FolderOrUrl(PathType):
    """A folder, or a URL that stays as it was written; ``file:`` is a folder."""

    name = "path or url"

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        if "://" not in str(value):
            return super().convert(value, param, ctx)
        if str(value).startswith("file://"):
            return super().convert(str(value).removeprefix("file://"), param, ctx)
        return str(value)


def _state(ctx: Any, param: Any, value: Any) -> Path | None:  # noqa: ARG001  # the form click calls
    """The render folder that goes with a URL that results went to: the one beside the list."""
    return None if isinstance(value, str) else value


class RenderFolderOption(click.Option):
    """``--folder``; scripts may still call it ``--out``, which its help does not mention."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        option = copy(self)
        option.opts = [name for name in self.opts if name != "--out"]
        return click.Option.get_help_record(option, ctx)


class MoneyType(click.ParamType["Decimal"]):
    name = "amount"

    def convert(self, value: Any, param: Any, ctx: Any) -> Decimal:
        from decimal import Decimal, InvalidOperation

        try:
            amount = Decimal(value)
        except InvalidOperation:
            amount = Decimal(-1)
        if not amount.is_finite() or amount < 0:
            self.fail(tr("{text!r} is not a valid amount of money", text=value), param, ctx)
        return amount


CATALOG = click.option(
    "--catalog",
    type=FILE,
    envvar="WANX_CATALOG",
    help=tr("Add or override models and prices with this YAML file."),
)

BACKEND = click.option(
    "--backend", type=click.Choice(["mock", "dashscope"]),
    help=tr("Run tasks here, whatever the list says; the mock is offline and free."),
)  # fmt: skip

RETAKE = click.option(
    "--retake", multiple=True, metavar="ID",
    help=tr("Make one more take of this shot. Earlier takes are kept."),
)  # fmt: skip
CASCADE = click.option(
    "--cascade/--no-cascade", default=True, show_default=True,
    help=tr("Regenerate shots that start from a changed shot's last frame."),
)  # fmt: skip

_RENDER_FOLDER = tr("Use this render folder [renders/PROJECT beside the file].")
# For commands whose ``--out`` is another thing, and for those that have none.
RENDER_FOLDER = click.option("--folder", type=FILE, metavar="DIR", help=_RENDER_FOLDER)
FOLDER_ONLY = click.option("--folder", "out", type=FILE, metavar="DIR", help=_RENDER_FOLDER)
FOLDER = click.option(
    "--folder", "--out", "out", cls=RenderFolderOption, type=FolderOrUrl(), callback=_state,
    metavar="DIR", help=_RENDER_FOLDER,
)  # fmt: skip
DELIVER = click.option(
    "--out", type=FolderOrUrl(), metavar="DIR|URL",
    help=tr("Write results here: a render folder, or a URL such as s3://BUCKET/NAME."),
)  # fmt: skip
WHERE = click.option(
    "--executor", metavar="WHERE", help=tr("Encode here: local[:N] or dask:tcp://HOST:PORT.")
)
JSON = click.option("--json", "as_json", is_flag=True, help=tr("Print one JSON document."))
LINES = click.option("--json", "as_json", is_flag=True, help=tr("Print one JSON object a line."))
BASE_URL = click.option(
    "--base-url", metavar="URL", help=tr("Send requests to this address, such as an emulator's.")
)
RESULT_HOST = click.option(
    "--result-host", "result_hosts", multiple=True, metavar="HOST",
    help=tr("Download results from this host too. Can be repeated."),
)  # fmt: skip
AMBIGUOUS = click.option(
    "--on-ambiguous", type=click.Choice(["ask", "resubmit"]), default="ask", show_default=True,
    help=tr("Ask you about a request that may have been accepted, or send it again."),
)  # fmt: skip


class JudgeType(click.ParamType["JudgeCommand"]):
    name = "command"

    def convert(self, value: Any, param: Any, ctx: Any) -> JudgeCommand:
        from wanx_render.run.clips.judge import JudgeCommand

        try:
            return JudgeCommand.of(value)
        except ValueError:
            self.fail(tr("{text!r} is not a command", text=value), param, ctx)


JUDGE = click.option(
    "--judge", type=JudgeType(), envvar="WANX_JUDGE", metavar="COMMAND",
    help=tr("Have this command mark clips too: it gets a clip and prints JSON."),
)  # fmt: skip
REGION = click.option(
    "--region", metavar="NAME", default="beijing", show_default=True,
    help=tr("Ask this region; each has its own key."),
)  # fmt: skip

KEEP_GOING = click.option(
    "--keep-going", is_flag=True,
    help=tr("Skip rows and lists with errors, and go on with the others."),
)  # fmt: skip


def ROWS(command: Any) -> Any:  # noqa: N802  # stands beside the options above
    """The options that select rows of a table."""
    rows = click.option(
        "--rows",
        metavar="N-M,NAME,failed",
        help=tr("Use only these rows of the table, counted from 1, or what failed last."),
    )
    shard = click.option(
        "--shard", metavar="I/N", help=tr("Use only part I of N equal parts of the lists or rows.")
    )
    return rows(shard(command))
