"""A render folder while a command works in it: one process at a time, its journal, its workers."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from wanx_render.errors import FolderBusy
from wanx_render.journal import Journal
from wanx_render.rebuild import is_lost, rebuild


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """The render folder, for one process at a time; the lock dies with the process."""
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise FolderBusy(
            f"another run is working in {folder}; wait for it, or choose another --out"
        ) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def opened(folder: Path, tell: Callable[[str], None] = lambda _: None) -> Iterator[Journal]:
    """The journal of a render folder; one that is gone beside paid clips is written again.

    Raises BadInput for a journal that is not ours, NeedsPerson where clips cannot be explained.
    """
    if is_lost(folder):
        tell(f"warning: {rebuild(folder)}")
    journal = Journal(folder / "journal.sqlite")
    try:
        yield journal
    finally:
        journal.close()


@contextmanager
def pool(at_once: int | None = None) -> Iterator[ThreadPoolExecutor]:
    """As many ffmpeg processes as cores; an interrupted run starts no more of them."""
    executor = ThreadPoolExecutor(at_once or os.cpu_count() or 2)
    try:
        yield executor
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        raise
    executor.shutdown()
