"""The real program over a socket: trouble, and the commands that settle it."""

import json
from typing import Any

import pytest

from tests.support.shop import Shop
from tests.tiers import sample

LIST = """\
version: 1
project: debts
backend: dashscope
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3}
shots:
  - {id: one, image: "https://example.com/a.png", prompt: first}
  - id: two
    image: "https://example.com/b.png"
    prompt: second
    model: wan2.2-i2v-flash
    duration: 5
deliverables:
  - {aspect: 9:16, size: 90x160}
"""


@pytest.mark.proof
def test_an_outcome_nobody_knows_is_settled_by_a_person(shop: Shop) -> None:
    shop.faults(
        {"on": "create", "model": "wanx2.1-*", "effect": "reset", "stage": "after", "nth": 1},
        {"on": "list", "status": 403, "code": "AccessDenied", "nth": 2},  # the first is hello
    )
    first = shop.run("list.yaml", "--yes")
    assert first.returncode == 4
    assert "Unresolved" in first.stderr
    assert "wanx-render resolve list.yaml" in first.stderr
    assert "unresolved" in shop.run("status", "list.yaml").stdout
    again = shop.run("list.yaml", "--yes")
    assert again.returncode == 4
    assert shop.sent() == 2  # it was never sent again
    shown = shop.run("resolve", "list.yaml")
    assert shown.returncode == 4
    assert "prompt: first" in shown.stdout
    number = shown.stdout.split()[0]
    for decision in (("--adopt", "x", "--release"), ()):
        assert shop.run("resolve", "list.yaml", number, *decision).returncode == 2
    wrong = shop.run("resolve", "list.yaml", "99", "--release")
    assert (wrong.returncode, "error[resolve-wrong]" in wrong.stderr) == (2, True)


@pytest.mark.proof
def test_an_adopted_task_is_fetched_and_nothing_is_paid_twice(shop: Shop) -> None:
    shop.faults(
        {"on": "create", "model": "wanx2.1-*", "effect": "reset", "stage": "after", "nth": 1},
        {"on": "list", "status": 403, "code": "AccessDenied", "nth": 2},
    )
    assert shop.run("list.yaml", "--yes").returncode == 4
    number = shop.run("resolve", "list.yaml").stdout.split()[0]
    rows = json.loads(shop.run("tasks", "list", "--json").stdout)["tasks"]
    task = next(row["task_id"] for row in rows if row["model"] == "wanx2.1-i2v-turbo")
    assert shop.run("resolve", "list.yaml", number, "--adopt", task).returncode == 0
    done = shop.run("list.yaml", "--yes")
    assert done.returncode == 0, done.stderr
    assert sorted(row["prompt"] for row in shop.ledger()) == ["first", "second"]
    assert shop.run("resolve", "list.yaml").returncode == 0
    assert shop.run("tasks", "link", task).stdout.startswith(f"{shop.origin}/")


@pytest.mark.proof
def test_a_released_attempt_is_asked_for_again(shop: Shop) -> None:
    shop.faults(
        {"on": "create", "model": "wanx2.1-*", "effect": "reset", "nth": 1},
        {"on": "list", "status": 403, "code": "AccessDenied", "nth": 2},
    )
    assert shop.run("list.yaml", "--yes").returncode == 4
    number = shop.run("resolve", "list.yaml").stdout.split()[0]
    assert shop.run("resolve", "list.yaml", number, "--release").returncode == 0
    assert shop.run("list.yaml", "--yes").returncode == 0
    assert sorted(row["prompt"] for row in shop.ledger()) == ["first", "second"]


def test_rescue_fetches_what_was_paid_and_asks_for_nothing(shop: Shop) -> None:
    shop.faults({"on": "query", "status": 500})
    failed = shop.run("list.yaml", "--yes")
    assert failed.returncode == 1
    shop.faults()
    assert shop.sent() == 2
    (shop.folder / "list.yaml").write_text(LIST.replace("prompt: second", "prompt: another"))
    saved = shop.run("rescue", "list.yaml")
    assert saved.returncode == 0, saved.stderr
    assert "2 clips downloaded" in saved.stderr
    assert shop.sent() == 2
    clips = sorted(p.name[:6] for p in (shop.folder / "renders" / "debts" / "clips").iterdir())
    assert clips == ["one-t1", "two-t1"]
    (shop.folder / "list.yaml").write_text(LIST)
    assert shop.run("list.yaml", "--yes").returncode == 0
    assert shop.sent() == 2


