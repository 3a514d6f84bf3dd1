"""API keys: which account a key names, and where it is."""

import re
from dataclasses import dataclass

from mock_server.wire.errors import ErrorAnswer
from mock_server.wire.provenance import ERRORS, OFFICIAL, rests_on
from wanx_render.catalog.capabilities import packaged

REGIONS = tuple(packaged().service.regions)
# By how the names of their accounts begin; the vendor calls Singapore's hosts ``intl``.
_REGIONS = {**{name: name for name in REGIONS}, "intl": "singapore"}
_KEY = re.compile(r"sk-mock-([A-Za-z0-9._-]{1,64})")


@dataclass(frozen=True, slots=True)
class Caller:
    """The account that calls. ``sk-mock-tokyo-NAME`` is the account ``tokyo-NAME``, of Tokyo."""

    name: str

    @property
    def region(self) -> str:
        beginning = self.name.partition("-")[0] if "-" in self.name else ""
        return _REGIONS.get(beginning, "beijing")


@rests_on("official text", ERRORS, "No key, or one that is unknown here, is 401 InvalidApiKey")
@rests_on("official text", OFFICIAL, "Key and address belong to one region; mixed, they fail")
def caller_of(authorization: str, region: str | None) -> Caller:
    """The account of an ``Authorization`` header, at an address of ``region`` or of any.

    Raises ErrorAnswer.
    """
    scheme, _, key = authorization.partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise ErrorAnswer(401, "InvalidApiKey", "No API-key provided.")
    match = _KEY.fullmatch(key.strip())
    caller = Caller(match[1]) if match else None
    if caller is None or region not in (None, caller.region):
        raise ErrorAnswer(401, "InvalidApiKey", "Invalid API-key provided.")
    return caller
