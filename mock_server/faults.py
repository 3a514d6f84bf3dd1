"""The fault plan: which request is spoilt, at which stage, and how. Plain data and pure choice.

A fault is written as a mapping (in a YAML file or an admin call) or as one line of ``key=value``
words (on the command line, or in a prompt as ``[[mock: effect=reset stage=after]]``).
"""

import hashlib
import json
import random
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property, lru_cache
from itertools import islice
from typing import Any, Literal

import re2
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

Operation = Literal["create", "query", "list", "cancel", "policy", "upload", "result"]
OPERATIONS: tuple[Operation, ...] = (
    "create", "query", "list", "cancel", "policy", "upload", "result",
)  # fmt: skip

# Effects on the answer; the stage says how far the request came before.
ANSWERS = ("error", "reset", "close", "html", "truncated", "garbage", "wrong-length", "redirect")
# Effects on what the service does; they have no stage.
TWISTS: dict[str, tuple[str, ...]] = {
    "fail": ("create",),
    "stuck": ("create",),
    "unknown": ("query",),
    "expired": ("result",),
    "no-range": ("result",),
    "lag": ("list",),
    "foreign": ("list",),
}
_CUTS = ("reset", "close")
# Effects on how a true answer is written on the wire.
FRAMINGS = ("chunked", "gzip", "bomb", "endless", "promised", "trickle", "continue")
# What ``change`` rewrites in a true answer.
EDITS = ("set", "rename", "drop", "headers", "body", "host")
_HEADER = re.compile(r"[A-Za-z0-9-]{1,100}")
_HEADER_TEXT = re.compile(r"[\x20-\x7e\xa0-\xff]{0,8000}")
_SEEN = 20_000  # characters of a prompt that patterns and tags are looked for in
_TAGS = 20
_NAME = 200


