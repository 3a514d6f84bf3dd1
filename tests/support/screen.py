"""A real terminal of a given size, by tmux: type, look at the screen, press Ctrl-C."""

import shlex
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Screen:
    """One window of a tmux server of its own."""

    socket: Path

    def tmux(self, *arguments: str) -> str:
        command = ["tmux", "-S", str(self.socket), "-f", "/dev/null", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def type(self, text: str) -> None:
        self.tmux("send-keys", "-l", text)
        self.tmux("send-keys", "Enter")

    def press(self, key: str) -> None:
        self.tmux("send-keys", key)

    def text(self, *, styled: bool = False, history: bool = False) -> str:
        back = ["-S", "-2000"] if history else []
        return self.tmux("capture-pane", "-p", *["-e"] * styled, *back)

    @property
    def shows_cursor(self) -> bool:
        return self.tmux("display-message", "-p", "#{cursor_flag}").strip() == "1"

    def wait(self, until: Callable[[str], object], seconds: float = 60) -> str:
        """The screen as soon as ``until`` holds of it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            text = self.text(history=True)
            if until(text):
                return text
            time.sleep(0.1)
        raise AssertionError(f"never came about:\n{self.text(history=True)}")


@contextmanager
def screen(
    folder: Path, columns: int, rows: int, environ: Mapping[str, str] | None = None
) -> Iterator[Screen]:
    """A shell in ``folder`` on a terminal of this size."""
    with tempfile.TemporaryDirectory(prefix="wanx-tmux-", ignore_cleanup_errors=True) as place:
        made = Screen(Path(place) / "s")
        words = [f"{name}={value}" for name, value in (environ or {}).items()]
        shell = shlex.join(["env", "PS1=$ ", "HOME=" + place, *words, "bash", "--norc"])
        made.tmux(
            "new-session", "-d", "-x", str(columns), "-y", str(rows), "-c", str(folder), shell
        )  # fmt: skip
        try:
            yield made
        finally:
            made.tmux("kill-server")
