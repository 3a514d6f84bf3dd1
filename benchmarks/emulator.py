"""How fast the emulator is: `uv run python benchmarks/emulator.py [ROUNDS]`.

Polls are compared with a bare Starlette application of one route, on the same server, under the
same load of 64 connections from another process, turn by turn: plain, over TLS, and through the
proxy as a host of the vendor. Times are medians.
"""

import json
import os
import re
import resource
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import httpx
from PIL import Image
from rows import Row

from wanx_render.backends.slate import ClipCall, make_clip
from wanx_render.geometry import Size
from wanx_render.media import ffmpeg
from wanx_render.task import InputMedia, TaskRequest

CONNECTIONS, SECONDS = 64, 3
CREATE = "/services/aigc/video-generation/video-synthesis"
HEADERS = {"Authorization": "Bearer sk-mock-bench", "X-DashScope-Async": "enable"}

BARE = """
import socket, sys, uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

more = 9 if "headers" in sys.argv else 0
HEADERS = {f"x-header-{n}": "as long as a header of the gateway" for n in range(more)}

async def task(request):
    body = {"task_id": request.path_params["task_id"], "task_status": "PENDING"}
    return JSONResponse(body, headers=HEADERS)

app = Starlette(routes=[Route("/api/v1/tasks/{task_id}", task)])
with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
    listener.bind(("127.0.0.1", 0))
    listener.listen(1024)
    print('{"base_url": "http://127.0.0.1:%d/api/v1"}' % listener.getsockname()[1], flush=True)
    config = uvicorn.Config(app, http="h11", loop="asyncio", log_level="error", access_log=False)
    uvicorn.Server(config).run(sockets=[listener])
"""

# Raw sockets: the load must cost less than what it measures.
LOAD = """
import asyncio, ssl, sys, time
host, port, path, connections, seconds, trusted, name, tunnel = sys.argv[1:9]
key = "Authorization: Bearer sk-mock-bench"
ask = f"GET {path} HTTP/1.1\\r\\nHost: {name}\\r\\n{key}\\r\\n\\r\\n"
context = ssl.create_default_context(cafile=trusted) if trusted else None
done = 0

class Client(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.seen = transport, b""
        transport.write(ask.encode())
    def data_received(self, data):
        global done
        self.seen += data
        head, end, body = self.seen.partition(b"\\r\\n\\r\\n")
        if not end:
            return
        assert head.startswith(b"HTTP/1.1 200"), head
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\\r\\n")[0])
        if len(body) >= length:
            done += 1
            self.seen = b""
            self.transport.write(ask.encode())

async def through_proxy(loop):
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"CONNECT {name}:443 HTTP/1.1\\r\\n\\r\\n".encode())
    assert b" 200 " in await reader.readuntil(b"\\r\\n\\r\\n")
    client, transport = asyncio.Protocol(), writer.transport
    secure = await loop.start_tls(transport, client, context, server_hostname=name)
    client = Client()
    secure.set_protocol(client)
    client.connection_made(secure)
    return secure, writer  # a writer that nobody holds closes its connection

async def main():
    loop = asyncio.get_running_loop()
    open_ones = []
    for _ in range(int(connections)):
        if tunnel:
            open_ones.append(await through_proxy(loop))
        else:
            await loop.create_connection(Client, host, int(port), ssl=context)
    global done
    done = 0
    began = time.monotonic()
    await asyncio.sleep(float(seconds))
    print(done / (time.monotonic() - began))

asyncio.run(main())
"""


@contextmanager
def server(*command: str) -> Iterator[tuple[str, int, float]]:
    """A server's base URL, its process id, and the seconds until it was ready."""
    with started(*command) as (line, pid, ready):
        yield line["base_url"], pid, ready


