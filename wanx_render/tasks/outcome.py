"""A take that has no clip, and the words for what the service said of it."""

from dataclasses import dataclass
from datetime import datetime

from wanx_render.errors import ServiceError, UnknownHost, WanxError
from wanx_render.planning.attempt import Attempt
from wanx_render.planning.plan import Take


@dataclass(frozen=True, slots=True)
class TakeFailure:
    """A take that has none, and why."""

    take: Take
    state: str
    code: str
    message: str
    task_id: str | None = None
    advice: str = ""
    attempt: Attempt | None = None  # where it was asked for
    host: str = ""  # where its clip waits for permission


def words(error: WanxError) -> str:
    """What a service said, with the request id that its support asks for."""
    if not isinstance(error, ServiceError):
        return str(error)
    return error.message + (f" (request {error.request_id})" if error.request_id else "")


def hours_left(expires: datetime, now: datetime) -> str:
    """For how long a result can be fetched, as the end of a sentence."""
    hours = (expires - now).total_seconds() / 3600
    return f"; {hours:.1f} h left to fetch it" if hours > 0 else "; its time is over"


def permission(error: UnknownHost) -> str:
    """How a person permits to fetch from a host."""
    if not error.host:
        return "`wanx-render tasks link TASK` prints it whole"
    return f"if you trust it: wanx-render rescue FILE --result-host {error.host}"
