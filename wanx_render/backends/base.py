"""What the orchestrator knows of a backend: five calls and six states, no vendor, no transport."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from wanx_render.task import TaskRequest


@dataclass(frozen=True, slots=True)
class Submission:
    """A request with the name people know it by; the name is for slates and logs only."""

    request: TaskRequest
    label: str


def quiet() -> None:
    """For callers that need not know when a request leaves."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Where something was asked; what one was asked, another knows nothing of."""

    scope: str  # which service and account, as the backend writes it
    endpoint: str = ""  # which of its addresses, as the backend writes it; a journal keeps both


AT_MOCK = Recipient("mock")


@dataclass(frozen=True, slots=True)
class Accepted:
    """The service took the request: from here on it may cost money."""

    task_id: str
    request_id: str


@dataclass(frozen=True, slots=True)
class Pending:
    """Waiting in the service's queue; can be cancelled."""

    task_id: str
    submitted: datetime | None = None


@dataclass(frozen=True, slots=True)
class Running:
    """Being made; can no longer be cancelled."""

    task_id: str
    submitted: datetime | None = None
    started: datetime | None = None


@dataclass(frozen=True, slots=True)
class Succeeded:
    """Done and billed; the result can be fetched until ``expires``."""

    task_id: str
    url: str
    submitted: datetime
    started: datetime
    ended: datetime
    expires: datetime
    original_prompt: str
    actual_prompt: str | None
    usage: dict[str, Any]
    picture: bool = False  # whether its result is a picture, no video


@dataclass(frozen=True, slots=True)
class Failed:
    """The service gave up; not billed."""

    task_id: str
    code: str
    message: str
    request_id: str = ""
    submitted: datetime | None = None
    started: datetime | None = None
    ended: datetime | None = None


@dataclass(frozen=True, slots=True)
class Canceled:
    """Cancelled while it was pending; not billed."""

    task_id: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """The service does not say what became of the task: UNKNOWN, or a state that is new to us.

    It proves neither that the task expired nor that it costs nothing.
    """

    task_id: str
    status: str = "UNKNOWN"
    expired: bool = False  # whether its day is over, so that nobody can ask any more


@dataclass(frozen=True, slots=True)
class Listed:
    """A row of the service's list: no prompt, no result."""

    task_id: str
    status: str
    model: str  # by its name in the catalog; empty where the service's name is unknown here
    submitted: datetime


TaskState = Pending | Running | Succeeded | Failed | Canceled | Unknown


def status_of(state: TaskState) -> str:
    """PENDING, RUNNING, SUCCEEDED, FAILED, CANCELED or UNKNOWN."""
    return type(state).__name__.upper()


class Backend(Protocol):
    """A place where tasks run. Errors are those under ``ServiceError``."""

    @property
    def name(self) -> str:
        """``mock`` or ``dashscope``: the world that cached clips belong to."""
        ...

    @property
    def recipient(self) -> Recipient:
        """Where this one asks."""
        ...

    @property
    def is_emulated(self) -> bool:
        """Whether its answers were an emulator's, as far as it was asked."""
        ...

    def serving(self, recipient: Recipient) -> "Backend | None":
        """The backend that asks where ``recipient`` says, for the same account.

        None where this account may not ask there; see ``home_of``.
        """
        ...

    def now(self) -> datetime:
        """The service's time, as well as it is known."""
        ...

    def pause(self, seconds: float, number: int) -> float:
        """How long to wait for what a task needs ``seconds`` for, before question ``number + 1``.

        In seconds of the clock that waits here; an emulator's own clock may run faster.
        """
        ...

    async def open(self) -> None:
        """Find out that the service answers and takes the key; raises Refused or Unreachable."""
        ...

    async def prepare(self, submission: Submission) -> None:
        """All that must be done before a request can be sent, such as uploads; costs nothing.

        Raises Refused or Unreachable.
        """
        ...

    async def submit(self, submission: Submission, sending: Callable[[], None] = quiet) -> Accepted:
        """Ask for a clip, once; raises Refused, Throttled, Unsent or Uncertain.

        ``sending`` is called before the first byte of the request may leave.
        """
        ...

    async def poll(self, task_id: str) -> TaskState:
        """How a task stands; raises Refused or Unreachable."""
        ...

    async def cancel(self, task_id: str) -> bool:
        """Whether the task was still pending and is now cancelled."""
        ...

    async def list(self, start: datetime, end: datetime) -> tuple[Listed, ...]:
        """The account's tasks submitted between two times of the service, at most 24 h apart."""
        ...

    def check_result(self, url: str) -> None:
        """Raises UnknownHost where the result is at an address that nobody permits."""
        ...

    async def download(self, task: Succeeded, target: Path) -> None:
        """Put the clip's bytes into ``target``, a file that does not exist yet.

        Raises UnknownHost, Unreachable, or Broken for a result that is none.
        """
        ...

    async def close(self) -> None:
        """Let go of connections; nothing can be asked any more."""
        ...


def home_of(backend: Backend, recipient: Recipient) -> Backend | None:
    """Who knows what ``recipient`` was asked: ``backend``, another address of it, or nobody here.

    A task stays where it was created, whatever address new requests go to.
    """
    return backend if recipient == backend.recipient else backend.serving(recipient)
