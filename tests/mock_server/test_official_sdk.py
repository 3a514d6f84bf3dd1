"""The official SDK, unmodified, against the emulator on a socket: every method in every outcome."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.emulator import serving
from tests.support.places import ROOT

pytestmark = pytest.mark.proof

OLD = "1.25.8"
PLAN = """
- {account: failing, on: create, effect: fail, code: DataInspectionFailed}
- {account: forgotten, on: query, effect: unknown}
- {account: forbidden, effect: error, status: 403, code: AccessDenied}
- {account: busy, effect: error, status: 429}
"""
CASES = ("normal", "FAILED", "UNKNOWN", "401", "403", "429")

# What each method gives its caller, case by case, in the order of CASES.
REFUSED = ("401 InvalidApiKey", "403 AccessDenied", "429 Throttling.RateQuota")
NO_TASK = ("InvalidTask Invalid task, task create failed",) * 3
NO_UPLOAD = tuple(
    f"UploadFileException Get upload certificate failed, code: {code}"
    for code in ("InvalidApiKey", "AccessDenied", "Throttling.RateQuota")
)
RAISED = (
    "AuthenticationError InvalidApiKey",
    "PermissionDeniedError AccessDenied",
    "RateLimitError Throttling.RateQuota",
)
ENDS = ("200 SUCCEEDED", "200 FAILED DataInspectionFailed", "200 UNKNOWN")
SECOND_ENDS = ("SUCCEEDED", "ContentFilterError DataInspectionFailed", "UNKNOWN")
CLASSIC = {
    "call": (*ENDS, *NO_TASK),
    "async_call": (*["200 PENDING"] * 3, *REFUSED),
    "fetch": ("200 PENDING", "200 PENDING", "200 UNKNOWN", *REFUSED),
    "wait": (*ENDS, *REFUSED),
    "cancel": (*["200"] * 3, *REFUSED),
    "list": (*["200 True"] * 3, *REFUSED),
    "upload": (*["200 PENDING"] * 3, *NO_UPLOAD),
}
SECOND = {
    "generate": (*SECOND_ENDS, *RAISED),
    "create": (*["PENDING"] * 3, *RAISED),
    "fetch": ("PENDING", "PENDING", "UNKNOWN", *RAISED),
    "wait": (*SECOND_ENDS, *RAISED),
    "cancel": (*[""] * 3, *RAISED),
    "list": (*["list True"] * 3, *RAISED),
    "upload": (*["PENDING"] * 3, *NO_UPLOAD),
}


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    plan = tmp_path_factory.mktemp("sdk") / "plan.yaml"
    plan.write_text(PLAN)
    with serving("--clock", "auto", "--faults", str(plan)) as (origin, _):
        yield origin


@pytest.fixture(scope="module")
def old_python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Another environment, with the last SDK of the 1.x line."""
    folder = tmp_path_factory.mktemp("old-sdk")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    install = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    subprocess.run([*install, f"dashscope=={OLD}"], check=True)
    return str(python)


def drive(python: str, origin: str, client: str, picture: Path, home: Path) -> dict[str, object]:
    environment = {"PATH": os.environ["PATH"], "NO_PROXY": "127.0.0.1", "HOME": str(home)}
    command = [python, str(ROOT / "tests/proofs/sdk_driver.py"), origin, client, str(picture)]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180)
    assert ran.returncode == 0, ran.stderr[-2000:]
    return dict(json.loads(ran.stdout.splitlines()[-1]))


def check(report: dict[str, object], expected: dict[str, tuple[str, ...]]) -> None:
    table = report["table"]
    assert isinstance(table, dict)
    assert table.keys() == expected.keys()
    for method, outcomes in expected.items():
        for case, outcome in zip(CASES, outcomes, strict=True):
            result = table[method][case]
            # Exceptions carry more text than a test should hold them to.
            fits = result.startswith(outcome) if "failed" in outcome else result == outcome
            assert fits, (method, case, result)


@pytest.mark.parametrize(
    ("client", "expected"),
    [("classic", CLASSIC), ("classic-asyncio", CLASSIC), ("v2", SECOND), ("v2-asyncio", SECOND)],
)
def test_every_method_in_every_outcome(
    client: str,
    expected: dict[str, tuple[str, ...]],
    origin: str,
    picture: Callable[..., Path],
    tmp_path: Path,
) -> None:
    check(drive(sys.executable, origin, client, picture("帧 1.png"), tmp_path), expected)


@pytest.mark.parametrize("client", ["classic", "classic-asyncio"])
def test_the_older_sdk_works_too(
    client: str, old_python: str, origin: str, picture: Callable[..., Path], tmp_path: Path
) -> None:
    report = drive(old_python, origin, client, picture("帧 1.png"), tmp_path)
    assert report["version"] == OLD
    check(report, CLASSIC)
