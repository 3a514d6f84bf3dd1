"""``report``: storyboards of what was rendered, and bundles for people who only look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from wanx_render.commands.options import CATALOG, FILE, FOLDER_ONLY, JSON, ROWS, once
from wanx_render.language import tr

if TYPE_CHECKING:
    from pathlib import Path


class SizeType(click.ParamType["int"]):
    name = "size"

    def convert(self, value: Any, param: Any, ctx: Any) -> int:  # the form click calls
        from wanx_render.bundle.budget import read_size

        try:
            return value if isinstance(value, int) else read_size(value)
        except ValueError as error:
            self.fail(error.args[0], param, ctx)


@click.command(
    "report",
    help=tr(
        "Write storyboards of FILES: pages that open offline.\n\n"
        "One FILE may also be a manifest.json or a render folder. Several lists, and the rows of a "
        "table, get a storyboard each, and a page over all. --bundle writes a page for clients "
        "instead: films as small proxies, comments by time, no prices or settings."
    ),
)
@click.argument("files", type=FILE, nargs=-1, required=True, callback=once)
@click.option(
    "--out", "page", type=FILE, help=tr("Write this page [storyboard.html in the folder].")
)
@click.option(
    "--bundle", type=FILE, metavar="FILE",
    help=tr("Write a bundle for clients, one .html or .zip file."),
)  # fmt: skip
@click.option(
    "--max-size", type=SizeType(), metavar="SIZE",
    help=tr("Keep the bundle within this size [14MB]."),
)  # fmt: skip
@click.option(
    "--deliverable", "deliverables", multiple=True, metavar="NAME",
    help=tr("Put only this deliverable into the bundle [all]."),
)  # fmt: skip
@click.option("--prompts", is_flag=True, help=tr("Show the prompts in the bundle."))
@FOLDER_ONLY
@click.option("--only", multiple=True, metavar="ROW", help=tr("Use only these rows of a table."))
@ROWS
@click.option(
    "--csv", "as_csv", is_flag=True, help=tr("Print what was paid, by row, model and day, as CSV.")
)
@JSON
@CATALOG
def command(files: tuple[Path, ...], as_csv: bool, **options: Any) -> int:
    """Write the storyboards of FILES, or a bundle."""
    of_bundle = ("max_size", "deliverables", "prompts")
    used = [name for name in ("page", "bundle", "only", "rows", "shard", "as_json", *of_bundle)
            if options[name]]  # fmt: skip
    if as_csv and used:
        raise click.UsageError(tr("--csv prints all rows; combine it with --folder only."))
    if options["bundle"] and options["page"]:
        raise click.UsageError(tr("--out names a storyboard; use it without --bundle."))
    if not options["bundle"] and any(name in of_bundle for name in used):
        raise click.UsageError(
            tr("--max-size, --deliverable and --prompts are about a bundle; add --bundle FILE.")
        )

    from wanx_render.actions.report import ReportOptions, report, report_spending
    from wanx_render.session.environment import Environment

    action = report_spending if as_csv else report
    return action(ReportOptions(files, keep_going=True, **options), Environment.real())
