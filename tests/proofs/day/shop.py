"""The shop: its tables, who renders which part of them, and what that must cost.

Prices are written here as numbers, so that no code of the program is its own judge.
"""

import csv
import json
import math
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from PIL import Image
from pydantic import TypeAdapter

# Of each region: model, seconds, tier, price of such a clip, and how many of 15 rows have it, about
# as many as the model's places at the service make in the same time.
KINDS: dict[str, tuple[tuple[str, int, str, Decimal, int], ...]] = {
    "beijing": (
        ("wan2.5-i2v-preview", 5, "480P", Decimal("1.50"), 8),
        ("wanx2.1-i2v-turbo", 3, "480P", Decimal("0.72"), 4),
        ("wan2.2-i2v-flash", 5, "480P", Decimal("0.50"), 3),
    ),
    "singapore": (
        ("wan2.5-i2v-preview", 5, "480P", Decimal("0.25"), 10),
        ("wanx2.1-i2v-turbo", 3, "480P", Decimal("0.108"), 5),
    ),
}
INTRO = {"beijing": Decimal("0.72"), "singapore": Decimal("0.108")}  # wanx2.1-i2v-turbo, 3 s
CURRENCY = {"beijing": "CNY", "singapore": "USD"}
# Clips that an account can have made in a day when four fifths of its places are taken: 5, 2 and 2
# tasks at once of 140, 108 and 140 s (measured), without the third model in Singapore.
A_DAY = {"beijing": 4_700, "singapore": 3_700}
SHARING = 3  # accounts that render shares of the same tables
MODERATED = "forbidden"
MODERATED_EVERY = 250

LIST = """\
version: 1
project: {project}
region: {region}
backend: dashscope
matrix: {{from: {project}.csv, name: "${{sku}}"}}
defaults: {{image: a.png, trim: {{end: 0.4}}}}
shots:
  - id: intro
    model: wanx2.1-i2v-turbo
    resolution: 480P
    duration: 3
    prompt: Logo of {project}
  - id: hero
    model: "${{model}}"
    resolution: "${{tier}}"
    duration: "${{seconds}}"
    prompt: "${{name}} turns on a table"
deliverables: [{{name: film, aspect: 9:16, size: 90x160, quality: draft}}]
"""


@dataclass(frozen=True)
class Home:
    """One run of the program in a folder of its own: some tables, or a share of them."""

    name: str
    tables: tuple[str, ...]
    shard: str | None = None


@dataclass(frozen=True)
class Account:
    """One account at the service, and the homes that use it at the same time."""

    name: str
    homes: tuple[Home, ...]

    @property
    def region(self) -> str:
        return self.name.partition("-")[0]


@dataclass(frozen=True)
class Table:
    """A table of products. ``finished``: its films are really encoded, checked and joined."""

    project: str
    region: str
    rows: int
    finished: bool = False


@dataclass(frozen=True)
class Branch:
    """Tables and the accounts that share them; no other account has to do with them."""

    name: str
    tables: tuple[Table, ...]
    accounts: tuple[Account, ...]

    @property
    def region(self) -> str:
        return self.tables[0].region

    def clips(self) -> dict[str, Decimal]:
        """The prompt of each clip that is paid once, and its price."""
        return {
            f"{row['name']} turns on a table": price_of(self.region, row["model"])
            for table in self.tables
            for row in _rows(table)
        }

    def intros(self) -> Counter[str]:
        """How many homes pay for each intro: every one once."""
        return Counter(
            f"Logo of {project}"
            for account in self.accounts
            for home in account.homes
            for project in home.tables
        )

    @classmethod
    def shared(
        cls, region: str, name: str, films: tuple[int, int], numbers: Sequence[int]
    ) -> "Branch":
        """A branch of so many films, encoded ones and others, in shares at accounts."""
        finished, others = films
        tables = (
            Table(f"products-{name}", region, others),
            Table(f"offers-{name}", region, finished, finished=True),
        )
        projects = tuple(table.project for table in tables)
        accounts = []
        for place, number in enumerate(numbers, 1):
            shard = f"{place}/{len(numbers)}" if len(numbers) > 1 else None
            home = Home(f"home-{number}", projects, shard)
            accounts.append(Account(f"{region}-{number}", (home,)))
        return cls(name, tables, tuple(accounts))

    @classmethod
    def twin(cls, films: int) -> "Branch":
        """Two homes of one account, each with a table of so many films."""
        tables = tuple(Table(name, "beijing", films) for name in ("gifts", "sale"))
        homes = tuple(Home(f"home-{table.project}", (table.project,)) for table in tables)
        return cls("twin", tables, (Account("beijing-twin", homes),))


