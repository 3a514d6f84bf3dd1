"""An emulator for tests: a server on a thread, accounts with a clock, faults and assertions."""

import asyncio
import os
import threading
from collections.abc import Sequence
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import Any

from mock_server.faults.fault import Fault
from mock_server.faults.reading import read_line, read_plan
from mock_server.scenarios.reading import read_scenarios
from mock_server.service.clips import find_program
from mock_server.service.ledger import ledger
from mock_server.service.options import Options
from mock_server.service.request_log import LoggedRequest
from mock_server.service.service import MockService
from mock_server.tls.reach import Reach, doors
from mock_server.web.app import BASE, Emulator
from mock_server.web.server import listen, server
from wanx_render.catalog.capabilities import Catalog, packaged

_TAIL = 15
_STARTED = 10.0


class Server:
    """An emulator on a thread of this process.

    ``catalog``: other figures than the packaged ones. With ``result_hosts``, results are named
    there; with ``api_hosts`` the API is there too, and with ``vendor`` both are at all names of
    the vendor. ``proxy`` is those hosts: run a client with ``proxy.environment``, for one. That
    needs the library cryptography (the extra ``tls``); the authority is removed at the end.
    ``clips`` and ``webhook`` are as the options of these names.
    """

    def __init__(
        self,
        clock: str,
        seed: int,
        result_hosts: Sequence[str] = (),
        catalog: Catalog | None = None,
        api_hosts: Sequence[str] = (),
        *,
        vendor: bool = False,
        clips: Path | None = None,
        webhook: str = "",
    ) -> None:
        options = Options(
            clock=clock, seed=seed, result_hosts=tuple(result_hosts), api_hosts=tuple(api_hosts),
            vendor_hosts=vendor, clips=clips, webhook=webhook,
        )  # fmt: skip
        self.service = MockService(catalog or packaged(), find_program(os.environ), options)
        self._listener = listen("127.0.0.1", 0)
        self._server = server(Emulator(self.service).asgi)
        port = 0 if vendor or options.hosts else None
        reach = Reach(vendor=vendor, proxy_port=port, keep=False)
        self._doors = ExitStack()
        own = self._listener.getsockname()
        self.proxy = self._doors.enter_context(doors(reach, options.hosts, own)).proxy
        self._thread = threading.Thread(target=self._run, name="wanx-mock", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        async with self.proxy.serving(self._server) if self.proxy else nullcontext():
            await self._server.serve(sockets=[self._listener])

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def base_url(self) -> str:
        return self.origin + BASE

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(_STARTED)
        self._listener.close()
        self._doors.close()
        self.service.close()


class AccountClock:
    """The time of one account."""

    def __init__(self, service: MockService, account: str) -> None:
        self._service, self._account = service, account

    def now(self) -> Any:
        return self._service.clock.now(self._account)

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass for this account alone."""
        self._service.advance(seconds, self._account)


class MockAccount:
    """One account of the emulator, and what a test can do with it."""

    def __init__(self, server: Server, name: str) -> None:
        self.name = name
        self.key = f"sk-mock-{name}"
        self.base_url = server.base_url
        self.origin = server.origin
        self.clock = AccountClock(server.service, name)
        self._service = server.service

    def faults(self, *faults: str | dict[str, Any]) -> None:
        """Put faults in force for this account; ``"flaky"`` and ``"hostile"`` are presets."""
        plan: list[Fault] = []
        for fault in faults:
            is_line = isinstance(fault, str) and "=" in fault
            plan += [read_line(str(fault))] if is_line else read_plan(fault)
        self._service.add_faults(fault.for_account(self.name) for fault in plan)

    def clear_faults(self) -> None:
        self._service.clear_faults(self.name)

    def scenarios(self, *scenarios: dict[str, Any]) -> None:
        """Decide what becomes of this account's tasks, in front of what was decided before."""
        own = read_scenarios([{**scenario, "account": self.name} for scenario in scenarios])
        book = self._service.scenarios
        book.scenarios = (*own, *book.scenarios)

    def clear_scenarios(self) -> None:
        book = self._service.scenarios
        book.scenarios = [entry for entry in book.scenarios if entry.account != self.name]

    @property
    def requests(self) -> list[LoggedRequest]:
        """What this account sent, oldest first."""
        return self._service.request_log.matching(self.name)

    @property
    def ledger(self) -> dict[str, Any]:
        """What it was charged, in the form of ``GET /_mock/ledger``."""
        return ledger(self._service.tasks.all(self.name), self._service.catalog)

    # -- assertions ------------------------------------------------------------------------------

    def assert_submitted_once(self, prompt: str | None = None) -> None:
        """Exactly one task was accepted: with ``prompt``, or for each prompt there is."""
        prompts = [row["prompt"] for row in self.ledger["submissions"]]
        texts = {prompt} if prompt is not None else set(prompts)
        wrong = {text: prompts.count(text) for text in texts if prompts.count(text) != 1}
        assert prompts, "nothing was submitted"
        assert not wrong, f"submitted more or less often than once: {wrong}\n{self.tail()}"

    def assert_nothing_paid_twice(self) -> None:
        """No two equal requests were accepted that are paid; what failed may be tried again."""
        repeated = {row["prompt"]: row["tasks"] for row in self.ledger["paid_twice"]}
        assert not repeated, f"paid more than once: {repeated}\n{self.tail()}"

    def assert_no_requests(self, operation: str | None = None) -> None:
        """Nothing was sent, or nothing of ``operation``."""
        requests = [e for e in self.requests if operation in (None, e.operation)]
        assert not requests, f"{len(requests)} requests were sent\n{self.tail()}"

    def assert_as_documented(self) -> None:
        """No request had anything that documents forbid or do not have."""
        notes = [
            f"{entry.number:>6} {note.field}: {note.message}"
            for entry in self.requests
            for note in entry.notes
        ]
        assert not notes, "requests differ from the documents:\n" + "\n".join(notes[-_TAIL:])

    def assert_at_most_per_second(self, limit: int, operation: str | None = None) -> None:
        """In no second of real time were there more than ``limit`` requests."""
        times = [e.wall for e in self.requests if operation in (None, e.operation)]
        for number, start in enumerate(times):
            within = sum(1 for time in times[number:] if time < start + 1)
            assert within <= limit, f"{within} requests within a second, allowed are {limit}"

    def assert_no_key_sent_to_media(self) -> None:
        """No request for a result or an upload carried an API key."""
        paths = [e.path for e in self.requests if e.operation in ("result", "upload") and e.key]
        assert not paths, f"an API key was sent with {paths}"

    def tail(self) -> str:
        """The last requests, a line each."""
        lines = [
            f"{e.number:>6} {e.method} {e.path} {e.status}"
            + (f" {e.code}" if e.code else "")
            + (f" [fault {e.fault}]" if e.fault else "")
            for e in self.requests[-_TAIL:]
        ]
        return "\n".join(lines) or "(no requests)"
