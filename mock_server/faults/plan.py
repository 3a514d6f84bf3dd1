"""Which fault strikes a request: counting, chances, and what a prompt asks for itself."""

import hashlib
import random
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import islice

from mock_server.faults.fault import Fault
from mock_server.faults.fields import NAME_LENGTH, compile_prompt
from mock_server.faults.reading import read_tag

_SEARCHED = 20_000  # characters of a prompt in which patterns and tags are searched
_TAGS = 20


@dataclass(frozen=True, slots=True)
class Subject:
    """What a fault looks at in a request; equal requests have the same ``key``."""

    operation: str
    account: str
    key: str
    model: str = ""
    prompt: str = ""


@dataclass
class FaultPlan:
    """The faults in force, in order, and how often each was met; the first that strikes wins."""

    seed: int
    faults: tuple[Fault, ...] = ()
    met: dict[tuple[Fault, str], int] = field(default_factory=dict)
    struck: dict[tuple[Fault, str], int] = field(default_factory=dict)
    repeats: dict[tuple[Fault, str, str], int] = field(default_factory=dict)

    def add(self, faults: Iterable[Fault]) -> None:
        """Put faults behind the others. What was counted of them before counts no more."""
        new = tuple(faults)
        self.met = {k: v for k, v in self.met.items() if k[0] not in new}
        self.struck = {k: v for k, v in self.struck.items() if k[0] not in new}
        self.repeats = {k: v for k, v in self.repeats.items() if k[0] not in new}
        self.faults = tuple(fault for fault in self.faults if fault not in new) + new

    def strike(self, subject: Subject) -> Fault | None:
        """The fault for this request, if any; every fitting fault counts it. Raises BadFault."""
        first = None
        for fault in (*_faults_in(subject.prompt), *self.faults):
            if _fits(fault, subject) and self._due(fault, subject) and first is None:
                first = fault
                counter = (fault, subject.account)
                self.struck[counter] = self.struck.get(counter, 0) + 1
        return first

    def _due(self, fault: Fault, subject: Subject) -> bool:
        counter = (fault, subject.account)
        number = self.met[counter] = self.met.get(counter, 0) + 1
        if fault.nth and number not in fault.nth:
            return False
        if fault.every and number % fault.every:
            return False
        if fault.times and self.struck.get(counter, 0) >= fault.times:
            return False
        return fault.chance >= 1 or self._draw(fault, subject) < fault.chance

    def _draw(self, fault: Fault, subject: Subject) -> float:
        """A draw that depends on the request and how often it came, never on the order of all."""
        request = (fault, subject.account, f"{subject.operation} {subject.key}")
        count = self.repeats[request] = self.repeats.get(request, 0) + 1
        place = self.faults.index(fault) if fault in self.faults else -1
        text = f"{self.seed}\0{place}\0{request[1]}\0{request[2]}\0{count}"
        seed = hashlib.sha256(text.encode("utf-8", "replace")).digest()
        return random.Random(seed).random()  # noqa: S311  # a simulation, not a secret

    def forget(self, account: str | None = None) -> None:
        """Start counting again, for one account or for all."""
        self.met = {k: v for k, v in self.met.items() if account not in (None, k[1])}
        self.struck = {k: v for k, v in self.struck.items() if account not in (None, k[1])}
        self.repeats = {k: v for k, v in self.repeats.items() if account not in (None, k[1])}


def _fits(fault: Fault, subject: Subject) -> bool:
    prompt = subject.prompt[:_SEARCHED].encode("utf-8", "replace").decode()
    return (
        fault.on in ("any", subject.operation)
        and subject.operation in fault.entry.operations
        and fault.account in (None, subject.account)
        and (fault.model is None or fnmatchcase(subject.model[:NAME_LENGTH], fault.model))
        and (fault.prompt is None or compile_prompt(fault.prompt).search(prompt) is not None)
    )


_TAG = re.compile(r"\[\[mock:(?!\s*(?:fail=[A-Za-z.]+|stuck)\s*\]\])([^\[\]]*)\]\]")


def _faults_in(prompt: str) -> Iterable[Fault]:
    """The faults a prompt asks for itself. Raises BadFault.

    ``fail=CODE`` and ``stuck`` are the simulator's: the offline backend knows them too.
    """
    if "[[mock:" in prompt:
        for tag in islice(_TAG.finditer(prompt[:_SEARCHED]), _TAGS):
            yield read_tag(tag[1], re.escape(tag[0]))
