"""A take that has no clip, and the words for what the service said of it."""

from dataclasses import dataclass
from datetime import datetime

from wanx_render.errors import ServiceError, UnknownHost, WanxError
from wanx_render.language import Message, tr, verbatim
from wanx_render.planning.attempt import Attempt
from wanx_render.planning.planned import Take


@dataclass(frozen=True, slots=True)
class TakeFailure:
    """A take that has none, and why."""

    take: Take
    state: str
    code: str
    message: str  # a ``Message`` where it is ours
    task_id: str | None = None
    advice: str = ""
    attempt: Attempt | None = None  # where it was asked for
    host: str = ""  # where its clip waits for permission


def words(error: WanxError) -> Message:
    """What a service said, with the request id that its support asks for."""
    if not isinstance(error, ServiceError):
        return error.sentence
    message = verbatim(error.message)
    if not error.request_id:
        return message
    return tr("{sentence} (request {id})", sentence=message, id=error.request_id)


def waiting(error: UnknownHost, expires: datetime | None, now: datetime) -> Message:
    """Where a paid clip waits, and for how long it can still be fetched."""
    if expires is None:
        return error.sentence
    hours = (expires - now).total_seconds() / 3600
    if hours <= 0:
        return tr("{sentence}; its link has expired", sentence=error.sentence)
    return tr("{sentence}; {hours:.1f} h left to fetch it", sentence=error.sentence, hours=hours)


def permission(error: UnknownHost) -> Message:
    """How a person permits to fetch from a host."""
    if not error.host:
        return tr("run wanx-render tasks link TASK to print the whole link")
    return tr("if you trust it: wanx-render rescue FILE --result-host {host}", host=error.host)
