"""The ways in which an effect meets a request: in place of the service, around it, or within it."""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.responses import Response

from mock_server.faults.changes import edit, fill
from mock_server.faults.exchange import Exchange, Twist
from mock_server.faults.fields import FaultFields
from mock_server.faults.wire_faults import How, SlowResponse, cut
from mock_server.wire.errors import ErrorAnswer

Act = Callable[[FaultFields, Exchange], Awaitable[Response]]
_WRITES = ("create", "cancel", "upload")
_SLOWEST = 3600.0
_CODES = {429: "Throttling.RateQuota", 503: "ModelUnavailable"}


def instead(make: Callable[[FaultFields], Response]) -> Act:
    """An answer that has nothing of the true one; at stage ``before`` the service does not act."""

    async def act(fault: FaultFields, exchange: Exchange) -> Response:
        if fault.stage != "before":
            await exchange.answer()
        return make(fault)

    return act


def rewriting(rewrite: Callable[[FaultFields, Response], Response]) -> Act:
    """The true answer in another form; the service acts as ever."""

    async def act(fault: FaultFields, exchange: Exchange) -> Response:
        return rewrite(fault, await exchange.answer())

    return act


def spoiling(spoil: Callable[[FaultFields, Response], Response]) -> Act:
    """The true answer, damaged; at stage ``before`` nothing is written for it.

    To read once more changes nothing, so that reads always have their own answer.
    """

    async def act(fault: FaultFields, exchange: Exchange) -> Response:
        acts = fault.stage != "before" or exchange.operation not in _WRITES
        return spoil(fault, await exchange.answer() if acts else exchange.empty())

    return act


def cutting(how: How) -> Act:
    """The end of the connection, after as much of the answer as the stage says."""

    async def act(fault: FaultFields, exchange: Exchange) -> Response:
        answer = exchange.empty() if fault.stage == "before" else await exchange.answer()
        return cut(fault, answer, how)

    return act


def twisting(twist: Callable[[FaultFields], Twist]) -> Act:
    """The answer of a service that acts differently; it has no stage."""

    async def act(fault: FaultFields, exchange: Exchange) -> Response:
        return await exchange.answer(twist(fault))

    return act


async def fail(fault: FaultFields, exchange: Exchange) -> Response:
    """An error in the place of the answer."""
    if fault.stage != "before":
        await exchange.answer()
    status = fault.status or 503
    code = fault.code or _CODES.get(status, "")
    code = code or ("InternalError" if status >= 500 else "InvalidParameter")
    message = fill(fault.message or "As the fault plan asks for.", exchange.names())
    return exchange.error(ErrorAnswer(status, code, message, _wait(fault.retry_after)), fault.form)


def _wait(seconds: float | None) -> dict[str, str]:
    return {} if seconds is None else {"Retry-After": f"{seconds:.3f}".rstrip("0").rstrip(".")}


async def delay(fault: FaultFields, exchange: Exchange) -> Response:
    """The true answer, later: the service, the answer or each piece of it waits."""
    seconds = min(fault.seconds, _SLOWEST)
    if fault.stage == "before":
        await asyncio.sleep(seconds)
        return await exchange.answer()
    answer = await exchange.answer()
    if fault.stage == "body":
        return SlowResponse(answer, fault.seconds)
    await asyncio.sleep(seconds)
    return answer


async def change(fault: FaultFields, exchange: Exchange) -> Response:
    """The true answer, edited."""
    answer = await exchange.answer()
    return edit(fault, answer, exchange.names())
