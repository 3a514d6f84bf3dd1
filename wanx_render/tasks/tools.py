"""What every part of a run works with: the service, its figures, ffmpeg, threads and clocks."""

import asyncio
import random
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import TypeVar

from wanx_render.backends.base import Backend, Recipient, home_of
from wanx_render.catalog.capabilities import Catalog
from wanx_render.clock import Clock
from wanx_render.media.ffmpeg import Ffmpeg

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Tools:
    """Handed in from outside, once for a run."""

    backend: Backend
    catalog: Catalog
    clock: Clock  # the service's: the mock's runs faster than real
    wall: Clock  # what people read
    program: Ffmpeg
    executor: Executor
    chance: random.Random  # for pauses alone

    def at(self, recipient: Recipient) -> "Tools":
        """The same, for what was asked at ``recipient``."""
        return replace(self, backend=home_of(self.backend, recipient) or self.backend)

    async def work(self, call: Callable[..., T], *arguments: object) -> T:
        """What ``call`` gives, on a thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.executor, call, *arguments)
