"""docs/guide/emulator-clients.md, made of the outcomes of the last whole run, in both languages.

The words of the page are in page.yaml.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.clients import outcomes
from tests.clients.roster import CLIENTS, OutsideClient
from tests.docs.pages import GENERATED
from wanx_render.language import Language

TEXTS: dict[str, Any] = yaml.load(
    Path(__file__).with_name("page.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader
)


def english() -> str:
    """The page as it is in docs/guide/."""
    return _page("en")


def chinese() -> str:
    """The page as it is in docs/zh/guide/."""
    return _page("zh")


def _page(language: Language) -> str:
    table = _Tables(outcomes.read(), language)
    head: str = TEXTS["head"][language].replace("{generated}", GENERATED)
    parts = (table.versions(), table.cases(), table.by_hand())
    return head + "".join("\n" + "\n".join(part) + "\n" for part in parts)


class _Tables:
    """The tables of the page in one language."""

    def __init__(self, record: dict[str, Any], language: Language) -> None:
        self._record, self._language = record, language
        self._clients = [client for client in CLIENTS if client.name in record]

    def _word(self, name: str) -> str:
        return str(TEXTS["words"][name][self._language])

    def _title(self, client: OutsideClient) -> str:
        return str(TEXTS["clients"][client.title][self._language])

    def versions(self) -> Iterator[str]:
        yield from _head(map(self._word, ("client", "version", "day", "address")))
        for client in self._clients:
            ran = self._record[client.name]
            reached = self._word("proxy" if client.proxied else "base url")
            yield _row([self._title(client), ran["version"], ran["date"], reached])

    def cases(self) -> Iterator[str]:
        """Some cases a table: all of them are too wide for a page."""
        for number, group in enumerate(TEXTS["groups"]):
            yield from ("",) * bool(number)
            yield from (f"## {group[self._language]}", "")
            titles = [TEXTS["trials"][trial][self._language] for trial in group["trials"]]
            yield from _head([self._word("client"), *titles])
            for client in self._clients:
                yield self._ran(client, group["trials"])

    def _ran(self, client: OutsideClient, trials: Iterable[str]) -> str:
        ran = self._record[client.name]
        way = self._word("by proxy") if client.proxied else ""
        name = f"{self._title(client)} {ran['version']}{way}"
        return _row([name, *(self._cell(ran["trials"][trial]) for trial in trials)])

    def _cell(self, outcome: dict[str, Any]) -> str:
        """What a client gave its user, and what it cost."""
        if outcome["clip"]:
            again = "again" if outcome["requests"] > 1 else "clip"
            return self._word("twice" if outcome["charged"] > 1 else again)
        shown = outcome["download"] if outcome["end"] == "SUCCEEDED" else outcome["end"]
        text = self._word(shown) if shown in TEXTS["words"] else f"`{_code_in(shown)}`"
        return text + (self._word("paid") if outcome["charged"] else "")

    def by_hand(self) -> Iterator[str]:
        yield from (f"## {self._word('by hand')}", "", self._word("by hand intro"), "")
        yield from _head(map(self._word, ("client", "how", "outcome")))
        for trial in TEXTS["by_hand"]:
            how, outcome = trial["how"][self._language], trial["outcome"][self._language]
            yield _row([trial["name"], how, outcome])


def _code_in(shown: str) -> str:
    """The code of the service, without the state or number before it, where there is one."""
    state, _, code = shown.partition(" ")
    return code if code and (state == "FAILED" or state.isdigit()) else shown


def _head(titles: Iterable[str]) -> Iterator[str]:
    cells = list(titles)
    yield _row(cells)
    yield "|" + "---|" * len(cells)


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
