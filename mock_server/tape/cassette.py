"""A cassette: one line of JSON about the service, then one for each request and its answer.

Lines are added as answers come, so that a recorder that is killed leaves a cassette that ends with
the last whole exchange. Bodies that are no text are files of a folder beside the cassette, named by
the hash of their bytes.
"""

import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from mock_server.tape.secrets import SecretRemover
from wanx_render.files import sha256_of, write_atomically
from wanx_render.language import Message, tr

VERSION = 1
ContentKind = Literal["nothing", "json", "text", "form", "file", "omitted"]
Ending = Literal["", "reset", "close", "unseen"]

_KINDS = get_args(ContentKind)
_FILE_NAME = re.compile(r"[0-9a-f]{64}(\.[a-z0-9]{1,8})?")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_OWNER_ONLY = 0o600
_TYPES: dict[ContentKind, type] = {"form": dict, "omitted": dict, "file": str}


class BadCassette(ValueError):
    """A cassette cannot be read or written; the message says why."""


@dataclass(frozen=True, slots=True)
class TapedContent:
    """A body as a cassette has it: JSON data, text, a form, the name of a file, or why it is not
    there."""

    kind: ContentKind = "nothing"
    value: Any = None

    def record(self) -> dict[str, Any]:
        return {} if self.kind == "nothing" else {self.kind: self.value}


@dataclass(frozen=True, slots=True)
class TapedRequest:
    """What a client sent: ``url`` is a path and query of the service, or a whole address."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    content: TapedContent = TapedContent()

    @property
    def path(self) -> str:
        return self.url.partition("?")[0]

    def record(self) -> dict[str, Any]:
        head = {"method": self.method, "url": self.url, "headers": self.headers}
        return {**head, **self.content.record()}


@dataclass(frozen=True, slots=True)
class TapedAnswer:
    """What the service answered; ``ending`` says where the client did not get it whole."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    content: TapedContent = TapedContent()
    ending: Ending = ""

    def record(self) -> dict[str, Any]:
        head: dict[str, Any] = {"ending": self.ending} if self.ending else {}
        return {**head, "status": self.status, "headers": self.headers, **self.content.record()}


@dataclass(frozen=True, slots=True)
class CassetteEntry:
    """One request and its answer; ``at`` is when the answer came, ``seconds`` how long it took."""

    number: int
    at: datetime
    seconds: float
    request: TapedRequest
    answer: TapedAnswer

    def record(self) -> dict[str, Any]:
        return {
            "n": self.number,
            "at": self.at.isoformat(timespec="milliseconds"),
            "seconds": round(self.seconds, 3),
            "request": self.request.record(),
            "answer": self.answer.record(),
        }


@dataclass(frozen=True, slots=True)
class TapeFolder:
    """The files of a cassette; those larger than ``largest`` bytes are not kept."""

    path: Path
    largest: int = 0

    def keep(self, data: bytes, suffix: str = "") -> str:
        """The name of the file that now holds ``data``. Raises OSError."""
        name = sha256_of(data) + suffix
        if not (self.path / name).exists():
            self.path.mkdir(mode=0o700, exist_ok=True)
            write_atomically(self.path / name, data, mode=_OWNER_ONLY, durable=False)
        return name

    def file(self, name: str) -> Path:
        """Where a file is. Raises BadCassette for a name that no file of a cassette has."""
        path = self.path / name
        if not _FILE_NAME.fullmatch(name) or path.is_symlink():  # a link may lead to any file
            raise BadCassette(tr("{name!r} is not the name of a file of a cassette", name=name))
        return path


def folder_of(cassette: Path, largest: int = 0) -> TapeFolder:
    """The folder beside a cassette."""
    return TapeFolder(cassette.with_name(cassette.name + ".files"), largest)


@dataclass(frozen=True, slots=True)
class Cassette:
    """What was recorded, and of which service."""

    service: str
    entries: tuple[CassetteEntry, ...]
    folder: TapeFolder


