"""What a service is started with."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from mock_server.faults.fault import Fault
from mock_server.scenarios.scenario import Scenario
from mock_server.wire.errors import ErrorForm
from mock_server.wire.notes import DEFAULT_CHECKS, Checks


@dataclass(frozen=True)
class Options:
    """How a service behaves where the real one was seen to behave in several ways."""

    clock: str = "x60"
    start: datetime | None = None
    seed: int = 0
    refuse: Literal["at-once", "later"] = "later"
    checks: Checks = DEFAULT_CHECKS
    errors: ErrorForm = "own"
    scenarios: tuple[Scenario, ...] = ()
    times: Literal["documented", "captured"] = "documented"
    webhook: str = ""  # an address that hears of finished tasks
    limits: bool | None = None  # None: where time passes by itself
    faults: tuple[Fault, ...] = ()
    state: Path | None = None
    result_hosts: tuple[str, ...] = ()  # results are named there; else at the server's own address
    api_hosts: tuple[str, ...] = ()  # the API and its uploads are there too, over https
    vendor_hosts: bool = False  # who calls by a name of the vendor gets names of its storage
    clips: Path | None = None  # a folder of clips that outlast the server, or ``tiny``

    @property
    def hosts(self) -> tuple[str, ...]:
        """All names that this server has besides its own address."""
        return (*self.result_hosts, *self.api_hosts)
