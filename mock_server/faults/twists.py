"""How a fault makes the service itself act differently."""

from datetime import timedelta

from mock_server.faults.exchange import Twist
from mock_server.faults.fields import FaultFields
from mock_server.wire.provenance import ERRORS, rests_on
from wanx_render.backends.simulator import Fate


@rests_on("official text", ERRORS, "A task can fail with any code of the list")
def failing_task(fault: FaultFields) -> Twist:
    return Twist(fate=Fate("fail", fault.code or "InternalError.Algo", fault.message))


def stuck_task(_: FaultFields) -> Twist:
    return Twist(fate=Fate("stuck"))


def unknown_task(_: FaultFields) -> Twist:
    return Twist(unknown=True)


def expired_link(_: FaultFields) -> Twist:
    return Twist(expired=True)


def whole_result(_: FaultFields) -> Twist:
    return Twist(whole=True)


def lagging_list(fault: FaultFields) -> Twist:
    return Twist(lag=timedelta(seconds=fault.seconds))


def foreign_tasks(fault: FaultFields) -> Twist:
    return Twist(foreign=fault.count)
