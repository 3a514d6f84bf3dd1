"""What each behaviour rests on: every rule in the code carries a mark, and one page lists them.

Nothing of the live service could be checked, so the marks say how much to believe.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

Basis = Literal["official text", "captured", "third party", "guess"]
F = TypeVar("F", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class Rule:
    """One behaviour of the emulator, where it is in the code, and what it rests on."""

    area: str
    behaviour: str
    basis: Basis
    source: str
    place: str


RULES: list[Rule] = []


def rests_on(basis: Basis, source: str, behaviour: str) -> Callable[[F], F]:
    """Mark a function: it behaves so, because of that. A function may carry several marks."""

    def mark(function: F) -> F:
        module = function.__module__.partition(".")[2]
        place = f"{module}.{function.__qualname__}"
        RULES.append(Rule(module.rpartition(".")[2], behaviour, basis, source, place))
        return function

    return mark


OFFICIAL = "official image-to-video reference, November 2025"
TASKS = "official page on asynchronous tasks"
ERRORS = "official list of error codes, autumn 2025"
LIMITS = "official page of rate limits, mid 2026"
BODIES = "official page of rate limits, September 2026"
UPLOADS = "official page on temporary uploads"
SDK = "requests of the official Python SDK 2.0.2 and 1.25.8, captured on loopback"
FRAMES_27 = "official guide and reference of wan2.7, 2026"
FAMILIES = "official references of the model families, 2025 and 2026"
PICTURES = "public clients and captures of picture models, 2026"
SWEEP = "answers of every model, published in August 2026"
QUOTA = "a log of tries at Singapore, published in July 2026"
GATEWAY = "public answers of the same gateway, 2024-12 to 2026-05"
PLAN = "answers at Beijing, recorded in September 2026"
REGIONS = "official pages on regions, 2026"
