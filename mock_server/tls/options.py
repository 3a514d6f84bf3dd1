"""The options of the command line for TLS and the proxy, and what they mean together."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from mock_server.tls.reach import Reach
from wanx_render.language import Message, tr

_PROXY = (
    click.option("--proxy", is_flag=True,
                 help=tr("Run a proxy that serves all hosts of the vendor, for HTTPS_PROXY.")),
    click.option("--proxy-port", type=click.IntRange(0, 65535), metavar="PORT",
                 help=tr("Port of the proxy; 0 takes a free one.")),
)  # fmt: skip
_AUTHORITY = (
    click.option("--authority", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER",
                 help=tr("Keep the local authority in this folder.")),
)  # fmt: skip
OPTIONS = (
    click.option("--tls", is_flag=True,
                 help=tr("Serve HTTPS, with a certificate of a local authority.")),
    *_PROXY,
    click.option("--proxy-passthrough", is_flag=True,
                 help=tr("Let the proxy pass HTTPS of other hosts on, unread.")),
    *_AUTHORITY,
)  # fmt: skip


def with_proxy(command: Callable[..., None]) -> Callable[..., None]:
    """The options of a command that can only be the vendor's API behind a proxy."""
    for option in reversed((*_PROXY, *_AUTHORITY)):
        command = option(command)
    return command


class BadReach(ValueError):
    """Options that do not go together; the message says why."""


def reach_of(values: dict[str, Any], *, has_hosts: bool, is_open: bool) -> Reach:
    """What the options mean; they are taken out of ``values``. Raises BadReach.

    ``has_hosts``: a person names hosts for the proxy; ``is_open``: other machines reach the server.
    """
    tls, vendor = values.pop("tls"), values.pop("proxy")
    port, passthrough = values.pop("proxy_port"), values.pop("proxy_passthrough")
    folder = values.pop("authority")
    if port is not None and not (vendor or has_hosts):
        raise BadReach(tr("--proxy-port requires --proxy, --result-host or --api-host"))
    if vendor and port is None:
        port = 0
    if fault := _passthrough_fault(port, is_open) if passthrough else None:
        raise BadReach(fault)
    if folder and not tls and port is None:
        raise BadReach(tr("--authority requires --tls or --proxy"))
    return Reach(tls, vendor, port, passthrough, folder)


def proxy_of(proxy: bool, proxy_port: int | None, authority: Path | None) -> Reach:
    """What the options of ``with_proxy`` mean. Raises BadReach."""
    for option, value in (("--proxy-port", proxy_port), ("--authority", authority)):
        if value is not None and not proxy:
            raise BadReach(tr("{option} requires --proxy", option=option))
    return Reach(vendor=proxy, proxy_port=(proxy_port or 0) if proxy else None, folder=authority)


def _passthrough_fault(port: int | None, is_open: bool) -> Message | None:
    if port is None:
        return tr("{option} requires --proxy", option="--proxy-passthrough")
    if is_open:
        return tr("--proxy-passthrough works on loopback only: the proxy would be open to others")
    return None
