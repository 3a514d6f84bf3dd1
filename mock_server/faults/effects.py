"""The table of everything that a fault can do. A new effect is one entry here.

Nothing else lists effects: plans are checked against this table, requests are handled by it, and a
test demands that docs/guide/emulator.md has its rows.
"""

from dataclasses import KW_ONLY, dataclass
from datetime import timedelta

from mock_server.faults import framing, wire_faults
from mock_server.faults.acts import (
    Act,
    change,
    cutting,
    delay,
    fail,
    instead,
    rewriting,
    spoiling,
    twisting,
)
from mock_server.faults.exchange import Twist
from mock_server.faults.fields import Stage
from mock_server.wire.operations import OPERATIONS, Operation
from wanx_render.backends.simulator import Fate

_EVERY_STAGE: tuple[Stage, ...] = ("before", "after", "headers", "body")


@dataclass(frozen=True, slots=True)
class FaultEffect:
    """One thing that a fault can do."""

    name: str
    help: str  # what the client sees
    _: KW_ONLY
    act: Act
    fields: tuple[str, ...] = ()  # of the fault, which this effect reads
    own_fields: tuple[str, ...] = ()  # which nothing but this effect may have
    operations: tuple[Operation, ...] = OPERATIONS
    stages: tuple[Stage, ...] = ("before", "after")
    least_status: int = 200

    @property
    def row(self) -> str:
        """Its row in the table of docs/guide/emulator.md."""
        where = "" if self.operations == OPERATIONS else f"on {' or '.join(self.operations)}: "
        fields = ", ".join(f"`{name}`" for name in (*self.fields, *self.own_fields))
        return f"| `{self.name}` | {where}{self.help} | {fields} |"


_ANSWERS = (
    FaultEffect(
        "error",
        "an error with `status` (503); `form`: the service's `own`, `nested` in an object "
        "`error`, or that as text in `message` (`quoted`)",
        act=fail, fields=("status", "code", "message", "retry_after", "form"), least_status=400,
    ),
    FaultEffect(
        "reset", "the connection is reset; `stage` says how much of the answer came",
        act=cutting("reset"), stages=_EVERY_STAGE,
    ),
    FaultEffect(
        "close", "the connection is closed; `stage` says how much of the answer came",
        act=cutting("close"), stages=_EVERY_STAGE,
    ),
    FaultEffect("html", "200 with a sign-in page", act=instead(wire_faults.sign_in_page)),
    FaultEffect("truncated", "half of the body", act=spoiling(wire_faults.truncate)),
    FaultEffect("garbage", "bytes that are no JSON", act=spoiling(wire_faults.garble)),
    FaultEffect(
        "wrong-length", "fewer bytes than promised", act=spoiling(wire_faults.promise_more),
    ),
    FaultEffect(
        "redirect", "`status` (307) to `location`",
        act=instead(wire_faults.redirect), fields=("status", "location"), least_status=300,
    ),
    FaultEffect(
        "slow", "the answer comes after `seconds`; with `stage: body` it trickles",
        act=delay, fields=("seconds",), stages=_EVERY_STAGE,
    ),
    FaultEffect(
        "never", "no answer comes; `stage` says how much of it does",
        act=cutting("never"), stages=_EVERY_STAGE,
    ),
)  # fmt: skip

_SERVICE = (
    FaultEffect(
        "fail", "the task will end FAILED with `code`",
        act=twisting(lambda fault: Twist(
            fate=Fate("fail", fault.code or "InternalError.Algo", fault.message)
        )),
        fields=("code", "message"), operations=("create",),
    ),
    FaultEffect(
        "stuck", "the task stays PENDING",
        act=twisting(lambda _: Twist(fate=Fate("stuck"))), operations=("create",),
    ),
    FaultEffect(
        "unknown", "the answer is UNKNOWN",
        act=twisting(lambda _: Twist(unknown=True)), operations=("query",),
    ),
    FaultEffect(
        "expired", "the link is past its time",
        act=twisting(lambda _: Twist(expired=True)), operations=("result",),
    ),
    FaultEffect(
        "no-range", "the clip comes whole, whatever range was requested",
        act=twisting(lambda _: Twist(whole=True)), operations=("result",),
    ),
    FaultEffect(
        "lag", "the list lacks tasks younger than `seconds`",
        act=twisting(lambda fault: Twist(lag=timedelta(seconds=fault.seconds))),
        fields=("seconds",), operations=("list",),
    ),
    FaultEffect(
        "foreign", "the list holds `count` tasks of another program",
        act=twisting(lambda fault: Twist(foreign=fault.count)),
        fields=("count",), operations=("list",),
    ),
)  # fmt: skip

_TRUE_ANSWERS = (
    FaultEffect(
        "change", 'the true answer, edited: see "Drift"',
        act=change, fields=("status",),
        own_fields=("set", "rename", "drop", "headers", "body", "host"),
    ),
    FaultEffect(
        "chunked", "the true answer without a `Content-Length`", act=rewriting(framing.chunk),
    ),
    FaultEffect("gzip", "the true answer, compressed", act=rewriting(framing.compress)),
    FaultEffect(
        "bomb", "the true answer behind `megabytes` (256) of compressed blanks",
        act=rewriting(framing.bomb), fields=("megabytes",),
    ),
    FaultEffect(
        "endless", "the true answer, which goes on for `megabytes`",
        act=rewriting(framing.pour), fields=("megabytes",),
    ),
    FaultEffect(
        "promised", "the same with a `Content-Length` of 10 GB",
        act=rewriting(framing.promise), fields=("megabytes",),
    ),
    FaultEffect(
        "trickle", "the true answer, one byte every `seconds`",
        act=rewriting(framing.trickle), fields=("seconds",),
    ),
    FaultEffect(
        "continue", "`100 Continue` for `megabytes`, and no answer",
        act=rewriting(framing.only_continue), fields=("megabytes",),
    ),
)  # fmt: skip

EFFECTS = {effect.name: effect for effect in (*_ANSWERS, *_SERVICE, *_TRUE_ANSWERS)}
