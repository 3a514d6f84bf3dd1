"""What stands in for Alibaba's object storage: uploads by signed form, results by signed link.

Errors come as XML, as they do from there; everything is kept by content in one folder.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import urlencode

from starlette.responses import Response

from mock_server.basis import ERRORS, OFFICIAL, SDK, UPLOADS, rests_on

UPLOAD_MEGABYTES = 100
_POLICY_SECONDS = 300
_KEPT_HOURS = 48


class Denied(Exception):
    """An answer of the storage, in its own form."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message

    def response(self) -> Response:
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Error>\n  <Code>{self.code}</Code>\n  <Message>{self.message}</Message>\n"
            "  <HostId>mock.oss</HostId>\n</Error>\n"
        )
        return Response(body, self.status, media_type="application/xml")


class Shelf:
    """Files by the hash of their bytes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, data: bytes, suffix: str = "") -> Path:
        path = self.folder / f"{hashlib.sha256(data).hexdigest()}{suffix}"
        if not path.exists():
            part = path.with_suffix(".part")
            part.write_bytes(data)
            part.replace(path)
        return path


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that somebody uploaded, to be named as ``oss://`` and its key."""

    key: str
    model: str
    path: Path
    until: datetime


class Signer:
    """Signatures of one service: links, forms. The secret follows from the seed."""

    def __init__(self, seed: int) -> None:
        self._secret = hashlib.sha256(f"wanx-mock {seed}".encode()).digest()

    def sign(self, text: str) -> str:
        digest = hmac.new(self._secret, text.encode("utf-8", "replace"), hashlib.sha1).digest()
        return base64.b64encode(digest).decode()

    @rests_on("official text", OFFICIAL, "Result links are signed and end after 24 hours")
    def link(self, path: str, expires: datetime) -> str:
        """``path`` with the query that lets anyone fetch it until ``expires``."""
        until = str(int(expires.timestamp()))
        query = {
            "Expires": until,
            "OSSAccessKeyId": "LTAI-mock",
            "Signature": self.sign(f"GET\n{path}\n{until}"),
        }
        return f"{path}?{urlencode(query)}"

    @rests_on("guess", "object storage of the same vendor", "A link past its time is 403, as XML")
    def check_link(self, path: str, query: Mapping[str, str], now: datetime) -> None:
        """Raises Denied for a link that was changed or is past its time."""
        until = query.get("Expires", "")
        if not hmac.compare_digest(
            self.sign(f"GET\n{path}\n{until}").encode(),
            query.get("Signature", "").encode("utf-8", "replace"),
        ):
            raise Denied(403, "SignatureDoesNotMatch", "The signature of the link is wrong.")
        if now.timestamp() > int(until):
            raise Denied(403, "AccessDenied", "Request has expired.")

    @rests_on("official text", UPLOADS, "A policy lasts 300 s and allows files up to 100 MB")
    def policy(self, prefix: str, host: str, now: datetime) -> dict[str, object]:
        """What ``getPolicy`` answers for uploads below ``prefix``."""
        expires = now + timedelta(seconds=_POLICY_SECONDS)
        conditions = {
            "expiration": expires.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "conditions": [
                ["content-length-range", 0, UPLOAD_MEGABYTES * 1024 * 1024],
                ["starts-with", "$key", prefix],
            ],
        }
        policy = base64.b64encode(json.dumps(conditions).encode()).decode()
        return {
            "policy": policy,
            "signature": self.sign(policy),
            "upload_dir": prefix,
            "upload_host": host,
            "expire_in_seconds": _POLICY_SECONDS,
            "max_file_size_mb": UPLOAD_MEGABYTES,
            "capacity_limit_mb": 999_999_999,
            "oss_access_key_id": "LTAI-mock",
            "x_oss_object_acl": "private",
            "x_oss_forbid_overwrite": "true",
        }

    @rests_on("official text", ERRORS, "An expired policy is 403")
    @rests_on("captured", SDK, "The form's fields and their order are the SDK's")
    def check_form(self, form: Mapping[str, str], size: int, now: datetime) -> str:
        """The key a form may write to. Raises Denied."""
        policy, key = form.get("policy", ""), form.get("key", "")
        signature = form.get("Signature", "")
        if not hmac.compare_digest(
            self.sign(policy).encode(), signature.encode("utf-8", "replace")
        ):
            raise Denied(403, "SignatureDoesNotMatch", "The signature of the policy is wrong.")
        rules = json.loads(base64.b64decode(policy))
        (_, _, largest), (_, _, prefix) = rules["conditions"]
        expires = datetime.strptime(rules["expiration"], "%Y-%m-%dT%H:%M:%S.%fZ")
        if now > expires.replace(tzinfo=UTC):
            raise Denied(403, "AccessDenied", "Invalid according to Policy: Policy expired.")
        if not key.startswith(f"{prefix}/"):
            raise Denied(403, "AccessDenied", "Invalid according to Policy: key.")
        if size > largest:
            raise Denied(400, "EntityTooLarge", "Your proposed upload exceeds the maximum size.")
        return key


@rests_on("official text", UPLOADS, "An uploaded file can be used for 48 hours")
def kept_until(now: datetime) -> datetime:
    return now + timedelta(hours=_KEPT_HOURS)


@rests_on(
    "guess", "object storage of the same vendor", "One byte range gives 206, others the whole"
)
def file_response(path: Path, headers: Mapping[str, str], modified: datetime) -> Response:
    """The file, or the part of it that ``Range`` asks for, with ETag and Content-MD5."""
    data = path.read_bytes()
    digest = hashlib.md5(data, usedforsecurity=False)
    etag = f'"{digest.hexdigest().upper()}"'
    told = {
        "Accept-Ranges": "bytes",
        "ETag": etag,
        "Last-Modified": format_datetime(modified, usegmt=True),
        "Content-Type": "video/mp4",
    }
    if headers.get("if-none-match") == etag:
        return Response(b"", 304, told)
    if "if-match" in headers and headers["if-match"] not in (etag, "*"):
        return Denied(412, "PreconditionFailed", "The object is another one.").response()
    part = _range(headers.get("range", ""), len(data))
    if part is None or headers.get("if-range", etag) != etag:
        md5 = base64.b64encode(digest.digest()).decode()
        return Response(data, 200, {**told, "Content-MD5": md5})
    start, end = part
    told["Content-Range"] = f"bytes {start}-{end - 1}/{len(data)}"
    return Response(data[start:end], 206, told)


def _range(text: str, size: int) -> tuple[int, int] | None:
    """Start and end of the one byte range in ``text``; None where there is none to serve."""
    found = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", text)
    if not found or found[1] == found[2] == "":
        return None
    if not found[1]:
        return (max(size - int(found[2]), 0), size) if int(found[2]) else None
    start, end = int(found[1]), min(int(found[2] or size) + 1, size)
    return (start, end) if start < end else None
