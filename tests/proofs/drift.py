"""A service that drifts: real answers changed in every way we could think of, judged by its ledger.

``python -m tests.proofs.drift [MUTATIONS] [--seed N] [--only ROUND]``. A round is a folder with
four shots. In its first run each shot's create, query or result is changed in a way of its own, and
one answer about the account too; later runs meet the service as it is. After that every shot must
have its own clip, paid once. Virtual time over the emulator in this process; ffmpeg decodes each
clip.
"""

import argparse
import base64
import gzip
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
from PIL import Image

from tests.support import person
from tests.support.contexts import run_context
from tests.support.emulator import Twin
from tests.support.places import ROOT
from tests.support.programs import PROGRAMS
from tests.support.virtual import Counted, Time
from wanx_render.backends.dashscope import DashScope
from wanx_render.backends.line import Access
from wanx_render.backends.uploads import KnownUploads
from wanx_render.catalog.capabilities import packaged
from wanx_render.errors import BadInput, NeedsApproval, ServiceError
from wanx_render.media import ffmpeg
from wanx_render.planning import plan
from wanx_render.planning.journal import Journal
from wanx_render.run.orchestrator import render
from wanx_render.task import TaskRequest
from wanx_render.validation.load import load

KEY = "sk-mock-a"
SHOTS = 4
RUNS = 6
LONGEST = 6 * 3600.0  # virtual seconds that one run may take
CATALOG = packaged()
MODEL = "wanx2.1-i2v-turbo"

Body = Any
Rng = random.Random


# -- ways to change an answer ----------------------------------------------------------------------

TEXTS = (
    "\ud800", "a\x00b", "first\r\nerror: fake", "\u2028done", "\u202eevil", "x" * 200_000, "",
    "::error::fake", "\x1b[2J", f"Bearer {KEY}", f"key {KEY} key", KEY.upper(),
    "中文 “引号”", "null",
)  # fmt: skip
NUMBERS: tuple[Any, ...] = (
    -1, 0, 10**30, 5.5, 1e308, "5", "five", True, None, [5], {"value": 5}, float("nan"), 2**63,
)  # fmt: skip
TIMES: tuple[Any, ...] = (
    "9999-12-31 23:59:59.999", "2026-01-01T00:00:00Z", 1767225600000, "", "yesterday", None,
    "0001-01-01 00:00:00", "2026-13-45 99:99:99",
)  # fmt: skip
URLS = (
    "http://127.0.0.1.evil.example/x.mp4", "https://dashscope-a717.oss-accelerate.aliyuncs.com@evil",
    "https://a.evil.example/clip.mp4?Signature=abcdefgh", "javascript:alert(1)", "//evil/x.mp4", "",
    "https://dashscope-x.oss-cn-beijing-internal.aliyuncs.com/x.mp4", "http://[::1", "\ud800",
    "https://results.example.com:8443/clip.mp4", f"https://results.example.com/?k={KEY}",
    "x" * 20_000,
)  # fmt: skip
IDS: tuple[Any, ...] = ("", "a/../b", "id\r\nX: y", "\ud800", 7, None, "x" * 5000, "a b", ["id"])
STATES: tuple[Any, ...] = ("QUEUED", "succeeded", "", "UNKNOWN", "SUSPENDED", None, 3, "Running ")
CODES = (
    "InvalidParameter",
    "internal_error",
    "Throttling.BurstRate",
    "Wholly.New",
    "Model.AccessDenied",
)


