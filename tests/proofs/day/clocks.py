"""Virtual time that two processes share: seconds of each account, in a small mapped file.

The client's event loop moves it; the emulator reads it with each call. A killed client finds its
time where it left it.
"""

import mmap
import struct
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.support.virtual import Counted, Loop, Time

_SECONDS = struct.Struct("<d")


class Slot:
    """The virtual seconds of one account since the day began."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(_SECONDS.size))
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _SECONDS.size)

    @property
    def seconds(self) -> float:
        return float(_SECONDS.unpack_from(self._memory)[0])

    @seconds.setter
    def seconds(self, value: float) -> None:
        _SECONDS.pack_into(self._memory, 0, value)


class Slots(dict[str, timedelta]):
    """How far each account is ahead of the beginning, as the emulator's clock asks for it."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._slots: dict[str, Slot] = {}

    def get(self, account: str | None, default: Any = None) -> Any:
        if not account:
            return default
        if account not in self._slots:
            self._slots[account] = Slot(self._folder / account)
        return timedelta(seconds=self._slots[account].seconds)


class SharedLoop(Loop):
    """A loop of virtual time whose time is a slot's."""

    def __init__(self, slot: Slot, *pools: Counted) -> None:
        self._slot = slot
        super().__init__(*pools, passed=slot.seconds)

    @property
    def passed(self) -> float:  # type: ignore[override]
        return self._slot.seconds

    @passed.setter
    def passed(self, seconds: float) -> None:
        self._slot.seconds = seconds


class SharedTime(Time):
    """A clock that continues where the last process of its account stopped."""

    def __init__(self, slot: Slot, *pools: Any) -> None:
        super().__init__(*pools)
        self.slot = slot
        self.passed = slot.seconds

    def new_loop(self) -> Loop:
        return SharedLoop(self.slot, *self.pools)
