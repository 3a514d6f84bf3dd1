"""Which address a region, a workspace or a person means, and which region an address is of.

All addresses of the vendor are the catalog's; what is none of them is a person's own, such as an
emulator's. A workspace comes from the environment alone (docs/decisions/0035).
"""

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, get_args
from urllib.parse import urlsplit

from wanx_render.catalog.capabilities import Catalog, Region
from wanx_render.diagnostics import Diagnostic, did_you_mean, listed
from wanx_render.errors import BadInput, ServiceError
from wanx_render.language import Message, tr

Kind = Literal["workspace", "shared", "trial", "plan"]
CHOICES: tuple[Kind, ...] = get_args(Kind)[:3]  # what ADDRESS may be
PLACEHOLDER = "{workspace}"
# The name of this program, and that of the vendor's own SDK.
WORKSPACE, WORKSPACE_OF_SDK = "DASHSCOPE_WORKSPACE", "DASHSCOPE_WORKSPACE_ID"
ADDRESS = "WANX_ADDRESS"
_LABEL = r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}"  # as the vendor's SDK has it
_SHOWN = 6  # characters of a workspace's id


# -- from a wish to an address ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AddressWish:
    """Which address a person wants: in which region, of which workspace, of which kind."""

    region: str
    workspace: str = ""
    kind: str = ""  # one of CHOICES; empty: the workspace's own where there is one, else the shared
    variable: str = WORKSPACE  # that names the workspace


def wish_of(settings: Mapping[str, str], region: str) -> AddressWish:
    """Which address the settings of the environment ask for in a region."""
    values = {
        name: settings.get(name, "").strip() for name in (WORKSPACE, WORKSPACE_OF_SDK, ADDRESS)
    }
    variable = WORKSPACE if values[WORKSPACE] or not values[WORKSPACE_OF_SDK] else WORKSPACE_OF_SDK
    return AddressWish(region, values[variable], values[ADDRESS], variable)


def base_url(catalog: Catalog, wish: AddressWish) -> str:
    """The vendor's address for ``wish``. Raises BadInput where there is none."""
    region = region_named(catalog, wish.region)
    match wish.kind or ("workspace" if wish.workspace else "shared"):
        case "workspace":
            return _of_workspace(region, wish)
        case "shared":
            if region.base_url is None:
                message = tr("{region} has addresses of workspaces only", region=wish.region)
                raise missing_workspace(message)
            return region.base_url.value
        case "trial":
            if region.trial_url is None:
                message = tr("no trial address is known in {region}", region=wish.region)
                raise _missing(message, tr("unset {name}", name=ADDRESS))
            return region.trial_url.value
        case kind:
            message = tr("{setting} is not a kind of address", setting=f"{ADDRESS}={kind[:40]}")
            raise _missing(message, tr("use {value}", value=listed(CHOICES)))


def region_named(catalog: Catalog, name: str) -> Region:
    """The region called ``name``. Raises BadInput."""
    regions = catalog.service.regions
    if name in regions:
        return regions[name]
    names = listed(regions, len(regions))
    message = tr("{key} must be one of {names}", key="region", names=names)
    raise BadInput(Diagnostic("value-unknown", message, hint=did_you_mean(name, regions)))


def _of_workspace(region: Region, wish: AddressWish) -> str:
    if not wish.workspace:
        message = tr("{setting} needs a workspace", setting=f"{ADDRESS}={wish.kind}")
        raise missing_workspace(message)
    if region.workspace_url is None:
        message = tr("no workspace address is known in {region}", region=wish.region)
        raise _missing(message, tr("set {setting}", setting=f"{ADDRESS}=shared"))
    return region.workspace_url.value.replace(PLACEHOLDER, _workspace_id(region, wish))


def workspace_id(catalog: Catalog, wish: AddressWish) -> str:
    """The id of the workspace that is wanted; empty for none. Raises BadInput."""
    return _workspace_id(region_named(catalog, wish.region), wish) if wish.workspace else ""


def _workspace_id(region: Region, wish: AddressWish) -> str:
    """The id of a workspace; its whole host, which the console shows, stands for it too."""
    host = (wish.workspace.partition("://")[2] or wish.workspace).partition("/")[0]
    if re.fullmatch(_LABEL, host):
        return host
    if region.workspace_url and (match := _pattern(region.workspace_url.value).fullmatch(host)):
        return match["workspace"]
    if "." in host:
        message = tr("{name} is not a host of {region}", name=wish.variable, region=wish.region)
        hint = tr("use the region of that workspace")
    else:
        message = tr("{name} is not a valid workspace id", name=wish.variable)
        hint = tr("copy it from the console; it looks like {example}", example="llm-0123456789")
    raise BadInput(Diagnostic("workspace-invalid", message, hint=hint))