def paths(value: Body, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where every value of a JSON document is."""
    pairs = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for name, inner in pairs:
        yield (*here, name)
        yield from paths(inner, (*here, name))


def at(body: Body, path: tuple[Any, ...]) -> Any:
    for step in path:
        body = body[step]
    return body


def put(body: Body, path: tuple[Any, ...], value: Any) -> None:
    at(body, path[:-1])[path[-1]] = value


def chosen(body: Body, rng: Rng, names: tuple[str, ...] = ()) -> tuple[Any, ...] | None:
    """A place in a document: one called so, or any."""
    places = [path for path in paths(body) if not names or path[-1] in names]
    return rng.choice(places) if places else None


def drop(body: Body, rng: Rng) -> None:
    if path := chosen(body, rng):
        del at(body, path[:-1])[path[-1]]


def rename(body: Body, rng: Rng) -> None:
    if (path := chosen(body, rng)) and isinstance(path[-1], str):
        holder = at(body, path[:-1])
        holder[rng.choice((path[-1].title(), f"new_{path[-1]}", path[-1] + "s"))] = holder.pop(
            path[-1]
        )


def retype(body: Body, rng: Rng) -> None:
    if path := chosen(body, rng):
        put(body, path, rng.choice((*NUMBERS, *TEXTS, {}, [], [[[]]])))


def nest(body: Body, rng: Rng) -> None:
    if path := chosen(body, rng):
        put(body, path, {"value": at(body, path)})


def add(body: Body, rng: Rng) -> None:
    holder = at(body, path) if (path := chosen(body, rng)) else body
    if isinstance(holder, dict):
        holder[rng.choice(("extra", "code", "message", "error", "data"))] = rng.choice(
            (*TEXTS, *NUMBERS, {})
        )


def odd(names: tuple[str, ...], values: tuple[Any, ...]) -> Callable[[Body, Rng], None]:
    def change(body: Body, rng: Rng) -> None:
        if path := chosen(body, rng, names):
            put(body, path, rng.choice(values))

    return change


_TIMES = ("submit_time", "scheduled_time", "end_time", "gmt_create", "start_time")
_NUMBERS = ("duration", "video_duration", "video_count", "SR", "total", "total_page", "page_no")
_TEXTS = (
    "message",
    "orig_prompt",
    "actual_prompt",
    "request_id",
    "video_ratio",
    "code",
    "model_name",
)
CHANGES: dict[str, Callable[[Body, Rng], None]] = {
    "drop": drop, "rename": rename, "retype": retype, "nest": nest, "add": add,
    "time": odd(_TIMES, TIMES), "number": odd(_NUMBERS, NUMBERS), "text": odd(_TEXTS, TEXTS),
    "id": odd(("task_id",), IDS), "url": odd(("video_url", "upload_host"), URLS),
    "state": odd(("task_status", "status"), STATES),
}  # fmt: skip


def refusal(rng: Rng) -> bytes:
    """The service's own form of an error, in one of its shapes."""
    code, message = rng.choice(CODES), rng.choice(TEXTS)
    error = {"code": code, "message": message, "type": code, "param": None}
    shape = rng.choice(("flat", "nested", "inside"))
    if shape == "nested":
        body: Body = {"error": error, "request_id": "r"}
    elif shape == "inside":
        body = {"code": code, "message": json.dumps({"error": error}), "request_id": "r"}
    else:
        body = {"code": code, "message": message, "request_id": "r"}
    return dumped(body)


def dumped(body: Body) -> bytes:
    return json.dumps(body).encode("utf-8", "surrogatepass")


@dataclass(frozen=True)
class Mutation:
    """How one answer is changed: its operation, the way, and what decides the rest."""

    operation: str
    way: str
    seed: int
    always: bool  # for the whole first run, else one answer

    def __str__(self) -> str:
        return f"{self.operation} {self.way} {self.seed}{' always' if self.always else ''}"


WAYS = (
    *CHANGES, "refusal", "server-error", "html", "garbage", "truncated", "empty", "array", "gzip",
    "bomb", "charset", "redirect", "headers", "lost", "chunked", "short", "long", "not-mp4",
)  # fmt: skip
JSON_ONLY = set(CHANGES)
RESULTS_ONLY = {"chunked", "short", "long", "not-mp4"}


def mutated(mutation: Mutation, answer: httpx.Response, content: bytes) -> httpx.Response:
    """The answer as it is changed; what is lost on the way raises httpx.ReadError."""
    rng, way = random.Random(mutation.seed), mutation.way
    headers = {k: v for k, v in answer.headers.items() if k.lower() not in ("content-length",)}
    status = answer.status_code
    match way:
        case "lost":
            raise rng.choice((httpx.ReadError, httpx.ReadTimeout, httpx.RemoteProtocolError))(
                "lost"
            )
        case "refusal":
            reads = mutation.operation not in ("create",)
            status = rng.choice((400, 401, 403, 404, 409, 413, *((429,) if reads else ())))
            content = refusal(rng)
        case "server-error":
            status, content = rng.choice((408, 500, 502, 503, 504, 520)), refusal(rng)
        case "html":
            content, headers["content-type"] = b"<html>sign in</html>", "text/html"
        case "garbage":
            content = bytes(rng.randrange(256) for _ in range(300))
        case "truncated":
            content = content[: len(content) // 2]
        case "empty":
            content = b""
        case "array":
            content = rng.choice((b"[]", b"null", b"7", b'"text"', b"[" * 100_000))
        case "gzip":
            content, headers["content-encoding"] = gzip.compress(content), "gzip"
        case "bomb":
            content, headers["content-encoding"] = BOMB, "gzip"
        case "charset":
            content = content.decode("utf-8", "replace").encode("utf-16")
        case "redirect":
            status, headers["location"] = 307, "https://evil.example/?token=abcdefgh"
        case "headers":
            headers |= rng.choice(HEADERS)
        case "chunked":
            headers["transfer-encoding"] = "chunked"
        case "short":
            headers["content-length"] = str(len(content) + 1000)
        case "long":
            headers["content-length"] = str(10 << 30)
        case "not-mp4":
            content = b"\0" * len(content)
        case _:
            body = json.loads(content)
            CHANGES[way](body, rng)
            content = dumped(body)
    if way not in ("chunked", "short", "long"):
        headers["content-length"] = str(len(content))
    return httpx.Response(status, headers=headers, stream=Whole(content))


HEADERS: tuple[dict[str, str], ...] = (
    {"date": "Fri, 31 Dec 9999 23:59:59 GMT"}, {"date": "never"}, {"retry-after": "999999"},
    {"content-type": "text/plain"}, {"content-encoding": "zstd"}, {"content-encoding": "gzip"},
    {"set-cookie": "acw_tc=1", "server": "istio-envoy", "x-dashscope-call-gateway": "true"},
    {"content-md5": base64.b64encode(bytes(16)).decode()},
    {"date": "Thu, 01 Jan 1970 00:00:00 GMT"},
)  # fmt: skip
BOMB = gzip.compress(b"\0" * (64 << 20))


class Whole(httpx.AsyncByteStream):
    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self) -> Any:
        yield self._content


# -- one round -------------------------------------------------------------------------------------


class Drifting(httpx.AsyncBaseTransport):
    """The emulator's transport, of which some answers are changed on their way."""

    def __init__(self, inner: httpx.AsyncBaseTransport, mutations: dict[str, Mutation]) -> None:
        self._inner = inner
        self._left = dict(mutations)  # by operation and shot
        self._shots: dict[str, str] = {}  # by task
        self.struck: list[Mutation] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        sent = await request.aread()
        answer = await self._inner.handle_async_request(request)
        content = b"".join([chunk async for chunk in answer.stream])  # type: ignore[union-attr]
        name = self._name(request, sent, content)
        mutation = self._left.get(name)
        if mutation is None or (mutation.way in JSON_ONLY and not content.startswith(b"{")):
            return httpx.Response(answer.status_code, headers=answer.headers, stream=Whole(content))
        if not mutation.always:
            del self._left[name]
        self.struck.append(mutation)
        return mutated(mutation, answer, content)

    def _name(self, request: httpx.Request, sent: bytes, content: bytes) -> str:
        """Which operation this is, and of which shot."""
        path = request.url.path
        if path.endswith("video-synthesis"):
            shot = str(json.loads(sent)["input"]["prompt"])
            with_task = json.loads(content).get("output", {}) if content.startswith(b"{") else {}
            self._shots[str(with_task.get("task_id"))] = shot
            return f"create {shot}"
        if "/tasks/" in path:
            return f"query {self._shots.get(path.rpartition('/')[2], '')}"
        if path.startswith("/results/"):
            return f"result {self._shots.get(Path(path).stem, '')}"
        return {"/tasks": "list", "/uploads": "policy"}.get(path.removeprefix("/api/v1"), "upload")


def mutations_of(seed: int) -> dict[str, Mutation]:
    """What is changed in a round: one thing for each shot, and one about the account."""
    rng = random.Random(seed)
    chosen_: dict[str, Mutation] = {}
    for number in range(SHOTS):
        operation = rng.choice(("create", "query", "query", "result"))
        chosen_[f"{operation} shot {number}"] = mutation_at(operation, rng)
    account = rng.choice(("list", "policy", "upload"))
    chosen_[account] = mutation_at(account, rng)
    return chosen_


def mutation_at(operation: str, rng: Rng) -> Mutation:
    ways = [way for way in WAYS if way not in RESULTS_ONLY or operation == "result"]
    if operation in ("result", "upload"):
        ways = [way for way in ways if way not in JSON_ONLY]
    return Mutation(operation, rng.choice(ways), rng.randrange(1 << 30), rng.random() < 0.3)


@dataclass
class Verdict:
    """What was found over many rounds."""

    mutations: int = 0
    rounds: int = 0
    double: int = 0
    lost: int = 0
    wrong: int = 0
    leaked: int = 0
    bugs: int = 0
    endless: int = 0
    asked: int = 0  # requests that were left to a person
    faults: list[str] = field(default_factory=list)

    def __add__(self, other: "Verdict") -> "Verdict":
        return Verdict(**{name: count + vars(other)[name] for name, count in vars(self).items()})

    def good(self) -> bool:
        return not (
            self.double or self.lost or self.wrong or self.leaked or self.bugs or self.endless
        )

    def __str__(self) -> str:
        counts = {k: v for k, v in vars(self).items() if k != "faults"}
        return "  ".join(f"{name} {count}" for name, count in counts.items())


class Range:
    """Pictures and clips for all rounds: each shot has its own, so that a wrong one is seen."""

    def __init__(self, root: Path, pool: Counted) -> None:
        self.root, self.pool = root, pool
        self.clips = [root / f"clip{number}.mp4" for number in range(SHOTS)]
        photographs = sorted((ROOT / "specs" / "frames").glob("*.jpg"))
        for number, clip in enumerate(self.clips):
            picture = root / f"{number}.png"
            with Image.open(photographs[number]) as image:
                image.convert("RGB").resize((450, 600)).save(picture)
            still = ["-loop", "1", "-framerate", "5", "-t", "3", "-i", str(picture)]
            look = ["-vf", "scale=544:720:out_color_matrix=bt709", "-pix_fmt", "yuv420p"]
            fast = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "30"]
            ffmpeg.run(PROGRAMS["wheel"], [*still, *look, *fast, str(clip)])

    def round(self, seed: int, verdict: Verdict) -> None:
        """One folder, one account, from drift to the end."""
        folder = Path(tempfile.mkdtemp(dir=self.root))
        try:
            Round(self, folder, seed, verdict).play()
        finally:
            shutil.rmtree(folder, ignore_errors=True)


