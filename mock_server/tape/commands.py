"""The commands ``record``, ``replay`` and ``compare`` of the emulator's program."""

import asyncio
import json
import logging
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from mock_server.tls.authority import BadAuthority
from mock_server.tls.options import BadReach, proxy_of, with_proxy
from mock_server.tls.reach import Doors, doors
from wanx_render.language import Message, shown, tr

if TYPE_CHECKING:
    from mock_server.tape.compare import ComparisonReport
    from mock_server.tape.player import Player
    from mock_server.tape.recorder import Recorder

_PORT = click.option(
    "--port", default=0, show_default=True, type=click.IntRange(0, 65535),
    help=tr("Port to listen on; 0 takes a free one."),
)  # fmt: skip
_MEGABYTE = 1024 * 1024


def _cassette(text: Message) -> Callable[[Any], Any]:
    """The option that names the file."""
    kind = click.Path(path_type=Path, dir_okay=False)
    return click.option("--cassette", "path", required=True, type=kind, metavar="FILE", help=text)


@click.command("record", help=tr("Pass requests on to a service and record its answers."))
@click.option(
    "--to",
    "service",
    required=True,
    metavar="URL",
    help=tr("Base URL of the service, such as https://dashscope.aliyuncs.com/api/v1."),
)
@_cassette(tr("Write the recording to this file, without keys and signatures."))
@click.option("--append", is_flag=True, help=tr("Continue an existing cassette."))
@click.option(
    "--largest",
    default=64,
    show_default=True,
    type=click.IntRange(0, 4096),
    metavar="MB",
    help=tr("Keep no body larger than this; clients still get it whole."),
)
@_PORT
@with_proxy
def record(
    service: str, path: Path, append: bool, largest: int, port: int, **proxy: Any
) -> None:  # fmt: skip
    """Record until the process is ended."""
    from mock_server.tape.cassette import CassetteWriter, folder_of
    from mock_server.tape.recorder import Recorder
    from mock_server.tape.secrets import SecretRemover

    _check_address(service)
    signal.signal(signal.SIGTERM, _end)
    shown_service = SecretRemover().text(service)
    faults = _usage_errors(path, writes=True)
    with faults, _listening(port) as listener, _ways_in(listener, proxy) as ways_in:
        tape = CassetteWriter(path, shown_service, append=append)
        origin = _origin(listener)
        recorder = Recorder(service, origin, tape, folder_of(path, largest * _MEGABYTE))
        base_url = origin + urlsplit(service).path.rstrip("/")
        place = {"base_url": base_url, "to": shown_service, "cassette": str(path)}
        _announce(place | ways_in.record)
        try:
            with suppress(KeyboardInterrupt):
                asyncio.run(_serve(recorder, listener, ways_in))
        finally:
            tape.close()


@click.command("replay", help=tr("Answer clients from a cassette, without the service."))
@_cassette(tr("The recording to answer from."))
@click.option(
    "--once",
    is_flag=True,
    help=tr("Answer each create call as often as it was recorded, then refuse."),
)
@_PORT
@with_proxy
def replay(path: Path, once: bool, port: int, **proxy: Any) -> None:
    """Replay until the process is ended."""
    from mock_server.tape.cassette import read_cassette
    from mock_server.tape.player import Player

    signal.signal(signal.SIGTERM, _end)
    with _usage_errors(path), _listening(port) as listener, _ways_in(listener, proxy) as ways_in:
        cassette, origin = read_cassette(path), _origin(listener)
        base_url = origin + urlsplit(cassette.service).path.rstrip("/")
        count = len(cassette.entries)
        place = {"base_url": base_url, "cassette": str(path), "exchanges": count}
        _announce(place | ways_in.record)
        with suppress(KeyboardInterrupt):
            asyncio.run(_serve(Player(cassette, origin, once=once), listener, ways_in))


@click.command("compare", help=tr("Print where a cassette differs from the emulator's answers."))
@_cassette(tr("The recording to compare."))
@click.option(
    "--region",
    default="beijing",
    show_default=True,
    help=tr("Region of the account at the emulator."),
)
@click.option("--json", "as_json", is_flag=True, help=tr("Print one JSON document."))
@click.pass_context
def compare(context: click.Context, path: Path, region: str, as_json: bool) -> None:  # fmt: skip
    """Exit with 1 where something differs."""
    from mock_server.tape.cassette import read_cassette
    from mock_server.tape.compare import compared

    with _usage_errors(path):
        report = compared(read_cassette(path), region)
    if as_json:
        click.echo(json.dumps(asdict(report), ensure_ascii=False))
    else:
        for line in lines_of(report):
            click.echo(shown(line))
    context.exit(1 if report.differences else 0)


def lines_of(report: "ComparisonReport") -> Iterator[Message]:
    """The report for people."""
    for difference in report.differences:
        yield tr(
            "exchange {number}, {subject}: {place}: {recorded} recorded, {emulated} emulated",
            number=difference.exchange, subject=difference.subject, place=difference.place,
            recorded=difference.recorded, emulated=difference.emulated,
        )  # fmt: skip
        if difference.count > 1:
            yield tr("  the same in {n} exchanges", n=difference.count)
    yield tr(
        "exchanges compared: {compared}; not compared: {rest}; differences: {differences}",
        compared=report.compared, rest=report.passed_over, differences=len(report.differences),
    )  # fmt: skip


COMMANDS = (record, replay, compare)


def _check_address(service: str) -> None:
    parts = urlsplit(service)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise _usage(tr("--to {url} is not an http or https address", url=service))


async def _serve(app: "Recorder | Player", listener: socket.socket, ways_in: Doors) -> None:
    try:
        await ways_in.serve(app, listener)
    finally:
        await app.close()


@contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    from mock_server.web.server import CannotListen, listen

    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("python_multipart").setLevel(logging.ERROR)
    try:
        with listen("127.0.0.1", port) as listener:
            yield listener
    except CannotListen as error:  # this port, or the proxy's
        raise click.ClickException(shown(error.message)) from None


@contextmanager
def _ways_in(listener: socket.socket, proxy: dict[str, Any]) -> Iterator[Doors]:
    """The proxy that the options ask for, or none."""
    try:
        with doors(proxy_of(**proxy), (), listener.getsockname()[:2]) as ways_in:
            yield ways_in
    except (BadReach, BadAuthority) as error:
        raise _usage(error.args[0]) from None


@contextmanager
def _usage_errors(path: Path, *, writes: bool = False) -> Iterator[None]:
    """What is wrong with a cassette, as click says it."""
    from mock_server.tape.cassette import BadCassette

    try:
        yield
    except BadCassette as error:
        raise _usage(error.args[0]) from None
    except OSError as error:
        name = error.filename or path
        place = {"file": name, "reason": error.strerror}
        read = tr("cannot read {file}: {reason}", **place)
        raise _usage(tr("cannot write {file}: {reason}", **place) if writes else read) from None


def _usage(message: Message) -> click.UsageError:
    return click.UsageError(shown(message))


def _origin(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


def _announce(record: dict[str, object]) -> None:
    click.echo(json.dumps({**record, "pid": os.getpid()}, ensure_ascii=False))


def _end(number: int, _: object) -> None:
    """Leave by the way out, so that the cassette is closed."""
    raise SystemExit(128 + number)
