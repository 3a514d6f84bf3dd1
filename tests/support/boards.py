"""A board in a process of its own, and a real browser that notes what its pages say and ask."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium")


@dataclass
class Board:
    """A running board: its process and the address that opens it once."""

    process: "subprocess.Popen[str]"
    address: str

    @property
    def origin(self) -> str:
        return self.address.partition("/?")[0]

    def another_address(self) -> str:
        """The next address that the terminal shows."""
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def kill(self) -> None:
        """As a power cut would."""
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=20)


@contextmanager
def board(folder: Path, *options: str, **environment: str) -> Iterator[Board]:
    """The board of ``list.yaml`` in ``folder``."""
    process = subprocess.Popen(
        [sys.executable, "-m", "wanx_render", "board", "list.yaml", *options],
        cwd=folder, env={"PATH": os.environ["PATH"], "HOME": str(folder), **environment},
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert process.stdout
        yield Board(process, process.stdout.readline().strip())
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(timeout=20)
            finally:
                process.kill()
        process.stdout.close()


@dataclass
class Watched:
    """A browser, all that its pages said and every host they asked."""

    browser: Any
    pictures: Path
    said: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    contexts: list[Any] = field(default_factory=list)

    def page(self, address: str, context: Any = None, **how: Any) -> Any:
        """A tab at ``address``, in a context of its own unless one is given."""
        if context is None:
            context = self.browser.new_context(**{"viewport": SCREEN, **how})
            self.contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("console", lambda m: self.said.append(f"{m.type}: {m.text}"))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", lambda request: self.hosts.add(request.url.split("/")[2]))
        page.on("response", self._note_failure)
        page.goto(address)
        page.wait_for_selector(".row")
        return page

    def _note_failure(self, response: Any) -> None:
        """Say which address failed; the console names only the status."""
        if response.status == 404:
            self.said.append(f"404: {response.url}")

    def picture(self, page: Any, name: str, **how: Any) -> None:
        page.screenshot(path=self.pictures / f"{name}.png", **how)


SCREEN = {"width": 1360, "height": 900}


def until(page: Any, condition: str) -> None:
    """Wait until ``condition`` is true; the page's policy forbids playwright's own way."""
    end = time.monotonic() + 60
    while not page.evaluate(condition):
        assert time.monotonic() < end, f"never so: {condition}\n{page.inner_text('body')[:2000]}"
        page.wait_for_timeout(50)


def render_all(page: Any) -> None:
    page.get_by_role("button", name=re.compile("^Render")).click()
    page.get_by_role("button", name=re.compile("^Spend")).click()
    until(page, "document.getElementById('run').textContent !== 'idle'")


def until_idle(page: Any) -> None:
    until(page, "document.getElementById('run').textContent === 'idle'")


@contextmanager
def watched(folder: Path) -> Iterator[Watched]:
    """A browser; pictures go to WANX_PICTURES where that is set."""
    from playwright.sync_api import sync_playwright

    pictures = Path(os.environ.get("WANX_PICTURES") or folder / "pictures")
    pictures.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            env={"HOME": str(folder), "PATH": os.environ["PATH"]},
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        try:
            yield Watched(browser, pictures)
        finally:
            browser.close()
