"""A journal that is gone beside paid clips: written again, or a person is asked; never paid again.

The real command runs over folders that were damaged by hand; the emulator's ledger is the judge.
"""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.support.shop import Shop
from tests.tiers import sample
from wanx_render.errors import NeedsApproval
from wanx_render.planning.journal import Journal
from wanx_render.planning.rebuild import is_lost, rebuild

LIST = """\
version: 1
project: lost
backend: dashscope
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3}
shots:
  - {id: one, image: a.png, prompt: one}
  - {id: two, image: {shot: one, frame: last}, prompt: two}
deliverables:
  - {name: tall, aspect: 9:16, size: 90x160}
"""
TABLE = """\
version: 1
project: lost
backend: dashscope
matrix: {rows: [{sku: red}, {sku: blue}]}
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3}
shots:
  - {id: intro, image: a.png, prompt: the same for all}
  - {id: own, image: a.png, prompt: "only ${sku}"}
deliverables:
  - {name: tall, aspect: 9:16, size: 90x160}
"""


@pytest.fixture(scope="module")
def rendered(
    origin: str, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], tuple[Path, Shop]]:
    """A folder in which a list was rendered once; made once, and then copied."""
    done: dict[str, tuple[Path, Shop]] = {}

    def make(text: str) -> tuple[Path, Shop]:
        if text not in done:
            folder = tmp_path_factory.mktemp("rendered")
            picture = Image.radial_gradient("L").resize((450, 600)).convert("RGB")
            picture.save(folder / "a.png")
            (folder / "list.yaml").write_text(text)
            first = Shop(folder, origin, f"lost-{len(done)}-{os.getpid()}")
            ran = first.run("list.yaml", "--out", "out", "--yes")
            assert ran.returncode == 0, ran.stderr
            done[text] = folder, first
        return done[text]

    return make


@pytest.fixture
def shop(rendered: Callable[[str], tuple[Path, Shop]], tmp_path: Path) -> Shop:
    return copied(rendered, LIST, tmp_path)


def copied(make: Callable[[str], tuple[Path, Shop]], text: str, place: Path) -> Shop:
    folder, first = make(text)
    shutil.copytree(folder, place, dirs_exist_ok=True)
    return Shop(place, first.origin, first.account)


def out(shop: Shop) -> Path:
    return shop.folder / "out"


# -- how a journal is lost -------------------------------------------------------------------------


def gone(folder: Path) -> None:
    for path in folder.glob("journal.sqlite*"):
        path.unlink()


def empty(folder: Path) -> None:
    gone(folder)
    (folder / "journal.sqlite").touch()


def gone_with_its_log_left(folder: Path) -> None:
    """The file alone was deleted; the log and index of another time are still there."""
    db = sqlite3.connect(folder / "journal.sqlite", isolation_level=None)
    db.execute("PRAGMA wal_autocheckpoint = 0")
    db.execute("UPDATE attempt SET key = 'spoilt by an old log'")
    for end in ("-wal", "-shm"):
        shutil.copy(folder / f"journal.sqlite{end}", folder / f"kept{end}")
    db.close()
    gone(folder)
    for end in ("-wal", "-shm"):
        (folder / f"kept{end}").rename(folder / f"journal.sqlite{end}")
    assert (folder / "journal.sqlite-wal").stat().st_size


def without_cache_too(folder: Path) -> None:
    gone(folder)
    shutil.rmtree(folder / ".cache")


def with_its_deliverable_gone(folder: Path) -> None:
    gone(folder)
    (folder / "tall.mp4").unlink()


LOST = (gone, empty, gone_with_its_log_left, without_cache_too, with_its_deliverable_gone)


@pytest.mark.proof
@pytest.mark.parametrize("lose", sample(1, LOST), ids=lambda lose: lose.__name__)
def test_a_lost_journal_is_written_again_and_nothing_is_paid(
    shop: Shop, lose: Callable[[Path], None]
) -> None:
    paid, clips = len(shop.ledger()), hashes(shop)
    lose(out(shop))
    ran = shop.run("list.yaml", "--out", "out", "--yes")
    assert ran.returncode == 0, ran.stderr
    assert "2 paid clips" in ran.stderr
    assert len(shop.ledger()) == paid == 2
    assert hashes(shop) == clips
    assert (out(shop) / "tall.mp4").is_file()
    assert "0.00 CNY this run, 1.44 CNY this film, 1.44 CNY in total" in ran.stderr
    again = shop.run("list.yaml", "--out", "out", "--yes")
    assert again.returncode == 0
    assert "paid clips again" not in again.stderr
    assert len(shop.ledger()) == paid


