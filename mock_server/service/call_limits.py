"""How often an account may call in a second."""

from datetime import datetime, timedelta

from mock_server.service.clocks import ServiceClock
from mock_server.wire.errors import ErrorAnswer
from mock_server.wire.operations import Operation
from mock_server.wire.provenance import LIMITS, TASKS, rests_on

_POLICIES_PER_SECOND = 100
_TOO_MANY = "Requests rate limit exceeded, please try again later."


class CallLimits:
    """The calls of the last second, by account and operation."""

    def __init__(self, clock: ServiceClock, *, per_second: int, enabled: bool) -> None:
        self.enabled = enabled
        self._clock = clock
        self._per_second = per_second
        self._calls: dict[tuple[str, str], list[datetime]] = {}

    @rests_on(
        "official text", TASKS, "Requests beyond a limit a second are 429 Throttling.RateQuota"
    )
    @rests_on("official text", LIMITS, "Query, list and cancel: 20 a second each; policies: 100")
    def admit(self, account: str, operation: Operation) -> None:
        """Count a call against its limit a second. Raises ErrorAnswer."""
        if not self.enabled or operation == "create":
            return  # creates are counted per model, by the simulator
        now = self._clock.now(account)
        calls = self._calls.setdefault((account, operation), [])
        calls[:] = [at for at in calls if now - at < timedelta(seconds=1)]
        if len(calls) >= (_POLICIES_PER_SECOND if operation == "policy" else self._per_second):
            raise ErrorAnswer(429, "Throttling.RateQuota", _TOO_MANY)
        calls.append(now)

    def forget(self, account: str | None) -> None:
        """Forget the calls of an account, or all."""
        self._calls = {k: v for k, v in self._calls.items() if account not in (None, k[0])}
