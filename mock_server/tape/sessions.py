"""How far each client is in a cassette: polls go on in order, and a new run begins at the start."""

import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from mock_server.tape.cassette import BadCassette, Cassette, CassetteEntry, TapedRequest
from mock_server.tape.links import is_link
from mock_server.tape.matching import match_key, plain_path
from mock_server.tape.times import service_time
from wanx_render.language import tr

_MOST = 4096  # clients that are remembered
_TASK = re.compile(r"/tasks/([^/?#]+)(?:/cancel)?$")


class Sequences:
    """The answers of a cassette by the request they belong to, each in its order."""

    def __init__(self, cassette: Cassette) -> None:
        self.entries: dict[str, list[CassetteEntry]] = {}
        self.of_task: dict[str, set[str]] = {}  # the requests that are about a task
        for entry in cassette.entries:
            self.entries.setdefault(_match_key(entry), []).append(entry)
        links: dict[str, str] = {}
        for key, entries in self.entries.items():
            for entry in entries:
                if task := task_of(entry):
                    self._relate(task, key, entry)
                    links |= dict.fromkeys(links_in(entry.answer.content.value), task)
        for key, entries in self.entries.items():
            if task := links.get(plain_path(entries[0].request), ""):
                self.of_task.setdefault(task, set()).add(key)
        self.lists = {key for key, entries in self.entries.items() if is_list(entries[0].request)}

    def _relate(self, task: str, key: str, entry: CassetteEntry) -> None:
        if not is_create(entry.request):
            self.of_task.setdefault(task, set()).add(key)


def _match_key(entry: CassetteEntry) -> str:
    """Raises BadCassette."""
    try:
        return match_key(entry.request)
    except RecursionError:
        message = tr("exchange {n} of the cassette is nested too deeply", n=entry.number)
        raise BadCassette(message) from None


def is_create(request: TapedRequest) -> bool:
    return request.method == "POST" and "/services/" in request.url


def is_list(request: TapedRequest) -> bool:
    return request.method == "GET" and plain_path(request).endswith("/tasks")


def task_of(entry: CassetteEntry) -> str:
    """The task that an exchange is about; empty where it is about none."""
    match = _TASK.search(plain_path(entry.request))
    if match:
        return match[1]
    output = entry.answer.content.value
    output = output.get("output") if isinstance(output, dict) else None
    task = output.get("task_id") if isinstance(output, dict) else None
    return task if isinstance(task, str) and is_create(entry.request) else ""


def links_in(value: Any) -> Iterator[str]:
    """The addresses of files in JSON data, without their queries."""
    return (link.partition("?")[0] for link in signed_links_in(value))


def signed_links_in(value: Any, name: str = "") -> Iterator[str]:
    """The addresses of files in JSON data, as they are."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from signed_links_in(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from signed_links_in(item, name)
    elif is_link(name, value):
        yield value


@dataclass
class ReplaySession:
    """One client, which is one API key: how far it is, and how its times are moved."""

    tag: str
    places: dict[str, int] = field(default_factory=dict)
    shifts: dict[str, timedelta] = field(default_factory=dict)
    answers: dict[tuple[int, bool], Any] = field(
        default_factory=dict
    )  # by the id of an entry, and way in

    def next_entry(
        self, key: str, sequences: Sequences, now: datetime, *, once: bool
    ) -> CassetteEntry | None:
        """The next answer to a request; the last one is repeated, but creates begin again.

        None where a create was recorded less often, and may be answered ``once``.
        """
        entries = sequences.entries[key]
        place = self.places.get(key, 0)
        begins_again = _begins_again(entries[0].request)
        if place >= len(entries) and begins_again:
            if once and is_create(entries[0].request):
                return None
            place = 0
            self._forget(sequences.lists)
        entry = entries[place] if place < len(entries) else _last(entries)
        self.places[key] = place + 1
        if is_create(entry.request) and (task := task_of(entry)):
            self.shifts[task] = now - service_time(entry)
            self._forget(sequences.of_task.get(task, set()))
            self._forget_answers(entry, task, sequences)
        return entry

    def shift_of(self, entry: CassetteEntry, now: datetime) -> timedelta:
        task = task_of(entry)
        if task:
            return self.shifts.setdefault(task, now - service_time(entry))
        return now - service_time(entry)

    def _forget(self, keys: set[str]) -> None:
        for key in keys:
            self.places.pop(key, None)

    def _forget_answers(self, entry: CassetteEntry, task: str, sequences: Sequences) -> None:
        """A task that begins again gets answers with new times."""
        self._forget_answer(entry)
        for key in sequences.of_task.get(task, set()):
            for older in sequences.entries[key]:
                self._forget_answer(older)

    def _forget_answer(self, entry: CassetteEntry) -> None:
        for by_name in (False, True):
            self.answers.pop((id(entry), by_name), None)


def _last(entries: list[CassetteEntry]) -> CassetteEntry:
    """The answer that is repeated: the last one that the client got, if it got any."""
    return next((entry for entry in reversed(entries) if not entry.answer.ending), entries[-1])


def _begins_again(request: TapedRequest) -> bool:
    """Whether a request that is made once more is a new one: it writes, or it asks for a policy."""
    return request.method == "POST" or plain_path(request).endswith("/uploads")


class ReplaySessions:
    """The clients of a replay: by their key while they call, by a tag in the links they get."""

    def __init__(self) -> None:
        self._by_key: OrderedDict[bytes, ReplaySession] = OrderedDict()
        self._by_tag: dict[str, ReplaySession] = {}
        self._count = 0

    def of_key(self, key: bytes) -> ReplaySession:
        session = self._by_key.get(key)
        if session is None:
            self._count += 1
            session = self._by_key[key] = ReplaySession(str(self._count))
            self._by_tag[session.tag] = session
            if len(self._by_key) > _MOST:
                _, oldest = self._by_key.popitem(last=False)
                self._by_tag.pop(oldest.tag, None)
        return session

    def of_tag(self, tag: str) -> ReplaySession | None:
        return self._by_tag.get(tag)

    def forget(self) -> None:
        self._by_key.clear()
        self._by_tag.clear()