@pytest.mark.proof
def test_a_finished_list_asks_the_service_nothing(shop: Shop) -> None:
    assert shop.run("list.yaml", "--yes").returncode == 0
    before = shop.sent("query") + shop.sent("list") + shop.sent("create")
    assert shop.run("list.yaml", "--yes").returncode == 0
    assert shop.sent("query") + shop.sent("list") + shop.sent("create") == before


@pytest.mark.proof
@pytest.mark.parametrize(
    ("fault", "code", "expected"),
    sample(
        2,
        [
            ({"on": "list", "status": 401, "code": "InvalidApiKey"}, 2, "error[key-refused]"),
            ({"on": "list", "status": 400, "code": "Arrearage"}, 4, "overdue"),
            (
                {"on": "list", "status": 403, "code": "AllocationQuota.FreeTierOnly"},
                4,
                "free quota",
            ),
            ({"on": "list", "effect": "html"}, 1, "proxy"),
            (
                {"on": "create", "effect": "fail", "code": "DataInspectionFailed"},
                1,
                "content moderation",
            ),
        ],
    ),
    ids=["wrong-key", "overdue", "free-quota", "proxy", "moderated"],
)
def test_each_trouble_has_its_own_words_and_code(
    shop: Shop, fault: dict[str, Any], code: int, expected: str
) -> None:
    shop.account = f"trouble-{fault.get('code', fault.get('effect'))}"
    shop.faults(fault)
    ran = shop.run("list.yaml", "--yes")
    assert ran.returncode == code, ran.stderr
    assert expected in ran.stderr
    shop.faults()
    again = shop.run("list.yaml", "--yes")
    if expected == "content moderation":  # what moderation refused is not sent again unchanged
        assert (again.returncode, shop.sent()) == (1, 2)
        again = shop.run("list.yaml", "--yes", "--retake", "one", "--retake", "two")
    assert again.returncode == 0, again.stderr


@pytest.mark.proof
def test_the_other_region_s_key_an_unreachable_host_and_no_yes(shop: Shop) -> None:
    other = shop.run("list.yaml", "--yes", "--base-url", f"{shop.origin}/singapore/api/v1")
    assert (other.returncode, "error[key-refused]" in other.stderr) == (2, True)
    gone = shop.run("list.yaml", "--yes", "--base-url", "http://127.0.0.1:9/api/v1")
    assert (gone.returncode, "cannot reach the service" in gone.stderr) == (1, True)
    asked = shop.run("list.yaml")
    assert (asked.returncode, "--yes" in asked.stderr) == (4, True)
    for url in ("http://example.com/api/v1", "https://user:pw@example.com/", "ftp://x"):
        bad = shop.run("list.yaml", "--yes", "--base-url", url)
        assert (bad.returncode, "error[base-url-invalid]" in bad.stderr) == (2, True)
    assert shop.sent() == 0


@pytest.mark.proof
def test_tasks_are_shown_and_cancelled(shop: Shop) -> None:
    shop.faults(
        {"on": "create", "effect": "stuck", "model": "wan2.2-*"}, {"on": "query", "status": 500}
    )
    shop.run("list.yaml", "--yes")
    shop.faults()
    rows = json.loads(shop.run("tasks", "list", "--json").stdout)["tasks"]
    stuck = next(row["task_id"] for row in rows if row["status"] == "PENDING")
    shown = shop.run("tasks", "show", stuck)
    assert json.loads(shown.stdout)["state"] == "PENDING"
    assert shop.run("tasks", "cancel", stuck).returncode == 0
    assert shop.run("tasks", "cancel", stuck).returncode == 1
    without = shop.run("tasks", "link", stuck)
    assert (without.returncode, without.stdout) == (1, "")
    assert json.loads(shop.run("status", "list.yaml", "--json").stdout)["attempts"]


def test_status_before_anything_was_rendered(shop: Shop) -> None:
    ran = shop.run("status", "list.yaml")
    assert (ran.returncode, "error[folder-empty]" in ran.stderr) == (2, True)
