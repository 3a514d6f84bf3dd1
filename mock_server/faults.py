"""The fault plan: which request is spoilt, at which stage, and how. Plain data and pure choice.

A fault is written as a mapping (in a YAML file or an admin call) or as one line of ``key=value``
words (on the command line, or in a prompt as ``[[mock: effect=reset stage=after]]``).
"""

import hashlib
import random
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal

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
    "lag": ("list",),
    "foreign": ("list",),
}
_CUTS = ("reset", "close")


class Fault(BaseModel):
    """One line of the plan. All that is given must fit for it to strike."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    on: Literal[
        "any", "create", "query", "list", "cancel", "policy", "upload", "result"
    ] = "any"  # fmt: skip
    account: str | None = None
    model: str | None = Field(None, description="a name or a pattern such as wan2.5-*")
    prompt: str | None = Field(None, description="a regular expression, found anywhere")
    nth: tuple[int, ...] = Field((), description="the first fitting request is 1")
    every: int | None = Field(None, ge=1)
    times: int | None = Field(None, ge=1, description="strikes so often, then no more")
    chance: float = Field(1, ge=0, le=1)
    stage: Literal["before", "after", "headers", "body"] = "before"
    effect: Literal[
        "error", "reset", "close", "html", "truncated", "garbage", "wrong-length", "redirect",
        "slow", "never", "fail", "stuck", "unknown", "expired", "lag", "foreign",
    ] = "error"  # fmt: skip
    status: int = Field(503, ge=400, le=599)
    code: str = ""
    message: str = ""
    retry_after: float | None = Field(None, ge=0)
    seconds: float = Field(5, ge=0, le=86_400)
    location: str = "https://example.invalid/"
    count: int = Field(3, ge=1, le=1000, description="how many foreign tasks")

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
        if self.prompt is not None:
            try:
                re.compile(self.prompt)
            except re.error as error:
                raise ValueError(f"prompt is no regular expression: {error}") from None
        return self


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
    return (
        (fault.on == subject.operation or (fault.on == "any" and subject.operation in possible))
        and fault.account in (None, subject.account)
        and (fault.model is None or fnmatchcase(subject.model, fault.model))
        and (fault.prompt is None or re.search(fault.prompt, subject.prompt) is not None)
    )


_TAG = re.compile(r"\[\[mock:(?!\s*(?:fail=[A-Za-z.]+|stuck)\s*\]\])([^\[\]]*)\]\]")


def _tagged(prompt: str) -> Iterable[Fault]:
    """The faults a prompt asks for itself; on its create, once, unless they say otherwise.

    ``fail=CODE`` and ``stuck`` are the simulator's: the offline backend knows them too.
    """
    if "[[mock:" not in prompt:
        return
    for tag in _TAG.finditer(prompt):
        words = _words(tag[1])
        if not words.keys() & {"nth", "every", "times", "chance"}:
            words["times"] = "1"
        yield _fault({"on": "create", **words, "prompt": re.escape(tag[0])}, "the prompt's tag")


def read_line(text: str) -> Fault:
    """A fault from ``on=create nth=1 effect=reset stage=after``. Raises BadFault."""
    return _fault(_words(text), repr(text))


def _words(text: str) -> dict[str, Any]:
    words: dict[str, Any] = {}
    for word in re.split(r"[\s;,]+", text.strip()):
        key, equals, value = word.partition("=")
        if not equals:
            raise BadFault(f"{word!r} is not of the form key=value")
        words[key] = [int(n) for n in value.split("+")] if _NUMBERS.fullmatch(value) else value
    return words


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
}  # fmt: skip
