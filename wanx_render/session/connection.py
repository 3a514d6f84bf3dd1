"""The way to a backend: key, address and clock from the outside world, a backend out."""

import asyncio
import os
import random
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from wanx_render.backends import addresses, network
from wanx_render.backends.addresses import AddressWish
from wanx_render.backends.base import Backend
from wanx_render.backends.mock import MockBackend, recall
from wanx_render.backends.network import Proxy
from wanx_render.backends.simulator import Simulator
from wanx_render.catalog.capabilities import Catalog
from wanx_render.clock import Clock, RealClock
from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput, NeedsApproval, Refused, ServiceError, Unreachable
from wanx_render.language import NOTHING, Message, joined, recorded, tr
from wanx_render.media import ffmpeg
from wanx_render.planning.journal import Journal
from wanx_render.session import doctor

# The HTTP client takes a third of a start; a run on the mock does without it.
if TYPE_CHECKING:
    from wanx_render.backends.line import Access

# The mock's tasks take the service's minutes at this many times the pace: a few seconds.
MOCK_PACE = 60

BASE_URL = "DASHSCOPE_HTTP_BASE_URL"
PACE = "WANX_CLOCK_PACE"  # for an emulator whose clock runs faster; heeded on loopback alone
API_PATH = "/api/v1"
PROXY_PATIENCE = 5.0  # seconds for a proxy to take a connection


@dataclass(frozen=True)
class Way:
    """How a service is reached: its base URL, and the environment that leads there."""

    url: str
    environ: Mapping[str, str] = field(repr=False)

    @property
    def proxy(self) -> Proxy | None:
        return network.proxy_for(self.environ, self.url)

    @property
    def place(self) -> str:
        """Host and port."""
        parts = urlsplit(self.url)
        return f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"

    async def try_proxy(self) -> None:
        """Raises BadInput where nobody answers at the proxy."""
        proxy = self.proxy
        if proxy is None:
            return
        try:
            async with asyncio.timeout(PROXY_PATIENCE):
                _, writer = await asyncio.open_connection(proxy.host, proxy.port)
            writer.close()
        except (OSError, UnicodeError) as error:  # asyncio's TimeoutError is an OSError
            reason = getattr(error, "strerror", None) or tr(
                "no answer in {seconds:g} s", seconds=PROXY_PATIENCE
            )
            message = tr("no proxy answers at {proxy}: {reason}", proxy=proxy, reason=reason)
            hint = tr("start it, or unset {variable}; nothing was sent", variable=proxy.variable)
            raise BadInput(Diagnostic("proxy-unreachable", message, hint=hint)) from None


@dataclass(frozen=True)
class Service:
    """A backend and the clock its waits are measured by; ``way`` leads to one that is not here."""

    backend: Backend
    clock: Clock
    way: Way | None = None

    async def open(self, catalog: Catalog) -> None:
        """Find out whether the service takes us, before anything is sent.

        Raises BadInput for a key it does not take and for an address or a proxy where it is not,
        NeedsApproval where it wants money, Unreachable where it does not answer.
        """
        if self.way:
            await self.way.try_proxy()
        try:
            await self.backend.open()
        except Refused as error:
            raise _refusal(error, self.way, catalog) from None
        except Unreachable as error:
            raise _silence(error, self.way, catalog) from None


def whose_keys(catalog: Catalog, url: str) -> Message:
    """Whose keys an address of the vendor takes; nothing for a person's own address."""
    place = addresses.place_of(catalog, url)
    if place is None:
        return NOTHING
    host = urlsplit(url).hostname or ""
    match place.kind:
        case "workspace":
            return tr("{host} takes only keys of this workspace", host=host)
        case "shared" | "trial":
            return tr("{host} takes only keys of {region}", host=host, region=place.region)
        case "plan":
            return tr("{host} takes keys of the token plan only", host=host)


