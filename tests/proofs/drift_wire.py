"""Drift through the real command and real sockets: what the emulator's own faults can do to it.

``python -m tests.proofs.drift_wire [N] [--seed S] [--only NUMBER]``. A mutation is one fault of the
emulator's plan, made from its number alone. Six of them share a folder and an account, a shot each;
``--only`` plays one alone. The command runs under them, and then at a service that answers as it
should, which names its results at the vendor's hosts behind a proxy. Judged by the ledger, exit
codes, and all that was written. ``drift.py`` does the same in virtual time, for far more answers.
"""

import argparse
import contextlib
import hashlib
import io
import json
import os
import random
import shutil
import signal
import ssl
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from PIL import Image

from mock_server.testing import Server
from wanx_render import cli

SHOTS = 6
PACE = 500  # of both clocks; a result can be fetched for three minutes of real time
ROUNDS = 5  # of rescue and render, at a service that answers as it should
SECONDS = 90.0  # of real time, for one command on a machine that is busy with others
HOSTS = (
    "dashscope-result-sgp.oss-ap-southeast-1.aliyuncs.com",
    "dashscope-result-sh.oss-accelerate.aliyuncs.com",
    "dashscope-463f.oss-accelerate.aliyuncs.com",
)
# Of six mutations after each other; the first six rounds, which CI plays, have every one.
OPERATIONS = (
    "query", "create", "result", "list", "policy", "upload", "query", "create", "query", "result",
)  # fmt: skip

Edit = dict[str, Any]
Rng = random.Random

FIELDS = {
    "create": ("request_id", "output", "output.task_id", "output.task_status"),
    "query": (
        "request_id", "output", "output.task_id", "output.task_status", "output.submit_time",
        "output.scheduled_time", "output.end_time", "output.video_url", "output.orig_prompt",
        "usage", "usage.video_duration", "usage.video_count", "usage.video_ratio",
    ),
    "list": (
        "data", "data.*", "data.0", "data.*.task_id", "data.*.status", "data.*.model_name",
        "data.*.gmt_create", "data.*.start_time", "total", "total_page", "page_no", "page_size",
    ),
    "policy": (
        "data", "data.policy", "data.signature", "data.upload_dir", "data.upload_host",
        "data.expire_in_seconds", "data.max_file_size_mb", "data.oss_access_key_id",
        "data.x_oss_object_acl",
    ),
}  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 10**400, 10**9, float("nan"), float("inf"), [], {}, ["{value}"],
    {"value": "{value}"}, "{value}", "", " ", "\ud800", "a\0b", "a\r\nerror: fake", "\x1b[2J",
    "x" * 100_000, "../../../../etc/passwd", "key {key}", "Bearer {key}\n{key}", "{value}{key}",
    [[[[[]]]]], "null", "NaN", "中文“引号”", "\u202egnp.exe",
)  # fmt: skip
TIMES: tuple[Any, ...] = (
    "9999-12-31 23:59:59.999", "0001-01-01 00:00:00.000", "{value}Z", "2026-02-30 25:61:61", "",
    1790244529873, "1790244529873", "yesterday", -1, None,
)  # fmt: skip
# States that say nothing of the truth; a false FAILED would be a lie, and no drift.
STATES = ("QUEUED", "succeeded", "Running", "SUSPENDED", "UNKNOWN", "THROTTLED", "", None, 3, [])
PLACES = (
    *HOSTS, f"http://{HOSTS[0]}", f"https://{HOSTS[0]}:443", f"https://{HOSTS[0]}:8443",
    f"https://{HOSTS[0]}@evil.example", f"https://user:word@{HOSTS[0]}", f"{HOSTS[0]}.evil.example",
    f"https://{HOSTS[0]}.", "https://[::1]", "https://2130706433", "http://127.0.0.1:1",
    "dashscope-result-sgp.oss-ap-southeast-1-internal.aliyuncs.com", "evil-aliyuncs.com",
    "https://evil.example\\@" + HOSTS[0], f"https:{HOSTS[0]}", "//evil.example", "ftp://x", "file://",
    "https://evil.example/?k={key}&", "https://xn--dashscope.oss-cn-beijing.aliyuncs.com",
    "https://a\r\nX-Evil: 1", "https://[", "\ud800://", "https://" + "a" * 5000,
)  # fmt: skip
CODES = (
    "InvalidParameter", "invalid_api_key", "Conflict", "NotFound", "Wholly.New", "AccessDenied",
    "internal_error", "Arrearage", "DataInspectionFailed", "", "{key}",
)  # fmt: skip
HEADERS = (
    {"date": "Fri, 31 Dec 9999 23:59:59 GMT"}, {"date": "Thu, 01 Jan 1970 00:00:00 GMT"},
    {"date": "never"}, {"retry-after": "999999"}, {"retry-after": "-1"}, {"retry-after": "soon"},
    {"content-type": "text/html; charset=gbk"}, {"content-type": ""}, {"content-length": ""},
    {"content-encoding": "br"}, {"content-encoding": "gzip"}, {"content-md5": "AAAA"},
    {"server": "istio-envoy", "set-cookie": "acw_tc=1", "x-dashscope-call-gateway": "true"},
    {"etag": ""}, {"location": "https://evil.example/"}, {"x-request-id": "{key}"},
)  # fmt: skip
FRAMES = (
    "gzip", "chunked", "bomb", "endless", "promised", "trickle", "continue", "wrong-length",
    "truncated", "garbage", "html", "redirect", "reset", "close",
)  # fmt: skip


