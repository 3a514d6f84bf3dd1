"""Start the emulator: one JSON line on stdout says where it is."""

import asyncio
import ipaddress
import json
import logging
import os
import signal
import socket
from contextlib import nullcontext
from pathlib import Path

import click

from mock_server.app import BASE, Emulator
from mock_server.clocks import BadTime
from mock_server.faults import PRESETS, BadFault, Fault, read_line, read_plan
from mock_server.proxy import BadProxy, Front, front, host_names
from mock_server.server import listen, server
from mock_server.service import Options, Service
from mock_server.store import BadState
from wanx_render import yaml_source
from wanx_render.catalog.capabilities import packaged
from wanx_render.errors import BadInput
from wanx_render.media import ffmpeg

_EPILOG = "Keys: sk-mock-NAME is an account of Beijing, sk-mock-intl-NAME one of Singapore."


@click.command(epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--port", default=0, show_default=True, type=click.IntRange(0, 65535),
              help="0 takes a free one.")  # fmt: skip
@click.option("--clock", default="x60", show_default=True, metavar="real|xN|manual|auto",
              help="xN runs N times as fast; auto jumps to whatever is polled for.")  # fmt: skip
@click.option("--seed", default=0, show_default=True, help="The same seed tells the same story.")
@click.option("--faults", "plan", metavar="FILE|PRESET",
              help=f"A fault plan: a YAML file, or {', '.join(PRESETS)}.")  # fmt: skip
@click.option("--fault", "lines", multiple=True, metavar="'on=create nth=1 effect=reset'",
              help="One fault more; can be repeated.")  # fmt: skip
@click.option("--state", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Remember all in this file; a killed server goes on from it.")  # fmt: skip
@click.option("--clips", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER",
              help="Keep test clips here; servers that share it make them once.")  # fmt: skip
@click.option("--refuse", type=click.Choice(["later", "at-once"]), default="later",
              show_default=True, help="Flaws of a request show as FAILED, or as 400.")  # fmt: skip
@click.option("--limits/--no-limits", default=None,
              help="Requests a second. Default: where time passes by itself.")  # fmt: skip
@click.option("--result-host", "result_hosts", default="", metavar="HOST[,HOST]",
              help="Name results https://HOST/..., as the service does.")  # fmt: skip
@click.option("--proxy-port", type=click.IntRange(0, 65535),
              help="Be those hosts for clients of this proxy; 0 takes a free port.")  # fmt: skip
@click.option("--host", default="127.0.0.1", show_default=True,
              help="Another address than loopback needs --token.")  # fmt: skip
@click.option("--token", envvar="WANX_MOCK_TOKEN",
              help="What the admin side asks for (X-Mock-Token).")  # fmt: skip
def main(
    port: int,
    clock: str,
    seed: int,
    plan: str | None,
    lines: tuple[str, ...],
    state: Path | None,
    clips: Path | None,
    refuse: str,
    limits: bool | None,
    result_hosts: str,
    proxy_port: int | None,
    host: str,
    token: str | None,
) -> None:
    """An emulator of DashScope's image-to-video service, for any client, offline."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("python_multipart").setLevel(logging.ERROR)  # the client is told
    try:
        options = Options(
            clock=clock,
            seed=seed,
            refuse="at-once" if refuse == "at-once" else "later",
            limits=limits,
            faults=(*_plan(plan), *(read_line(line) for line in lines)),
            state=state,
            clips=clips,
            result_hosts=host_names(result_hosts),
        )
        host = _allowed(host, token)
        if proxy_port is not None and not options.result_hosts:
            raise click.UsageError("--proxy-port needs --result-host: the hosts to be")
        service = Service(packaged(), ffmpeg.find(os.environ), options)
    except (BadFault, BadTime, BadState, BadInput, BadProxy) as error:
        raise click.UsageError(str(error)) from None
    except OSError as error:
        raise click.UsageError(f"{error.filename}: {error.strerror}") from None
    signal.signal(signal.SIGTERM, _ended)
    try:
        with listen(host, port) as listener:
            address = listener.getsockname()
            upstream = ("127.0.0.1" if host == "0.0.0.0" else address[0], address[1])  # noqa: S104
            with front(proxy_port, options.result_hosts, upstream) as proxy:
                _say(address, service, proxy)
                asyncio.run(_serve(Emulator(service, token), listener, proxy))
    except BadProxy as error:
        raise click.UsageError(str(error)) from None
    except OSError as error:
        raise click.ClickException(
            f"cannot listen on {host} port {port}: {error.strerror}"
        ) from None
    except KeyboardInterrupt:
        pass
    finally:
        service.close()


def _ended(number: int, _: object) -> None:
    """Leave by the way out, so that what was made for this run is removed."""
    raise SystemExit(128 + number)


async def _serve(emulator: Emulator, listener: socket.socket, proxy: Front | None) -> None:
    async with proxy.serving() if proxy else nullcontext():
        await server(emulator.asgi).serve(sockets=[listener])


def _plan(text: str | None) -> tuple[Fault, ...]:
    if text is None:
        return ()
    if text in PRESETS:
        return PRESETS[text]
    return read_plan(yaml_source.read(Path(text), text).value)


def _allowed(host: str, token: str | None) -> str:
    """The address to listen on. Raises click.UsageError for one beyond loopback with no token."""
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        raise click.UsageError(f"--host {host} is not an IP address") from None
    if not address.is_loopback and not token:
        raise click.UsageError(f"{address} can be reached from elsewhere: give a --token as well")
    return str(address)


def _say(name: tuple[str, int], service: Service, proxy: Front | None) -> None:
    host = f"[{name[0]}]" if ":" in name[0] else name[0]
    origin = f"http://{host}:{name[1]}"
    line = {
        "base_url": origin + BASE,
        "page": f"{origin}/",
        "admin": f"{origin}/_mock",
        "clock": service.clock.mode,
        "seed": service.options.seed,
        "pid": os.getpid(),
    }
    if proxy:
        line |= {"proxy": proxy.url, "authority": str(proxy.authority.file)}
    click.echo(json.dumps(line))