@pytest.mark.proof
@pytest.mark.parametrize("is_lost", [False, True], ids=["kept", "lost"])
def test_rows_that_share_a_clip_keep_it_when_pictures_are_fitted_later(
    rendered: Callable[[str], tuple[Path, Shop]], tmp_path: Path, *, is_lost: bool
) -> None:
    shop = copied(rendered, TABLE, tmp_path)
    if is_lost:
        gone(out(shop))
    fitted = TABLE.replace("duration: 3", "duration: 3, fit_image: match")
    (shop.folder / "list.yaml").write_text(fitted)
    ran = shop.run("plan", "list.yaml", "--folder", "out", "--json")
    assert json.loads(ran.stdout)["to_make"] == 0


def hashes(shop: Shop) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((out(shop) / "clips").iterdir())}


@pytest.mark.proof
def test_every_command_that_looks_finds_the_clips_again(shop: Shop) -> None:
    for command in (
        ("plan", "list.yaml", "--folder", "out", "--json"),
        ("status", "list.yaml", "--out", "out", "--json"),
        ("rescue", "list.yaml", "--out", "out"),
    ):
        gone(out(shop))
        ran = shop.run(*command)
        assert ran.returncode == 0, (command, ran.stderr)
        if command[0] == "plan":
            assert json.loads(ran.stdout)["to_make"] == 0
    assert len(shop.ledger()) == 2


def test_a_rebuilt_journal_knows_what_the_lost_one_knew(shop: Shop) -> None:
    before = summary(out(shop) / "journal.sqlite")
    gone(out(shop))
    rebuild(out(shop))
    assert summary(out(shop) / "journal.sqlite") == before
    assert not list(out(shop).glob(".journal-*"))
    assert (out(shop) / "journal.sqlite").stat().st_mode & 0o777 == 0o600


def summary(path: Path) -> set[tuple[Any, ...]]:
    journal = Journal(path)
    rows = {
        (a.key, a.state, a.label, a.task_id, a.amount, a.currency, a.clip_name, a.clip_sha256)
        for a in journal.every()
    }
    journal.close()
    return rows


@pytest.mark.proof
def test_a_table_s_rows_are_found_again(
    rendered: Callable[[str], tuple[Path, Shop]], tmp_path: Path
) -> None:
    shop = copied(rendered, TABLE, tmp_path)
    paid = sorted(row["prompt"] for row in shop.ledger())
    assert paid == ["only blue", "only red", "the same for all"]
    gone(out(shop))
    ran = shop.run("list.yaml", "--out", "out", "--yes")
    assert ran.returncode == 0, ran.stderr
    assert sorted(row["prompt"] for row in shop.ledger()) == paid


# -- what cannot be explained ----------------------------------------------------------------------


def refused(shop: Shop, *names: str) -> None:
    """The command stops before it spends, names the clips, and leaves the folder as it is."""
    before = contents(out(shop))
    for command in (
        ("list.yaml", "--out", "out", "--yes"),
        ("plan", "list.yaml", "--folder", "out"),
        ("rescue", "list.yaml", "--out", "out"),
        ("status", "list.yaml", "--out", "out"),
    ):
        ran = shop.run(*command)
        assert ran.returncode == 4, (command, ran.stderr)
        for name in names:
            assert name in ran.stderr
        assert "nothing was sent" in ran.stderr
    assert contents(out(shop)) == before
    assert len(shop.ledger()) == 2


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
    return {str(path): path.read_bytes() for path in files}


def clip(shop: Shop, shot: str) -> Path:
    return next((out(shop) / "clips").glob(f"{shot}-*.mp4"))


@pytest.mark.proof
def test_without_a_manifest_a_person_is_asked(shop: Shop) -> None:
    gone(out(shop))
    (out(shop) / "manifest.json").unlink()
    refused(shop, clip(shop, "one").name, clip(shop, "two").name)


@pytest.mark.proof
@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"version": 99}', "\x00\x00", '{"version": 1}'])
def test_a_manifest_that_cannot_be_read_explains_nothing(shop: Shop, text: str) -> None:
    gone(out(shop))
    (out(shop) / "manifest.json").write_text(text)
    refused(shop, clip(shop, "one").name)


@pytest.mark.proof
def test_a_clip_that_is_in_no_manifest_is_named(shop: Shop) -> None:
    gone(out(shop))
    stranger = out(shop) / "clips" / "one-t2-deadbeef.mp4"
    shutil.copy(clip(shop, "one"), stranger)
    refused(shop, stranger.name)