# -- one mutation ----------------------------------------------------------------------------------


def mutation(seed: int, number: int) -> Edit:
    """The fault of this number, without the account and the shot it is for."""
    rng = random.Random(f"{seed} {number}")
    operation = OPERATIONS[number // SHOTS % len(OPERATIONS)]
    ways = [_framed, _status, _headers]
    if operation in FIELDS:
        ways += [_field, _field, _field, _field, _refusal]
    if operation == "query":
        ways += [_time, _state, _place, _place]
    fault = rng.choice(ways)(operation, rng)
    return {"on": operation, "times": rng.choice((1, 1, 1, 2, 3, 8)), **fault}


def _field(operation: str, rng: Rng) -> Edit:
    """A field dropped, renamed, of another value or type, twice there, or one nobody knows."""
    path = rng.choice(FIELDS[operation])
    match rng.randrange(6):
        case 0:
            return {"effect": "change", "drop": [path]}
        case 1:
            key = path.rpartition(".")[2]
            name = rng.choice((key.title(), f"{key}s", f"new_{key}", ""))
            return {"effect": "change", "rename": {path: name}}
        case 2:
            again = json.dumps({path.partition(".")[0]: rng.choice(VALUES)})[1:-1]
            body = rng.choice(
                (f"{{{again},{{inner}}}}", "{body}{body}", "\ufeff{body}", " {body}\n")
            )
            return {"effect": "change", "body": body}
        case 3:
            return {"effect": "change", "set": {f"{path}.{rng.choice('ab')}": rng.choice(VALUES)}}
        case _:
            return {"effect": "change", "set": {path: rng.choice(VALUES)}}


def _time(operation: str, rng: Rng) -> Edit:
    path = rng.choice(("submit_time", "scheduled_time", "end_time"))
    return {"effect": "change", "set": {f"output.{path}": rng.choice(TIMES)}}


def _state(operation: str, rng: Rng) -> Edit:
    return {"effect": "change", "set": {"output.task_status": rng.choice(STATES)}}


def _place(operation: str, rng: Rng) -> Edit:
    return {"effect": "change", "host": rng.choice(PLACES), "times": rng.choice((1, 3, 100))}


def _headers(operation: str, rng: Rng) -> Edit:
    return {"effect": "change", "headers": rng.choice(HEADERS)}


def _status(operation: str, rng: Rng) -> Edit:
    """The true answer under another status. 429 says for sure that nothing was created."""
    codes = (201, 202, 203, 204, 206, 301, 302, 304, 400, 403, 404, 408, 409, 500, 502, 503, 504)
    return {"effect": "change", "status": rng.choice(codes)}


def _refusal(operation: str, rng: Rng) -> Edit:
    """In the service's own form, or another's; of a create also after it was accepted."""
    stage = rng.choice(("before", "after"))
    statuses = (400, 403, 404, 408, 409, 413, 500, 503)
    if operation != "create" or stage == "before":
        statuses += (429,)
    form, code = rng.choice(("own", "nested", "quoted")), rng.choice(CODES)
    message = rng.choice(("no", "{key}", "a\nerror: fake", ""))
    return {"effect": "error", "status": rng.choice(statuses), "form": form, "stage": stage,
            "code": code, "message": message}  # fmt: skip


def _framed(operation: str, rng: Rng) -> Edit:
    effect = rng.choice((*FRAMES, *(("no-range", "expired") if operation == "result" else ())))
    fault: Edit = {"effect": effect, "megabytes": rng.choice((1, 20)), "seconds": 0.01}
    if effect == "continue":
        fault["megabytes"] = 1
    elif effect in ("reset", "close"):
        fault["stage"] = rng.choice(("before", "after", "headers", "body"))
    elif effect == "trickle" and operation == "result":
        fault["seconds"] = 0.0001
    elif effect in ("html", "garbage", "truncated", "wrong-length", "redirect"):
        fault["stage"] = "after"
    return fault


# -- one folder ------------------------------------------------------------------------------------


class TooLong(BaseException):
    """A command went on beyond its time."""


@dataclass(frozen=True)
class Ended:
    """How a command ended: None where it had to be stopped."""

    code: int | None
    text: str


@dataclass
class Verdict:
    """What was seen over many mutations."""

    mutations: int = 0
    struck: int = 0
    refused: int = 0
    commands: int = 0
    codes: Counter[int | None] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        codes = ", ".join(f"{code}: {count}" for code, count in sorted(self.codes.items(), key=str))
        return (
            f"{self.mutations} mutations ({self.struck} struck, {self.refused} refused for good), "
            f"{self.commands} commands "
            f"(exit codes {codes}), {len(self.faults)} faults"
        )


class Ground:
    """The emulator, pictures, and what the clip of each shot must be."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.server = Server(f"x{PACE}", 0, HOSTS)
        assert self.server.proxy
        self.proxy = self.server.proxy
        for number in range(SHOTS):
            light = Image.radial_gradient("L").resize((400, 400))
            light = light.rotate(60 * number).point(lambda v, n=number: v * (n + 3) // 8)
            Image.merge("RGB", (light, light.rotate(90), light.rotate(180))).save(
                root / f"{number}.png"
            )
        self._true: dict[str, bytes] = {}

    def close(self) -> None:
        self.server.close()

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        content = None if body is None else json.dumps(body)
        url = f"{self.server.origin}/_mock/{path}"
        answer = httpx.request(method, url, content=content, trust_env=False, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def true_clip(self, account: str, task: str, prompt: str) -> bytes:
        """A task's clip, fetched by another client; once for each prompt."""
        if prompt not in self._true:
            trust = ssl.create_default_context(cafile=self.proxy.authority.file)
            with httpx.Client(proxy=self.proxy.url, verify=trust, trust_env=False) as client:
                key = {"Authorization": f"Bearer sk-mock-{account}"}
                url = f"{self.server.base_url}/tasks/{task}"
                clip = client.get(client.get(url, headers=key).json()["output"]["video_url"])
            self._true[prompt] = clip.raise_for_status().content
        return self._true[prompt]


class Round:
    """A folder and an account of its own, and the mutations that befall them."""

    def __init__(self, ground: Ground, seed: int, numbers: Sequence[int], verdict: Verdict) -> None:
        self.ground, self.seed, self.numbers, self.verdict = ground, seed, numbers, verdict
        secret = hashlib.sha256(f"{seed} {numbers}".encode()).hexdigest()[:24]
        self.account = f"drift{numbers[0]}-{secret}"
        self.folder = Path(tempfile.mkdtemp(dir=ground.root))
        self.faults = [mutation(seed, number) for number in numbers]
        self.texts: list[str] = []
        self._write_list()

    def _write_list(self) -> None:
        head = (
            "version: 1\nproject: p\nbackend: dashscope\n"
            "defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3, "
            "trim: {end: 0.1}}\n"
        )
        shots = "".join(
            f"  - {{id: s{place}, image: {self.ground.root / f'{number % SHOTS}.png'}, "
            f"prompt: shot {number % SHOTS}., seed: {number % SHOTS}}}\n"
            for place, number in enumerate(self.numbers)
        )
        (self.folder / "list.yaml").write_text(
            f"{head}shots:\n{shots}deliverables:\n  - {{aspect: 1:1, size: 64x64}}\n"
        )

    def _prompt(self, place: int) -> str:
        return f"shot {self.numbers[place] % SHOTS}."

    def plan(self) -> list[Edit]:
        """The faults as the emulator takes them: a shot each, or one of the account's calls."""
        plan: list[Edit] = []
        for place, fault in enumerate(self.faults):
            fault = {**fault, "account": self.account}
            prompt = "^" + self._prompt(place).replace(".", "[.]") + "$"
            if fault["on"] in ("create", "query", "result"):
                fault["prompt"] = prompt
            else:
                times = fault.pop("times")
                fault["nth"] = [2 * place + 1 + n for n in range(min(times, 3))]
            if fault["on"] == "list":  # is read where an answer was lost
                plan.append({"on": "create", "effect": "reset", "stage": "after", "times": 1,
                             "account": self.account, "prompt": prompt})  # fmt: skip
            plan.append(fault)
        return plan

    def play(self) -> None:
        self.verdict.mutations += len(self.numbers)
        self.ground.admin("PUT", "faults", self.plan())
        self.render()
        on = self.faults[0]["on"]
        counts = self.ground.admin("GET", "faults")["faults"]
        self.verdict.struck += sum(1 for f in counts if f["on"] == on and f["struck"])
        if self.numbers[0] % 2:
            self.command("rescue", "list.yaml")
        self.ground.admin("DELETE", "faults")
        for _ in range(ROUNDS):
            self.command("rescue", "list.yaml")
            self.settle()
            if self.render().code == 0:
                break
        self.judge()
        shutil.rmtree(self.folder, ignore_errors=True)

    def render(self) -> Ended:
        only = [word for place in range(len(self.numbers)) for word in ("--only", f"s{place}")]
        return self.command("render", "list.yaml", "--yes", *only)

    def command(self, *arguments: str) -> Ended:
        """Run the command in this process, as from a shell in the folder."""
        before = len(self.ledger())
        with self._surroundings() as stream:
            try:
                signal.setitimer(signal.ITIMER_REAL, SECONDS)
                cli.main(arguments)
                code: int | None = 0
            except SystemExit as leaving:
                code = int(leaving.code or 0)
            except TooLong:
                code = None
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        ended = Ended(code, stream.getvalue())
        self.verdict.commands += 1
        self.verdict.codes[code] += 1
        self.texts.append(ended.text)
        if code not in (0, 1, 2, 4):
            self.fault(f"{arguments[0]} ended with {code}: {ended.text[-400:]}")
        if code == 2 and len(self.ledger()) > before:
            self.fault(f"{arguments[0]} ended with 2, and something was spent: {ended.text[-300:]}")
        if "Traceback" in ended.text:
            self.fault(f"a traceback: {ended.text[-1000:]}")
        return ended

    @contextmanager
    def _surroundings(self) -> Iterator["Stream"]:
        """The folder, environment and streams of a command; as before when it ends."""
        temporary = self.folder / "tmp"
        temporary.mkdir(exist_ok=True)
        environment = {
            **{k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")},
            **self.ground.proxy.environment,
            "NO_PROXY": "127.0.0.1",
            "DASHSCOPE_API_KEY": f"sk-mock-{self.account}",
            "DASHSCOPE_HTTP_BASE_URL": self.ground.server.base_url,
            "WANX_CLOCK_PACE": str(PACE),
        }
        was, place, folder = dict(os.environ), Path.cwd(), tempfile.tempdir
        raw = io.BytesIO()
        stream = Stream(io.TextIOWrapper(raw, "utf-8", "backslashreplace", write_through=True), raw)
        alarm = signal.signal(signal.SIGALRM, _too_long)
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(self.folder)
        tempfile.tempdir = str(temporary)
        try:
            with contextlib.redirect_stdout(stream.text), contextlib.redirect_stderr(stream.text):
                yield stream
        finally:
            tempfile.tempdir = folder
            os.chdir(place)
            os.environ.clear()
            os.environ.update(was)
            signal.signal(signal.SIGALRM, alarm)

    def settle(self) -> None:
        """What a person does about requests whose outcome is unknown: look into the ledger."""
        self.command("status", "list.yaml", "--json")
        attempts = _document(self.texts[-1]).get("attempts", [])
        owned = {a["task_id"] for a in attempts if a["state"] not in ("unresolved", "lost")}
        for attempt in attempts:
            if attempt["state"] not in ("unresolved", "lost"):
                continue
            place = int(attempt["take"].split()[0][1:])
            rows = [
                r["task_id"] for r in self.alive(self._prompt(place)) if r["task_id"] not in owned
            ]
            choice = ("--adopt", rows[0]) if rows else ("--release",)
            owned |= set(rows[:1])
            self.command("resolve", "list.yaml", str(attempt["attempt"]), *choice)

    # -- the judge ---------------------------------------------------------------------------------

    def ledger(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.ground.admin("GET", f"ledger?account={self.account}")[
            "submissions"
        ]
        return rows

    def alive(self, prompt: str) -> list[dict[str, Any]]:
        rows = [row for row in self.ledger() if row["prompt"] == prompt]
        return [row for row in rows if row["status"] not in ("FAILED", "CANCELED")]

    def judge(self) -> None:
        for place, number in enumerate(self.numbers):
            rows = self.alive(self._prompt(place))
            if len(rows) > 1:
                self.fault(f"paid {len(rows)} times", number)
            self._judge_clip(place, rows, number)
        self._judge_secrets()

    def _judge_clip(self, place: int, rows: list[dict[str, Any]], number: int) -> None:
        clips = [*(self.folder / "renders/p/clips").glob(f"s{place}-t*.mp4")]
        if not rows:
            self.verdict.refused += 1  # nothing was accepted, and a person must ask again
            return
        if not clips:
            self.fault(f"a clip is lost: {' '.join(self.texts)[-600:]}", number)
            return
        true = self.ground.true_clip(self.account, rows[0]["task_id"], self._prompt(place))
        # What a chunked answer brings behind the clip cannot be known from it by its framing.
        if not all(clip.read_bytes().startswith(true) for clip in clips):
            self.fault("another's clip", number)

    def _judge_secrets(self) -> None:
        key = f"sk-mock-{self.account}".encode()
        for path in (p for p in self.folder.rglob("*") if p.is_file()):
            content = path.read_bytes()
            name = path.relative_to(self.folder)
            if key in content:
                self.fault(f"the key is in {name}")
            if b"Signature=" in content and not path.name.startswith("journal.sqlite"):
                self.fault(f"a signed link is in {name}")
        if any(key.decode() in text or "Signature=" in text for text in self.texts):
            self.fault("a key or a signed link was shown")

    def fault(self, sentence: str, number: int | None = None) -> None:
        numbers = [number] if number is not None else self.numbers
        faults = json.dumps([mutation(self.seed, n) for n in numbers])[:1500]
        self.verdict.faults.append(
            f"mutation {', '.join(map(str, numbers))}: {sentence}\n  {faults}"
        )


@dataclass
class Stream:
    """What a command wrote, both streams in one."""

    text: io.TextIOWrapper
    raw: io.BytesIO

    def getvalue(self) -> str:
        return self.raw.getvalue().decode("utf-8", "backslashreplace")


def _too_long(*_: object) -> None:
    raise TooLong


def _document(text: str) -> dict[str, Any]:
    """The JSON document in what ``--json`` wrote; the talk around it is passed over."""
    start = text.find("{\n")
    try:
        value = json.JSONDecoder().raw_decode(text[start:])[0] if start >= 0 else {}
    except ValueError:
        value = {}
    return value if isinstance(value, dict) else {}


def sweep(mutations: int, seed: int = 0, first: int = 0) -> Verdict:
    """So many mutations from ``first`` on, in folders of six."""
    verdict = Verdict()
    with tempfile.TemporaryDirectory(prefix="wanx-drift-") as name:
        ground = Ground(Path(name))
        try:
            for start in range(first, first + mutations, SHOTS):
                numbers = range(start, min(start + SHOTS, first + mutations))
                Round(ground, seed, numbers, verdict).play()
        finally:
            ground.close()
    return verdict


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mutations", nargs="?", type=int, default=120)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="play this mutation alone")
    options = parser.parse_args()
    began = time.monotonic()
    alone = options.only is not None
    verdict = sweep(1 if alone else options.mutations, options.seed, options.only or 0)
    for fault in verdict.faults:
        print(fault)
    print(verdict)
    print(f"seed {options.seed}, {time.monotonic() - began:.0f} s")
    sys.exit(bool(verdict.faults))


if __name__ == "__main__":
    main()
