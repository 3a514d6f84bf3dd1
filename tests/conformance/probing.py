"""Probes put to an emulator in this process, and what they came to."""

import asyncio
from collections.abc import Iterable
from typing import Any

from tests.support.emulator import Twin
from wanx_render.backends.cleaning import Cleaner
from wanx_render.backends.raw import RawService
from wanx_render.catalog.capabilities import Catalog, packaged
from wanx_render.clock import RealClock
from wanx_render.conformance.asker import Asker
from wanx_render.conformance.judge import findings
from wanx_render.conformance.kept import KeptAnswers
from wanx_render.conformance.probe import ProbeFinding, ServiceProbe
from wanx_render.conformance.table import PROBES

KEY = "sk-mock-probing"
PACE = 600
LARGE = tuple(probe for probe in PROBES if probe.name.startswith("data-"))
BURST = tuple(probe for probe in PROBES if probe.name.startswith("burst"))
QUICK = tuple(probe for probe in PROBES if probe not in LARGE + BURST)


def named(*names: str) -> tuple[ServiceProbe, ...]:
    """The probes of these names."""
    probes = tuple(probe for probe in PROBES if probe.name in names)
    assert len(probes) == len(names)
    return probes


class Probing:
    """An emulator, perhaps one that drifted, and an account that probes it."""

    def __init__(
        self, *faults: str, pace: int = PACE, catalog: Catalog | None = None, **options: Any
    ) -> None:
        options = {"clock": f"x{pace}", **options}
        self.transport = Twin(*faults, catalog=catalog, **options).transport
        self.pace = pace

    def ask(
        self, probes: Iterable[ServiceProbe], kept: KeptAnswers | None = None
    ) -> tuple[list[ProbeFinding], Asker]:
        """Every finding, and the asker with the tasks it was given."""
        cleaner = Cleaner(KEY)
        asker = Asker(
            service=RawService("http://127.0.0.1/api/v1", cleaner, transport=self.transport),
            catalog=packaged(), region="beijing", key=KEY,
            clock=RealClock(self.pace), cleaner=cleaner,
            keep=(kept or KeptAnswers(None, cleaner)).keep,
        )  # fmt: skip

        async def all_of_them() -> list[ProbeFinding]:
            every = findings(tuple(probes), asker, lambda _: None)
            return [finding async for finding in every]

        return asyncio.run(all_of_them()), asker


Seen = dict[tuple[str, str, str], tuple[str, str]]


def seen(came: Iterable[ProbeFinding]) -> Seen:
    """What was seen and the verdict, by probe, aspect and model."""
    return {(f.probe, f.aspect, f.model): (f.seen, f.verdict) for f in came}