def _way_out(catalog: Catalog, url: str) -> Message:
    """How the service is reached without the host of a workspace; nothing at any other address."""
    shared = addresses.shared_url(catalog, url)
    if shared is None:
        return NOTHING
    return tr(
        "{setting} uses {host}, which takes keys of every workspace",
        setting=f"{addresses.ADDRESS}=shared", host=urlsplit(shared).hostname,
    )  # fmt: skip


def _refusal(error: Refused, way: Way | None, catalog: Catalog) -> BadInput | NeedsApproval:
    """What a refusal of the first, harmless question means."""
    meaning = catalog.meaning(error.code, error.message)
    if meaning.kind in ("money", "quota"):
        return NeedsApproval(joined((error.sentence, recorded(meaning.advice)), tr("; ")))
    if way and meaning.kind != "key" and _is_elsewhere(error, way):
        return _wrong_address(way, error, catalog)
    message = tr("the service refuses: {answer}", answer=error.sentence)
    hints = [recorded(meaning.advice)]
    if way:
        hints += [whose_keys(catalog, way.url), _way_out(catalog, way.url)]
    hint = joined(filter(None, hints), tr("; "))
    return BadInput(Diagnostic("key-refused", message, hint=hint))


def _silence(error: Unreachable, way: Way | None, catalog: Catalog) -> BadInput | Unreachable:
    """What it means that no answer came, or one that is not the service's."""
    if way is None:
        return error
    if addresses.is_nowhere(error) and not way.url.endswith(API_PATH):
        return _wrong_address(way, error, catalog)
    blame = network.proxy_blame(way.environ, error, way.url)
    blame = NOTHING if blame in error.message else blame
    message = joined((recorded(error.message), blame), "")
    if error.code == "Unreachable":  # that names the place itself
        return Unreachable(error.code, message, error.request_id)
    answer = tr("{place} gave no usable answer: {reason}", place=way.place, reason=message)
    text = joined(filter(None, (answer, _way_out(catalog, way.url))), tr("; "))
    return Unreachable(error.code, text, error.request_id)


def _is_elsewhere(error: ServiceError, way: Way) -> bool:
    return addresses.is_nowhere(error) or not way.url.endswith(API_PATH)


def _wrong_address(way: Way, error: ServiceError, catalog: Catalog) -> BadInput:
    if way.url.endswith(API_PATH):
        message = tr("no service answers at {url}: {reason}", url=way.url, reason=error.sentence)
        hint = _way_out(catalog, way.url)
        return BadInput(Diagnostic("base-url-invalid", message, hint=hint))
    message = tr("no service answers at {url}: it should end in {path}", url=way.url, path=API_PATH)
    origin = "://".join(urlsplit(way.url)[:2])
    hint = tr("did you mean {url}?", url=f"{origin}{API_PATH}")
    return BadInput(Diagnostic("base-url-invalid", message, hint=hint))


def mock(
    catalog: Catalog,
    program: ffmpeg.Ffmpeg,
    executor: Executor,
    folders: Sequence[Path],
    attempts: int,
) -> Service:
    """The offline backend; seeded by how often was asked, so asking again is a new story.

    Where lists of several render folders run together, each folder remembers the whole.
    """
    files = [folder / ".cache" / "mock-service.json" for folder in folders]
    for file in files:
        file.parent.mkdir(exist_ok=True)
    latest = max((now for file in files if (now := recall(file).now)), default=None)
    clock = RealClock(MOCK_PACE, latest)
    simulator = Simulator(catalog, clock.now, seed=attempts)
    return Service(MockBackend(simulator, catalog, program, executor, *files), clock)


class ServiceOptions(Protocol):
    """Options that say how the service is reached."""

    @property
    def base_url(self) -> str | None: ...

    @property
    def result_hosts(self) -> tuple[str, ...]: ...


def access_for(
    catalog: Catalog, backend: str, region: str, options: ServiceOptions, environ: Mapping[str, str]
) -> "Access | None":
    """Who asks and where, for a backend that needs a key; None for the mock. Raises BadInput."""
    if backend == "mock":
        return None
    return access(catalog, region, environ, options.base_url, options.result_hosts)