class CassetteWriter:
    """Adds exchanges to a cassette, each whole or not at all."""

    def __init__(self, path: Path, service: str, *, append: bool = False) -> None:
        """Raises BadCassette where the file is there already, or OSError."""
        self.path = path
        self.count = 0
        exists = path.exists() and path.stat().st_size > 0
        if exists and not append:
            raise BadCassette(tr("{file} exists; add --append to continue it", file=path.name))
        if exists:
            self.count = len(read_cassette(path).entries)
            _cut_torn_line(path)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        self._stream = os.fdopen(os.open(path, flags, _OWNER_ONLY), "ab")
        if not exists:
            now = datetime.now(UTC).isoformat(timespec="seconds")
            address = SecretRemover().text(service)
            self._write({"cassette": VERSION, "service": address, "recorded": now})

    def add(self, request: TapedRequest, answer: TapedAnswer, at: datetime, seconds: float) -> None:
        """Raises OSError."""
        entry = CassetteEntry(self.count + 1, at, seconds, request, answer)
        self._write(entry.record())
        self.count += 1

    def _write(self, record: dict[str, Any]) -> None:
        self._stream.write(_line(record))
        self._stream.flush()

    def close(self) -> None:
        self._stream.close()


def _line(record: dict[str, Any]) -> bytes:
    try:
        return json.dumps(record, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:  # a lone surrogate
        return json.dumps(record).encode() + b"\n"


def _cut_torn_line(path: Path) -> None:
    """Remove what a killed recorder left behind the last whole line."""
    with path.open("r+b") as stream:
        data = stream.read()
        end = data.rfind(b"\n") + 1
        if _is_whole(data[end:]):
            stream.write(b"\n")
        else:
            stream.truncate(end)


def read_cassette(path: Path) -> Cassette:
    """Raises BadCassette or OSError."""
    first, *rest = path.read_bytes().split(b"\n")
    head = _parsed(first, 1)
    if head.get("cassette") != VERSION or not _is_address(head.get("service")):
        raise BadCassette(tr("{file} is not a cassette of this version", file=path.name))
    complete = rest if rest and _is_whole(rest[-1]) else rest[:-1]
    entries = tuple(_entry(line, number) for number, line in enumerate(complete, 2) if line.strip())
    return Cassette(head["service"], entries, folder_of(path))


def _is_address(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(urlsplit(value).netloc)
    except ValueError:
        return False


def _is_whole(line: bytes) -> bool:
    """Whether a line without an end is from an editor, not from a recorder that was killed."""
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _parsed(line: bytes, number: int) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise BadCassette(_at(number, tr("not a JSON object")))
    return value


def _at(number: int, fault: str) -> Message:
    return tr("line {number} of the cassette: {what}", number=number, what=fault)


def _entry(line: bytes, number: int) -> CassetteEntry:
    record = _parsed(line, number)
    try:
        request, answer = record["request"], record["answer"]
        return CassetteEntry(
            int(record["n"]),
            _moment(record["at"]),
            float(record["seconds"]),
            TapedRequest(
                str(request["method"]), str(request["url"]), _headers(request), _content(request)
            ),
            TapedAnswer(_status(answer), _headers(answer), _content(answer), _ending(answer)),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadCassette(_at(number, tr("a request or its answer is incomplete"))) from error


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _status(answer: dict[str, Any]) -> int:
    status = int(answer["status"])
    if not 200 <= status <= 599 and not (status == 0 and answer.get("ending")):
        raise ValueError(status)
    return status


def _ending(answer: dict[str, Any]) -> Ending:
    ending: Ending = answer.get("ending", "")
    if ending not in get_args(Ending):
        raise ValueError(ending)
    return ending


def _headers(record: dict[str, Any]) -> dict[str, str]:
    """Headers that can be sent: no line of a cassette may hold a second header."""
    headers = {str(name): str(value) for name, value in record["headers"].items()}
    for name, value in headers.items():
        value.encode("latin-1")
        if not _HEADER.fullmatch(name) or not value.isprintable():
            raise ValueError(name)
    return headers


def _content(record: dict[str, Any]) -> TapedContent:
    kinds: Iterable[ContentKind] = _KINDS
    content = next(
        (TapedContent(kind, record[kind]) for kind in kinds if kind in record), TapedContent()
    )
    if not isinstance(content.value, _TYPES.get(content.kind, object)):
        raise ValueError(content.kind)
    return content
