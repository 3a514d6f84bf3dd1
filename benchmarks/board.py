"""What the board's page costs a browser: `uv run python benchmarks/board.py [SHOTS [HOURS]]`.

The first paint of a list of 1,000 shots, how soon a choice is seen, and how much the page grows
over an hour of a busy run's events (four a second, sent as fast as the page takes them). Needs
chromium and playwright.
"""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from wanx_render.board.app import app
from wanx_render.board.feed import Feed
from wanx_render.board.guard import Guard
from wanx_render.board.serve import listening

A_SECOND = 4  # events of a busy run
STATES = ("waiting", "submitted", "pending", "running", "fetching", "done")


class Room:
    """A list of many shots whose takes go through their states again and again."""

    def __init__(self, shots: int, picture: Path) -> None:
        self.feed = Feed("bench")
        self.shots = [self._shot(number, 0) for number in range(shots)]
        self.file = picture
        self.sent = 0

    def _shot(self, number: int, step: int) -> dict[str, Any]:
        name = f"shot-{number:04}"
        state = STATES[step % len(STATES)]
        take = {
            "state": state, "text": "", "seed": number, "price": "0.70 CNY", "width": 816,
            "height": 1104, "fps": "30", "age": float(step % 300), "left": 40.0,
            "polls": step % 9, "task": f"{number}-{step}", "hours": None,
        }  # fmt: skip
        return {
            "id": name, "prompt": f"清晨的港湾 {number}: a small boat sails out, gulls overhead",
            "template": None, "model": "wan2.5-i2v-preview", "tier": "720P", "seconds": 5,
            "picture": f"/pictures/frame/{name}", "first_of": None, "pick": 1, "chosen": False,
            "rejected": [], "focus": [500, 500], "focused": False,
            "takes": [{"n": n, **take} for n in (1, 2, 3)],
        }  # fmt: skip

    def _about(self) -> dict[str, Any]:
        made = {
            "name": "vertical", "aspect": [9, 16], "fit": "crop", "focus": {}, "size": "612x1088",
            "fps": "30", "fresh": False, "made": None,
        }  # fmt: skip
        return {
            "project": "bench", "mock": True, "run": "render", "opening": "", "pace": 1,
            "to_make": {"takes": 9, "price": "6.30 CNY"}, "paid": f"{self.sent * 0.1:.2f} CNY",
            "budget": "900.00", "spent": f"{self.sent * 0.01:.2f}", "currency": "CNY",
            "deliverables": [made], "debts": [], "problems": [], "warnings": [],
            "log": [f"shot-{n:04} take 1 rendering, poll {self.sent}" for n in range(30)],
        }  # fmt: skip

    def state(self) -> dict[str, Any]:
        return {"about": self._about(), "shots": self.shots}

    def tell(self) -> None:
        """One more event; every fourth one changes the run as well."""
        number = self.sent * 7 % len(self.shots)
        self.shots[number] = self._shot(number, self.sent)
        self.feed.publish("shot", self.shots[number])
        if self.sent % 4 == 0:
            self.feed.publish("about", self._about())
        self.sent += 1

    def clip(self, name: str) -> Path | None:
        raise KeyError(name)

    def footage(self, shot: str) -> Path | None:
        raise KeyError(shot)

    def deliverable(self, name: str) -> Path | None:
        raise KeyError(name)

    async def picture(self, kind: str, name: str) -> Path | None:
        return self.file if kind and name else None

    async def act(self, what: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        raise KeyError(what, asked)


@contextmanager
def serving(room: Room) -> Iterator[tuple[str, asyncio.AbstractEventLoop]]:
    """The board of ``room`` in a thread; its address and its loop."""
    tokens: list[str] = []
    loop = asyncio.new_event_loop()
    with listening(0) as listener:
        port = listener.getsockname()[1]
        config = uvicorn.Config(
            Guard(app(room), port, tokens.append), log_level="error", lifespan="off", ws="none"
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(
            target=lambda: loop.run_until_complete(server.serve(sockets=[listener])), daemon=True
        )
        thread.start()
        try:
            yield f"http://127.0.0.1:{port}/?token={tokens[-1]}", loop
        finally:
            loop.call_soon_threadsafe(room.feed.close)
            server.should_exit = True
            thread.join(10)


def memory(page: Page, browser: Any) -> tuple[float, float]:
    """MiB of the page's heap, and of its process's private memory."""
    session = page.context.new_cdp_session(page)
    for _ in range(3):
        session.send("HeapProfiler.collectGarbage")
    heap = session.send("Runtime.getHeapUsage")["usedSize"] / 2**20
    session.detach()
    system = browser.new_browser_cdp_session()
    found = system.send("SystemInfo.getProcessInfo")["processInfo"]
    system.detach()
    renderers = [process["id"] for process in found if process["type"] == "renderer"]
    return heap, max(map(_private, renderers))


def _private(process: int) -> float:
    text = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii")
    lines = [line.split() for line in text.splitlines() if line.startswith("Private_")]
    return sum(int(line[1]) for line in lines) / 1024


@contextmanager
def board_of(shots: int, folder: Path) -> Iterator[str]:
    """The real program's board of a real list; its address."""
    rows = "".join(
        f"  - {{id: shot-{n:04}, image: a.jpg, takes: 2, prompt: a small boat sails out {n}}}\n"
        for n in range(shots)
    )
    head = "version: 1\nproject: many\ndefaults: {model: wan2.2-i2v-flash}\nshots:\n"
    (folder / "list.yaml").write_text(f"{head}{rows}deliverables: [9:16, 3:4]\n", "utf-8")
    command = [sys.executable, "-m", "wanx_render", "board", "list.yaml"]
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()


def first_paint(browser: Any, address: str) -> tuple[float, float]:
    """Seconds by the page's clock, from asking for it to its first paint and to that of rows."""
    page = browser.new_page()
    page.set_viewport_size({"width": 1360, "height": 900})
    page.goto(address, wait_until="commit")
    page.wait_for_selector(".row")
    page.wait_for_timeout(1500)
    found = page.evaluate(
        """() => ["first-contentful-paint", "board-shots"].map(
          (name) => performance.getEntriesByName(name)[0].startTime / 1000)"""
    )
    page.close()
    return found[0], found[1]


CHOICE = """(key) => new Promise((seen) => {
  const start = performance.now();
  const chosen = () => document.querySelector(".take.picked h3").textContent.includes("chosen")
    && document.querySelector(".take.picked h3").textContent.startsWith(`Take ${key}`);
  const look = () => chosen() ? seen(performance.now() - start) : requestAnimationFrame(look);
  document.body.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
  look();
})"""


def choices(browser: Any, address: str, count: int = 24) -> list[float]:
    """Milliseconds from the key of a choice until it is seen, for one shot after the other."""
    page = browser.new_page()
    page.set_viewport_size({"width": 1360, "height": 900})
    page.goto(address)
    page.wait_for_selector(".row")
    page.wait_for_timeout(1500)
    times = []
    for number in range(count):
        times.append(page.evaluate(CHOICE, "21"[number % 2]))
        page.keyboard.press("j")
        page.wait_for_timeout((50, 300, 900)[number % 3])
    page.close()
    return sorted(times)


def an_hour(room: Room, loop: asyncio.AbstractEventLoop, page: Page, events: int) -> float:
    """Tell ``events`` as fast as the page takes them; the seconds it took."""
    began = time.monotonic()
    sent = 0
    while sent < events:
        burst = min(200, events - sent)
        for _ in range(burst):
            loop.call_soon_threadsafe(room.tell)
        sent += burst
        page.evaluate("() => new Promise(requestAnimationFrame)")
        page.wait_for_timeout(60)
        if sent % 2000 < 200:
            page.keyboard.press("j")  # a person looks around meanwhile
    mark = f"poll {(room.sent - 1) // 4 * 4}"
    while mark not in page.inner_text("#log"):
        page.wait_for_timeout(100)
    return time.monotonic() - began


def main(shots: int, hours: int) -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        picture = Path(folder) / "a.jpg"
        Image.new("RGB", (270, 360), "#446688").save(picture)
        room = Room(shots, picture)
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            env={"HOME": folder, "PATH": os.environ["PATH"]},
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        with board_of(shots, Path(folder)) as address:
            context = browser.new_context()  # the address opens the board once
            first, rows = first_paint(context, address)
            print(f"{shots} shots: first paint {first:.2f} s, with the shots {rows:.2f} s")
            times = choices(context, address.partition("/?")[0])
            middle, most = times[len(times) // 2], times[-1]
            print(f"a choice is seen after {middle:.0f} ms, at most {most:.0f} ms")
        with serving(room) as (address, loop):
            page = browser.new_page()
            page.set_viewport_size({"width": 1360, "height": 900})
            page.goto(address)
            page.wait_for_selector(".row")
            page.wait_for_timeout(1000)
            before = memory(page, browser)
            for hour in range(1, hours + 1):
                seconds = an_hour(room, loop, page, 3600 * A_SECOND)
                after = memory(page, browser)
                grown = [b - a for a, b in zip(before, after, strict=True)]
                print(
                    f"hour {hour}, {3600 * A_SECOND} events sent in {seconds:.0f} s: heap "
                    f"{before[0]:.1f} -> {after[0]:.1f} MiB ({grown[0]:+.1f}), private memory "
                    f"{before[1]:.0f} -> {after[1]:.0f} MiB ({grown[1]:+.0f})"
                )
            browser.close()


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    main(*(given + [1000, 1][len(given) :]))
