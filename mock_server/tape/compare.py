"""Where a cassette differs from what the emulator itself answers to the same requests."""

import asyncio
import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

import httpx

from mock_server.service.clips import find_program
from mock_server.service.options import Options
from mock_server.service.service import MockService
from mock_server.tape.cassette import Cassette, CassetteEntry, TapedAnswer
from mock_server.tape.content import body_bytes, with_pictures
from mock_server.tape.matching import plain_path
from mock_server.tape.secrets import REMOVED
from mock_server.tape.sessions import is_create, is_list, links_in, signed_links_in, task_of
from mock_server.tape.shapes import ABSENT, ShapeDifference, differing
from mock_server.web.app import BASE, Emulator
from mock_server.wire.operations import Operation
from wanx_render.catalog.capabilities import packaged

_HERE = "http://127.0.0.1"
_ENDS = ("SUCCEEDED", "FAILED", "CANCELED", "UNKNOWN")
_MOST_POLLS = 20
_OF_THE_MOMENT = (408, 429)  # answers that say how busy the service was
_NOT_COMPARED = frozenset((
    "content-length", "transfer-encoding", "connection", "content-encoding", "keep-alive", "date",
    "set-cookie", "x-wanx-mock-clock", "expires", "etag", "last-modified", "content-md5", "vary",
    "accept-ranges", "content-range",
))  # fmt: skip


