"""``rescue``: download the clips that were paid for and are missing here."""

import asyncio
from pathlib import Path

from wanx_render.clock import RealClock
from wanx_render.events import Emit
from wanx_render.language import plural
from wanx_render.media import ffmpeg
from wanx_render.planning.journal import Journal
from wanx_render.reports import terminal
from wanx_render.session.carry_out import Means
from wanx_render.session.connection import access_for, reach
from wanx_render.session.environment import Environment
from wanx_render.session.folder import held, opened, pool
from wanx_render.session.folder_tasks import FolderOptions, RenderedFolder, rendered_folder
from wanx_render.session.summary import on_mock, trust
from wanx_render.tasks.rescue import Tally
from wanx_render.tasks.rescue import rescue as fetch_all
from wanx_render.tasks.wiring import Wiring


def rescue(options: FolderOptions, environment: Environment) -> int:
    """Download every clip that was paid for and is missing here; request nothing new."""
    folder = rendered_folder(options)
    plan, path = folder.plan, folder.path
    program = ffmpeg.find(environment.environ)
    access = access_for(folder.catalog, plan.backend, plan.region, options, environment.environ)
    with held(path), opened(path, environment.say) as journal, pool() as executor:
        service = reach(
            folder.catalog, access, environment.environ, {path: journal},
            program=program, executor=executor,
        )  # fmt: skip
        emit = terminal.plain(environment.stderr)
        if options.as_json:
            emit = terminal.json_lines(environment.stdout, RealClock())
        means = Means.here(service, program, executor)
        tally = asyncio.run(_fetch(folder, journal, means, emit))
        waiting = len(journal.every("unresolved"))
    code = 4 if waiting or tally.hosts else 1 if tally.left else 0
    if options.as_json:
        record = {
            "event": "summary", "fetched": tally.fetched, "left": tally.left,
            "hosts": sorted(tally.hosts), "exit_code": code,
        }  # fmt: skip
        environment.stdout.write(terminal.json_line(record, RealClock().now()))
    _say(tally, waiting, options.file, environment, mock=plan.backend == "mock")
    return code


def _say(tally: Tally, waiting: int, file: Path, environment: Environment, *, mock: bool) -> None:
    text = plural(
        "{n} clip downloaded, {left} left", "{n} clips downloaded, {left} left",
        tally.fetched, left=tally.left,
    )  # fmt: skip
    environment.say(on_mock(text, mock=mock))
    for host in sorted(tally.hosts):
        environment.say(trust(file, host))
    if waiting:
        environment.say(
            plural(
                "{n} request needs your decision: wanx-render resolve {file}",
                "{n} requests need your decision: wanx-render resolve {file}",
                waiting, file=file,
            )
        )  # fmt: skip


async def _fetch(folder: RenderedFolder, journal: Journal, means: Means, emit: Emit) -> Tally:
    """Fetch the clips; the backend is closed whatever happens."""
    service = means.service
    wiring = Wiring(means.tools(folder.catalog), [journal], "ask")
    collector = wiring.collector(folder.path, journal)
    in_doubt = journal.in_doubt(service.backend.recipient.scope)
    judge = wiring.judge(folder.path, journal, folder.media() if in_doubt else ())
    try:
        if journal.owed() or in_doubt:
            await service.open(folder.catalog)
        return await fetch_all(collector, wiring.account, judge, emit)
    finally:
        await service.backend.close()
