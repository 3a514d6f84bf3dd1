"""A board's room without a server, and what one does in it."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from wanx_render.board.holding import Holding
from wanx_render.board.room import Room

LIST = """\
version: 1
project: roomy
budget: {max_cost: 1 CNY}
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3, image: a.png}
shots:
  - {id: wake, prompt: it wakes, takes: 2}
  - {id: leap, prompt: it leaps}
deliverables: [{name: tall, aspect: 9:16, size: 90x160, focus: {leap: [0.2, 0.5]}}]
"""
Work = Callable[[Room, Holding], Awaitable[None]]
Do = Callable[[Work], None]


def in_a_room(holding: Holding, work: Work) -> None:
    """Runs something in the room of what is held."""

    async def inside() -> None:
        with ThreadPoolExecutor(1) as executor:
            room = Room(holding, executor, "e1")
            try:
                await work(room, holding)
            finally:
                await room.close()

    asyncio.run(inside())


async def seen(room: Room, is_shown: Callable[[dict[str, Any]], bool]) -> None:
    """Wait until the room, which looks at its files from time to time, has it shown."""
    watching = asyncio.create_task(room.watch())
    try:
        async with asyncio.timeout(20):
            while not is_shown(room.state()):
                await asyncio.sleep(0.05)
    finally:
        watching.cancel()
