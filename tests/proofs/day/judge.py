"""What the day came to: plan, ledger, journals and files of every account side by side."""

import json
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from tests.proofs.day.figures import sizes
from tests.proofs.day.shop import INTRO, MODERATED, Account, Branch, Shop
from tests.support.virtual import START

A_DAY_LONG = timedelta(hours=24)  # as long as the service keeps a result


@dataclass
class Verdict:
    """What a branch came to; money is in its region's currency."""

    branch: str
    planned: Decimal = Decimal(0)  # by the tables and the prices of shop.py
    refused: Decimal = Decimal(0)  # of it, what moderation refused: planned, never paid
    expired: Decimal = Decimal(0)  # gone before it was fetched, and bought again by a person
    ledger: Decimal = Decimal(0)
    journals: Decimal = Decimal(0)  # which cannot know whether what expired was paid
    twice: int = 0
    lost: int = 0
    unplanned: int = 0
    films: int = 0
    clips: int = 0
    expired_tasks: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)  # by account, model and how it ended
    # Of accounts with two homes: how many of the first half of the tasks each table had.
    halves: dict[str, int] = field(default_factory=dict)

    @property
    def difference(self) -> Decimal:
        """What the service charged beyond what it should have."""
        return self.ledger - (self.planned - self.refused + self.expired)

    def faults(self) -> list[str]:
        checks = {
            "ledger and plan": self.difference == 0,
            "ledger and journals": self.ledger == self.journals + self.expired,
            "paid twice": self.twice == 0,
            "lost": self.lost == 0,
            "not planned": self.unplanned == 0,
            "one home starved": not self.halves
            or min(self.halves.values()) * 3 >= max(self.halves.values()),
        }
        return [f"{self.branch}: {name}" for name, holds in checks.items() if not holds]


def judge(folder: Path, shop: Shop, origins: Mapping[str, str]) -> list[Verdict]:
    """The verdicts of the branches; ``origins`` are where the emulators of accounts are."""
    return [
        _judge(branch, folder, {a.name: _ledger(origins[a.name], a.name) for a in branch.accounts})
        for branch in shop.branches
    ]


def _ledger(origin: str, account: str) -> list[dict[str, Any]]:
    with httpx.Client(trust_env=False, timeout=600) as client:
        answer = client.get(f"{origin}/_mock/ledger", params={"account": account}).json()
    return list(answer["submissions"])


def _judge(branch: Branch, folder: Path, ledgers: dict[str, list[dict[str, Any]]]) -> Verdict:
    verdict, clips, intros = Verdict(branch.name), branch.clips(), branch.intros()
    refused = {prompt for prompt in clips if MODERATED in prompt}
    intro_price = INTRO[branch.region]
    verdict.planned = sum(clips.values(), Decimal(0)) + intro_price * sum(intros.values())
    verdict.refused = sum((clips[prompt] for prompt in refused), Decimal(0))
    expired = _expired(folder, ledgers)
    paid: Counter[str] = Counter()
    for rows in ledgers.values():
        for row in rows:
            verdict.outcomes[f"{row['account']} {row['model']} {row['status']}"] += 1
            verdict.ledger += Decimal(row["amount"])
            if row["status"] == "FAILED":
                continue
            if row["task_id"] in expired:
                verdict.expired += Decimal(row["amount"])
                verdict.expired_tasks += 1
            else:
                paid[row["prompt"]] += 1
    wanted = Counter({prompt: 1 for prompt in clips if prompt not in refused}) + intros
    verdict.twice = sum((paid - wanted).values())
    verdict.lost = sum((wanted - paid).values())
    verdict.unplanned = len(paid.keys() - wanted.keys())
    for account in branch.accounts:
        _look_at_files(verdict, folder / account.name)
        if len(account.homes) > 1:
            verdict.halves = _halves(account, ledgers[account.name])
    verdict.lost += sum(wanted.values()) - verdict.clips
    verdict.lost += len(clips) - len(refused) - verdict.films
    return verdict


def _halves(account: Account, rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    first = sorted(rows, key=lambda row: str(row["submitted"]))[: len(rows) // 2]
    projects = [project for home in account.homes for project in home.tables]
    return {name: sum(f"of {name}" in row["prompt"] for row in first) for name in projects}


def _expired(folder: Path, ledgers: Mapping[str, Sequence[Mapping[str, Any]]]) -> set[str]:
    """The tasks of which the journals say that they expired, where a day had in fact passed."""
    tasks = set()
    for name, rows in ledgers.items():
        submitted = {row["task_id"]: datetime.fromisoformat(row["submitted"]) for row in rows}
        for line in (folder / name / "progress.jsonl").read_text().splitlines():
            record = json.loads(line)
            now = START + timedelta(seconds=record["passed"])
            tasks |= {
                row["task"]
                for row in record.get("expired", ())
                if row["task"] in submitted and now - submitted[row["task"]] > A_DAY_LONG
            }
    return tasks


def _look_at_files(verdict: Verdict, place: Path) -> None:
    """Count clips that are whole on the disk and known to their journal, films, and money."""
    for path in sorted(place.rglob("journal.sqlite")):
        database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        amounts = database.execute("SELECT amount FROM attempt WHERE amount IS NOT NULL")
        verdict.journals += sum((Decimal(text) for (text,) in amounts), Decimal(0))
        names = database.execute("SELECT name FROM clip JOIN attempt ON clip = sha256")
        verdict.clips += sum((path.parent / "clips" / name).is_file() for (name,) in names)
        database.close()
    verdict.films += sum(1 for _ in place.rglob("film.mp4"))


def folders(folder: Path, shop: Shop) -> dict[str, tuple[int, int]]:
    """Files and bytes: of the clips, the journals and all else, over all accounts."""
    totals: dict[str, list[int]] = {}
    for account in shop.accounts:
        for path in (folder / account.name).rglob("journal.sqlite"):
            for name in ("clips", ".cache"):
                _add(totals, name, *sizes(path.parent / name))
            _add(totals, "journals", 1, path.stat().st_size)
            _add(totals, "all", *sizes(path.parent))
    return {name: (files, size) for name, (files, size) in totals.items()}


def _add(totals: dict[str, list[int]], name: str, files: int, size: int) -> None:
    total = totals.setdefault(name, [0, 0])
    total[0] += files
    total[1] += size


def record(verdict: Verdict) -> dict[str, Any]:
    """A verdict as JSON data."""
    fields = {k: str(v) if isinstance(v, Decimal) else v for k, v in vars(verdict).items()}
    return {**fields, "difference": str(verdict.difference), "faults": verdict.faults()}