@dataclass(frozen=True)
class Shop:
    """All branches of the day."""

    branches: tuple[Branch, ...]

    @property
    def tables(self) -> tuple[Table, ...]:
        return tuple(table for branch in self.branches for table in branch.tables)

    @property
    def accounts(self) -> tuple[Account, ...]:
        return tuple(account for branch in self.branches for account in branch.accounts)

    @property
    def videos(self) -> int:
        return sum(table.rows for table in self.tables)

    @classmethod
    def of(cls, videos: int, finished: int, most: int | None = None) -> "Shop":
        """A day of so many videos, of which ``finished`` are encoded.

        Three tenths are made in Singapore, up to a tenth by two homes that share one account, and
        the rest in Beijing. An account makes at most ``most``, by default what its limits allow
        in a day, and up to ``SHARING`` accounts share their tables.
        """
        twin = min(max(videos // 20, 1), A_DAY["beijing"] // 2)
        singapore = videos * 3 // 10
        rows = {"beijing": videos - singapore - 2 * twin, "singapore": singapore}
        branches = []
        for region, count in rows.items():
            encoded = finished * count // sum(rows.values())
            accounts = math.ceil(count / min(A_DAY[region], most or count))
            number = math.ceil(accounts / SHARING)
            for n in range(number):
                numbers = range(accounts * n // number, accounts * (n + 1) // number)
                films = (
                    _share(encoded, numbers, accounts),
                    _share(count - encoded, numbers, accounts),
                )
                name = f"{region}-{n + 1}" if number > 1 else region
                branches.append(Branch.shared(region, name, films, [k + 1 for k in numbers]))
        return cls((*branches, Branch.twin(twin)))

    def only(self, names: Collection[str]) -> "Shop":
        """The day of these branches; of all of them where none is named."""
        return Shop(tuple(branch for branch in self.branches if not names or branch.name in names))

    # -- files -----------------------------------------------------------------------------------

    def write(self, folder: Path) -> None:
        """Write lists, tables and their picture, and what this shop is."""
        Image.effect_noise((400, 720), 60).convert("RGB").save(folder / "a.png")
        for table in self.tables:
            text = LIST.format(project=table.project, region=table.region)
            (folder / f"{table.project}.yaml").write_text(text, encoding="utf-8")
            with (folder / f"{table.project}.csv").open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, ("sku", "name", "model", "seconds", "tier"))
                writer.writeheader()
                writer.writerows(_rows(table))
        (folder / "shop.json").write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> "Shop":
        text = (folder / "shop.json").read_text(encoding="utf-8")
        return TypeAdapter(cls).validate_json(text)


def _share(count: int, numbers: range, every: int) -> int:
    """How many of ``count`` are the share of these numbers, of the numbers from 0 to ``every``."""
    return count * numbers.stop // every - count * numbers.start // every


def price_of(region: str, model: str) -> Decimal:
    return next(kind[3] for kind in KINDS[region] if kind[0] == model)


def _rows(table: Table) -> Iterator[dict[str, Any]]:
    kinds = [kind for kind in KINDS[table.region] for _ in range(kind[4])]
    for number in range(table.rows):
        model, seconds, tier, _, _ = kinds[number * 7 % len(kinds)]
        word = f"{MODERATED} thing" if number % MODERATED_EVERY == 17 else "thing"
        yield {
            "sku": f"{table.project}-{number:06}",
            "name": f"{word} {number} of {table.project}",
            "model": model,
            "seconds": seconds,
            "tier": tier,
        }
