"""Errors that a fault asks for, in the place of true answers."""

from starlette.responses import Response

from mock_server.faults.changes import fill
from mock_server.faults.exchange import Exchange
from mock_server.faults.fields import FaultFields
from mock_server.wire.errors import ErrorAnswer

_CODES = {429: "Throttling.RateQuota", 503: "ModelUnavailable"}


def answer_with_error(fault: FaultFields, exchange: Exchange) -> Response:
    """The error that ``fault`` describes."""
    status = fault.status or 503
    code = fault.code or _CODES.get(status, "")
    code = code or ("InternalError" if status >= 500 else "InvalidParameter")
    message = fill(fault.message or "As the fault plan asks for.", exchange.names())
    return exchange.error(ErrorAnswer(status, code, message, _wait(fault.retry_after)), fault.form)


def _wait(seconds: float | None) -> dict[str, str]:
    return {} if seconds is None else {"Retry-After": f"{seconds:.3f}".rstrip("0").rstrip(".")}