class Fault(BaseModel):
    """One line of the plan. All that is given must fit for it to strike."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    on: Literal[
        "any", "create", "query", "list", "cancel", "policy", "upload", "result"
    ] = "any"  # fmt: skip
    account: str | None = None
    model: str | None = Field(None, max_length=_NAME, description="a name, or such as wan2.5-*")
    prompt: str | None = Field(None, max_length=1000, description="an expression of RE2")
    nth: tuple[int, ...] = Field((), description="the first fitting request is 1")
    every: int | None = Field(None, ge=1)
    times: int | None = Field(None, ge=1, description="strikes so often, then no more")
    chance: float = Field(1, ge=0, le=1)
    stage: Literal["before", "after", "headers", "body"] = "before"
    effect: Literal[
        "error", "reset", "close", "html", "truncated", "garbage", "wrong-length", "redirect",
        "slow", "never", "fail", "stuck", "unknown", "expired", "no-range", "lag", "foreign",
        "change", "chunked", "gzip", "bomb", "endless", "promised", "trickle", "continue",
    ] = "error"  # fmt: skip
    status: int | None = Field(None, ge=200, le=599, description="of an error: 503")
    code: str = ""
    message: str = ""
    form: Literal["own", "nested", "quoted"] = Field("own", description="how an error is written")
    retry_after: float | None = Field(None, ge=0)
    seconds: float = Field(5, ge=0, le=86_400)
    location: str = "https://example.invalid/"
    count: int = Field(3, ge=1, le=1000, description="how many foreign tasks")
    megabytes: int = Field(256, ge=1, le=1024, description="after so many, all ends by itself")
    set: dict[str, Any] = Field({}, description="values by their path, such as output.task_id")
    rename: dict[str, str] = Field({}, description="another last key, by the path it is for")
    drop: tuple[str, ...] = Field((), description="paths that are taken out")
    headers: dict[str, str] = Field({}, description="put in place; an empty one is taken out")
    body: str | None = Field(None, description="text in place of the whole body")
    host: str = Field("", description="where results are said to be; any text before the path")

    def __hash__(self) -> int:
        return hash(self._text)

    @cached_property
    def _text(self) -> str:
        """All that is given, as one text: what may be in ``set`` has no hash of its own."""
        return json.dumps(self.model_dump(exclude_defaults=True), sort_keys=True)

    def record(self) -> dict[str, Any]:
        """What is given, as JSON data that ``read_plan`` takes back."""
        return dict(json.loads(self._text))

    @field_validator("headers")
    @classmethod
    def _fit_for_a_header(cls, value: dict[str, str]) -> dict[str, str]:
        for name, text in value.items():
            if not _HEADER.fullmatch(name) or not _HEADER_TEXT.fullmatch(text):
                raise ValueError("a header is a name and printable text of Latin-1")
        return value

    @field_validator("drop", mode="before")
    @classmethod
    def _paths(cls, value: Any) -> Any:
        return tuple(value.split("+")) if isinstance(value, str) else value

    @field_validator("nth", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, int | str) else value

    @model_validator(mode="after")
    def _fits_together(self) -> "Fault":
        if self.effect in TWISTS and self.on != "any" and self.on not in TWISTS[self.effect]:
            raise ValueError(f"effect {self.effect} works on {TWISTS[self.effect][0]} only")
        if self.stage in ("headers", "body") and self.effect not in (*_CUTS, "slow", "never"):
            raise ValueError(f"stage {self.stage} goes with reset, close, slow or never")
        given = [name for name in EDITS if getattr(self, name)]
        if given and self.effect != "change":
            raise ValueError(f"{given[0]} goes with effect change")
        least = {"error": 400, "redirect": 300}.get(self.effect, 200)
        if self.status is not None and self.status < least:
            raise ValueError(f"the status of effect {self.effect} is {least} or more")
        if self.prompt is not None:
            _pattern(self.prompt)
        try:
            hash(self)
        except (TypeError, ValueError, RecursionError):
            raise ValueError("set takes JSON values, nested not too deep") from None
        return self


@lru_cache(1024)
def _pattern(text: str) -> Any:
    """``text`` compiled by RE2, whose time grows with the prompt's length alone.

    It has no look-ahead and no back-references. Raises ValueError.
    """
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(text, options)
    except (re2.error, UnicodeEncodeError) as error:
        reason = error.args[0].decode() if isinstance(error, re2.error) else "a lone surrogate"
        raise ValueError(f"prompt is not a regular expression of RE2: {reason}") from None


class BadFault(ValueError):
    """A fault plan cannot be read; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a fault looks at in a request; ``key`` tells equal requests."""

    operation: str
    account: str
    key: str
    model: str = ""
    prompt: str = ""


@dataclass
class Plan:
    """The faults in force, in order, and how often each was met; the first that strikes wins."""

    seed: int
    faults: tuple[Fault, ...] = ()
    met: dict[tuple[Fault, str], int] = field(default_factory=dict)
    struck: dict[tuple[Fault, str], int] = field(default_factory=dict)
    repeats: dict[tuple[Fault, str, str], int] = field(default_factory=dict)

    def strike(self, subject: Subject) -> Fault | None:
        """The fault for this request, if any; every fitting fault counts it."""
        chosen = None
        for fault in (*_tagged(subject.prompt), *self.faults):
            if _fits(fault, subject) and self._due(fault, subject) and chosen is None:
                chosen = fault
                who = (fault, subject.account)
                self.struck[who] = self.struck.get(who, 0) + 1
        return chosen

    def _due(self, fault: Fault, subject: Subject) -> bool:
        who = (fault, subject.account)
        number = self.met[who] = self.met.get(who, 0) + 1
        if fault.nth and number not in fault.nth:
            return False
        if fault.every and number % fault.every:
            return False
        if fault.times and self.struck.get(who, 0) >= fault.times:
            return False
        return fault.chance >= 1 or self._drawn(fault, subject) < fault.chance

    def _drawn(self, fault: Fault, subject: Subject) -> float:
        """A draw that depends on the request and how often it came, never on the order of all."""
        which = (fault, subject.account, f"{subject.operation} {subject.key}")
        count = self.repeats[which] = self.repeats.get(which, 0) + 1
        place = self.faults.index(fault) if fault in self.faults else -1
        text = f"{self.seed}\0{place}\0{which[1]}\0{which[2]}\0{count}"
        seed = hashlib.sha256(text.encode("utf-8", "replace")).digest()
        return random.Random(seed).random()  # noqa: S311  # a simulation, not a secret

    def forget(self, account: str | None = None) -> None:
        """Start counting anew, for one account or for all."""
        self.met = {k: v for k, v in self.met.items() if account not in (None, k[1])}
        self.struck = {k: v for k, v in self.struck.items() if account not in (None, k[1])}
        self.repeats = {k: v for k, v in self.repeats.items() if account not in (None, k[1])}


def _fits(fault: Fault, subject: Subject) -> bool:
    possible = TWISTS.get(fault.effect, OPERATIONS)
    prompt = subject.prompt[:_SEEN].encode("utf-8", "replace").decode()
    return (
        (fault.on == subject.operation or (fault.on == "any" and subject.operation in possible))
        and fault.account in (None, subject.account)
        and (fault.model is None or fnmatchcase(subject.model[:_NAME], fault.model))
        and (fault.prompt is None or _pattern(fault.prompt).search(prompt) is not None)
    )


_TAG = re.compile(r"\[\[mock:(?!\s*(?:fail=[A-Za-z.]+|stuck)\s*\]\])([^\[\]]*)\]\]")


def _tagged(prompt: str) -> Iterable[Fault]:
    """The faults a prompt asks for itself; on its create, once, unless they say otherwise.

    ``fail=CODE`` and ``stuck`` are the simulator's: the offline backend knows them too.
    """
    if "[[mock:" not in prompt:
        return
    for tag in islice(_TAG.finditer(prompt[:_SEEN]), _TAGS):
        words = _words(tag[1])
        if not words.keys() & {"nth", "every", "times", "chance"}:
            words["times"] = "1"
        yield _fault({"on": "create", **words, "prompt": re.escape(tag[0])}, "the prompt's tag")


def read_line(text: str) -> Fault:
    """A fault from ``on=create nth=1 effect=reset stage=after``. Raises BadFault."""
    return _fault(_words(text), repr(text))


def _words(text: str) -> dict[str, Any]:
    """``key=value`` by key; ``set.PATH=JSON`` and ``headers.NAME=TEXT`` gather in mappings."""
    words: dict[str, Any] = {}
    for word in _WORD.findall(text):
        key, equals, value = word.partition("=")
        if not equals:
            raise BadFault(f"{word!r} is not of the form key=value")
        name, dot, path = key.partition(".")
        if dot and name in ("set", "rename", "headers"):
            words.setdefault(name, {})[path] = (_json_or_text if name == "set" else _unquoted)(
                value
            )
        elif _NUMBERS.fullmatch(value):
            words[key] = [int(number) for number in value.split("+")]
        else:
            words[key] = _unquoted(value)
    return words


def _json_or_text(value: str) -> Any:
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value


_WORD = re.compile(r'(?:"[^"]*"|[^\s;,])+')  # blanks may stand between double quotes
_NUMBERS = re.compile(r"\d{1,9}(\+\d{1,9})+")


def read_plan(value: Any) -> tuple[Fault, ...]:
    """Faults from data: the name of a preset, a list, or a mapping with ``faults``."""
    if isinstance(value, str):
        if value not in PRESETS:
            raise BadFault(f"no preset is called {value!r}: {', '.join(PRESETS)}")
        return PRESETS[value]
    if isinstance(value, Mapping) and set(value) == {"faults"}:
        value = value["faults"]
    if isinstance(value, Mapping):
        value = [value]
    if not isinstance(value, list | tuple):
        raise BadFault("a fault plan is a list of faults, or a preset's name")
    faults: list[Fault] = []
    for number, each in enumerate(value, 1):
        if isinstance(each, str):
            faults += [read_line(each)] if "=" in each else read_plan(each)
        else:
            faults.append(_fault(each, f"fault {number}"))
    return tuple(faults)


def _fault(fields: Any, name: str) -> Fault:
    if not isinstance(fields, Mapping):
        raise BadFault(f"{name} is not a mapping")
    try:
        return Fault.model_validate({str(key): value for key, value in fields.items()})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        told = first["msg"].removeprefix("Value error, ")
        raise BadFault(f"{name}: {place + ': ' if place else ''}{told}") from None


# As public captures of the same gateway show them.
_GATEWAY = {
    "x-request-id": "{request_id}",
    "x-dashscope-call-gateway": "true",
    "req-cost-time": "39",
    "req-arrive-time": "1790244529873",
    "resp-start-time": "1790244529912",
    "x-envoy-upstream-service-time": "38",
    "vary": "Origin, Accept-Encoding",
    "server": "istio-envoy",
    "set-cookie": "acw_tc=0a1b2c3d;path=/;HttpOnly;Max-Age=1800",
}

_ECHO = "Incorrect API key provided: {key}.\n\x1b[2Jdone: 1 shot, 0.00 CNY"

PRESETS: dict[str, tuple[Fault, ...]] = {
    # A bad day: most things work at the second try.
    "flaky": (
        Fault(on="create", chance=0.05, effect="error", status=503, code="ModelUnavailable"),
        Fault(on="create", chance=0.05, effect="error", status=429, code="Throttling.RateQuota"),
        Fault(on="create", chance=0.03, effect="reset", stage="after"),
        Fault(on="query", chance=0.05, effect="error", status=500, code="InternalError"),
        Fault(on="query", chance=0.05, effect="reset", stage="body"),
        Fault(on="query", chance=0.05, effect="slow", stage="after", seconds=2),
        Fault(on="list", chance=0.2, effect="lag", seconds=30),
        Fault(on="result", chance=0.1, effect="reset", stage="body"),
    ),
    # Everything that was ever reported, often.
    "hostile": (
        Fault(on="create", chance=0.08, effect="reset", stage="after"),
        Fault(on="create", chance=0.05, effect="reset", stage="before"),
        Fault(on="create", chance=0.04, effect="html", stage="after"),
        Fault(on="create", chance=0.04, effect="truncated", stage="after"),
        Fault(on="create", chance=0.04, effect="error", status=500, stage="after"),
        Fault(on="create", chance=0.04, effect="error", status=504, stage="after"),
        Fault(on="create", chance=0.1, status=429, code="Throttling.RateQuota", retry_after=2),
        Fault(on="create", chance=0.05, effect="fail", code="InternalError.Algo"),
        Fault(on="query", chance=0.08, effect="reset", stage="headers"),
        Fault(on="query", chance=0.08, effect="garbage"),
        Fault(on="query", chance=0.05, effect="wrong-length"),
        Fault(on="query", chance=0.05, effect="unknown"),
        Fault(on="query", chance=0.05, effect="error", status=502),
        Fault(on="list", chance=0.1, effect="error", status=500),
        Fault(on="list", chance=0.3, effect="lag", seconds=90),
        Fault(on="list", chance=0.5, effect="foreign", count=2),
        Fault(on="result", chance=0.1, effect="reset", stage="body"),
        Fault(on="result", chance=0.1, effect="truncated"),
        Fault(on="result", chance=0.05, effect="expired"),
        Fault(on="result", chance=0.05, effect="redirect"),
    ),
    # The service as it may be one day: everything works, and nothing looks as it did.
    "drift": (
        *(
            Fault(on="any", chance=0.03, effect=effect)
            for effect in ("gzip", "chunked")
        ),
        Fault(on="any", chance=0.05, effect="change", headers=_GATEWAY),
        Fault(on="create", chance=0.03, effect="change", set={"output.task_status": "QUEUED"}),
        Fault(on="create", chance=0.03, effect="change", drop=("request_id", "output.task_status")),
        Fault(on="create", chance=0.03, effect="change", set={"output.priority": {"level": 3}}),
        Fault(on="create", chance=0.02, effect="change", set={"output": {"id": "{task_id}"}}),
        Fault(on="create", chance=0.02, effect="change", status=202),
        Fault(on="create", chance=0.02, status=400, code="Conflict", stage="after"),
        Fault(on="create", chance=0.02, status=429, code="Throttling.BurstRate", form="quoted"),
        Fault(on="create", chance=0.02, status=500, form="nested", stage="after"),
        Fault(on="create", chance=0.02, status=401, code="invalid_api_key", message=_ECHO),
        Fault(on="query", chance=0.04, effect="change", set={"output.task_status": "QUEUED"}),
        Fault(on="query", chance=0.03, effect="change", set={"output.task_status": "succeeded"}),
        Fault(on="query", chance=0.03, effect="change", drop=("usage", "output.end_time")),
        Fault(on="query", chance=0.03, effect="change", set={"output.end_time": "{value}Z"}),
        Fault(on="query", chance=0.03, effect="change", set={"output.end_time": 1790244529873}),
        Fault(on="query", chance=0.03, effect="change", set={"usage.video_count": "{value}"}),
        Fault(on="query", chance=0.03, effect="change", set={"output.message": _ECHO}),
        Fault(on="query", chance=0.02, status=429, form="nested"),
        Fault(on="query", chance=0.02, effect="trickle", seconds=0.02),
        Fault(on="list", chance=0.1, effect="change", drop=("data.*.gmt_create",)),
        Fault(on="list", chance=0.1, effect="change", set={"total_page": 10**9}),
        Fault(on="list", chance=0.1, effect="change", set={"total": "{value}", "data.*.x": None}),
        Fault(on="result", chance=0.1, effect="no-range"),
        Fault(on="result", chance=0.1, effect="redirect", status=302),
    ),
}  # fmt: skip
