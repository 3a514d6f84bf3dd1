"""Old journals, moved folders, a full disk, two programs: nothing lost, nothing paid twice."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image

from tests.commands.test_debts import LIST  # noqa: F401  # what the shop renders
from tests.ground.test_task import REQUEST
from tests.support.emulator import serving
from tests.support.shop import PACE, Shop
from tests.tiers import sample
from wanx_render.backends.base import Recipient
from wanx_render.planning.journal import Journal
from wanx_render.planning.sql import schema

ONE = Recipient("one")


def old_journal(path: Path) -> None:
    """A journal as the first version left it, stopped in the middle of things."""
    db = sqlite3.connect(path, isolation_level=None)
    mark = f"PRAGMA user_version = 1; PRAGMA application_id = {schema.APPLICATION_ID};"
    db.executescript(f"BEGIN; {schema.MIGRATIONS[0]} {mark} COMMIT;")
    record = '{"model": "wanx2.1-i2v-turbo", "prompt": "猫", "region": "beijing"}'
    for key, state, task in (
        ("a", "submitting", None), ("b", "submitting", None), ("c", "submitted", "task-c"),
        ("d", "succeeded", "task-d"), ("e", "refused", None),
    ):  # fmt: skip
        db.execute(
            "INSERT INTO attempt (key, state, label, request, asked_at, task_id)"
            " VALUES (?, ?, ?, ?, '2026-01-01T00:00:00+00:00', ?)",
            (key, state, f"{key} take 1", record, task),
        )
    db.execute("INSERT INTO clip VALUES ('ff', 'd-t1-ff.mp4', 9)")
    db.execute("UPDATE attempt SET clip = 'ff' WHERE key = 'd'")
    db.close()


def test_an_old_journal_is_carried_over_whole(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    old_journal(path)
    journal = Journal(path)
    states = {attempt.key: attempt.state for attempt in journal.every()}
    # Of two that were in doubt for one model, that program could find out one alone.
    assert states == {
        "a": "unresolved", "b": "submitting", "c": "submitted", "d": "succeeded", "e": "refused",
    }  # fmt: skip
    found = journal.clip_for("d")
    assert found
    assert (found.clip_name, found.model, found.scope) == (
        "d-t1-ff.mp4",
        "wanx2.1-i2v-turbo",
        "mock",
    )
    assert {a.key for a in journal.in_doubt("mock")} == {"a", "b"}  # both may have been sent
    journal.close()
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA user_version").fetchone()[0] == len(schema.MIGRATIONS)
    assert db.execute("PRAGMA foreign_key_check").fetchall() == []


# What versions before workspaces wrote, and what is known by it: the vendor's hosts say where they
# are, of others only the host was kept.
OLD_SCOPES = {
    "dashscope dashscope.aliyuncs.com 0a1b2c3d":
        ("dashscope 0a1b2c3d", "https://dashscope.aliyuncs.com/api/v1"),
    "dashscope dashscope-intl.aliyuncs.com 0a1b2c3d":
        ("dashscope 0a1b2c3d", "https://dashscope-intl.aliyuncs.com/api/v1"),
    "dashscope 127.0.0.1 0a1b2c3d": ("dashscope 0a1b2c3d", "//127.0.0.1"),
    "dashscope relay.example 0a1b2c3d": ("dashscope 0a1b2c3d", "//relay.example"),
    "dashscope": ("dashscope", ""),  # restored from a manifest
    "mock": ("mock", ""),
}  # fmt: skip


def test_an_old_journal_knows_where_its_tasks_were_created(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    db = sqlite3.connect(path, isolation_level=None)
    before = next(n for n, script in enumerate(schema.MIGRATIONS) if "endpoint" in script)
    for script in schema.MIGRATIONS[:before]:
        db.executescript(f"BEGIN; {script} COMMIT;")
    mark = f"PRAGMA user_version = {before}; PRAGMA application_id = {schema.APPLICATION_ID};"
    db.executescript(mark)
    for number, scope in enumerate(OLD_SCOPES):
        db.execute(
            "INSERT INTO attempt (key, state, label, request, scope, model, asked_at, task_id)"
            " VALUES (?, 'submitted', ?, '{}', ?, 'm', '2026-01-01T00:00:00+00:00', ?)",
            (scope, f"s{number} take 1", scope, f"task-{number}"),
        )
    db.close()
    journal = Journal(path)
    known = {attempt.key: (attempt.scope, attempt.endpoint) for attempt in journal.every()}
    assert known == OLD_SCOPES


def test_several_outcomes_may_be_in_doubt_but_one_for_each_request(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite")
    now = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
    first = journal.intend("a", "a take 1", REQUEST, now, recipient=ONE)
    journal.sending(first, now)
    second = journal.intend("b", "b take 1", REQUEST, now, recipient=ONE)
    journal.uncertain(first, now)
    with pytest.raises(sqlite3.IntegrityError):
        journal.intend("a", "a take 1", REQUEST, now, recipient=ONE)
    assert [attempt.id for attempt in journal.in_doubt("one")] == [first]  # b was never sent
    journal.sending(second, now)
    assert [attempt.id for attempt in journal.in_doubt("one")] == [first, second]
    journal.adopted(first, "task-1")
    with pytest.raises(sqlite3.IntegrityError):
        journal._set(first, state="succeeded", task_id=None)


@pytest.mark.proof
def test_a_folder_that_was_moved_goes_on_where_it_stopped(shop: Shop) -> None:
    shop.faults({"on": "query", "status": 500})
    assert shop.run("list.yaml", "--yes").returncode == 1
    shop.faults()
    moved = shop.folder / "elsewhere" / "深い folder"
    moved.mkdir(parents=True)
    for name in ("list.yaml", "renders"):
        shutil.move(shop.folder / name, moved / name)
    other = Shop(moved, shop.origin, shop.account)
    assert other.run("list.yaml", "--yes").returncode == 0
    assert shop.sent() == 2


def leave_in_flight(shop: Shop) -> None:
    """Tasks that the account has, of a run that could not ask about them."""
    shop.faults({"on": "query", "status": 500})
    assert shop.run("list.yaml", "--yes").returncode == 1


@pytest.mark.proof
def test_tasks_in_flight_stay_at_the_address_where_they_were_created(shop: Shop) -> None:
    """Another emulator takes over as base URL: it is asked for nothing that the first one has."""
    leave_in_flight(shop)
    shop.faults()
    with serving("--clock", f"x{PACE}", "--no-limits") as (origin, _):
        other = Shop(shop.folder, origin, shop.account)
        task = shop.ledger()[0]["task_id"]
        record = json.loads(other.run("tasks", "show", task).stdout)
        assert (record["task_id"], record["state"] in ("RUNNING", "SUCCEEDED")) == (task, True)
        ran = other.run("list.yaml", "--yes")
        assert (ran.returncode, other.sent(), other.sent("query")) == (0, 0, 0)
    assert (shop.sent(), shop.sent("result")) == (2, 2)


@pytest.mark.proof
def test_rescue_goes_to_the_address_where_a_task_was_created(shop: Shop) -> None:
    leave_in_flight(shop)
    shop.faults()
    with serving("--clock", f"x{PACE}", "--no-limits") as (origin, _):
        other = Shop(shop.folder, origin, shop.account)
        ran = other.run("rescue", "list.yaml")
        assert (ran.returncode, "2 clips downloaded, 0 left" in ran.stderr) == (0, True)
        assert other.sent("query") == 0


@pytest.mark.proof
def test_where_the_first_address_is_gone_nothing_is_bought_at_another(shop: Shop) -> None:
    with serving("--clock", f"x{PACE}", "--no-limits") as (origin, _):
        first = Shop(shop.folder, origin, shop.account)
        leave_in_flight(first)
    ran = shop.run("list.yaml", "--yes")
    assert ran.returncode == 1
    assert urlsplit(origin).netloc in ran.stderr
    assert shop.sent() == 0


@pytest.mark.proof
def test_the_second_program_on_a_folder_leaves_at_once(shop: Shop) -> None:
    shop.faults({"on": "query", "effect": "slow", "seconds": 2, "times": 3})
    command = [sys.executable, "-m", "wanx_render", "list.yaml", "--yes"]
    with (shop.folder / "log").open("w") as log:
        first = subprocess.Popen(
            command, cwd=shop.folder, env=shop.environment, stdout=log, stderr=log
        )
        while not shop.ledger() and first.poll() is None:
            time.sleep(0.05)
        second = shop.run("list.yaml", "--yes")
        assert (second.returncode, "another run uses" in second.stderr) == (5, True)
        assert first.wait(60) == 0
    assert shop.sent() == 2


LIMITED = """
import os, resource, sys
sys.dont_write_bytecode = True  # it would be cut off, and every later start would trip over it
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
from wanx_render.cli import main
main(sys.argv[2:])
"""


@pytest.mark.proof
@pytest.mark.skipif(os.name != "posix", reason="needs resource limits")
@pytest.mark.parametrize("most", [20_000, 40_000, 60_000, 100_000])
def test_where_no_more_can_be_written_it_says_so_and_loses_nothing(
    shop: Shop,
    most: int,
) -> None:
    """A bound on the size of files stands in for a full disk: writes fail part of the way."""
    shop.account = f"full-{most}"
    command = [sys.executable, "-c", LIMITED, str(most), "list.yaml", "--yes"]
    ran = subprocess.run(
        command, cwd=shop.folder, env=shop.environment, capture_output=True, text=True, timeout=90
    )
    assert ran.returncode == 1, ran.stderr
    assert "Traceback" not in ran.stderr
    assert shop.run("list.yaml", "--yes").returncode == 0
    assert sorted(row["prompt"] for row in shop.ledger()) == ["first", "second"]


def without_privileges(*command: str) -> list[str]:
    """``command`` so that it heeds the permissions of files, also where root runs the tests."""
    if os.geteuid() != 0:
        return list(command)
    if shutil.which("setpriv") is None:
        pytest.skip("root cannot lay down its privileges here")
    return ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *command]


@pytest.mark.proof
@pytest.mark.skipif(os.name != "posix", reason="needs file permissions")
@pytest.mark.parametrize("place", sample(1, [".", "clips", ".cache"]))
def test_in_a_folder_that_cannot_be_written_nothing_is_paid(
    shop: Shop,
    place: str,
) -> None:
    shop.account = f"read-only-{len(place)}"
    folder = shop.folder / "renders" / "debts" / place
    folder.mkdir(parents=True)
    folder.chmod(0o555)
    command = without_privileges(sys.executable, "-m", "wanx_render", "list.yaml", "--yes")
    ran = subprocess.run(
        command, cwd=shop.folder, env=shop.environment, capture_output=True, text=True, timeout=90
    )
    folder.chmod(0o755)
    assert "Traceback" not in ran.stderr
    assert "ermission" in ran.stderr, ran.stderr
    assert (ran.returncode, shop.ledger()) == (2, [])
    assert shop.run("list.yaml", "--yes").returncode == 0
    assert sorted(row["prompt"] for row in shop.ledger()) == ["first", "second"]


@pytest.fixture
def small_disk(shop: Shop) -> Iterator[Path]:
    """A disk of its own under the render folder, where the machine lets us mount one."""
    place = shop.folder / "renders"
    place.mkdir()
    if sys.platform != "linux" or os.geteuid() != 0 or not mounted(place, "size=100k"):
        pytest.skip("no disk can be mounted here")
    yield place
    command = ["umount", str(place)]
    subprocess.run(command, check=True)


def mounted(place: Path, options: str) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
    return subprocess.run(command, capture_output=True).returncode == 0


@pytest.mark.proof
@pytest.mark.parametrize("kib", sample(1, [40, 120, 200, 300, 500]))
def test_on_a_full_disk_nothing_is_paid_twice_and_nothing_lost(
    shop: Shop,
    small_disk: Path,
    kib: int,
) -> None:
    shop.account = f"small-disk-{kib}"
    text = (shop.folder / "list.yaml").read_text()
    for name, colour in (("a.png", "#884422"), ("b.png", "#224488")):  # a lost answer is settled
        Image.new("RGB", (450, 800), colour).save(shop.folder / name)  # by the picture
        text = text.replace(f"https://example.com/{name}", name)
    (shop.folder / "list.yaml").write_text(text)
    assert mounted(small_disk, f"remount,size={kib}k")
    ran = shop.run("list.yaml", "--yes")
    assert ran.returncode in (1, 2), ran.stderr
    assert mounted(small_disk, "remount,size=200m")
    assert shop.run("list.yaml", "--yes").returncode == 0
    assert sorted(row["prompt"] for row in shop.ledger()) == ["first", "second"]
