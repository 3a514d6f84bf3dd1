"""What asking costs, without finishing: `uv run python benchmarks/asking.py [--whole]`.

The client is the program itself; the emulator is a process of its own and not counted, nor is
ffmpeg. A task is the difference between a long list and a short one, so that starting does not
count as asking. An exchange is one query of a task that is not there.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import httpx
from orchestrator import PROGRAM, evidence, run, write_list
from rows import Row, in_turn, ratio, show

from tests.support.emulator import serving
from wanx_render.backends.http.client import Connector
from wanx_render.backends.line import _CONNECTIONS
from wanx_render.backends.transfer import exchange

PACE = 60
KEY = {"Authorization": "Bearer sk-mock-a"}

# Deliverables are left out of the plan: what is made of clips is measured elsewhere.
UNFINISHED = """
from dataclasses import replace
from wanx_render.planning import plan
make = plan.make
plan.make = lambda *values, **more: replace(make(*values, **more), deliverables=())
"""


def asked(origin: str, base: Path, count: int, number: int) -> tuple[float, float]:
    """Processor seconds of the program for ``count`` shots, and the queries that it sent."""
    name = f"n{count}r{number}"
    folder = base / name
    folder.mkdir()
    write_list(folder, count)
    figures = run(UNFINISHED + PROGRAM, ["list.yaml", "--yes"], folder, origin, PACE)
    requests = evidence(origin, "requests", name)["requests"]
    queries = sum(row["operation"] in ("query", "list") for row in requests)
    return float(figures["cpu"]), queries


@asynccontextmanager
async def own_client(url: str):  # type: ignore[no-untyped-def]
    """One exchange as the program makes it."""
    client = Connector().client(_CONNECTIONS, KEY)
    yield lambda: exchange(client, client.build_request("GET", url), 60)
    await client.aclose()


@asynccontextmanager
async def httpx_client(url: str):  # type: ignore[no-untyped-def]
    """One exchange as httpx's own client makes it."""
    async with httpx.AsyncClient(headers=KEY, trust_env=False, timeout=60) as client:
        yield lambda: client.get(url)


async def _exchanges(client: Callable[[str], object], url: str, count: int) -> float:
    """Processor milliseconds of one exchange over a kept connection."""
    async with client(url) as once:  # type: ignore[attr-defined]
        ask: Callable[[], Awaitable[object]] = once
        for _ in range(10):
            await ask()
        begun = time.process_time()
        for _ in range(count):
            await ask()
        return (time.process_time() - begun) / count * 1000


def exchanges(client: Callable[[str], object], url: str, count: int = 200) -> float:
    return asyncio.run(_exchanges(client, url, count))


def rows(whole: bool) -> Iterator[Row]:
    short, long = (100, 1000) if whole else (20, 100)
    with (
        tempfile.TemporaryDirectory() as name,
        serving("--clock", f"x{PACE}", "--clips", "tiny", "--no-limits") as (origin, _),
    ):
        url = f"{origin}/api/v1/tasks/none"
        works = {"own": partial(exchanges, own_client, url)}
        works["httpx"] = partial(exchanges, httpx_client, url)
        taken = in_turn(works, 9)
        by_httpx = ratio(taken["own"], taken["httpx"])
        yield Row("asking/exchange by httpx", by_httpx, "", "ours / httpx's own client")
        few, many = (asked(origin, Path(name), count, 1) for count in (short, long))
        cost, queries = ((b - a) / (long - short) for a, b in zip(few, many, strict=True))
        meaning = f"processor time of the program a task, {short} to {long} tasks"
        yield Row("asking/a task", cost * 1000, "ms", meaning, "at most 15")
        yield Row("asking/queries a task", queries, "", "beside a clock 60 times as fast")


if __name__ == "__main__":
    show(rows("--whole" in sys.argv))
