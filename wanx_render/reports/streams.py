"""The standard streams, so that printing never fails and a lost reader never ends a run.

Where a stream is not a terminal, or holds JSON, it is UTF-8; a terminal keeps its encoding, and a
mark replaces what that lacks. A closed stream, and one whose reader has gone, take everything and
keep nothing.
"""

from __future__ import annotations

import io
import os
import sys
from errno import EBADF, EPIPE

TYPE_CHECKING = False  # the one of ``typing`` takes a third of a bare start to import
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, TextIO

_NOWHERE = (EPIPE, EBADF)  # nobody reads: no fault of the run


class Lasting(io.FileIO):
    """Writes until it fails, then takes everything; ``fault`` is what failed."""

    fault: OSError | None = None

    def write(self, data: Any) -> int:
        """Write all or some of ``data``; raises nothing."""
        while self.fault is None:
            try:
                count: int | None = super().write(data)
                if count is not None:
                    return count
                import select

                select.select([], [self], [])  # somebody made it a stream that does not wait
            except OSError as error:
                self.fault = error
        return memoryview(data).nbytes


def prepare(*, for_programs: bool = False) -> None:
    """Put streams that last in the place of the standard ones; to be called once, at the start.

    ``for_programs``: stdout is UTF-8, also on a terminal.
    """
    _fill_gaps()
    sys.stdout = _lasting(sys.stdout, sys.__stdout__, 1)
    if for_programs and isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.stderr = _lasting(sys.stderr, sys.__stderr__, 2)


def _fill_gaps() -> None:
    """A file that is opened later must not become a standard stream that was closed."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(number, True)
    os.close(number)


def _lasting(stream: TextIO | None, first: TextIO | None, number: int) -> TextIO:
    if stream is not None and stream is not first:
        return stream  # somebody put another in its place, and knows why
    if stream is not None:
        stream.flush()
    raw = Lasting(number, "wb", closefd=False)
    if raw.isatty():
        encoding, errors = stream.encoding if stream is not None else "utf-8", "replace"
    else:
        encoding, errors = "utf-8", "backslashreplace"
    whole = io.BufferedWriter(raw)
    return io.TextIOWrapper(whole, encoding, errors, line_buffering=raw.isatty() or number == 2)


def faults() -> Iterator[OSError]:
    """Flush; what kept output from a reader who is there, such as a full disk."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
        raw = getattr(getattr(stream, "buffer", None), "raw", None)
        if isinstance(raw, Lasting) and raw.fault and raw.fault.errno not in _NOWHERE:
            yield raw.fault
