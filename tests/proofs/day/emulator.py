"""The service of the day: the emulator on a socket, in virtual time, with faults and drift.

``python -m tests.proofs.day emulator FOLDER ACCOUNT``, one for each account. Its state is on the
disk; its figures go to ``emulator.json`` every second, so that a kill loses little of them.
"""

import asyncio
import gc
import json
import resource
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path

from mock_server.faults.fault import Fault
from mock_server.faults.presets import PRESETS
from mock_server.faults.reading import read_line
from mock_server.scenarios.reading import read_scenarios
from mock_server.service.clips import TINY
from mock_server.service.options import Options
from mock_server.service.request_log import LoggedRequest, RequestLog
from mock_server.service.service import MockService
from mock_server.web.app import Emulator
from mock_server.web.server import listen, server
from tests.proofs.day.clocks import Slots
from tests.proofs.day.figures import Sampler, resident
from tests.proofs.day.shop import MODERATED
from tests.support.virtual import START
from wanx_render.catalog.capabilities import packaged
from wanx_render.task import TaskRequest

# By count and not by chance: a chance is drawn and remembered for every request by every fault.
FAULTS = (
    "on=create every=211 effect=reset stage=after",
    "on=create every=307 status=502 stage=after",
    "on=create every=101 effect=reset stage=before",
    "on=create every=61 status=429 code=Throttling.RateQuota",
    "on=create every=151 effect=fail code=InternalError.Algo",
    "on=query every=53 status=500",
    "on=query every=97 effect=reset stage=body",
    "on=query every=131 effect=unknown",
    "on=list every=7 status=500",
    "on=list every=5 effect=lag seconds=45",
    "on=result every=41 effect=wrong-length",
    "on=result every=67 effect=reset stage=body",
)
_LEFT_OUT = ("trickle", "slow")  # they take real time
SCENARIOS = [{"prompt": MODERATED, "outcome": "failed", "code": "DataInspectionFailed"}]


def drift() -> list[Fault]:
    """The preset ``drift``, a tenth as often, without the refusal of the key that ends a run."""
    faults = []
    for fault in PRESETS["drift"]:
        if fault.effect in _LEFT_OUT or fault.status == 401:
            continue
        record = fault.record()
        every = round(10 / record.pop("chance"))
        faults.append(Fault(**{**record, "every": every}))
    return faults


class Counts(RequestLog):
    """A log that counts by account, operation, status and fault, and keeps only the last rows."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.by_kind: Counter[tuple[str, str, int, str]] = Counter()
        self._file, self._seconds, self._sampler = file, 0.0, Sampler()
        if file.exists():  # of an emulator that was killed
            before = json.loads(file.read_text(encoding="utf-8"))
            self.by_kind.update({tuple(kind): count for kind, count in before["requests"]})
            self._seconds = before["seconds"]

    def add(self, entry: LoggedRequest) -> None:
        super().add(entry)
        kind = (entry.account or "", entry.operation, entry.status, entry.fault or "")
        self.by_kind[kind] += 1

    def close(self) -> None:
        self._sampler.stop()
        self.write()

    def write(self) -> None:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        record = {
            "seconds": self._seconds + usage.ru_utime + usage.ru_stime,
            "peak_mib": usage.ru_maxrss / 1024,
            "now_mib": resident(),
            "parts": self._sampler.seconds(),
            "requests": [[list(kind), count] for kind, count in [*self.by_kind.items()]],
        }
        part = self._file.with_suffix(".part")
        part.write_text(json.dumps(record), encoding="utf-8")
        part.replace(self._file)


def main(folder: Path, account: str) -> None:
    clocks, folder = folder / "clocks", folder / account
    options = Options(
        clock="real", seed=1, clips=TINY, state=folder / "service.sqlite",
        faults=(*map(read_line, FAULTS), *drift()), scenarios=read_scenarios(SCENARIOS),
    )  # fmt: skip
    service = MockService(packaged(), None, options)
    service.clock.base = lambda: START
    service.clock.everyone *= 0
    service.clock.ahead = Slots(clocks)
    _make_distinct(service)
    counts = Counts(folder / "emulator.json")
    service.request_log = counts
    _write_for_ever(counts)
    place = folder / "port"  # journals name the address: one that starts again keeps it
    port = int(place.read_text()) if place.exists() else 0
    with listen("127.0.0.1", port) as listener:
        place.write_text(str(listener.getsockname()[1]))
        print(listener.getsockname()[1], flush=True)
        gc.freeze()
        with suppress(KeyboardInterrupt):
            asyncio.run(server(Emulator(service).asgi).serve(sockets=[listener]))
    counts.close()
    service.close()


def _make_distinct(service: MockService) -> None:
    """Give every clip bytes of its own, as real ones have: a box behind it that players skip."""
    plain = service.clips._tiny_one

    def distinct(request: TaskRequest, number: int) -> bytes:
        key = request.key("emulator").encode()
        return plain(request, number) + (8 + len(key)).to_bytes(4, "big") + b"free" + key

    service.clips._tiny_one = distinct  # type: ignore[method-assign]


def _write_for_ever(counts: Counts) -> None:
    def work() -> None:
        while True:
            counts.write()
            threading.Event().wait(1)

    threading.Thread(target=work, daemon=True).start()
