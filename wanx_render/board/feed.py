"""Changes in, server-sent events out: bounded, resumable, each tab in its language."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from wanx_render.language import Language
from wanx_render.reports.served_pages import for_reader

KEPT = 1000  # changes that a tab may have missed; beyond that it gets the whole state
BEAT = 15.0  # seconds of silence after which a comment shows that the line still holds


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that changed; ``kind`` names the event in the browser."""

    number: int
    kind: str
    record: Mapping[str, Any]


class Feed:
    """What changed lately. ``epoch`` names this life of the server, so that ids never mix."""

    def __init__(self, epoch: str) -> None:
        self.epoch = epoch
        self._changes: deque[Change] = deque(maxlen=KEPT)
        self._number = 0
        self._news = asyncio.Event()
        self._closed = False

    def publish(self, kind: str, record: Mapping[str, Any]) -> None:
        """Send the change to every tab."""
        self._number += 1
        self._changes.append(Change(self._number, kind, record))
        self._wake()

    def close(self) -> None:
        """Let every tab go."""
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    def after(self, last_id: str) -> list[Change] | None:
        """The changes after the event ``last_id``; None where they are no longer kept."""
        epoch, _, text = last_id.partition(":")
        if epoch != self.epoch or not text.isascii() or not text.isdigit():
            return None
        first = self._number - len(self._changes)
        if not first <= int(text) <= self._number:
            return None
        return [change for change in self._changes if change.number > int(text)]

    async def follow(
        self, last_id: str, state: Callable[[], Any], chosen: Language = "en"
    ) -> AsyncIterator[bytes]:
        """The wire form of each change that a tab needs, for as long as it listens."""
        last_sent = last_id
        while not self._closed:
            news, changes = self._news, self.after(last_sent)
            if changes is None:
                last_sent = f"{self.epoch}:{self._number}"
                yield _wire(last_sent, "state", for_reader(state(), chosen))
                continue
            for change in changes:
                record = for_reader(change.record, chosen)
                yield _wire(f"{self.epoch}:{change.number}", change.kind, record)
            if changes:
                last_sent = f"{self.epoch}:{changes[-1].number}"
                continue
            try:
                await asyncio.wait_for(news.wait(), BEAT)
            except TimeoutError:
                yield b": still here\n\n"


def _wire(number: str, kind: str, record: Any) -> bytes:
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    return f"id: {number}\nevent: {kind}\ndata: {text}\n\n".encode("utf-8", "replace")
