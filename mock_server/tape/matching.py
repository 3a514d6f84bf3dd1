"""Which recorded request a request is: the same method, path, query and normalised body."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

from mock_server.tape.cassette import CassetteEntry, TapedRequest

_UPLOAD = re.compile(r"oss://[^\s\"']*/([^/\s\"']+)")
_REPEATED = re.compile("/{2,}")
_TIMES = frozenset(("start_time", "end_time"))  # of a list: other ones at each run
_SHOWN = 80  # characters of a value in a sentence
_ABSENT = "nothing"


@dataclass(frozen=True, slots=True)
class TapedDifference:
    """One place in which a request differs from a recorded one."""

    place: str
    recorded: str
    requested: str

    def record(self) -> dict[str, str]:
        return {"place": self.place, "recorded": self.recorded, "requested": self.requested}

    def sentence(self) -> str:
        return f"{self.place}: {self.recorded} was recorded, {self.requested} was requested"


def match_key(request: TapedRequest) -> str:
    """A text that requests which mean the same have in common."""
    body = json.dumps(_body_of(request), ensure_ascii=True, sort_keys=True)
    return f"{request.method} {plain_path(request)} {_query_of(request)} {body}"


def plain_path(request: TapedRequest) -> str:
    """A path without slashes that say nothing; of a link the whole address."""
    scheme, mark, rest = request.path.rpartition("://")
    return scheme + mark + unquote(_REPEATED.sub("/", rest).rstrip("/"))


def _query_of(request: TapedRequest) -> Any:
    """Names and values; of a link to a file nothing, for its query is a signature."""
    path, query = plain_path(request), request.url.partition("?")[2]
    if "://" in path or re.search(r"/tasks/[^/]+$", path):
        return []
    pairs = parse_qsl(query, keep_blank_values=True)
    return sorted(pair for pair in pairs if pair[0] not in _TIMES)


def _body_of(request: TapedRequest) -> Any:
    content = request.content
    match content.kind:
        case "json":
            return normal(content.value)
        case "form":
            return _form(content.value)
        case "omitted":
            return content.value.get("sha256")
        case "text" | "file" | "nothing":
            return content.value


def _form(fields: Mapping[str, Any]) -> list[str]:
    """Of an upload the file alone: all else is a signature, or where the service wants it."""
    files = [value for value in fields.values() if isinstance(value, dict)]
    return [str(value.get("file") or value.get("omitted")) for value in files] or sorted(fields)


def normal(value: Any) -> Any:
    """JSON data without what changes nothing: absent values, forms of numbers, upload folders."""
    if isinstance(value, dict):
        return {name: normal(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [normal(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str):
        return _UPLOAD.sub(r"oss://.../\1", value)
    return value


def leaves(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Every plain value in JSON data, by its path."""
    if isinstance(value, dict) and value:
        for name, item in value.items():
            yield from leaves(item, f"{place}.{name}" if place else str(name))
    elif isinstance(value, list) and value:
        for number, item in enumerate(value):
            yield from leaves(item, f"{place}.{number}" if place else str(number))
    else:
        yield place, value


def differences(recorded: TapedRequest, requested: TapedRequest) -> list[TapedDifference]:
    """Where two requests differ: method and path, query, body."""
    pairs = [
        ("method", recorded.method, requested.method),
        ("path", plain_path(recorded), plain_path(requested)),
    ]
    before, now = dict(_query_of(recorded)), dict(_query_of(requested))
    pairs += [(f"query {name}", before.get(name, _ABSENT), now.get(name, _ABSENT))
              for name in sorted({*before, *now})]  # fmt: skip
    old, new = dict(leaves(_body_of(recorded))), dict(leaves(_body_of(requested)))
    pairs += [
        (place or "body", _text(old, place), _text(new, place)) for place in sorted({*old, *new})
    ]
    return [TapedDifference(name, left, right) for name, left, right in pairs if left != right]


def _text(values: Mapping[str, Any], place: str) -> str:
    if place not in values:
        return _ABSENT
    text = json.dumps(values[place], ensure_ascii=False)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def nearest(
    entries: Iterable[CassetteEntry], request: TapedRequest
) -> tuple[CassetteEntry, list[TapedDifference]] | None:
    """The recorded request that differs least; another method or path weighs most."""
    candidates = [(entry, differences(entry.request, request)) for entry in entries]
    if not candidates:
        return None
    return min(candidates, key=lambda candidate: _distance(candidate[1]))


def _distance(contrasts: list[TapedDifference]) -> int:
    return sum(1000 if difference.place in ("method", "path") else 1 for difference in contrasts)
