"""Events to an address: sent on a thread of its own, so that nobody waits for the receiver."""

import asyncio
import random
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mock_server.wire.provenance import rests_on
from wanx_render.language import tr

if TYPE_CHECKING:
    import httpx

LOOK = 0.05  # real seconds between two looks at what has ended
MOST_WAITING, KEPT = 1000, 200
_AT_ONCE, _PATIENCE = 8, 5.0  # deliveries side by side; real seconds for an answer
_RETRIES, _SHORTEST, _LONGEST = 3, 10.0, 20.0  # seconds of the service between two tries
_ENDING = 2.0
_RETRY_PAGE = "official page on retries of EventBridge, November 2023"

Event = dict[str, Any]


class BadWebhook(ValueError):
    """No event can be sent there; the message says why."""


def webhook_url(text: str) -> str:
    """An address that events can be sent to. Raises BadWebhook."""
    try:
        parts = urlsplit(text)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good or not text.isprintable() or " " in text:
        raise BadWebhook(tr("--webhook {url} is not a valid http or https address", url=text))
    return text


@dataclass
class Delivery:
    """One event on its way: the answers so far, as a status or the name of what went wrong."""

    task_id: str
    task_status: str
    tries: list[int | str] = field(default_factory=list)
    delivered: bool = False


class Webhook:
    """Sends an event for each task that is finished."""

    def __init__(self, url: str, finished: Callable[[], list[Event]], pace: float) -> None:
        """``finished`` is asked again and again for new events, and must not wait.

        ``pace``: how many seconds of the service pass in a real one.
        """
        self.url = url
        self.dropped = 0
        self._finished, self._pace = finished, pace
        self._deliveries: deque[Delivery] = deque(maxlen=KEPT)
        self._waiting = 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="wanx-webhook", daemon=True)
        self._thread.start()

    def record(self) -> dict[str, Any]:
        """What was sent, oldest first, as JSON data."""
        deliveries = [asdict(delivery) for delivery in [*self._deliveries]]
        return {
            "url": self.url,
            "waiting": self._waiting,
            "dropped": self.dropped,
            "deliveries": deliveries,
        }

    def close(self) -> None:
        """Send nothing more."""
        self._end.set()
        self._thread.join(_ENDING)

    def _run(self) -> None:
        asyncio.run(self._watch())

    async def _watch(self) -> None:
        import httpx  # takes a while, and only those who want events need it

        turn, tasks = asyncio.Semaphore(_AT_ONCE), set[asyncio.Task[None]]()
        async with httpx.AsyncClient(trust_env=False, timeout=_PATIENCE) as client:
            while not self._end.is_set():
                for event in self._finished():
                    if self._waiting >= MOST_WAITING:
                        self.dropped += 1
                        continue
                    self._waiting += 1
                    task = asyncio.create_task(self._deliver(client, turn, event))
                    tasks.add(task)
                    task.add_done_callback(tasks.discard)
                await asyncio.sleep(LOOK)
            for task in tasks:
                task.cancel()

    @rests_on("official text", _RETRY_PAGE, "A failed event is sent 3 times more, 10 to 20 s apart")
    async def _deliver(
        self, client: "httpx.AsyncClient", turn: asyncio.Semaphore, event: Event
    ) -> None:
        data = event["data"]
        delivery = Delivery(data["task_id"], data["task_status"])
        self._deliveries.append(delivery)
        try:
            for number in range(1 + _RETRIES):
                if number:
                    pause = random.uniform(_SHORTEST, _LONGEST)  # noqa: S311  # no secret
                    await asyncio.sleep(pause / self._pace)
                async with turn:
                    answer = await _sent(client, self.url, event)
                delivery.tries.append(answer)
                delivery.delivered = isinstance(answer, int) and 200 <= answer < 300
                if delivery.delivered:
                    break
        finally:
            self._waiting -= 1


async def _sent(client: "httpx.AsyncClient", url: str, event: Event) -> int | str:
    """The status of the answer, or what went wrong; the answer's body is not read."""
    import httpx

    try:
        async with asyncio.timeout(_PATIENCE), client.stream("POST", url, json=event) as answer:
            return answer.status_code
    except TimeoutError:
        return "TimeoutError"
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        return type(error).__name__
