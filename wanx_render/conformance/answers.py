"""What an answer shows, in the short notation in which it is expected."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from wanx_render.backends.cleaning import Cleaner, parsed
from wanx_render.backends.raw import RawAnswer
from wanx_render.backends.wire import error_of
from wanx_render.conformance.probe import Aspect

_ENDED = ("SUCCEEDED", "FAILED", "CANCELED", "CANCELLED", "UNKNOWN")
_TOO_LARGE = ("toolarge", "max bytes", "too large", "size limit", "exceeded limit")
NO_ANSWER = "no answer"


@dataclass
class Followed:
    """What became of a task that a probe was given."""

    task_id: str
    answers: list[RawAnswer] = field(default_factory=list)  # of queries, the last one last
    cancelled: RawAnswer | None = None  # the answer to a cancel call
    listed_after: float | None = None  # seconds of the service's clock
    row: Mapping[str, Any] = field(default_factory=dict)  # of the list, once it has ended

    @property
    def status(self) -> str:
        return task_status(self.answers[-1]) if self.answers else ""

    @property
    def has_ended(self) -> bool:
        return self.status in _ENDED

    @property
    def may_be_billed(self) -> bool:
        """Whether it is not certain that it costs nothing."""
        return self.status not in ("FAILED", "CANCELED", "CANCELLED")


@dataclass
class ProbeExchange:
    """A question as it was answered, as often as it was asked."""

    answers: Sequence[RawAnswer]
    seconds: float  # for all of them together
    followed: Followed | None = None

    @property
    def decisive(self) -> RawAnswer:
        """The first answer that is no success, else the first one."""
        bad = (answer for answer in self.answers if answer.status != 200)
        return next(bad, self.answers[0])


def output_of(answer: RawAnswer) -> Mapping[str, Any]:
    output = parsed(answer.content).get("output")
    return output if isinstance(output, dict) else {}


def task_status(answer: RawAnswer) -> str:
    status = output_of(answer).get("task_status")
    return status.upper() if isinstance(status, str) else ""


def notation(answer: RawAnswer) -> str:
    """``404 ModelNotFound``, ``200 PENDING``, ``200 list``."""
    if answer.fault:
        return NO_ANSWER
    body = parsed(answer.content)
    return f"{answer.status} {_word(body)}"


def _word(body: Mapping[str, Any]) -> str:
    cleaner = Cleaner()
    error, data = error_of(body, cleaner), body.get("data")
    output = body.get("output")
    if isinstance(output, dict) and isinstance(output.get("task_status"), str):
        return cleaner.text(output["task_status"]).upper()
    if error.code:
        message = str(body.get("message") or "").lstrip()
        form = " nested" if isinstance(body.get("error"), dict) else ""
        return error.code + (" quoted" if message.startswith("{") else form)
    if isinstance(data, dict) and "policy" in data:
        return "policy"
    if isinstance(data, list):
        return "list"
    return "done" if body.get("request_id") and not output else "another format"


def message_of(exchange: ProbeExchange, cleaner: Cleaner) -> str:
    """The service's words for what went wrong, of the task where there is one."""
    answer = exchange.decisive
    if answer.fault:
        return answer.fault
    followed = exchange.followed
    source = output_of(followed.answers[-1]) if followed and followed.answers else None
    return error_of(source or parsed(answer.content), cleaner).message


# -- aspects -------------------------------------------------------------------------------------


def _answer(exchange: ProbeExchange) -> str:
    text, followed = notation(exchange.decisive), exchange.followed
    if followed is None or not followed.status:
        return text
    code = error_of(output_of(followed.answers[-1]), Cleaner()).code
    return f"{text} > {followed.status} {code}".rstrip()


def _size(exchange: ProbeExchange) -> str:
    """Whether so many bytes came as far as the model."""
    answer = exchange.decisive
    if answer.fault:
        return ""
    error = error_of(parsed(answer.content), Cleaner())
    words = f"{error.code} {error.message}".lower()
    if answer.status == 413 or any(word in words for word in _TOO_LARGE):
        return "too large"
    return "let through" if answer.status in (200, 400) else ""


def _format(exchange: ProbeExchange) -> str:
    return exchange.decisive.headers.get("content-type", "none").partition(";")[0].strip()


def _request_id(exchange: ProbeExchange) -> str:
    answer = exchange.decisive
    header, body = answer.headers.get("x-request-id"), parsed(answer.content).get("request_id")
    if header is None:
        return "absent"
    return "same" if header == body else "another"


def _retry_after(exchange: ProbeExchange) -> str:
    if exchange.decisive.status != 429:
        return ""
    value = exchange.decisive.headers.get("retry-after")
    return "absent" if value is None else f"{value[:20]} s"


def _limits(exchange: ProbeExchange) -> str:
    names = {name for answer in exchange.answers for name in answer.headers}
    return ", ".join(sorted(name for name in names if "ratelimit" in name)) or "absent"


def _zone(exchange: ProbeExchange) -> str:
    """By how much the times of a task differ from the header ``Date``, in quarters of an hour."""
    followed = exchange.followed
    if followed is None or not followed.answers:
        return ""
    text = output_of(followed.answers[0]).get("submit_time")
    try:
        local = datetime.fromisoformat(str(text)).replace(tzinfo=UTC)
        date = parsedate_to_datetime(exchange.answers[0].headers.get("date", ""))
    except (ValueError, TypeError):
        return ""
    quarters = round((local - date.astimezone(UTC)) / timedelta(minutes=15))
    return f"UTC{quarters / 4:+g}"


def _listed(exchange: ProbeExchange) -> str:
    after = exchange.followed.listed_after if exchange.followed else None
    return "" if after is None else f"{after:.0f} s"


def _row(exchange: ProbeExchange) -> str:
    return ", ".join(sorted(exchange.followed.row)) if exchange.followed else ""


def _cancelled(exchange: ProbeExchange) -> str:
    answer = exchange.followed.cancelled if exchange.followed else None
    return notation(answer) if answer else ""


ASPECTS: Mapping[Aspect, Callable[[ProbeExchange], str]] = {
    "answer": _answer, "size": _size, "format": _format, "request-id": _request_id,
    "retry-after": _retry_after, "limits": _limits, "zone": _zone, "listed": _listed,
    "cancelled": _cancelled, "row": _row,
}  # fmt: skip
