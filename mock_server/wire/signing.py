"""Signatures of the object storage: links to results, and forms that may write a file."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from mock_server.wire.errors import Denied
from mock_server.wire.provenance import ERRORS, OFFICIAL, SDK, UPLOADS, rests_on

UPLOAD_MEGABYTES = 100
_POLICY_SECONDS = 300


class Signer:
    """Signatures of one service: links, forms. The secret follows from the seed."""

    def __init__(self, seed: int) -> None:
        self._secret = hashlib.sha256(f"wanx-mock {seed}".encode()).digest()

    def sign(self, text: str) -> str:
        digest = hmac.new(self._secret, text.encode("utf-8", "replace"), hashlib.sha1).digest()
        return base64.b64encode(digest).decode()

    def _is_signature(self, text: str, of: str) -> bool:
        return hmac.compare_digest(self.sign(of).encode(), text.encode("utf-8", "replace"))

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
        if not self._is_signature(query.get("Signature", ""), f"GET\n{path}\n{until}"):
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
        if not self._is_signature(form.get("Signature", ""), policy):
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
