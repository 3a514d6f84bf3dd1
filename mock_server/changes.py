"""Small edits of true answers: what a service that drifts away from its documents would send.

A path is keys with dots; a number is a place in a list, ``*`` stands for all of them. Texts may
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

from mock_server.faults import Fault

Names = Mapping[str, str]
_NO_BODY = (204, 205, 304)


def changed(fault: Fault, whole: Response, names: Names) -> Response:
    """``whole`` with the edits of a fault whose effect is ``change``."""
    names = {**names, "request_id": _request_id(bytes(whole.body))}
    status = fault.status or whole.status_code
    body = b"" if status in _NO_BODY else _edited(bytes(whole.body), fault, names)
    answer = Response(body, status, dict(whole.headers))
    answer.headers["content-length"] = str(len(body))
    for name, value in fault.headers.items():
        if value:
            answer.headers[name] = filled(value, names)
        elif name in answer.headers:
            del answer.headers[name]
    return answer


def _request_id(data: bytes) -> str:
    value = _parsed(data)
    return str(value.get("request_id", "")) if isinstance(value, dict) else ""


def _parsed(data: bytes) -> Any:
    """The JSON value in ``data``; None where there is none."""
    try:
        return json.loads(data) if data[:1] in (b"{", b"[") else None
    except (ValueError, RecursionError):
        return None


def _edited(data: bytes, fault: Fault, names: Names) -> bytes:
    if fault.body is not None:
        text = data.decode("utf-8", "replace")
        return _bytes(filled(fault.body, {**names, "body": text, "inner": text[1:-1]}))
    edits = dict(fault.set)
    if fault.host:
        origin = fault.host if "://" in fault.host else f"https://{fault.host}"
        edits["output.video_url"] = origin + "{path}"
    value = _parsed(data)
    if value is None or not (edits or fault.rename or fault.drop):
        return data
    for path, wanted in edits.items():
        _set(value, path.split("."), wanted, names)
    for path, name in fault.rename.items():
        _take(value, path.split("."), name)
    for path in fault.drop:
        _take(value, path.split("."))
    return _bytes(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def _bytes(text: str) -> bytes:
    """UTF-8; a lone surrogate becomes the escape that JSON has for it."""
    return text.encode("utf-8", "backslashreplace")


def _set(place: Any, path: list[str], wanted: Any, names: Names) -> None:
    """Put ``wanted`` at ``path``; mappings on the way are made where they are missing."""
    adds = not (isinstance(wanted, str) and ("{value}" in wanted or "{path}" in wanted))
    for key in _keys(place, path[0], new=adds):
        if len(path) == 1:
            before = place.get(key, "") if isinstance(place, dict) else place[key]
            place[key] = _filled(wanted, {**names, **_of(before)})
            continue
        if adds and isinstance(place, dict) and not isinstance(place.get(key), dict | list):
            place[key] = {}
        _set(place[key], path[1:], wanted, names)


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


def _of(before: Any) -> Names:
    text = before if isinstance(before, str) else json.dumps(before, ensure_ascii=False)
    if not text.startswith(("http://", "https://")):
        return {"value": text, "path": text}
    parts = urlsplit(text)
    return {"value": text, "path": text[len(f"{parts.scheme}://{parts.netloc}") :]}


def _filled(wanted: Any, names: Names) -> Any:
    if isinstance(wanted, str):
        return filled(wanted, names)
    if isinstance(wanted, dict):
        return {filled(key, names): _filled(value, names) for key, value in wanted.items()}
    return [_filled(value, names) for value in wanted] if isinstance(wanted, list) else wanted


def filled(text: str, names: Names) -> str:
    """``text`` with each ``{name}`` in place; other braces stay."""
    for name, value in names.items():
        text = text.replace("{" + name + "}", value)
    return text
