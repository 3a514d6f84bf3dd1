"""``doctor``: what the machine has and a run would miss; whether a service is as described."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from wanx_render.commands.options import BASE_URL, CATALOG, FILE, JSON, REGION
from wanx_render.language import tr

if TYPE_CHECKING:
    from pathlib import Path

    from wanx_render.money import Money


class _Budget(click.ParamType["Money"]):
    """``1CNY`` or ``0.20 USD``."""

    name = "amount"

    def convert(self, value: Any, param: Any, ctx: Any) -> Money:
        import re
        from decimal import Decimal

        from wanx_render.money import Money

        match = re.fullmatch(
            r"\s*(\d{1,6}(?:\.\d{1,4})?)\s*(CNY|USD)\s*", str(value), re.IGNORECASE
        )
        if match is None:
            self.fail(tr("{text!r} is not an amount such as 1CNY", text=value), param, ctx)
        return Money(Decimal(match[1]), match[2].upper())


@click.command(
    "doctor",
    help=tr(
        "Check Python, ffmpeg, font, key, disk, clock and proxies. Never shows the key.\n\n"
        "With --service, ask the service what it does, and compare that with the model catalog. "
        "It costs nothing without --probe-cost."
    ),
)
@click.option(
    "--service", is_flag=True, help=tr("Probe the service instead of checking this machine.")
)
@BASE_URL
@REGION
@click.option(
    "--probe-cost", type=_Budget(), metavar="AMOUNT",
    help=tr("Also buy one clip for at most this, such as 1CNY. Asks you to type the price."),
)  # fmt: skip
@click.option(
    "--folder", type=FILE, metavar="DIR",
    help=tr("Keep what is bought here [renders/service-check-HOST]."),
)  # fmt: skip
@click.option(
    "--catalog-out", type=FILE, metavar="FILE",
    help=tr("Write the figures that were seen here, as a file for --catalog."),
)  # fmt: skip
@click.option(
    "--keep-answers", type=FILE, metavar="DIR",
    help=tr("Write the answers of the service here, without keys and links."),
)  # fmt: skip
@CATALOG
@JSON
def command(service: bool, as_json: bool, catalog: Path | None, **options: Any) -> int:
    """Check the machine, or the service."""
    from pathlib import Path

    from wanx_render.session.environment import Environment

    if service:
        from wanx_render.actions.service_check import CheckOptions, check_service

        check = CheckOptions(as_json=as_json, catalog=catalog, **options)
        return check_service(check, Environment.real())
    given = [name for name, value in options.items() if value and name != "region"]
    if given:
        option = "--" + given[0].replace("_", "-")
        raise click.UsageError(tr("{option} needs --service.", option=option))

    from wanx_render.actions.doctor import doctor

    return doctor(as_json, Path.cwd(), Environment.real())