class Round:
    def __init__(self, ground: Range, folder: Path, seed: int, verdict: Verdict) -> None:
        self.ground, self.folder, self.seed, self.verdict = ground, folder, seed, verdict
        self.out = folder / "out"
        self.out.mkdir()
        self.time = Time(ground.pool)
        self.twin = Twin.in_time(self.time.now, seed=seed)

        async def of(request: TaskRequest, _number: int = 1) -> Path:
            return ground.clips[int(request.prompt[-1])]

        self.twin.service.clips.of = of  # type: ignore[method-assign]
        self.said: list[str] = []
        self.insisted: frozenset[str] = frozenset()  # as by --retake, after moderation
        self._write_list()

    def _write_list(self) -> None:
        shots = "".join(
            f"  - {{id: s{n}, image: {self.ground.root / f'{n}.png'}, prompt: shot {n}}}\n"
            for n in range(SHOTS)
        )
        head = f"version: 1\nproject: drift\nbackend: dashscope\ndefaults: {{model: {MODEL}, "
        head += "resolution: 480P, duration: 3}\n"
        text = f"{head}shots:\n{shots}deliverables:\n  - 9:16\n"
        (self.folder / "list.yaml").write_text(text, encoding="utf-8")

    def play(self) -> None:
        mutations = mutations_of(self.seed)
        complete = self._run(mutations)
        for _ in range(RUNS):
            if complete:
                break
            self.time.pass_by(900)
            self.verdict.asked += self._settle()
            self.insisted = frozenset(f"s{number}" for number in range(SHOTS))
            complete = self._run({})
        self._judge(mutations, complete)
        self.twin.service.close()

    def _run(self, mutations: dict[str, Mutation]) -> bool:
        loaded = load(self.folder / "list.yaml", CATALOG)
        run_plan = plan.make(loaded.shots, "dashscope", loaded.media, CATALOG)
        transport = Drifting(self.twin.transport, mutations)
        began = self.time.passed
        try:
            with self._journal() as journal:
                return self.time.run(
                    self._work(replace(run_plan, deliverables=()), journal, transport)
                )
        except (ServiceError, NeedsApproval, BadInput) as error:
            self.said.append(str(error))
            return False
        except Exception as error:  # noqa: BLE001  # the very thing that must never be
            self.verdict.bugs += 1
            self._fault(f"{type(error).__name__}: {error}"[:200])
            return False
        finally:
            self.verdict.mutations += len(transport.struck)
            if self.time.passed - began > LONGEST:
                self.verdict.endless += 1
                self._fault(f"{self.time.passed - began:.0f} s")

    async def _work(self, made: plan.Plan, journal: Journal, transport: Drifting) -> bool:
        access = Access("http://127.0.0.1/api/v1", KEY, own_hosts=True)
        uploads = KnownUploads(self.out / ".cache/uploads.json")
        backend = DashScope(
            access, CATALOG, self.time, random.Random(7), uploads=uploads, transport=transport
        )
        try:
            await backend.open()
            context = run_context(
                plan=made, backend=backend, journal=journal, catalog=CATALOG,
                program=PROGRAMS["wheel"], executor=self.ground.pool, clock=self.time,
                wall=self.time, folder=self.out, chance=random.Random(8),
                emit=lambda event: self.said.append(f"{event.kind} {event.text}"),
                insisted=self.insisted,
            )  # fmt: skip
            return (await render(context, "test")).complete
        finally:
            await backend.close()

    @contextmanager
    def _journal(self) -> Iterator[Journal]:
        journal = Journal(self.out / "journal.sqlite")
        try:
            yield journal
        finally:
            journal.close()

    def _settle(self) -> int:
        """What a person does about requests whose outcome is unknown: look into the ledger."""
        with self._journal() as journal:
            lost = person.give_up_expired(journal)
            return lost + person.settle(journal, self.twin.ledger()["submissions"])

    def _judge(self, mutations: dict[str, Mutation], complete: bool) -> None:
        self.verdict.rounds += 1
        paid = Counter(
            r["prompt"] for r in self.twin.ledger()["submissions"] if r["status"] != "FAILED"
        )
        if twice := [prompt for prompt, count in paid.items() if count > 1]:
            self.verdict.double += len(twice)
            self._fault(f"paid twice: {twice}")
        if not complete:
            self.verdict.lost += 1
            last = [line for line in self.said if line.startswith(("failed", "warning"))][-3:]
            self._fault(f"not complete, though nothing is in the way any more: {last}")
        self._compare()
        texts = [*self.said, *(p.read_bytes() for p in self.out.rglob("*") if p.is_file())]
        if any(
            KEY.encode() in (t if isinstance(t, bytes) else t.encode("utf-8", "replace")).lower()
            for t in texts
        ):
            self.verdict.leaked += 1
            self._fault("the key is in a file or an event")

    def _compare(self) -> None:
        with self._journal() as journal:
            for attempt in journal.every("succeeded"):
                if attempt.clip_name:
                    clip = self.out / "clips" / attempt.clip_name
                    right = self.ground.clips[int(str(attempt.request["prompt"])[-1])]
                    if clip.read_bytes() != right.read_bytes():
                        self.verdict.wrong += 1
                        self._fault(f"another's clip for {attempt.label}")

    def _fault(self, what: str) -> None:
        ways = "; ".join(f"{name}: {m}" for name, m in mutations_of(self.seed).items())
        self.verdict.faults.append(f"round {self.seed}: {what} [{ways}]")


