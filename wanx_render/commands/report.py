"""``report``: storyboards of what was rendered, from the manifests and the files they name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from wanx_render.commands.options import CATALOG, FILE, FOLDER_ONLY, JSON, ROWS, once
from wanx_render.language import tr

if TYPE_CHECKING:
    from pathlib import Path


@click.command(
    "report",
    help=tr(
        "Write storyboards of FILES: pages that open offline.\n\n"
        "One FILE may also be a manifest.json or a render folder. Several lists, and the rows of a "
        "table, get a storyboard each, and a page over all."
    ),
)
@click.argument("files", type=FILE, nargs=-1, required=True, callback=once)
@click.option(
    "--out", "page", type=FILE, help=tr("Write this page [storyboard.html in the folder].")
)
@FOLDER_ONLY
@click.option("--only", multiple=True, metavar="ROW", help=tr("Use only these rows of a table."))
@ROWS
@click.option(
    "--csv", "as_csv", is_flag=True, help=tr("Print what was paid, by row, model and day, as CSV.")
)
@JSON
@CATALOG
def command(files: tuple[Path, ...], as_csv: bool, **options: Any) -> int:
    """Write the storyboards of FILES."""
    if as_csv and any(options[name] for name in ("page", "only", "rows", "shard", "as_json")):
        raise click.UsageError(tr("--csv prints all rows; combine it with --folder only."))

    from wanx_render.actions.report import ReportOptions, report, report_spending
    from wanx_render.session.environment import Environment

    action = report_spending if as_csv else report
    return action(ReportOptions(files, keep_going=True, **options), Environment.real())
