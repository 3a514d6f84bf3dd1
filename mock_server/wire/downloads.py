"""Answers of the object storage: files, whole or in part, and refusals as XML."""

import base64
import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime
from pathlib import Path

from starlette.responses import Response

from mock_server.wire.errors import Denied
from mock_server.wire.provenance import rests_on


def denied_answer(refusal: Denied) -> Response:
    """A refusal in the storage's own form."""
    return Response(refusal.xml, refusal.status, media_type="application/xml")


@rests_on(
    "guess", "object storage of the same vendor", "One byte range gives 206, others the whole"
)
def file_response(path: Path, headers: Mapping[str, str], time: datetime) -> Response:
    """The file, or the part of it that ``Range`` asks for, with ETag and Content-MD5."""
    data = path.read_bytes()
    digest = hashlib.md5(data, usedforsecurity=False)
    etag = f'"{digest.hexdigest().upper()}"'
    file_headers = {
        "Accept-Ranges": "bytes",
        "ETag": etag,
        "Last-Modified": format_datetime(time, usegmt=True),
        "Content-Type": _CONTENT_TYPES[path.suffix],
    }
    if headers.get("if-none-match") == etag:
        return Response(b"", 304, file_headers)
    if "if-match" in headers and headers["if-match"] not in (etag, "*"):
        return denied_answer(Denied(412, "PreconditionFailed", "The object is another one."))
    part = byte_range(headers.get("range", ""), len(data))
    if part is None or headers.get("if-range", etag) != etag:
        md5 = base64.b64encode(digest.digest()).decode()
        return Response(data, 200, {**file_headers, "Content-MD5": md5})
    start, end = part
    file_headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(data)}"
    return Response(data[start:end], 206, file_headers)


_CONTENT_TYPES = {".mp4": "video/mp4", ".png": "image/png"}


def byte_range(text: str, size: int) -> tuple[int, int] | None:
    """Start and end of the one byte range in ``text``; None where there is none to serve."""
    match = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", text)
    if not match or match[1] == match[2] == "":
        return None
    if not match[1]:
        return (max(size - int(match[2]), 0), size) if int(match[2]) else None
    start, end = int(match[1]), min(int(match[2] or size) + 1, size)
    return (start, end) if start < end else None
