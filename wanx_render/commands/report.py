"""``report``: storyboards of what was rendered, from the manifests and the files they name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from wanx_render.commands.options import CATALOG, FILE, JSON, ROWS, once

if TYPE_CHECKING:
    from pathlib import Path


@click.command("report")
@click.argument("files", type=FILE, nargs=-1, required=True, callback=once)
@click.option("--out", "page", type=FILE, help="The page to write [storyboard.html in the folder].")
@click.option(
    "--folder", "out", type=FILE, help="The render folder [renders/PROJECT beside the file]."
)
@click.option("--only", multiple=True, metavar="ROW", help="These rows of a table only.")
@ROWS
@click.option("--csv", "as_csv", is_flag=True, help="Print what was paid, by row, model and day.")
@JSON
@CATALOG
def command(files: tuple[Path, ...], as_csv: bool, **options: Any) -> int:
    """Write what was rendered of FILES as storyboards: pages that open offline.

    One FILE may also be a manifest.json or a render folder. Several lists, and the rows of a table,
    have a storyboard each, and a page over all."""
    if as_csv and any(options[name] for name in ("page", "only", "rows", "shard", "as_json")):
        raise click.UsageError("--csv prints all rows to stdout; it goes with --folder only.")

    from wanx_render.actions.report import ReportOptions, report, report_spending
    from wanx_render.session.environment import Environment

    action = report_spending if as_csv else report
    return action(ReportOptions(files, **options), Environment.real())
