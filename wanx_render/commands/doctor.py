"""``doctor``: what the machine has and a run would miss; whether a service is as described."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from wanx_render.commands.options import BASE_URL, CATALOG, FILE, JSON, REGION
from wanx_render.language import tr

if TYPE_CHECKING:
    from pathlib import Path


@click.command(
    "doctor",
    help=tr(
        "Check Python, ffmpeg, font, key, disk, clock and proxies. Never shows the key.\n\n"
        "With --service, ask the service what it does, and compare that with the model catalog. "
        "Free of charge."
    ),
)
@click.option(
    "--service", is_flag=True, help=tr("Probe the service instead of checking this machine.")
)
@BASE_URL
@REGION
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
    if options["base_url"] or options["keep_answers"]:
        raise click.UsageError(tr("--base-url and --keep-answers need --service."))

    from wanx_render.actions.doctor import doctor

    return doctor(as_json, Path.cwd(), Environment.real())
