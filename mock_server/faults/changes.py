"""Small edits of true answers: what a service that drifts away from its documents would send.

A path is keys with dots; a number is a place in a list, ``*`` means all of them. Texts may
hold ``{value}`` (what was there), ``{path}`` (of a URL that was there, with its query), ``{body}``
(the whole body), ``{inner}`` (the same without its braces), ``{task_id}``, ``{request_id}`` and
``{key}``, the caller's API key. One with ``{value}`` or ``{path}`` changes what is there and adds
nothing.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import Response

from mock_server.faults.fields import FaultFields

Names = Mapping[str, str]
_NO_BODY = (204, 205, 304)
# Where answers name results: a clip, and pictures in either form.
_RESULTS = (
    "output.video_url", "output.results.*.url", "output.choices.*.message.content.*.image",
)  # fmt: skip


def edit(fault: FaultFields, answer: Response, names: Names) -> Response:
    """``answer`` with the edits of a fault."""
    names = {**names, "request_id": _request_id(bytes(answer.body))}
    status = fault.status or answer.status_code
    body = b"" if status in _NO_BODY else _edit_body(bytes(answer.body), fault, names)
    result = Response(body, status, dict(answer.headers))
    result.headers["content-length"] = str(len(body))
    for name, value in fault.headers.items():
        if value:
            result.headers[name] = fill(value, names)
        elif name in result.headers:
            del result.headers[name]
    return result


def _request_id(data: bytes) -> str:
    value = _parse(data)
    return str(value.get("request_id", "")) if isinstance(value, dict) else ""


def _parse(data: bytes) -> Any:
    """The JSON value in ``data``; None where there is none."""
    try:
        return json.loads(data) if data[:1] in (b"{", b"[") else None
    except (ValueError, RecursionError):
        return None


def _edit_body(data: bytes, fault: FaultFields, names: Names) -> bytes:
    if fault.body is not None:
        text = data.decode("utf-8", "replace")
        return _bytes(fill(fault.body, {**names, "body": text, "inner": text[1:-1]}))
    edits = dict(fault.set)
    if fault.host:
        origin = fault.host if "://" in fault.host else f"https://{fault.host}"
        edits |= dict.fromkeys(_RESULTS, origin + "{path}")
    value = _parse(data)
    if value is None or not (edits or fault.rename or fault.drop):
        return data
    for path, replacement in edits.items():
        _set(value, path.split("."), replacement, names)
    for path, name in fault.rename.items():
        _take(value, path.split("."), name)
    for path in fault.drop:
        _take(value, path.split("."))
    return _bytes(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def _bytes(text: str) -> bytes:
    """UTF-8; a lone surrogate becomes the escape that JSON has for it."""
    return text.encode("utf-8", "backslashreplace")


def _set(place: Any, path: list[str], value: Any, names: Names) -> None:
    """Put ``value`` at ``path``; mappings on the way are made where they are missing."""
    adds = not (isinstance(value, str) and ("{value}" in value or "{path}" in value))
    for key in _keys(place, path[0], new=adds):
        if len(path) == 1:
            before = place.get(key, "") if isinstance(place, dict) else place[key]
            place[key] = _fill_in(value, {**names, **_names_of(before)})
            continue
        if adds and isinstance(place, dict) and not isinstance(place.get(key), dict | list):
            place[key] = {}
        _set(place[key], path[1:], value, names)


def _take(place: Any, path: list[str], name: str = "") -> None:
    """Take out what is at ``path``, or put it under ``name`` beside its old place."""
    for key in reversed([*_keys(place, path[0], new=False)]):
        if len(path) > 1:
            _take(place[key], path[1:], name)
            continue
        value = place.pop(key)
        if name and isinstance(place, dict):
            place[name] = value


def _keys(place: Any, name: str, *, new: bool) -> Iterator[Any]:
    """The keys or numbers in ``place`` that ``name`` means."""
    if isinstance(place, list):
        yield from (number for number in range(len(place)) if name in ("*", str(number)))
    elif isinstance(place, dict):
        yield from list(place) if name == "*" else [name] if new or name in place else []


def _names_of(before: Any) -> Names:
    text = before if isinstance(before, str) else json.dumps(before, ensure_ascii=False)
    if not text.startswith(("http://", "https://")):
        return {"value": text, "path": text}
    parts = urlsplit(text)
    return {"value": text, "path": text[len(f"{parts.scheme}://{parts.netloc}") :]}


def _fill_in(value: Any, names: Names) -> Any:
    if isinstance(value, str):
        return fill(value, names)
    if isinstance(value, dict):
        return {fill(key, names): _fill_in(item, names) for key, item in value.items()}
    return [_fill_in(item, names) for item in value] if isinstance(value, list) else value


def fill(text: str, names: Names) -> str:
    """``text`` with each ``{name}`` in place; other braces stay."""
    for name, value in names.items():
        text = text.replace("{" + name + "}", value)
    return text
