"""A server that ends with the program that started it, however that program ends.

The system closes a pipe to standard input when its other end is gone, also after a kill.
"""

import os
import signal
import sys
import threading
from typing import Any


def watch(_context: Any, _option: Any, wanted: bool) -> None:
    """A click callback: end this process once standard input is closed."""
    if wanted:
        # Shells start what is in the background with Ctrl-C ignored, and this end is one.
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        threading.Thread(target=_wait, name="stdin-end", daemon=True).start()


def _wait() -> None:
    try:
        while os.read(sys.stdin.fileno(), 65_536):
            pass  # what is written there means nothing
    except (OSError, ValueError, AttributeError):
        pass  # there is no standard input
    signal.raise_signal(signal.SIGINT)