def reach(
    catalog: Catalog,
    access: "Access | None",
    environ: Mapping[str, str],
    journals: Mapping[Path, Journal],
    *,
    program: ffmpeg.Ffmpeg,
    executor: Executor,
) -> Service:
    """The backend of a run over these render folders, and its clock."""
    folders = tuple(journals)
    if access is None:
        attempts = sum(journal.attempts() for journal in journals.values())
        return mock(catalog, program, executor, folders, attempts)
    return dashscope(catalog, access, environ, folders[0])


def access(
    catalog: Catalog,
    region: str,
    environ: Mapping[str, str],
    base_url: str | None,
    hosts: Sequence[str] = (),
) -> "Access":
    """Where the service is, who asks it, and which further ``hosts`` results may come from.

    The environment is looked at too: whether it leads there.

    Raises BadInput.
    """
    from wanx_render.backends.line import Access

    network.check(environ)

    wish = addresses.wish_of(doctor.settings(environ, Path.cwd()), region)
    key = _key(environ)
    address = _base_url(catalog, wish, environ, base_url)
    _check_key(catalog, wish.region, address, key)
    return Access(
        address, key,
        own_hosts=not addresses.is_vendor(address),
        result_hosts=tuple(_host(host) for host in hosts),
        workspace=addresses.workspace_id(catalog, wish),
    )  # fmt: skip


def _base_url(
    catalog: Catalog, wish: AddressWish, environ: Mapping[str, str], base_url: str | None
) -> str:
    """The address that a person gave, or the vendor's. Raises BadInput."""
    custom = base_url or environ.get(BASE_URL)
    if not custom:
        return addresses.base_url(catalog, wish)
    if match := re.search(r"(?i)\{workspace(_?id)?\}", custom):  # as the SDK and the pages write it
        if not wish.workspace:
            raise addresses.missing_workspace(tr("the base URL needs a workspace"))
        custom = custom.replace(match[0], addresses.workspace_id(catalog, wish))
    return _address(custom, "--base-url" if base_url else BASE_URL)


def _check_key(catalog: Catalog, region: str, address: str, key: str) -> None:
    """Raises BadInput for a key of the token plan at another address of the vendor, or the reverse.

    Nothing is sent before.
    """
    place = addresses.place_of(catalog, address)
    is_of_plan = key.startswith(catalog.service.plan_key.value)
    if place is None or is_of_plan == (place.kind == "plan"):
        return
    host = urlsplit(address).hostname
    if is_of_plan:
        message = tr("the key is of the token plan, which {host} does not take", host=host)
        hint = tr(
            "use --base-url {url}, or a key of {region}",
            url=addresses.plan_url(catalog, region), region=region,
        )  # fmt: skip
    else:
        message = tr("{host} takes keys of the token plan only", host=host)
        start = catalog.service.plan_key.value
        hint = tr("use a key that begins with {start}, or another address", start=start)
    raise BadInput(Diagnostic("key-elsewhere", message, hint=hint))


def _host(text: str) -> str:
    """A host that results may be fetched from; a whole address stands for its host.

    Raises BadInput.
    """
    host = text.strip().lower()
    if "://" in host:
        host = host.partition("://")[2].partition("/")[0]
    if re.fullmatch(r"(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*(:\d{1,5})?|\[[0-9a-f:.]+\]", host):
        return host.strip("[]")
    message = tr("--result-host {text!r} is not a valid host name", text=text)
    hint = tr("use a name such as {example}", example="results.example.com")
    raise BadInput(Diagnostic("result-host-invalid", message, hint=hint))