def _missing(message: Message, hint: Message) -> BadInput:
    return BadInput(Diagnostic("address-missing", message, hint=hint))


def missing_workspace(message: Message) -> BadInput:
    """An address cannot be made without a workspace."""
    return _missing(message, tr("set {name} to the id of your workspace", name=WORKSPACE))


def shown_workspace(text: str) -> str:
    """The beginning of a workspace's id: enough to know it again."""
    name = (text.partition("://")[2] or text).partition(".")[0]
    return name if len(name) <= _SHOWN else f"{name[:_SHOWN]}..."


# -- from an address to its region -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class VendorAddress:
    """What an address of the vendor is."""

    region: str
    kind: Kind


def place_of(catalog: Catalog, url: str) -> VendorAddress | None:
    """Which region an address is of, and its kind; None for one that is none of the vendor's."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        return None
    for place, template in _addresses(catalog):
        if _pattern(template).fullmatch(parts.netloc):
            return place
    return None


def _addresses(catalog: Catalog) -> Iterator[tuple[VendorAddress, str]]:
    """Every address of the vendor; those of workspaces last, whose form fits others too."""
    regions = catalog.service.regions
    for name, region in regions.items():
        yield VendorAddress(name, "plan"), plan_url(catalog, name)
        if region.base_url:
            yield VendorAddress(name, "shared"), region.base_url.value
        if region.trial_url:
            yield VendorAddress(name, "trial"), region.trial_url.value
    for name, region in regions.items():
        if region.workspace_url:
            yield VendorAddress(name, "workspace"), region.workspace_url.value


def shared_url(catalog: Catalog, url: str) -> str | None:
    """Where all workspaces of a region are reached, if ``url`` is the host of one of them."""
    place = place_of(catalog, url)
    if place is None or place.kind != "workspace":
        return None
    shared = catalog.service.regions[place.region].base_url
    return shared.value if shared else None


def is_nowhere(error: ServiceError) -> bool:
    """Whether an answer says that nothing is at a path: some were seen to say "url error"."""
    return error.code in ("NotFound", "NotTheService") or "url error" in error.message.lower()


def is_vendor(url: str) -> bool:
    """Whether an address is at the vendor, whatever the catalog knows of it."""
    host = (urlsplit(url).hostname or "").removesuffix(".")  # a whole name may end in a full stop
    return host.endswith(".aliyuncs.com")


def plan_url(catalog: Catalog, region: str) -> str:
    """The address of the token plan in a region."""
    code = catalog.service.regions[region].code
    return catalog.service.plan_url.value.replace("{code}", code)


def _pattern(template: str) -> re.Pattern[str]:
    """What the host of an address of this form is like."""
    host = re.escape(template.partition("://")[2].partition("/")[0])
    named = host.replace(re.escape(PLACEHOLDER), f"(?P<workspace>{_LABEL})")
    return re.compile(named, re.IGNORECASE)


def realm(catalog: Catalog, url: str) -> str:
    """What knows the same uploads: a whole region, whatever address of it is used, or one host."""
    place = place_of(catalog, url)
    if place is None or place.kind == "plan":
        return urlsplit(url).hostname or ""
    region = catalog.service.regions[place.region]
    return urlsplit(region.base_url.value).hostname or "" if region.base_url else region.code


# -- addresses that are kept -----------------------------------------------------------------------


def sealed(url: str, key: str) -> str:
    """An address as the journal keeps it: with a seal that only the owner of ``key`` can set.

    The key goes to no address that a file names, unless it was used there before.
    """
    return f"{url} {_seal(url, key)}"


def unsealed(endpoint: str, key: str) -> str | None:
    """The address of what ``sealed`` gave; None where the seal is not of this key."""
    url, _, seal = endpoint.partition(" ")
    return url if hmac.compare_digest(seal.encode(), _seal(url, key).encode()) else None


def _seal(url: str, key: str) -> str:
    return hmac.new(key.encode(), url.encode(), hashlib.sha256).hexdigest()[:16]
