"""The two objects of a create body; values of a wrong type are noted and left out."""

import hashlib
import json
import math
from typing import Any

from mock_server.wire.errors import Flaw
from mock_server.wire.provenance import rests_on
from wanx_render.backends.imitation.refusals import Refusal

_KINDS = {int: "whole number", str: "string", bool: "boolean"}


class BodyFields:
    """``input`` and ``parameters`` of a body, by name; ``flaws`` is what is wrong with them."""

    def __init__(self, body: dict[str, Any]) -> None:
        self.flaws: list[Flaw] = []
        self.input = self._object("input", body.get("input"))
        self.parameters = self._object("parameters", body.get("parameters"))

    def _object(self, name: str, value: Any) -> dict[str, Any]:
        if value is None or isinstance(value, dict):
            return value or {}
        self.invalid(f"{name} must be an object.")
        return {}

    def invalid(self, message: str) -> None:
        self.flaws.append(Flaw("InvalidParameter", message))

    def refused(self, refusal: Refusal) -> None:
        self.flaws.append(Flaw(refusal.code, refusal.message, refusal.seconds))

    def text(self, name: str) -> str:
        value = self.input.get(name)
        if value is None or isinstance(value, str):
            return value or ""
        self.invalid(f"{name} must be a string.")
        return ""

    def parameter(self, name: str, kind: Any, default: Any) -> Any:
        value = self.parameters.get(name)
        if value is None:
            return default
        if kind is int and isinstance(value, float) and math.isfinite(value) and value % 1 == 0:
            value = int(value)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self.invalid(f"{name} must be a {_KINDS[kind]}.")
            return default
        return value

    @rests_on("third party", "rate cards read in September 2026", "A seed of -1 is any seed")
    def seed(self, identity: str, allowed: tuple[int, int]) -> int:
        """The seed asked for; else one that the same request always gets."""
        seed: int = self.parameter("seed", int, -1)
        low, high = allowed
        if "seed" in self.parameters and not low <= seed <= high:
            self.invalid(f"seed must be between {low} and {high}.")
        if 0 <= seed <= high:
            return seed
        basis = json.dumps([identity, self.input.get("prompt")], default=str)
        return int(hashlib.sha256(basis.encode()).hexdigest()[:7], 16)