@contextmanager
def started(*command: str) -> Iterator[tuple[dict[str, str], int, float]]:
    """What a server says of itself, its process id, and the seconds until it was ready."""
    began = time.monotonic()
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(
        [sys.executable, *command], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout
    try:
        line = process.stdout.readline()
        ready = time.monotonic() - began
        yield json.loads(line), process.pid, ready
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


def emulator() -> tuple[str, ...]:
    return ("-m", "mock_server", "--port", "0", "--clock", "manual", "--no-limits")


def load(base: str, path: str, *, trusted: str = "", tunnel: str = "") -> float:
    """Requests answered a second; ``trusted`` is for TLS, ``tunnel`` a host behind the proxy."""
    host, port = base.rpartition("//")[2].removesuffix("/api/v1").split(":")
    command = [sys.executable, "-c", LOAD, host, port, f"/api/v1{path}", str(CONNECTIONS)]
    way = [str(SECONDS), trusted, tunnel or "localhost", tunnel]
    client = subprocess.run([*command, *way], capture_output=True, text=True, check=True)
    return float(client.stdout)


def submit(client: httpx.Client, base: str, number: int) -> str:
    given = {"prompt": f"镜头 {number}: a cat", "img_url": f"https://example.com/{number}.png"}
    body = {"model": "wan2.5-i2v-preview", "input": given, "parameters": {"duration": 5}}
    answer = client.post(base + CREATE, headers=HEADERS, json=body)
    return str(answer.json()["output"]["task_id"])


def resident(pid: int) -> float:
    """MiB of memory a process holds."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1]) / 1024


def poll_rates(rounds: int) -> dict[str, list[float]]:
    """Polls a second: ours, a bare route's, and one whose answers have the gateway's headers."""
    rates: dict[str, list[float]] = {"ours": [], "bare": [], "with headers": []}
    with (
        server(*emulator()) as (base, _, _),
        server("-c", BARE) as (bare, _, _),
        server("-c", BARE, "headers") as (as_long, _, _),
    ):
        with httpx.Client(trust_env=False) as client:
            task = submit(client, base, 0)
        for _ in range(rounds):
            for name, address in zip(rates, (base, bare, as_long), strict=True):
                rates[name].append(load(address, f"/tasks/{task}"))
    return rates


def rows(whole: bool) -> Iterator[Row]:
    """Polls of the emulator beside a bare route of the same server, under the same load."""
    rates = poll_rates(7 if whole else 3)
    meaning = f"polls a second at {CONNECTIONS} connections"
    yield Row("emulator/polls", statistics.median(rates["ours"]), "/s", meaning)
    for name, least in (("bare", 0.55), ("with headers", 0.65)):
        meaning = f"polls a second / those of a Starlette route, {name}"
        yield Row(f"emulator/polls by {name}", _ratio(rates["ours"], rates[name]), "", meaning,
                  f"at least {least}")  # fmt: skip


def polls(rounds: int) -> None:
    rates = poll_rates(rounds)
    print(f"polls a second at {CONNECTIONS} connections: {statistics.median(rates['ours']):.0f}")
    for name, least in (("bare", 0.55), ("with headers", 0.65)):
        ratio = _ratio(rates["ours"], rates[name])
        rate = statistics.median(rates[name])
        print(f"  a Starlette route, {name}: {rate:.0f}; ratio {ratio:.2f} (at least {least})")


def ways_in(rounds: int) -> None:
    """Polls over TLS and through the proxy, beside the bare route over plain HTTP."""
    rates: dict[str, list[float]] = {"bare": [], "TLS": [], "proxy": []}
    with (
        tempfile.TemporaryDirectory() as folder,
        server("-c", BARE) as (other, _, _),
        started(*emulator(), "--tls", "--proxy", "--authority", folder) as (line, _, _),
    ):
        trusted, vendor = line["authority"], "dashscope.aliyuncs.com"
        context = ssl.create_default_context(cafile=trusted)
        with httpx.Client(trust_env=False, verify=context) as client:
            path = f"/tasks/{submit(client, line['base_url'], 0)}"
        for _ in range(rounds):
            rates["bare"].append(load(other, path))
            rates["TLS"].append(load(line["base_url"], path, trusted=trusted))
            rates["proxy"].append(load(line["proxy"], path, trusted=trusted, tunnel=vendor))
    for way in ("TLS", "proxy"):
        ratio = statistics.median(a / b for a, b in zip(rates[way], rates["bare"], strict=True))
        print(f"polls a second by {way}: {statistics.median(rates[way]):.0f}, ", end="")
        print(f"bare {statistics.median(rates['bare']):.0f}; ratio {ratio:.2f} (at least 0.3)")


def replays(rounds: int) -> None:
    """Polls of a replay and of a recorder, beside the emulator's own."""
    ours, theirs, through = [], [], []
    with tempfile.TemporaryDirectory() as name, server(*emulator()) as (base, _, _):
        session, other = Path(name) / "session.jsonl", Path(name) / "other.jsonl"
        with (
            server(*recorder(base, session)) as (recording, _, _),
            httpx.Client(trust_env=False) as client,
        ):
            task = submit(client, recording, 0)
            client.get(f"{recording}/tasks/{task}", headers=HEADERS)
        replay = ("-m", "mock_server", "replay", "--cassette", str(session))
        with server(*replay) as (replayed, _, _), server(*recorder(base, other)) as (taped, _, _):
            for _ in range(rounds):
                theirs.append(load(base, f"/tasks/{task}"))
                ours.append(load(replayed, f"/tasks/{task}"))
                through.append(load(taped, f"/tasks/{task}"))
    print(f"replayed polls a second: {statistics.median(ours):.0f}, ", end="")
    print(f"the emulator's own {statistics.median(theirs):.0f}; ", end="")
    print(f"ratio {_ratio(ours, theirs):.2f} (at least 1)")
    print(f"polls through a recorder: {statistics.median(through):.0f}; ", end="")
    print(f"ratio {_ratio(through, theirs):.2f}")


def recorder(base: str, cassette: Path) -> tuple[str, ...]:
    return ("-m", "mock_server", "record", "--to", base, "--cassette", str(cassette))


def _ratio(ours: list[float], theirs: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


def start(rounds: int) -> None:
    times = []
    for _ in range(rounds):
        with server(*emulator()) as (_, _, ready):
            times.append(ready)
    print(f"ready after {statistics.median(times):.2f} s (at most 1.5)")


def memory(tasks: int = 10_000) -> None:
    with server(*emulator()) as (base, pid, _), httpx.Client(trust_env=False) as client:
        before = resident(pid)
        for number in range(tasks):
            submit(client, base, number)
        print(f"{tasks} live tasks: {resident(pid):.0f} MiB (at most 100; {before:.0f} with none)")


def clips(rounds: int) -> None:
    """CPU seconds of a clip, and of the plain encode of its first frame."""
    program = ffmpeg.find(os.environ)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        still = folder / "photo.png"
        _photograph().save(still)
        request = TaskRequest(
            model="wan2.2-i2v-flash", region="beijing", image=InputMedia("x", path=still),
            last_image=None, prompt="a cat", negative_prompt="", template=None, resolution="720P",
            duration=5, sound="none", sound_file=None, prompt_extend=True, watermark=False, seed=1,
        )  # fmt: skip
        target = folder / "clip.mp4"
        call = ClipCall(request, "bench", Size(1280, 720), Fraction(30), folder, target)
        # The loop filter decodes the still once, as our graph does.
        plain = [
            str(program.path), "-v", "error", "-y", "-framerate", "30", "-i", str(still),
            "-vf", "format=yuv420p,loop=-1:1:0", "-frames:v", "150", "-c:v", "libx264",
            "-preset", "veryfast", "-crf", "20", "-threads", "1", str(folder / "plain.mp4"),
        ]  # fmt: skip
        ours, theirs = [], []
        for _ in range(rounds):
            theirs.append(_cpu(lambda: subprocess.run(plain, check=True)))
            ours.append(_cpu(lambda: make_clip(program, call)))
        ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
        print(f"a 5 s 720P clip: {statistics.median(ours):.2f} CPU s, ", end="")
        print(f"plain encode {statistics.median(theirs):.2f}; ratio {ratio:.2f} (at most 2)")


def _photograph() -> Image.Image:
    """A picture with the detail of a photograph: soft shapes and a little grain."""
    noise = Image.effect_noise((1280, 720), 40).convert("RGB")
    shapes = Image.effect_mandelbrot((1280, 720), (-2, -1, 1, 1), 60).convert("RGB")
    return Image.blend(shapes, noise, 0.15)


def _cpu(run: object) -> float:
    def spent() -> float:
        return sum(
            usage.ru_utime + usage.ru_stime
            for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        )

    before = spent()
    run()  # type: ignore[operator]
    return spent() - before


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    start(count)
    polls(count)
    ways_in(count)
    replays(count)
    memory()
    clips(count)
