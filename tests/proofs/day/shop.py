"""The shop: its tables, who renders which part of them, and what that must cost.

Prices are written here as numbers, so that no code of the program is its own judge.
"""

import csv
import json
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from PIL import Image

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
class Shop:
    """All tables and accounts of the day."""

    tables: tuple[Table, ...]
    accounts: tuple[Account, ...]

    @property
    def videos(self) -> int:
        return sum(table.rows for table in self.tables)

    @classmethod
    def of(cls, videos: int, finished: int, most: int | None = None) -> "Shop":
        """A day of so many videos, of which ``finished`` are encoded.

        Six tenths are made in Beijing, three in Singapore, and a tenth for two homes that share
        one account. An account makes at most ``most``, by default what its limits allow in a day.
        """
        twin = max(videos // 20, 1)
        rows = {"beijing": videos * 6 // 10, "singapore": videos - videos * 6 // 10 - 2 * twin}
        tables, accounts = [], []
        for region, count in rows.items():
            share = finished * count // sum(rows.values())
            tables += [
                Table(f"products-{region}", region, count - share),
                Table(f"offers-{region}", region, share, finished=True),
            ]
            of_region = tuple(table.project for table in tables if table.region == region)
            number = math.ceil(count / min(A_DAY[region], most or count))
            for n in range(1, number + 1):
                shard = f"{n}/{number}" if number > 1 else None
                accounts.append(Account(f"{region}-{n}", (Home(f"home-{n}", of_region, shard),)))
        tables += [Table(name, "beijing", twin) for name in ("gifts", "sale")]
        homes = (Home("home-gifts", ("gifts",)), Home("home-sale", ("sale",)))
        accounts.append(Account("beijing-twin", homes))
        return cls(tuple(tables), tuple(accounts))

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
        record = json.loads((folder / "shop.json").read_text(encoding="utf-8"))
        tables = tuple(Table(**table) for table in record["tables"])
        accounts = tuple(
            Account(
                account["name"],
                tuple(
                    Home(home["name"], tuple(home["tables"]), home["shard"])
                    for home in account["homes"]
                ),
            )
            for account in record["accounts"]
        )
        return cls(tables, accounts)

    # -- what must be paid -----------------------------------------------------------------------

    def clips(self, region: str) -> dict[str, Decimal]:
        """The prompt of each clip of a region that is paid once, and its price."""
        return {
            f"{row['name']} turns on a table": price_of(region, row["model"])
            for table in self.tables
            if table.region == region
            for row in _rows(table)
        }

    def intros(self, region: str) -> Counter[str]:
        """How many homes of a region pay for each intro: every one once."""
        return Counter(
            f"Logo of {project}"
            for account in self.accounts
            if account.region == region
            for home in account.homes
            for project in home.tables
        )


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
