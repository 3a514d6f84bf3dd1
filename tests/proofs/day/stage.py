"""The processes of the day: a service and a program for each account; three are killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.proofs.day.clocks import Slot
from tests.proofs.day.judge import folders, judge, record
from tests.proofs.day.shop import Account, Shop
from tests.support.places import ROOT

HOUR = 3600.0


def play(folder: Path, shop: Shop, *, at_once: int, only: Collection[str] = ()) -> dict[str, Any]:
    """Run the day, or the rest of it, and judge it; everything that is known of it.

    Of some branches ``only``, where they are named.
    """
    began = time.monotonic()
    if not (folder / "shop.json").exists():
        shop.write(folder)
    if Shop.read(folder) != shop:
        raise SystemExit(f"{folder} has another day")
    shop = shop.only(only)
    with services(folder, shop.accounts) as origins:
        with ThreadPoolExecutor(at_once) as pool:
            for _ in pool.map(lambda account: perform(folder, shop, account), shop.accounts):
                pass
        verdicts = judge(folder, shop, origins)
    finished = [table.project for table in shop.tables if table.finished]
    killed = {line["account"] for line in _lines(folder / "processes.jsonl") if line["killed"]}
    _note(folder / "walls.jsonl", {"seconds": time.monotonic() - began})
    return {
        "videos": shop.videos,
        "finished": sum(1 for name in finished for _ in folder.glob(f"*/*/{name}/*/film.mp4")),
        "accounts": [account.name for account in shop.accounts],
        "verdicts": [record(verdict) for verdict in verdicts],
        "faults": [
            *(fault for verdict in verdicts for fault in verdict.faults()),
            *(f"{name}: not killed" for name in kills_of(shop) if name not in killed),
        ],
        "processes": _lines(folder / "processes.jsonl"),
        "progress": {a.name: _lines(folder / a.name / "progress.jsonl") for a in shop.accounts},
        "virtual_hours": {a.name: _slot(folder, a).seconds / HOUR for a in shop.accounts},
        "emulators": {
            a.name: json.loads((folder / a.name / "emulator.json").read_text(encoding="utf-8"))
            for a in shop.accounts
        },
        "folders": folders(folder, shop),
        "wall_seconds": sum(line["seconds"] for line in _lines(folder / "walls.jsonl")),
    }


@contextmanager
def services(folder: Path, accounts: Sequence[Account]) -> Iterator[dict[str, str]]:
    """Where the emulator of each account is, a process of its own; each is ended by its id."""
    (folder / "clocks").mkdir(exist_ok=True)
    processes: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for account in accounts:
            (folder / account.name).mkdir(exist_ok=True)
            start = _start(folder, "emulator", account.name, stdout=subprocess.PIPE)
            processes[account.name] = start
        yield {name: f"http://127.0.0.1:{_port(process)}" for name, process in processes.items()}
    finally:
        for process in processes.values():
            process.send_signal(signal.SIGINT)
        for process in processes.values():
            process.wait(60)
            if process.stdout:
                process.stdout.close()


def _port(process: "subprocess.Popen[bytes]") -> int:
    assert process.stdout
    return int(process.stdout.readline())


def _start(
    folder: Path, part: str, *arguments: str, stdout: int | None = None
) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "tests.proofs.day", part, str(folder), *arguments]
    name = "-".join((part, *arguments[:1]))
    with (folder / f"{name}.log").open("ab") as log:
        return subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=stdout or log, stderr=log,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), "NO_PROXY": "127.0.0.1",
                 "PYTHONPATH": str(ROOT)},
        )  # fmt: skip


# -- kills ---------------------------------------------------------------------------------------


def kills_of(shop: Shop) -> dict[str, tuple[str, float]]:
    """By account: at which answer its program dies, and the hours until it is started again.

    A create call whose answer nobody read; a clip half way; a query, and then more than a day,
    after which the results of what was running are gone.
    """
    # About how many clips each account has made.
    clips = {
        account.name: sum(table.rows for table in branch.tables) // len(branch.accounts)
        for branch in shop.branches
        for account in branch.accounts
    }
    kills = {
        "beijing-1": ("create", clips.get("beijing-1", 0) * 4 // 10, 0.0),
        "beijing-twin": ("result", clips.get("beijing-twin", 0) // 2, 2.0),
        "singapore-1": ("query", clips.get("singapore-1", 0) * 4, 26.0),
    }
    return {
        name: (f"{operation}:{max(number, 2)}", hours)
        for name, (operation, number, hours) in kills.items()
        if name in clips
    }


def perform(folder: Path, shop: Shop, account: Account) -> None:
    """Run the program at one account until it has nothing left to do; killed where that is due."""
    progress, done = folder / account.name / "progress.jsonl", folder / "processes.jsonl"
    while not any(line.get("ends") for line in _lines(progress)):
        lines = [line for line in _lines(done) if line["account"] == account.name]
        if lines and lines[-1]["killed"]:
            _wait_hours(folder, account, lines[-1]["hours"])
        is_killed_before = any(line["killed"] for line in lines)
        kill, hours = kills_of(shop).get(account.name, ("", 0.0))
        arguments = [account.name] if is_killed_before or not kill else [account.name, kill]
        line = _run(folder, arguments)
        _note(done, {"account": account.name, **line, "hours": hours, "kill": kill})
        assert line["killed"] or line["code"] == 0, f"{account.name} ended with {line['code']}"


def _run(folder: Path, arguments: Sequence[str]) -> dict[str, Any]:
    began = time.monotonic()
    process = _start(folder, "account", *arguments)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = code = os.waitstatus_to_exitcode(status)
    return {
        "code": code,
        "killed": code == -signal.SIGKILL,
        "seconds": usage.ru_utime + usage.ru_stime,
        "peak_mib": usage.ru_maxrss / 1024,
        "wall": time.monotonic() - began,
    }


def _wait_hours(folder: Path, account: Account, hours: float) -> None:
    """Nobody starts the program again for so many virtual hours."""
    mark = folder / account.name / "waited"
    if not mark.exists():  # also where the day itself was ended in between
        _slot(folder, account).seconds += hours * HOUR
        mark.touch()


def _slot(folder: Path, account: Account) -> Slot:
    return Slot(folder / "clocks" / account.name)


def _lines(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _note(path: Path, line: dict[str, Any]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
