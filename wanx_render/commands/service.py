"""The way to a backend: key, address and clock from the outside world, a backend out."""

import os
import random
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from wanx_render import doctor, ffmpeg
from wanx_render.backends.base import Backend
from wanx_render.backends.mock import MockBackend, recall
from wanx_render.backends.simulator import Simulator
from wanx_render.capabilities import Catalog
from wanx_render.clock import Clock, RealClock
from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput, NeedsPerson, Refused

# The HTTP client takes a third of a start; a run on the mock does without it.
if TYPE_CHECKING:
    from wanx_render.backends.dashscope import Access

# The mock's tasks take the service's minutes at this many times the pace: a few seconds.
MOCK_PACE = 60

BASE_URL = "DASHSCOPE_HTTP_BASE_URL"
PACE = "WANX_CLOCK_PACE"  # for an emulator whose clock runs faster; heeded on loopback alone
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Service:
    """A backend and the clock its waits are measured by."""

    backend: Backend
    clock: Clock

    async def open(self, catalog: Catalog) -> None:
        """Find out whether the service takes us, before anything is sent.

        Raises BadInput for a key it does not take, NeedsPerson where it wants money.
        """
        try:
            await self.backend.open()
        except Refused as error:
            meaning = catalog.meaning(error.code, error.message)
            if meaning.kind in ("money", "quota"):
                raise NeedsPerson(f"{error}; {meaning.advice}") from None
            told = f"the service refuses: {error}"
            raise BadInput(Diagnostic("key-refused", told, hint=meaning.advice)) from None


def mock(
    catalog: Catalog,
    program: ffmpeg.Ffmpeg,
    executor: Executor,
    folders: Path | Sequence[Path],
    attempts: int,
) -> Service:
    """The offline backend; seeded by how often was asked, so asking again is a new story.

    Where lists of several render folders run together, each folder remembers the whole.
    """
    folders = (folders,) if isinstance(folders, Path) else folders
    files = [folder / ".cache" / "mock-service.json" for folder in folders]
    for file in files:
        file.parent.mkdir(exist_ok=True)
    latest = max((now for file in files if (now := recall(file).now)), default=None)
    clock = RealClock(MOCK_PACE, latest)
    simulator = Simulator(catalog, clock.now, seed=attempts)
    return Service(MockBackend(simulator, catalog, program, executor, *files), clock)


def access(
    catalog: Catalog,
    region: str,
    environ: Mapping[str, str],
    base_url: str | None,
    hosts: Sequence[str] = (),
) -> "Access":
    """Where the service is, who asks it, and which further ``hosts`` results may come from.

    Raises BadInput.
    """
    from wanx_render.backends.dashscope import Access

    official = catalog.service.regions[region].base_url
    address = _address(base_url or environ.get(BASE_URL) or official)
    vendor = (urlsplit(address).hostname or "").endswith(".aliyuncs.com")
    permitted = tuple(_host(host) for host in hosts)
    return Access(address, _key(environ), own_hosts=not vendor, result_hosts=permitted)


def _host(text: str) -> str:
    """A host that results may be fetched from; a whole address stands for its host.

    Raises BadInput.
    """
    host = text.strip().lower()
    if "://" in host:
        host = host.partition("://")[2].partition("/")[0]
    if re.fullmatch(r"(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*(:\d{1,5})?|\[[0-9a-f:.]+\]", host):
        return host.strip("[]")
    message = f"--result-host {text!r} is not a host name"
    raise BadInput(Diagnostic("result-host-invalid", message, hint="such as results.example.com"))


def dashscope(
    catalog: Catalog, access: "Access", environ: Mapping[str, str], folder: Path | None = None
) -> Service:
    """The real service, or whatever speaks its language at another address.

    Uploads are remembered in ``folder``, the render folder.
    """
    from wanx_render.backends.dashscope import DashScope
    from wanx_render.backends.uploads import Uploads

    local = urlsplit(access.base_url).hostname in _LOOPBACK
    pace = environ.get(PACE, "1") if local else "1"
    clock = RealClock(int(pace) if re.fullmatch(r"[1-9]\d{0,5}", pace) else 1)
    chance = random.Random(os.urandom(16))  # noqa: S311  # jitter, no secret
    uploads = Uploads(folder / ".cache" / "uploads.json" if folder else None)
    return Service(DashScope(access, catalog, clock, chance, uploads=uploads), clock)


def _address(text: str) -> str:
    """A base URL that may be used: https, or plain http on this machine."""
    try:
        parts = urlsplit(text.strip().rstrip("/"))
        host = parts.hostname or ""
        plain = parts.scheme == "http" and host in _LOOPBACK
        good = host and (parts.scheme == "https" or plain) and not parts.username
        _ = parts.port
    except ValueError:
        good = False
    if good and not parts.query and not parts.fragment:
        return parts.geturl()
    raise BadInput(
        Diagnostic(
            "base-url-invalid",
            "the service's address must be https (on this machine http), with no user or query",
            hint="such as https://dashscope.aliyuncs.com/api/v1",
        )
    )


def _key(environ: Mapping[str, str]) -> str:
    """The API key, from the environment or ``.env``; it goes to the API's client and nowhere."""
    value = environ.get(doctor.KEY) or doctor.dotenv(Path.cwd()).get(doctor.KEY)
    if not value:
        raise BadInput(
            Diagnostic(
                "key-missing",
                f"the dashscope backend needs a key in {doctor.KEY} (environment or .env)",
                hint="--backend mock needs none",
            )
        )
    if value.split() != [value] or not value.isascii() or not value.isprintable():
        raise BadInput(
            Diagnostic(
                "key-missing",
                f"what stands in {doctor.KEY} is not a key",
                hint="set it again, without blanks or line ends",
            )
        )
    return value
