"""What every test may lean on, and the walls around them: no outside network, no home folder."""

import os
import socket
import ssl
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4
from zlib import crc32

import httpx
import hypothesis
import pytest
from PIL import Image

from tests.canary import pytest_runtest_logreport, pytest_sessionfinish, pytest_testnodedown
from tests.support.emulator import serving
from tests.support.programs import PROGRAMS
from tests.support.shop import PACE, Shop
from tests.tiers import sample
from wanx_render.catalog.capabilities import Catalog, packaged
from wanx_render.media import ffmpeg

__all__ = ["pytest_runtest_logreport", "pytest_sessionfinish", "pytest_testnodedown"]

# How long an example takes says how busy the machine is.
hypothesis.settings.register_profile("busy", deadline=None)
hypothesis.settings.load_profile("busy")


def outside(address: object) -> bool:
    """Whether a socket address leaves this machine."""
    host = address[0] if isinstance(address, tuple) else ""
    return isinstance(host, str) and host not in ("", "127.0.0.1", "::1", "localhost")


TRUSTED = cache(httpx.create_ssl_context)


def certificates(verify: Any = True, **more: Any) -> ssl.SSLContext:
    """As httpx does it, but the usual certificates are read once: 27 ms for each client."""
    named = any(os.environ.get(name) for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"))
    if verify is True and not more.get("cert") and not named:
        return TRUSTED()
    return httpx.create_ssl_context(verify, **more)


# What installers of other people's clients leave in a home folder.
INSTALLERS = {".npm", ".cargo", ".rustup"}


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The home folder of every test, in a session without a network or the user's settings."""
    real = socket.socket.connect

    def connect(self: socket.socket, address: object) -> None:
        if outside(address):
            raise AssertionError(f"a test tried to reach {address}")
        real(self, address)  # type: ignore[arg-type]

    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect)
        patch.setattr("httpx._transports.default.create_ssl_context", certificates)
        patch.setenv("HOME", str(folder))
        patch.setenv("WANX_LANG", "en")  # on every machine; tests of Chinese set it themselves
        for name in ("WANX_FFMPEG", "WANX_CATALOG", "DASHSCOPE_API_KEY"):
            patch.delenv(name, raising=False)
        yield folder


@pytest.fixture(autouse=True)
def walls(home: Path) -> Iterator[None]:
    """No test reaches the network or the user's home."""
    yield
    written = sorted(path for path in home.iterdir() if path.name not in INSTALLERS)
    for path in written:  # the next test finds it empty
        path.rename(home.with_name(f"{path.name}-{uuid4()}"))
    assert not written, "a test wrote into the home folder"


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return packaged()


@pytest.fixture(scope="session")
def program() -> ffmpeg.Ffmpeg:
    return PROGRAMS["wheel"]


@pytest.fixture(scope="session", params=sample(1, sorted(PROGRAMS, reverse=True)))
def each_program(request: pytest.FixtureRequest) -> ffmpeg.Ffmpeg:
    return PROGRAMS[request.param]


@pytest.fixture
def picture(tmp_path: Path) -> Callable[..., Path]:
    """Makes a picture file: ``picture("a.png", (750, 1000))``."""

    def make(name: str, size: tuple[int, int] = (750, 1000), colour: str = "#305070") -> Path:
        path = tmp_path / name
        image = Image.new("RGB", size, colour)
        image.paste("#e0a050", (size[0] // 3, size[1] // 3, size[0] // 2, size[1] // 2))
        image.save(path)
        return path

    return make


@pytest.fixture(scope="session")
def origin() -> Iterator[str]:
    """The address of an emulator whose clock runs fast; each test has its own account there."""
    with serving("--clock", f"x{PACE}", "--no-limits") as (origin, _):
        yield origin


@pytest.fixture
def shop(tmp_path: Path, origin: str, request: pytest.FixtureRequest) -> Iterator[Shop]:
    """A folder, with the test module's ``LIST`` in it, and an account of its own."""
    if text := getattr(request.module, "LIST", ""):
        (tmp_path / "list.yaml").write_text(text, encoding="utf-8")
    words = "".join(c if c.isalnum() else "-" for c in request.node.name).removeprefix("test-")
    # Tests of several modules have the same name.
    account = f"{words[:40].strip('-')}-{crc32(request.node.nodeid.encode()):08x}"
    shop = Shop(tmp_path, origin, account)
    yield shop
    shop.faults()


@pytest.fixture
def environ() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", "")}
