"""A pytest plugin: one emulator a session, an account of its own for each test.

``wanx_mock`` is the test's account; ``wanx_mock_server`` the session's server. For clients that
have the vendor's addresses in their code, ``wanx_mock_vendor`` is the same behind a proxy. The
marker ``@pytest.mark.wanx_faults("on=create nth=1 effect=reset stage=after")`` puts faults in force
for one test; ``@pytest.mark.wanx_scenarios({"words": "a cat*", "outcome": "stuck"})`` decides what
becomes of its tasks. A test that fails shows the last requests its account made.

``wanx_replay`` answers from a recording, ``@pytest.mark.wanx_cassette("session.jsonl")``.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mock_server.tape.threads import RecordedService, ReplayedService
    from mock_server.testing import MockAccount, Server


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(
        "wanx_mock_clock", "clock of the emulator: real, xN, manual or auto", default="auto"
    )
    parser.addini("wanx_mock_seed", "seed of the emulator", default="0")
    parser.addoption(
        "--wanx-record", metavar="URL", help="record the cassettes of tests from this service"
    )
    parser.addini("wanx_mock_clips", "a folder for test clips, or tiny", default="")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "wanx_faults(*faults): faults of the emulator that hold for this test's account"
    )
    config.addinivalue_line(
        "markers", "wanx_scenarios(*scenarios): what becomes of the tasks of this test's account"
    )
    config.addinivalue_line(
        "markers", "wanx_cassette(file, once=False): the recording that wanx_replay answers from"
    )


@pytest.fixture(scope="session")
def wanx_mock_server(request: pytest.FixtureRequest) -> Iterator["Server"]:
    """The emulator of this session, on a free port of loopback."""
    yield from _server(request.config, vendor=False)


@pytest.fixture(scope="session")
def wanx_mock_vendor_server(request: pytest.FixtureRequest) -> Iterator["Server"]:
    """An emulator of this session that is the vendor's own hosts, through its ``proxy``."""
    yield from _server(request.config, vendor=True)


def _server(config: pytest.Config, *, vendor: bool) -> Iterator["Server"]:
    from mock_server.testing import Server  # only where it is used: it takes a moment

    clips = str(config.getini("wanx_mock_clips"))
    server = Server(
        str(config.getini("wanx_mock_clock")),
        int(config.getini("wanx_mock_seed")),
        clips=Path(clips) if clips else None,
        vendor=vendor,
    )
    yield server
    server.close()


@pytest.fixture
def wanx_mock(
    request: pytest.FixtureRequest,
    wanx_mock_server: "Server",
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator["MockAccount"]:
    """An account of this test alone; the environment points clients at the emulator."""
    monkeypatch.setenv("DASHSCOPE_HTTP_BASE_URL", wanx_mock_server.base_url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    yield from _account(request, wanx_mock_server, monkeypatch)


@pytest.fixture
def wanx_mock_vendor(
    request: pytest.FixtureRequest,
    wanx_mock_vendor_server: "Server",
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator["MockAccount"]:
    """The same for clients with the vendor's addresses: the environment names proxy and trust."""
    assert wanx_mock_vendor_server.proxy  # noqa: S101
    monkeypatch.delenv("DASHSCOPE_HTTP_BASE_URL", raising=False)
    for name, value in wanx_mock_vendor_server.proxy.environment.items():
        monkeypatch.setenv(name, value)
    yield from _account(request, wanx_mock_vendor_server, monkeypatch)


def _account(
    request: pytest.FixtureRequest, server: "Server", monkeypatch: pytest.MonkeyPatch
) -> Iterator["MockAccount"]:
    from mock_server.testing import MockAccount

    name = "t-" + hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:16]
    account = MockAccount(server, name)
    monkeypatch.setenv("DASHSCOPE_API_KEY", account.key)
    marker = request.node.get_closest_marker("wanx_faults")
    if marker:
        account.faults(*marker.args)
    if marker := request.node.get_closest_marker("wanx_scenarios"):
        account.scenarios(*marker.args)
    request.node.wanx_mock = account
    yield account
    account.clear_faults()
    account.clear_scenarios()
    server.service.reset(name)


@pytest.fixture
def wanx_replay(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator["ReplayedService | RecordedService"]:
    """A recorded service; the environment points clients at it.

    A test that sends what was not recorded fails at its end. With ``--wanx-record URL`` the
    cassette is recorded from there, with the key of the environment.
    """
    from mock_server.tape.threads import RecordedService, ReplayedService

    marker = request.node.get_closest_marker("wanx_cassette")
    if marker is None:
        raise pytest.UsageError("wanx_replay requires the marker wanx_cassette(file)")
    file = request.path.parent / marker.args[0]
    to = request.config.getoption("--wanx-record")
    service: ReplayedService | RecordedService
    if to:
        service = RecordedService(file, str(to))
    else:
        service = ReplayedService(file, once=bool(marker.kwargs.get("once")))
        monkeypatch.setenv("DASHSCOPE_API_KEY", "sk-replay")
    monkeypatch.setenv("DASHSCOPE_HTTP_BASE_URL", service.base_url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    yield service
    service.close()
    if service.unmatched:
        pytest.fail("not on the cassette:\n" + "\n".join(service.unmatched), pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """A failed test's report ends with what its account sent."""
    report = yield
    account = getattr(item, "wanx_mock", None)
    if report.when == "call" and report.failed and account is not None:
        report.sections.append((f"requests of {account.key}", account.tail()))
    return report
