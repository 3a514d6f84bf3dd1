"""What several commands share of their words: the types of parameters, and options."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any

import click

# Every start pays for what is imported here; the rest is imported where it is used.
if TYPE_CHECKING:
    from decimal import Decimal
    from pathlib import Path


_NEVER = (errno.ENAMETOOLONG, errno.ELOOP)  # no file is there, and none can be


class PathType(click.ParamType["Path"]):
    name = "path"

    def convert(self, value: Any, param: Any, ctx: Any) -> Path:  # the form click calls
        from pathlib import Path

        try:
            os.stat(value)  # noqa: PTH116  # no pathlib before it is needed
        except ValueError:
            self.fail(f"{value!r} cannot be the name of a file", param, ctx)
        except OSError as error:
            if error.errno in _NEVER:
                self.fail(f"{value}: {error.strerror}", param, ctx)
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
    """The render folder that goes with ``--out URL``: the one beside the list."""
    return None if isinstance(value, str) else value


class MoneyType(click.ParamType["Decimal"]):
    name = "amount"

    def convert(self, value: Any, param: Any, ctx: Any) -> Decimal:
        from decimal import Decimal, InvalidOperation

        try:
            amount = Decimal(value)
        except InvalidOperation:
            amount = Decimal(-1)
        if not amount.is_finite() or amount < 0:
            self.fail(f"{value!r} is not an amount of money", param, ctx)
        return amount


CATALOG = click.option(
    "--catalog",
    type=FILE,
    envvar="WANX_CATALOG",
    help="A YAML file that adds or overrides models and prices.",
)

BACKEND = click.option(
    "--backend", type=click.Choice(["mock", "dashscope"]), help="Where tasks run."
)

RETAKE = click.option(
    "--retake", multiple=True, metavar="ID", help="One more take of this shot; earlier ones stay."
)
CASCADE = click.option(
    "--cascade/--no-cascade", default=True, show_default=True,
    help="Make again what begins with the last frame of a shot that changed.",
)  # fmt: skip

OUT = click.option(
    "--out", type=FolderOrUrl(), callback=_state,
    help="The render folder [renders/PROJECT beside the file].",
)  # fmt: skip
DELIVER = click.option(
    "--out", type=FolderOrUrl(),
    help="The render folder [renders/PROJECT beside the file], or where its files go, as a URL.",
)  # fmt: skip
WHERE = click.option(
    "--executor", metavar="WHERE", help="Where to encode: local[:N], or dask:tcp://HOST:PORT."
)
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
LINES = click.option("--json", "as_json", is_flag=True, help="One JSON object a line on stdout.")
BASE_URL = click.option(
    "--base-url", metavar="URL", help="Where the service is; an emulator for one."
)
RESULT_HOST = click.option(
    "--result-host", "result_hosts", multiple=True, metavar="HOST",
    help="Fetch results from this host too; repeat for more.",
)  # fmt: skip
AMBIGUOUS = click.option(
    "--on-ambiguous", type=click.Choice(["ask", "resubmit"]), default="ask", show_default=True,
    help="A request that may have been accepted: leave it to you, or send it again.",
)  # fmt: skip
REGION = click.option(
    "--region", type=click.Choice(["beijing", "singapore"]), default="beijing", show_default=True
)


def ROWS(command: Any) -> Any:  # noqa: N802  # stands beside the options above
    """Which rows of a table are meant."""
    rows = click.option("--rows", metavar="N-M,N", help="These rows of the table only, from 1.")
    shard = click.option("--shard", metavar="I/N", help="The I-th of N shares of the lists only.")
    return rows(shard(command))
