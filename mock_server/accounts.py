"""API keys: which account a key names, and where it lives."""

import re
from dataclasses import dataclass

from mock_server.basis import ERRORS, OFFICIAL, rests_on
from mock_server.wire import Problem

_KEY = re.compile(r"sk-mock-([A-Za-z0-9._-]{1,64})")


@dataclass(frozen=True, slots=True)
class Account:
    """Who asks. ``sk-mock-intl-NAME`` is the account ``intl-NAME``, of Singapore."""

    name: str

    @property
    def region(self) -> str:
        return "singapore" if self.name.startswith("intl-") else "beijing"


@rests_on("official text", ERRORS, "No key, or one that is unknown here, is 401 InvalidApiKey")
@rests_on("official text", OFFICIAL, "Key and address belong to one region; mixed, they fail")
def account_of(authorization: str, region: str | None) -> Account:
    """The account of an ``Authorization`` header, at an address of ``region`` or of any.

    Raises Problem.
    """
    scheme, _, key = authorization.partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise Problem(401, "InvalidApiKey", "No API-key provided.")
    found = _KEY.fullmatch(key.strip())
    account = Account(found[1]) if found else None
    if account is None or region not in (None, account.region):
        raise Problem(401, "InvalidApiKey", "Invalid API-key provided.")
    return account