def dashscope(
    catalog: Catalog, access: "Access", environ: Mapping[str, str], folder: Path | None = None
) -> Service:
    """The real service, or whatever speaks its language at another address.

    Uploads are remembered in ``folder``, the render folder.
    """
    from wanx_render.backends.dashscope import DashScope
    from wanx_render.backends.uploads import KnownUploads

    way, clock = Way(access.base_url, environ), clock_at(access.base_url, environ)
    route = network.route(environ)
    chance = random.Random(os.urandom(16))  # noqa: S311  # jitter, no secret
    uploads = KnownUploads(folder / ".cache" / "uploads.json" if folder else None)
    backend = DashScope(access, catalog, clock, chance, uploads=uploads, route=route)
    return Service(backend, clock, way)


def play_money(options: ServiceOptions, environ: Mapping[str, str]) -> Message:
    """That nothing may be paid where the service's address is on this machine; else nothing.

    Whether an emulator answers there is not known before something is sent.
    """
    address = options.base_url or environ.get(BASE_URL) or ""
    with suppress(ValueError):
        host = urlsplit(address.strip()).hostname
        if host in network.LOOPBACK:
            return tr(
                "{host} is this machine: if the emulator answers, it is play money", host=host
            )
    return NOTHING


def clock_at(base_url: str, environ: Mapping[str, str]) -> Clock:
    """The clock that waits at a service are measured by; an emulator's may run faster."""
    local = urlsplit(base_url).hostname in network.LOOPBACK
    pace = environ.get(PACE, "1") if local else "1"
    return RealClock(int(pace) if re.fullmatch(r"[1-9]\d{0,5}", pace) else 1)


def _address(text: str, origin: str) -> str:
    """A base URL that may be used: https, or plain http on this machine; no slash at its end.

    ``origin`` is the option or variable that it is from. Raises BadInput.
    """
    try:
        parts = urlsplit(text.strip())
        host = parts.hostname or ""
        plain = parts.scheme == "http" and host in network.LOOPBACK
        good = host and (parts.scheme == "https" or plain) and not parts.username
        good = good and parts.port != 0 and text.strip().isprintable() and " " not in text.strip()
    except ValueError:
        good = False
    if not good or parts.query or parts.fragment:
        message = tr(
            "{origin}={address} is not a valid address: expected https (http on this machine), "
            "without user, query or fragment",
            origin=origin, address=network.without_password(text.strip()),
        )  # fmt: skip
        hint = tr(
            "use an address such as {example}", example=f"https://dashscope.aliyuncs.com{API_PATH}"
        )
        raise BadInput(Diagnostic("base-url-invalid", message, hint=hint))
    path = re.sub(r"/{2,}", "/", parts.path).rstrip("/")
    better = _api_path(parts.geturl(), path)
    if better != path:
        message = tr(
            "{origin}={address} is not the address of the whole API",
            origin=origin, address=parts.geturl(),
        )  # fmt: skip
        hint = tr("use {value}", value=parts._replace(path=better).geturl())
        raise BadInput(Diagnostic("base-url-invalid", message, hint=hint))
    return parts._replace(path=path).geturl()


def _api_path(url: str, path: str) -> str:
    """The path that is meant: of one operation the API's, and at the vendor always the API's."""
    before, separator, _ = path.partition(f"{API_PATH}/")
    if separator:
        return f"{before}{API_PATH}"
    return API_PATH if addresses.is_vendor(url) else path


def _key(environ: Mapping[str, str]) -> str:
    """The API key, from the environment or ``.env``; it goes to the API's client and nowhere."""
    value = environ.get(doctor.KEY) or doctor.dotenv(Path.cwd()).get(doctor.KEY)
    if not value:
        raise BadInput(
            Diagnostic(
                "key-missing",
                tr("the dashscope backend needs a key in {variable}", variable=doctor.KEY),
                hint=tr("set it in the environment or in .env; --backend mock needs none"),
            )
        )
    if value.split() != [value] or not value.isascii() or not value.isprintable():
        raise BadInput(
            Diagnostic(
                "key-missing",
                tr("{variable} is not a valid key", variable=doctor.KEY),
                hint=tr("set it again, without spaces or line breaks"),
            )
        )
    return value