@pytest.mark.proof
def test_a_damaged_clip_is_named(shop: Shop) -> None:
    gone(out(shop))
    path = clip(shop, "one")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(bytes(data))
    refused(shop, path.name)


@pytest.mark.proof
def test_when_the_unexplained_clip_is_moved_away_the_rest_is_found_again(shop: Shop) -> None:
    gone(out(shop))
    stranger = out(shop) / "clips" / "x-t1-deadbeef.mp4"
    shutil.copy(clip(shop, "one"), stranger)
    refused(shop, stranger.name)
    stranger.unlink()
    ran = shop.run("list.yaml", "--out", "out", "--yes")
    assert ran.returncode == 0, ran.stderr
    assert len(shop.ledger()) == 2


def test_a_clip_that_is_gone_from_the_folder_is_not_made_up(shop: Shop) -> None:
    gone(out(shop))
    clip(shop, "two").unlink()
    assert is_lost(out(shop))
    assert rebuild(out(shop)) == 1
    assert {row[2] for row in summary(out(shop) / "journal.sqlite")} == {"one take 1"}


@pytest.mark.proof
@pytest.mark.parametrize("content", [bytes(65536), b"notes of somebody\n" * 500])
def test_a_zeroed_or_foreign_journal_is_refused_and_stays(shop: Shop, content: bytes) -> None:
    gone(out(shop))
    (out(shop) / "journal.sqlite").write_bytes(content)
    ran = shop.run("list.yaml", "--out", "out", "--yes")
    assert ran.returncode == 2, ran.stderr
    assert "error[journal-foreign]" in ran.stderr
    assert (out(shop) / "journal.sqlite").read_bytes() == content
    assert len(shop.ledger()) == 2
    (out(shop) / "journal.sqlite").unlink()  # as the hint says: moved away
    assert shop.run("list.yaml", "--out", "out", "--yes").returncode == 0
    assert len(shop.ledger()) == 2


def test_a_folder_without_clips_has_lost_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    assert not is_lost(folder)
    (folder / "clips").mkdir()
    (folder / "clips" / ".one.part.mp4").touch()
    assert not is_lost(folder)
    (folder / "clips" / "one-t1-aaaaaaaa.mp4").touch()
    assert is_lost(folder)
    with pytest.raises(NeedsApproval, match="one-t1-aaaaaaaa"):
        rebuild(folder)
    assert [path.name for path in folder.iterdir()] == ["clips"]


# -- killed while it is written --------------------------------------------------------------------

# Ends the process at its n-th step inside the rebuild: a call that commits, renames or removes.
KILLED = """\
import os, signal, sys
from pathlib import Path
left = int(sys.argv[2])
STEPS = "execute executescript unlink replace rename fsync mkdir rmdir".split()
def hook(frame, event, called):
    global left
    name = getattr(called, "__name__", "") if event == "c_call" else ""
    if name in STEPS:
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
from wanx_render.planning.rebuild import rebuild
sys.setprofile(hook)
rebuild(Path(sys.argv[1]))
sys.setprofile(None)
"""


@pytest.mark.proof
def test_killed_at_any_step_it_is_done_again(shop: Shop, tmp_path: Path) -> None:
    before = summary(out(shop) / "journal.sqlite")
    gone(out(shop))
    kills = 0
    every = 1 if os.environ.get("FAULTS") == "whole" else 5  # of the steps; CI takes a fifth
    for step in range(0, 400, every):
        place = tmp_path / f"k{step}"
        shutil.copytree(out(shop), place)
        ran = subprocess.run(
            [sys.executable, "-c", KILLED, str(place), str(step)], capture_output=True, timeout=60
        )
        if ran.returncode == 0:
            break
        assert ran.returncode == -signal.SIGKILL, ran.stderr
        kills += 1
        if is_lost(place):
            rebuild(place)
        assert summary(place / "journal.sqlite") == before
        shutil.rmtree(place)
    assert kills >= 20 // every


@pytest.mark.proof
def test_a_run_that_is_killed_in_the_middle_of_it_pays_nothing_later(shop: Shop) -> None:
    for wait in (0.4, 0.6, 0.8, 1.0):
        gone(out(shop))
        process = subprocess.Popen(
            [sys.executable, "-m", "wanx_render", "list.yaml", "--out", "out", "--yes"],
            cwd=shop.folder, env=shop.environment, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(wait)
        process.kill()
        process.wait()
        ran = shop.run("list.yaml", "--out", "out", "--yes")
        assert ran.returncode == 0, ran.stderr
        assert len(shop.ledger()) == 2
