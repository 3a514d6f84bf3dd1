"""No key may be in any file that a session leaves, nor in anything that is printed during it.

Looked for once, when all tests are over, also where several processes ran them.
"""

import re
import tempfile
from pathlib import Path

import pytest

# Every key that was given to the program during the session, and all that tests saw printed.
SECRETS = {"sk-mock-a"}
PRINTED: list[tuple[str, str]] = []


def holding_a_key(paths: list[Path]) -> list[Path]:
    # One pass over a file for all keys: there are hundreds of them, and gigabytes of films.
    key = re.compile(b"|".join(re.escape(key.encode()) for key in sorted(SECRETS)))
    found = []
    for path in paths:
        try:
            content = path.read_bytes()
        except OSError:
            continue  # a socket, or gone by now
        if key.search(content):
            found.append(path)
    return found


def leaks(folder: Path) -> list[str]:
    """Where a key stands: files below ``folder``, logs of bugs, tests that printed it."""
    left = [path for path in folder.rglob("*") if path.is_file()]
    logs = list(Path(tempfile.gettempdir()).glob("wanx-render-*.log"))
    printed = [name for name, text in PRINTED if any(key in text for key in SECRETS)]
    return [*map(str, holding_a_key(left + logs)), *printed]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    PRINTED.append((report.nodeid, report.capstdout + report.capstderr + report.caplog))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object, error: object) -> None:
    """What a process of a parallel session was given, handed to the one that began it."""
    SECRETS.update(getattr(node, "workeroutput", {}).get("secrets", ()))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    config = session.config
    if hasattr(config, "workeroutput"):
        config.workeroutput["secrets"] = sorted(SECRETS)
        return
    factory: pytest.TempPathFactory = config._tmp_path_factory  # type: ignore[attr-defined]  # as the fixture of that name
    found = leaks(factory.getbasetemp())
    if found:
        config.get_terminal_writer().line("\nA KEY STANDS IN: " + ", ".join(found))
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
