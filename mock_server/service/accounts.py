"""API keys: which account a key names, and where it is."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from mock_server.wire.errors import ErrorAnswer
from mock_server.wire.provenance import ERRORS, OFFICIAL, PLAN, REGIONS, rests_on
from wanx_render.catalog.capabilities import Region

_NO_SUCH_KEY = (
    "Invalid API-key provided. For details, see: "
    "https://www.alibabacloud.com/help/en/model-studio/error-code#apikey-error"
)
_KEY = re.compile(r"sk-mock-([A-Za-z0-9._-]{1,64})")


@dataclass(frozen=True, slots=True)
class Caller:
    """The account that calls. ``sk-mock-tokyo-NAME`` is the account ``tokyo-NAME``, of Tokyo."""

    name: str
    region: str = ""  # the storage's addresses have none


@rests_on("official text", ERRORS, "No key, or one that is unknown here, is 401 InvalidApiKey")
@rests_on("captured", PLAN, "An unknown key is refused in these words, with a link")
@rests_on("official text", OFFICIAL, "Key and address belong to one region; mixed, they fail")
def caller_of(authorization: str, regions: Collection[str], base: str) -> Caller:
    """The account of an ``Authorization`` header, in one of ``regions``.

    ``base`` is the region whose address was called; any other text is an address of all regions.
    Raises ErrorAnswer.
    """
    scheme, _, key = authorization.partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise ErrorAnswer(401, "InvalidApiKey", "No API-key provided.")
    match = _KEY.fullmatch(key.strip())
    caller = Caller(match[1], _region_of(match[1], tuple(regions))) if match else None
    if caller is None or (base in regions and base != caller.region):
        raise ErrorAnswer(401, "InvalidApiKey", _NO_SUCH_KEY)
    return caller


@lru_cache(1024)
def _region_of(account: str, regions: tuple[str, ...]) -> str:
    """By how the account's name begins; the vendor calls Singapore's hosts ``intl``."""
    names = {"intl": "singapore"} | {region: region for region in regions}
    return next((names[name] for name in names if account.startswith(f"{name}-")), "beijing")


class RegionHosts:
    """Which region a host of the service belongs to."""

    def __init__(self, regions: Mapping[str, Region]) -> None:
        self._patterns = tuple(
            (name, re.compile(_pattern(figure.value), re.IGNORECASE))
            for name, region in regions.items()
            for figure in (region.base_url, region.workspace_url, region.trial_url)
            if figure
        )

    @rests_on("official text", REGIONS, "Shared, workspace and trial hosts are of one region each")
    def region_at(self, host: str) -> str:
        """Empty for a host that is of no region, such as localhost."""
        if _VENDOR not in host.lower():  # most calls are to loopback
            return ""
        return next((name for name, hosts in self._patterns if hosts.fullmatch(host)), "")


_VENDOR = ".aliyuncs.com"


def _pattern(url: str) -> str:
    """The host of an address, which may have the name of a workspace in it, and any port."""
    name = re.escape(urlsplit(url).netloc.replace("{workspace}", "WORKSPACE"))
    return name.replace("WORKSPACE", "[a-z0-9-]+") + r"(:\d{1,5})?"
