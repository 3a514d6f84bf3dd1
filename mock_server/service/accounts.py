"""API keys: which account a key names, and where it is."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from mock_server.wire.errors import ErrorAnswer
from mock_server.wire.provenance import ERRORS, OFFICIAL, rests_on

_KEY = re.compile(r"sk-mock-([A-Za-z0-9._-]{1,64})")


@dataclass(frozen=True, slots=True)
class Caller:
    """The account that calls. ``sk-mock-tokyo-NAME`` is the account ``tokyo-NAME``, of Tokyo."""

    name: str
    region: str = ""  # the storage's addresses have none


@rests_on("official text", ERRORS, "No key, or one that is unknown here, is 401 InvalidApiKey")
@rests_on("official text", OFFICIAL, "Key and address belong to one region; mixed, they fail")
def caller_of(authorization: str, regions: Collection[str], base: str) -> Caller:
    """The account of an ``Authorization`` header, in one of ``regions``.

    An address whose path begins with the name of a region (``base``) has no others. Raises
    ErrorAnswer.
    """
    scheme, _, key = authorization.partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise ErrorAnswer(401, "InvalidApiKey", "No API-key provided.")
    match = _KEY.fullmatch(key.strip())
    caller = Caller(match[1], _region_of(match[1], regions)) if match else None
    if caller is None or (base in regions and base != caller.region):
        raise ErrorAnswer(401, "InvalidApiKey", "Invalid API-key provided.")
    return caller


def _region_of(account: str, regions: Collection[str]) -> str:
    """By how the account's name begins; the vendor calls Singapore's hosts ``intl``."""
    names = {"intl": "singapore"} | {region: region for region in regions}
    return next((names[name] for name in names if account.startswith(f"{name}-")), "beijing")
