"""What the tests of the light package share: both wheels, and the light one installed."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mock_server.light.wheel_file import build
from tests.mock_server.light.environments import (
    UV,
    Installed,
    VirtualEnvironment,
    free_port,
    ran,
    serving,
)
from tests.support.places import ROOT


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, tmp_path_factory.mktemp("light"))


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the whole program."""
    folder = tmp_path_factory.mktemp("whole")
    ran([UV, "build", "-q", "--wheel", "-o", folder, ROOT], folder)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Installed]:
    """Installs a wheel into an empty environment."""

    def install(package: Path) -> Installed:
        environment = VirtualEnvironment.new(tmp_path_factory.mktemp("env") / "venv")
        environment.change("install", package)
        sizes = environment.sizes()
        return Installed(environment, len(sizes), sum(sizes))

    return install


@pytest.fixture(scope="session")
def light(installed: Callable[[Path], Installed], wheel: Path) -> Installed:
    return installed(wheel)


@pytest.fixture(scope="session")
def program(installed: Callable[[Path], Installed], whole: Path) -> Installed:
    """The whole program."""
    return installed(whole)


@pytest.fixture(scope="session")
def server(light: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    command = [light.environment.program("wanx-mock"), "--clock", "auto", "--port", free_port()]
    with serving(map(str, command), tmp_path_factory.mktemp("folder")) as line:
        yield line
