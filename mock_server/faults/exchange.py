"""What an effect is handed: one request on its way, and what the service can be made to do."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from starlette.responses import Response

from mock_server.wire.errors import ErrorAnswer, ErrorForm
from mock_server.wire.operations import Operation
from wanx_render.backends.simulator import Fate


@dataclass(frozen=True, slots=True)
class Twist:
    """How the service acts differently for one request."""

    fate: Fate | None = None  # of the task that is created
    unknown: bool = False  # the queried task is not known
    lag: timedelta | None = None  # the list lacks tasks younger than this
    foreign: int = 0  # so many tasks of another program join the list
    expired: bool = False  # the result link is past its time
    whole: bool = False  # a requested range of the result is ignored


AS_EVER = Twist()


class Exchange(Protocol):
    """One request that a fault strikes."""

    @property
    def operation(self) -> Operation: ...

    def names(self) -> Mapping[str, str]:
        """Values for the placeholders in a fault's texts, as far as they are known by now."""
        ...

    async def answer(self, twist: Twist = AS_EVER) -> Response:
        """Let the service act, and return its true answer; refusals are answers too."""
        ...

    def error(self, error: ErrorAnswer, form: ErrorForm | None) -> Response:
        """An error as an answer, which the request log shows; no form is that of the service."""
        ...

    def empty(self) -> Response:
        """An answer with nothing but a request id, where the service did not act."""
        ...
