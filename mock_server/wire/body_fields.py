"""The two objects of a create body; values of a wrong type are noted and left out."""

import hashlib
import json
import math
from collections.abc import Iterable, Iterator
from typing import Any

from mock_server.wire.errors import Flaw
from mock_server.wire.notes import DEFAULT_CHECKS, Checks, RequestNote, Standing, is_refused
from mock_server.wire.provenance import FAMILIES, QUOTA, rests_on
from wanx_render.backends.imitation.refusals import Refusal

_KINDS = {int: "whole number", str: "string", bool: "boolean"}
DOCUMENTS = f"official text: {FAMILIES}"
_BASES: dict[Standing, str] = {"seen": f"captured: {QUOTA}", "documented": DOCUMENTS}


class BodyFields:
    """``input`` and ``parameters`` of a body, by name.

    ``notes`` are its differences from what documents allow, ``flaws`` those of them for which it is
    refused; ``media_flaws`` are of files, which the service looks at last.
    """

    def __init__(self, body: dict[str, Any], checks: Checks = DEFAULT_CHECKS) -> None:
        self.flaws: list[Flaw] = []
        self.media_flaws: list[Flaw] = []
        self.notes: list[RequestNote] = []
        self._checks = checks
        self.input = self._object("input", body.get("input"))
        self.parameters = self._object("parameters", body.get("parameters"))

    @property
    def first_flaw(self) -> Flaw | None:
        """What the service says, of all that is wrong."""
        return next(iter([*self.flaws, *self.media_flaws]), None)

    def _object(self, name: str, value: Any) -> dict[str, Any]:
        if value is None or isinstance(value, dict):
            return value or {}
        self.invalid(name, f"{name} must be an object.")
        return {}

    def invalid(self, field: str, message: str) -> None:
        """Documents forbid it; nobody saw what the service does."""
        if self._noted(field, message, DOCUMENTS, "documented"):
            self.flaws.append(Flaw("InvalidParameter", message))

    def passed_over(self, field: str, message: str, rests_on: str) -> None:
        """Documents do not have it; the service is thought to pass over it."""
        if self._noted(field, message, rests_on, "taken"):
            self.flaws.append(Flaw("InvalidParameter", message))

    def refused(self, refusal: Refusal) -> None:
        """The model cannot do it."""
        standing: Standing = "seen" if refusal.seen else "documented"
        if self._noted(refusal.field, refusal.message, _BASES[standing], standing):
            self.flaws.append(Flaw(refusal.code, refusal.message, refusal.seconds))

    def media_refused(self, field: str, flaw: Flaw) -> None:
        """A file that the service could not use."""
        self.notes.append(
            RequestNote(field, flaw.message, _BASES["seen" if flaw.seen else "documented"])
        )
        self.media_flaws.append(flaw)

    def _noted(self, field: str, message: str, rests_on: str, standing: Standing) -> bool:
        """Note a difference; whether the request is refused for it."""
        self.notes.append(RequestNote(field, message, rests_on))
        return is_refused(standing, self._checks)

    def text(self, name: str) -> str:
        value = self.input.get(name)
        if value is None or isinstance(value, str):
            return value or ""
        self.invalid(f"input.{name}", f"{name} must be a string.")
        return ""

    def parameter(self, name: str, kind: Any, default: Any) -> Any:
        value = self.parameters.get(name)
        if value is None:
            return default
        if kind is int and isinstance(value, float) and math.isfinite(value) and value % 1 == 0:
            value = int(value)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self.invalid(f"parameters.{name}", f"{name} must be a {_KINDS[kind]}.")
            return default
        return value

    @rests_on("third party", "rate cards read in September 2026", "A seed of -1 is any seed")
    def seed(self, identity: str, allowed: tuple[int, int]) -> int:
        """The seed asked for; else one that the same request always gets."""
        seed: int = self.parameter("seed", int, -1)
        low, high = allowed
        if "seed" in self.parameters and not low <= seed <= high:
            self.invalid("parameters.seed", f"seed must be between {low} and {high}.")
        if 0 <= seed <= high:
            return seed
        basis = json.dumps([identity, self.input.get("prompt")], default=str)
        return int(hashlib.sha256(basis.encode()).hexdigest()[:7], 16)


def taken_files(flaws: Iterable[Flaw]) -> Iterator[RequestNote]:
    """Notes of flaws of files for which a request was not refused."""
    return (RequestNote("input", flaw.message, DOCUMENTS) for flaw in flaws)
