"""One create call and what became of it, as the journal gives it out."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from wanx_render.backends.base import Recipient
from wanx_render.money import Money
from wanx_render.planning.take_name import TakeName

# submitting: the request may be on its way (surely not before ``sent_at``). uncertain: whether it
# was accepted is being found out. unresolved: a person decides. released: surely not accepted, or
# given up by a person. lost: its day is over and it may be paid. The others end or go on.
State = Literal[
    "submitting", "uncertain", "unresolved", "released",
    "submitted", "succeeded", "failed", "lost", "refused",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Attempt:
    """One create call and what became of it."""

    id: int
    key: str
    state: State
    label: str
    scope: str
    model: str
    asked_at: datetime
    answered_at: datetime | None
    task_id: str | None
    code: str | None
    message: str | None
    expires_at: datetime | None
    actual_prompt: str | None
    usage: dict[str, Any] | None
    amount: str | None
    currency: str | None
    request: dict[str, Any]
    clip_name: str | None
    clip_sha256: str | None
    clip_bytes: int | None = None
    clip_facts: dict[str, Any] | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    fetched_at: datetime | None = None
    sent_at: datetime | None = None
    endpoint: str = field(default="", repr=False)  # where it was sent, as the backend writes it
    prepared: dict[str, Any] | None = None  # how its pictures were (``prepared_record``)
    url: str | None = field(default=None, repr=False)  # whole: it alone fetches the clip

    @property
    def recipient(self) -> Recipient:
        """Who was asked, and where: only they know what became of it."""
        return Recipient(self.scope, self.endpoint)

    @property
    def address(self) -> str:
        """The address that it was sent to, or its host; empty for the mock."""
        return self.endpoint.partition(" ")[0].removeprefix("//")

    @property
    def take(self) -> TakeName:
        return TakeName.read(self.label)

    @property
    def bill(self) -> Money | None:
        """What it cost, where that is known."""
        return Money(Decimal(self.amount), self.currency or "") if self.amount else None
