"""Start the emulator: one JSON line on stdout says where it is."""

import asyncio
import gc
import ipaddress
import json
import logging
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

import click
from click.core import ParameterSource

from mock_server import stdin_end
from mock_server.entry_files import BadFile, lines_of, read_entries
from mock_server.faults.fault import Fault
from mock_server.faults.presets import PRESETS
from mock_server.faults.reading import BadFault, read_line, read_plan
from mock_server.help_groups import GroupedHelp
from mock_server.light.distribution import LIGHT
from mock_server.scenarios.reading import read_scenarios
from mock_server.scenarios.scenario import Scenario
from mock_server.scenarios.webhook import BadWebhook, webhook_url
from mock_server.service.clips import TINY, find_program
from mock_server.service.clocks import BadTime
from mock_server.service.options import Options
from mock_server.service.service import MockService
from mock_server.service.store import BadState
from mock_server.tape import commands as tape_commands
from mock_server.tls import options as tls_options
from mock_server.tls.authority import BadAuthority
from mock_server.tls.options import BadReach, reach_of
from mock_server.tls.reach import Doors, Reach, doors
from mock_server.tls.served_hosts import BadHost, host_names
from mock_server.web.app import BASE, Emulator
from mock_server.web.server import CannotListen, listen
from mock_server.wire.errors import ErrorForm
from mock_server.wire.notes import DEFAULT_CHECKS, Checks
from wanx_render.catalog.capabilities import packaged
from wanx_render.catalog.user_file import with_user_file
from wanx_render.errors import BadInput
from wanx_render.help_page import in_language_of
from wanx_render.language import Message, joined, shown, tr

_EPILOG = tr(
    "Keys: sk-mock-NAME is an account in Beijing, sk-mock-REGION-NAME one in another region."
)
_OPTIONS = (
    click.option("--port", default=0, show_default=True, type=click.IntRange(0, 65535),
                 help=tr("Port to listen on; 0 takes a free one.")),
    click.option("--clock", default="x60", show_default=True, metavar="real|xN|manual|auto",
                 help=tr("Pace of time: xN is N times as fast; auto jumps to polled events.")),
    click.option("--seed", default=0, show_default=True,
                 help=tr("The same seed gives the same results.")),
    click.option("--faults", metavar=f"FILE|{'|'.join(PRESETS)}",
                 help=tr("Fault plan: a YAML file, or the name of a preset.")),
    click.option("--fault", "fault_lines", multiple=True, metavar="'on=create nth=1 effect=reset'",
                 help=tr("Add one fault; repeatable.")),
    click.option("--state", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
                 help=tr("Keep all state in this file; a killed server resumes from it.")),
    click.option("--clips", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER|tiny",
                 help=tr("Keep test clips in this folder, for several servers; "
                         "tiny makes clips of a few kilobytes at once.")),
    click.option("--scenarios", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
                 help=tr("Decide by this YAML file what becomes of which tasks.")),
    click.option("--times", type=click.Choice(["documented", "captured"]), default="documented",
                 show_default=True,
                 help=tr("How long tasks take: as documented, or as in public answers.")),
    click.option("--webhook", default="", metavar="URL",
                 help=tr("Post an event to this address when a task is finished.")),
    click.option("--refuse", type=click.Choice(["later", "at-once"]), default="later",
                 show_default=True,
                 help=tr("Report a faulty request later, as FAILED, or at once, as 400.")),
    click.option("--strict", "checks", flag_value="strict",
                 help=tr("Refuse what documents forbid, even where the service may take it.")),
    click.option("--lenient", "checks", flag_value="lenient",
                 help=tr("Take what only documents forbid, and note it in the request log.")),
    click.option("--errors", type=click.Choice(get_args(ErrorForm)), default="own",
                 show_default=True, help=tr("Form of errors.")),
    click.option("--limits/--no-limits", default=None,
                 help=tr("Limit requests per second. Default: on where time passes by itself.")),
    click.option("--result-host", "result_hosts", default="", metavar="HOST[,HOST]",
                 help=tr("Give results addresses of this host, as the service does.")),
    click.option("--api-host", "api_hosts", default="", metavar="HOST[,HOST]",
                 help=tr("Serve the API at this host too, through the proxy.")),
    *tls_options.OPTIONS,
    click.option("--catalog", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
                 help=tr("Add or override models and prices with this YAML file.")),
    click.option("--end-with-stdin", is_flag=True, expose_value=False, callback=stdin_end.watch,
                 help=tr("End when standard input closes, as when the starting program ends.")),
    click.option("--host", default="127.0.0.1", show_default=True,
                 help=tr("Address to listen on; any but loopback requires --token.")),
    click.option("--token", envvar="WANX_MOCK_TOKEN",
                 help=tr("Token that admin calls must send as X-Mock-Token.")),
)  # fmt: skip


def _with_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def main(prog_name: str | None = None) -> None:
    """Run the command in the language of the environment."""
    in_language_of(os.environ, command).main(prog_name=prog_name)


