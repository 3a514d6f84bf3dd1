"""What a probe is: a question, what documents say of the answer, and what it may cost.

Answers have one short notation, in which they are expected, seen and compared: the status, then the
code of an error or the state of a task, then how the task ended: ``200 PENDING > FAILED
InvalidParameter``. ``*`` stands for anything. An error in another form than the service's own says
so: ``401 InvalidApiKey nested``.
"""

import re
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal

from wanx_render.catalog.figures import Evidence
from wanx_render.language import NOTHING, Message
from wanx_render.task import Role

Call = Literal["create", "nowhere", "query", "list", "cancel", "policy"]
Key = Literal["own", "wrong", "none"]
Aspect = Literal[
    "answer",
    "size",
    "format",
    "request-id",
    "retry-after",
    "limits",
    "zone",
    "listed",
    "cancelled",
    "row",
]
# Which models are asked about: none, a name that nobody has, the cheapest of a request form, every
# model that takes a first frame, such models that only other regions are known to have, or simply
# every model.
Models = Literal["", "unknown", "cheapest", "frames", "elsewhere", "every"]


@dataclass(frozen=True, slots=True)
class Noise:
    """Bytes that are no picture, as Base64: what names them can never become a clip."""

    megabytes: float = 0.001  # of a million bytes, before Base64
    prefix: str = "data:image/png;base64,"


@dataclass(frozen=True, slots=True)
class Question:
    """One call. ``fields`` are the body's, beside the model; None leaves the name of it out."""

    call: Call
    _: KW_ONLY
    key: Key = "own"
    is_async: bool = True
    models: Models = ""
    form: str = ""  # of the cheapest model
    role: Role = "first_frame"  # that it takes
    fields: Mapping[str, Any] = field(default_factory=dict)
    task: str = ""
    times: int = 1
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Expected:
    """What a document says; ``answer`` may have ``*``, or be a range of numbers: ``0..30 s``."""

    answer: str
    evidence: Evidence

    def fits(self, seen: str) -> bool:
        span = re.fullmatch(r"(\d+)\.\.(\d+)( \w+)?", self.answer)
        number = re.match(r"\d+(\.\d+)?", seen)
        if span and number:
            return float(span[1]) <= float(number[0]) <= float(span[2])
        return fnmatchcase(seen.lower(), self.answer.lower())


@dataclass(frozen=True, slots=True)
class ProbeCheck:
    """One thing that an answer shows. Where documents disagree, each has its own expectation."""

    aspect: Aspect
    expected: tuple[Expected, ...]
    title: Message = NOTHING  # where it is not the probe's


@dataclass(frozen=True, slots=True)
class ServiceProbe:
    """A question with its checks.

    ``masks`` are patterns of messages: an answer about something else than what is probed settles
    nothing.
    """

    name: str
    title: Message
    question: Question
    checks: tuple[ProbeCheck, ...]
    masks: tuple[str, ...] = ()

    def is_masked(self, message: str) -> bool:
        return any(fnmatchcase(message.lower(), pattern) for pattern in self.masks)


Verdict = Literal["agrees", "differs", "unsettled"]


@dataclass(frozen=True, slots=True)
class ProbeFinding:
    """What one check came to."""

    probe: str
    title: Message
    aspect: str
    expected: tuple[Expected, ...]
    seen: str
    _: KW_ONLY
    model: str = ""  # by its name in the catalogue
    message: str = ""  # the service's words, cleaned
    reason: Message = NOTHING  # why it is unsettled

    @property
    def verdict(self) -> Verdict:
        if self.reason:
            return "unsettled"
        return "agrees" if self._fitting else "differs"

    @property
    def _fitting(self) -> Expected | None:
        """The first expectation that the answer fits."""
        return next((row for row in self.expected if row.fits(self.seen)), None)

    @property
    def agrees_with(self) -> Expected | None:
        """The document that says what was seen."""
        return None if self.reason else self._fitting

    @property
    def contradicts(self) -> tuple[Expected, ...]:
        """Documents that say something else than what was seen."""
        if self.reason:
            return ()
        return tuple(row for row in self.expected if not row.fits(self.seen))
