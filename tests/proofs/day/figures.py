"""Where processor time and memory go in a process, and how large folders are."""

import os
import resource
import signal
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from types import FrameType

EVERY = 0.01  # seconds of processor time between two samples


def resident() -> float:
    """MiB of memory that this process has now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 2**20


def spent(who: int) -> float:
    """Seconds of processor time: of this process, or of its ended children."""
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


class Sampler:
    """Looks a hundred times in a second of processor time at which room is at work.

    A sample counts for the innermost room of the program on the stack: what a library does counts
    for the room that called it, and what the event loop does by itself for ``event loop``.
    """

    def __init__(self) -> None:
        self.parts: Counter[str] = Counter()
        signal.signal(signal.SIGPROF, self._look)
        signal.setitimer(signal.ITIMER_PROF, EVERY, EVERY)

    def _look(self, _: int, frame: FrameType | None) -> None:
        outer = "event loop"
        while frame is not None:
            part = _part(frame.f_code.co_filename)
            if part and part != "http":
                outer = f"{part}, http" if outer == "http" else part
                break
            outer = part or outer
            frame = frame.f_back
        self.parts[outer] += 1

    def stop(self) -> None:
        """Look no more: a signal would end an interpreter that is on its way out."""
        signal.setitimer(signal.ITIMER_PROF, 0)

    def seconds(self) -> dict[str, float]:
        return {part: count * EVERY for part, count in self.parts.most_common()}


_HTTP = ("httpx", "httpcore", "h11", "anyio", "uvicorn", "starlette")


@lru_cache(4096)
def _part(file: str) -> str:
    """The room of a file of the program, ``http`` for the HTTP libraries, else nothing."""
    for package, ground in (("wanx_render", "ground"), ("mock_server", "mock_server")):
        _, separator, path = file.rpartition(f"/{package}/")
        if separator:
            room, _, rest = path.partition("/")
            if path.startswith("planning/sql/"):
                return "planning/sql"
            return room if rest else ground
    if any(f"/{name}/" in file for name in _HTTP):
        return "http"
    return ""


def sizes(folder: Path) -> tuple[int, int]:
    """Files and bytes below a folder."""
    paths = list(_files(folder))
    return len(paths), sum(path.stat().st_size for path in paths)


def _files(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        for name in names:
            yield Path(place, name)
