"""Many lists under one roof: so many at work at once, each begun when its turn comes.

What a list needs is made when it begins and let go when it ends, so that ten thousand rows take no
more memory than the window does.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from wanx_render.errors import WanxError
from wanx_render.events import Event
from wanx_render.manifest import Manifest
from wanx_render.run.orchestrator import Desk, render

WINDOW = 48  # lists at work; enough to keep every model's places taken


@dataclass(frozen=True)
class Work:
    """A list that is to be rendered: what it is called, and what its run is begun with."""

    name: str
    group: str  # the file it comes of; files are served by turns
    start: Callable[[], Desk]
    after: Callable[[Desk, Manifest], list[Event]]  # on a thread
    done: Callable[[Desk, Manifest | None, list[Event]], None]  # None: it could not be carried out


def by_turns(works: Sequence[Work]) -> Iterator[Work]:
    """One of each file, then the next of each."""
    files: dict[str, list[Work]] = {}
    for each in works:
        files.setdefault(each.group, []).append(each)
    for turn in zip_longest(*files.values()):
        yield from (each for each in turn if each)


async def render_all(works: Sequence[Work], program_version: str) -> None:
    """Carry all of them out; one that cannot be is told of and leaves the others alone."""
    waiting = by_turns(works)
    bugs: list[Exception] = []

    async def worker() -> None:
        for work in waiting:
            await _carry_out(work, program_version, bugs)

    async with asyncio.TaskGroup() as group:
        for _ in range(min(WINDOW, len(works))):
            group.create_task(worker())
    if bugs:  # the other lists went on, and what they brought is kept
        raise bugs[0]


async def _carry_out(work: Work, program_version: str, bugs: list[Exception]) -> None:
    desk = work.start()
    emit = desk.emit
    named = replace(desk, emit=lambda event: emit(replace(event, list=work.name)))
    manifest: Manifest | None = None
    try:
        manifest = await render(named, program_version)
    except (WanxError, OSError) as error:
        named.emit(Event("broken", str(error)))
    except Exception as error:  # noqa: BLE001  # one list's failure stays its own
        bugs.append(error)
        named.emit(Event("broken", f"{type(error).__name__}: {error}"))
    told = await asyncio.to_thread(work.after, named, manifest) if manifest else []
    for event in told:
        named.emit(event)
    work.done(named, manifest, told)