@dataclass
class Translated:
    """What of the cassette is called otherwise at the emulator: tasks, links, upload folders."""

    names: dict[str, str] = field(default_factory=dict)
    policy: dict[str, Any] = field(default_factory=dict)

    def text(self, text: str) -> str:
        for before, now in self.names.items():
            text = text.replace(before, now)
        return text

    def value(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self.value(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.value(item) for item in value]
        return self.text(value) if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class ComparisonReport:
    """The differences, each once, and how much was compared."""

    differences: tuple[ShapeDifference, ...]
    compared: int
    passed_over: int


def compared(cassette: Cassette, region: str = "beijing") -> ComparisonReport:
    """Compare a cassette with an emulator of its own. Raises BadCassette or OSError."""
    options = Options(clock="auto", limits=False)
    service = MockService(packaged(), find_program(os.environ), options)
    name = "compare" if region == "beijing" else f"{region}-compare"
    try:
        return asyncio.run(Comparison(cassette, Emulator(service), f"sk-mock-{name}").run())
    finally:
        service.close()


class Comparison:
    """Sends what was recorded to an emulator and compares the answers."""

    def __init__(self, cassette: Cassette, emulator: Emulator, key: str) -> None:
        self._cassette, self._key = cassette, key
        transport = httpx.ASGITransport(app=emulator.asgi)
        self._client = httpx.AsyncClient(transport=transport, base_url=_HERE, timeout=120)
        self._names = Translated()
        self._states: dict[str, dict[str, httpx.Response]] = {}  # of a task, by its status
        self._base = urlsplit(cassette.service).path.rstrip("/")
        self._found: list[ShapeDifference] = []
        self._fetched: set[str] = set()

    async def run(self) -> ComparisonReport:
        count = 0
        async with self._client:
            for entry in self._cassette.entries:
                count += await self._exchange(entry)
        counts = Counter(difference.kind for difference in self._found)
        firsts = {difference.kind: difference for difference in reversed(self._found)}
        by_exchange = sorted(firsts.values(), key=lambda difference: difference.exchange)
        once = tuple(replace(first, count=counts[first.kind]) for first in by_exchange)
        return ComparisonReport(once, count, len(self._cassette.entries) - count)

    async def _exchange(self, entry: CassetteEntry) -> bool:
        """Compare one exchange; false where there is nothing to compare it with."""
        status = entry.answer.status
        if entry.answer.ending or status in _OF_THE_MOMENT or status >= 500:
            return False
        match operation_of(entry):
            case "query":
                return await self._query(entry)
            case "upload":
                return await self._upload(entry)
            case "result":
                return await self._result(entry)
            case "create" | "list" | "cancel" | "policy" | None:
                answer = await self._ask(entry)
                self._compare(entry, answer, _subject(entry))
                self._learn(entry, answer)
                return True

    async def _ask(self, entry: CassetteEntry) -> httpx.Response:
        request = entry.request
        content = request.content
        data = body_bytes(content, self._cassette.folder)
        if content.kind == "json":
            value = self._names.value(with_pictures(content.value, self._cassette.folder))
            data = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
        headers = {name: value for name, value in request.headers.items()
                   if value != REMOVED and name != "content-length"}  # fmt: skip
        if "authorization" in headers or request.headers.get("authorization") == REMOVED:
            is_refused = entry.answer.status == 401
            headers["authorization"] = f"Bearer {'sk-refused' if is_refused else self._key}"
        url = BASE + self._names.text(request.url.removeprefix(self._base))
        return await self._client.request(request.method, url, headers=headers, content=data)

    async def _query(self, entry: CassetteEntry) -> bool:
        """Compare with the emulator's answer about a task in the same state."""
        task, output = task_of(entry), _output(entry.answer.content.value)
        status = str(output.get("task_status", ""))
        if task in self._states:
            states = self._states[task]
            if not states:
                states.update(await self._all_states(entry))
            if answer := states.get(status):
                self._compare(entry, answer, f"task {status}")
            elif status in _ENDS:
                ends = [name for name in states if name in _ENDS]
                self._note(
                    entry, "task", "output.task_status", status, ends[-1] if ends else ABSENT
                )
            return status in states or status in _ENDS
        if task not in self._names.names and status not in ("UNKNOWN", ""):
            return False  # created before the recording began
        self._compare(entry, await self._ask(entry), f"task {status}".strip())
        return True

    async def _all_states(self, entry: CassetteEntry) -> dict[str, httpx.Response]:
        states: dict[str, httpx.Response] = {}
        for _ in range(_MOST_POLLS):
            answer = await self._ask(entry)
            output = _output(_json(answer))
            status = str(output.get("task_status", ""))
            states.setdefault(status, answer)
            if status in _ENDS or not status:
                break
        return states

    async def _upload(self, entry: CassetteEntry) -> bool:
        fields = entry.request.content.value
        policy = self._names.policy
        if entry.request.content.kind != "form" or not policy:
            return False
        own = {"policy": policy["policy"], "signature": policy["signature"],
               "ossaccesskeyid": policy["oss_access_key_id"]}  # fmt: skip
        form: dict[str, Any] = {}
        files: dict[str, Any] = {}
        for name, value in fields.items():
            if isinstance(value, dict):
                file_name = value.get("file")
                data = self._cassette.folder.file(file_name).read_bytes() if file_name else b"-"
                files[name] = (value.get("name") or "file", data)
            elif value != REMOVED or name.lower() in own:
                form[name] = own.get(name.lower(), self._names.text(value))
        answer = await self._client.post(policy["upload_host"], data=form, files=files)
        self._compare(entry, answer, "upload")
        return True

    async def _result(self, entry: CassetteEntry) -> bool:
        """Compare the first answer to a link; a link the emulator has none for is passed over."""
        address = plain_path(entry.request)
        link = self._names.names.get(address)
        if link is None or address in self._fetched:
            return False
        self._fetched.add(address)
        answer = await self._client.request(entry.request.method, link)
        self._compare(entry, answer, "result")
        return True

    def _learn(self, entry: CassetteEntry, answer: httpx.Response) -> None:
        """Remember under which names the emulator has what the cassette has."""
        before, now = entry.answer.content.value, _json(answer)
        ids = [_output(body).get("task_id") for body in (before, now)]
        if is_create(entry.request) and ids[0] and ids[1]:
            self._names.names[str(ids[0])] = str(ids[1])
            self._states[str(ids[0])] = {}
        data = [body.get("data") if isinstance(body, dict) else None for body in (before, now)]
        if isinstance(data[0], dict) and isinstance(data[1], dict) and "upload_dir" in data[1]:
            self._names.names[str(data[0].get("upload_dir"))] = str(data[1]["upload_dir"])
            self._names.policy = data[1]

    def _compare(self, entry: CassetteEntry, answer: httpx.Response, subject: str) -> None:
        original = entry.answer
        if original.status != answer.status_code:
            self._note(entry, subject, "status", str(original.status), str(answer.status_code))
        before, now = original.content.value, _json(answer)
        for place, left, right in _codes(before, now):
            self._note(entry, subject, place, left, right)
        for place, left, right in self._bodies(original, answer, now):
            self._note(entry, subject, place, left, right)
        for name in sorted(_names_of(original.headers) ^ _names_of(answer.headers)):
            is_original = name in original.headers
            sides = ("present", ABSENT) if is_original else (ABSENT, "present")
            self._note(entry, subject, f"header {name}", *sides)
        links = zip(links_in(before), signed_links_in(now), strict=False)
        self._names.names.update(links)

    def _bodies(
        self, recorded: TapedAnswer, answer: httpx.Response, now: Any
    ) -> Iterator[tuple[str, str, str]]:
        if recorded.content.kind == "json" and now is not None:
            yield from differing(recorded.content.value, now)
            return
        types = [headers.get("content-type", "").partition(";")[0].strip() or ABSENT
                 for headers in (recorded.headers, answer.headers)]  # fmt: skip
        if types[0] != types[1]:
            yield "content type", types[0], types[1]

    def _note(
        self, entry: CassetteEntry, subject: str, place: str, recorded: str, emulated: str
    ) -> None:
        self._found.append(ShapeDifference(entry.number, subject, place, recorded, emulated))


def operation_of(entry: CassetteEntry) -> Operation | None:
    """What a recorded request asked for; None for what the service has no operation for."""
    request = entry.request
    path = plain_path(request)
    if "://" in path:
        return "upload" if request.method == "POST" else "result"
    if is_create(request):
        return "create"
    if is_list(request):
        return "list"
    if path.endswith("/uploads"):
        return "policy"
    if path.endswith("/cancel"):
        return "cancel"
    return "query" if "/tasks/" in path else None


def _subject(entry: CassetteEntry) -> str:
    return operation_of(entry) or f"{entry.request.method} {plain_path(entry.request)}"


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None


def _output(body: Any) -> dict[str, Any]:
    output = body.get("output") if isinstance(body, dict) else None
    return output if isinstance(output, dict) else {}


def _codes(recorded: Any, emulated: Any) -> Iterator[tuple[str, str, str]]:
    """Error codes that differ, in the body or in its output."""
    for place, part in (("code", lambda body: body), ("output.code", _output)):
        sides = [part(body) if isinstance(body, dict) else {} for body in (recorded, emulated)]
        codes = [str(side.get("code", ABSENT)) for side in sides]
        if codes[0] != codes[1] and ABSENT not in codes:
            yield place, codes[0], codes[1]


def _names_of(headers: Mapping[str, str]) -> set[str]:
    return {name.lower() for name in headers} - _NOT_COMPARED