@click.group(
    cls=GroupedHelp,
    help=tr(
        "Emulate DashScope's image and video generation for any client, offline. "
        "Without a command, serve."
    ),
    epilog=_EPILOG,
    invoke_without_command=True,
    subcommand_metavar="[record|replay|compare]",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@_with_options
@click.pass_context
def command(context: click.Context, /, **values: Any) -> None:
    """Serve, unless a command says otherwise."""
    if context.invoked_subcommand is None:
        _serve_until_ended(**values)
        return
    for option in command.params:
        if context.get_parameter_source(str(option.name)) is ParameterSource.COMMANDLINE:
            name, verb = option.opts[-1], context.invoked_subcommand
            raise _usage(
                tr("{option} has no effect before {command}; options of {command} come after it",
                   option=name, command=verb)
            )  # fmt: skip


for _verb in tape_commands.COMMANDS:
    command.add_command(_verb)


def _serve_until_ended(
    *, host: str, port: int, token: str | None, catalog: Path | None, **values: Any
) -> None:  # fmt: skip
    """Start the emulator and serve until the process is ended."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("python_multipart").setLevel(logging.ERROR)  # the client gets its answer
    with _usage_errors():
        host = _allowed(host, token)
        has_hosts = bool(values["result_hosts"] or values["api_hosts"])
        is_open = not ipaddress.ip_address(host).is_loopback
        reach = reach_of(values, has_hosts=has_hosts, is_open=is_open)
        options = _options(vendor_hosts=reach.has_vendor_names, **values)
        figures = with_user_file(packaged(), catalog)
        service = MockService(figures, find_program(os.environ), options)
    if service.program is None and options.clips != TINY:
        extra = f"{LIGHT}[clips]"
        note = tr("test clips are tiny and do not move; for full ones install {extra}", extra=extra)
        click.echo(shown(note), err=True)
    signal.signal(signal.SIGTERM, _end)
    try:
        _listen_and_serve(service, (host, port), reach, token)
    except BadAuthority as error:
        raise _usage(error.args[0]) from None
    except CannotListen as error:
        raise click.ClickException(shown(error.message)) from None
    except KeyboardInterrupt:
        pass
    finally:
        service.close()


@contextmanager
def _usage_errors() -> Iterator[None]:
    """What is wrong with the command line, as click says it."""
    try:
        yield
    except (
        BadFault,
        BadTime,
        BadState,
        BadHost,
        BadReach,
        BadWebhook,
    ) as error:
        raise _usage(error.args[0]) from None
    except BadFile as error:
        raise click.UsageError(str(error)) from None
    except BadInput as error:
        raise click.UsageError(lines_of(error)) from None
    except OSError as error:
        message = tr("cannot read {file}: {reason}", file=error.filename, reason=error.strerror)
        raise _usage(message) from None


def _usage(message: Message) -> click.UsageError:
    return click.UsageError(shown(message))


def _options(
    *, faults: str | None, fault_lines: tuple[str, ...],
    result_hosts: str, api_hosts: str, checks: Checks | None, scenarios: Path | None,
    webhook: str, **others: Any,
) -> Options:  # fmt: skip
    """What the service is started with; ``others`` have the same names there."""
    plan = (*_plan(faults), *(read_line(line) for line in fault_lines))
    return Options(
        faults=plan,
        result_hosts=host_names(result_hosts),
        api_hosts=host_names(api_hosts),
        checks=checks or DEFAULT_CHECKS,
        scenarios=_scenarios(scenarios),
        webhook=webhook_url(webhook) if webhook else "",
        **others,
    )


def _plan(text: str | None) -> tuple[Fault, ...]:
    if text is None:
        return ()
    if text in PRESETS:
        return PRESETS[text]
    file = Path(text)
    if not file.exists() and not file.suffix:
        known = joined(PRESETS, tr(", "))
        raise BadFault(tr("{name} is not a file, and not one of {known}", name=text, known=known))
    return read_entries(file, read_plan)


def _scenarios(file: Path | None) -> tuple[Scenario, ...]:
    return read_entries(file, read_scenarios) if file else ()


def _allowed(host: str, token: str | None) -> str:
    """The address to listen on. Raises click.UsageError for one beyond loopback with no token."""
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        raise _usage(tr("--host {host} is not an IP address", host=host)) from None
    if not address.is_loopback and not token:
        raise _usage(tr("{address} is reachable from other machines: add --token", address=address))
    return str(address)


def _end(number: int, _: object) -> None:
    """Leave by the way out, so that what was made for this run is removed."""
    raise SystemExit(128 + number)


def _listen_and_serve(
    service: MockService, place: tuple[str, int], reach: Reach, token: str | None
) -> None:
    """Serve until the process is ended. Raises BadAuthority or OSError."""
    with listen(*place) as listener:
        address = listener.getsockname()[:2]
        with doors(reach, service.options.hosts, address) as ways_in:
            _announce(address, service, ways_in)
            gc.freeze()  # what is loaded stays: the collector need not look at it again
            asyncio.run(ways_in.serve(Emulator(service, token).asgi, listener))


def _announce(name: tuple[str, int], service: MockService, ways_in: Doors) -> None:
    host = f"[{name[0]}]" if ":" in name[0] else name[0]
    origin = f"{'https' if ways_in.context else 'http'}://{host}:{name[1]}"
    line = {
        "base_url": origin + BASE,
        "page": f"{origin}/",
        "admin": f"{origin}/_mock",
        "clock": service.clock.mode,
        "seed": service.options.seed,
        "pid": os.getpid(),
    }
    click.echo(json.dumps(line | ways_in.record))