def sweep(mutations: int, seed: int = 0, most: float = 1e9) -> Verdict:
    """Rounds until so many answers were changed, or ``most`` seconds have passed."""
    verdict, began = Verdict(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="wanx-drift-") as name, Counted(2) as pool:
        ground = Range(Path(name), pool)
        while verdict.mutations < mutations and time.monotonic() - began < most:
            ground.round(seed, verdict)
            seed += 1
    return verdict


def share_out(mutations: int, seed: int) -> Verdict:
    """``sweep`` in as many processes as there are cores; each begins at a seed of its own."""
    shares = os.cpu_count() or 2
    with ProcessPoolExecutor(shares) as pool:
        wanted = [-(-mutations // shares)] * shares
        seeds = [seed + 1_000_000 * share for share in range(shares)]
        return sum(pool.map(sweep, wanted, seeds), Verdict())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mutations", nargs="?", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="play this round alone")
    options = parser.parse_args()
    began, seed = time.monotonic(), options.seed
    if options.only is not None:
        verdict = sweep(1, options.only)
    else:
        verdict = share_out(options.mutations, seed)
    for fault in verdict.faults:
        print(fault)
    print(verdict)
    print(f"{time.monotonic() - began:.0f} s from seed {seed}")
    sys.exit(not verdict.good())


if __name__ == "__main__":
    main()
