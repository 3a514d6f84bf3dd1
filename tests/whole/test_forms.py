"""Every request form, from a list to a film: on the mock, and by the real client at the emulator.

The lists are in ``specs/forms``. What was sent for each is in ``tests/golden/wire``: the bodies of
the create calls, addresses cut down to their scheme and ending, to be read next to the vendor's
reference.
"""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from mock_server.testing import MockAccount
from tests.support.emulator import account_in_environment
from tests.support.goldens import is_golden
from tests.support.media import facts
from tests.support.places import SPECS
from tests.tiers import sample
from wanx_render.cli import main

PACE = 600
LISTS = sorted(path.stem for path in (SPECS / "forms").glob("*.yaml"))
QUICKEST = "text-by-size"
IN_TURN = sorted(LISTS, key=lambda name: name != QUICKEST)
Printed = pytest.CaptureFixture[str]


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[MockAccount]:
    with account_in_environment(monkeypatch, "forms", PACE) as account:
        yield account


def run(printed: Printed, *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(words)
    said = printed.readouterr()
    return int(ended.value.code or 0), said.out, said.err


def place(name: str) -> str:
    return str(SPECS / "forms" / f"{name}.yaml")


def planned(printed: Printed, name: str) -> dict[str, Any]:
    code, out, err = run(printed, "plan", place(name), "--json")
    assert (code, "error[" in err) == (0, False)
    record: dict[str, Any] = json.loads(out)
    assert record["unknown_prices"] == 0
    return record


def check_film(home: Path) -> dict[str, Any]:
    """The manifest of a film that is what was promised, as PyAV sees it too."""
    manifest: dict[str, Any] = json.loads((home / "manifest.json").read_text())
    assert manifest["complete"]
    for shot in manifest["shots"]:
        for take in shot["takes"]:
            assert take["predicted"] == f"{take['width']}x{take['height']}"
    for film in manifest["deliverables"]:
        assert all(check["holds"] for check in film["checks"])
        film_file, rate = facts(home / film["path"]), Fraction(film["fps"])
        width, height = map(int, film["aspect"].split(":"))
        assert film_file.width * height == film_file.height * width
        assert (film_file.width, film_file.height) == (film["width"], film["height"])
        assert film_file.frames == film["frames"] == sum(part["frames"] for part in film["parts"])
        assert film_file.steps == {1 / rate}
        assert abs(film_file.sound_seconds - film_file.frames / rate) <= 1 / rate
    return manifest


def sent(account: MockAccount) -> list[dict[str, Any]]:
    """The create calls as they left, without what is different in each run."""
    calls = [
        {"path": entry.path.removeprefix("/api/v1"), "body": _without_addresses(entry.body)}
        for entry in account.requests
        if entry.operation == "create"
    ]
    return sorted(calls, key=lambda call: json.dumps(call["body"], ensure_ascii=False))


def _without_addresses(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_addresses(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_without_addresses(entry) for entry in value]
    match = re.fullmatch(r"(oss|https?)://.*(\.\w+)", value) if isinstance(value, str) else None
    return f"{match[1]}://...{match[2]}" if match else value


@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_each_form_is_valid_and_has_a_price(name: str, capsys: Printed) -> None:
    assert run(capsys, "validate", place(name))[0] == 0
    assert Decimal(planned(capsys, name)["cost"]) > 0


@pytest.mark.parametrize("name", sample(1, IN_TURN))
def test_a_list_of_each_form_becomes_a_film_on_the_mock(
    name: str, tmp_path: Path, capsys: Printed
) -> None:
    plan = planned(capsys, name)
    code, out, _ = run(capsys, "render", place(name), "--json", "--out", str(tmp_path))
    summary = json.loads(out.splitlines()[-1])
    assert code == 0
    assert summary["cost_run"] == f"{plan['cost']} {plan['currency']}"
    assert check_film(tmp_path)["backend"] == "mock"


@pytest.mark.parametrize("name", sample(1, IN_TURN))
def test_the_client_sends_each_form_and_pays_what_the_plan_says(
    name: str, tmp_path: Path, account: MockAccount, capsys: Printed
) -> None:
    plan = planned(capsys, name)
    words = ("render", place(name), "--json", "--out", str(tmp_path))
    code, out, _ = run(capsys, *words, "--backend", "dashscope", "--yes")
    summary = json.loads(out.splitlines()[-1])
    assert (code, check_film(tmp_path)["backend"]) == (0, "dashscope")
    calls = sent(account)
    assert is_golden(f"wire/{name}.json", _text(calls))
    totals = account.ledger["totals"]
    assert totals["submissions"] == totals["succeeded"] == len(calls)
    charged = Decimal(totals["amounts"][plan["currency"]])
    assert charged == Decimal(plan["cost"])
    assert summary["cost_run"] == f"{charged} {plan['currency']}"


def _text(calls: list[dict[str, Any]]) -> str:
    return json.dumps(calls, indent=2, ensure_ascii=False) + "\n"
