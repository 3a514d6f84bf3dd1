"""A fault of the plan, whose fields go together as the table of effects says."""

import json
from functools import cached_property
from typing import Any

from pydantic import field_validator, model_validator
from pydantic_core import PydanticCustomError

from mock_server.faults.effects import EFFECTS, FaultEffect
from mock_server.faults.fields import FaultFields, compile_prompt


class Fault(FaultFields):
    """A fault that can strike."""

    def __hash__(self) -> int:
        return hash(self._text)

    @cached_property
    def _text(self) -> str:
        """All that is set, as one text: what may be in ``set`` has no hash of its own."""
        return json.dumps(self.model_dump(exclude_defaults=True), sort_keys=True)

    @property
    def entry(self) -> FaultEffect:
        """The entry of its effect in the table."""
        return EFFECTS[self.effect]

    def record(self) -> dict[str, Any]:
        """All that is set, as JSON data that ``read_plan`` takes back."""
        return dict(json.loads(self._text))

    @field_validator("effect")
    @classmethod
    def _in_the_table(cls, value: str) -> str:
        if value not in EFFECTS:
            names = _either([repr(name) for name in EFFECTS])
            raise PydanticCustomError("effect", "Input should be {names}", {"names": names})
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> "Fault":
        operations = self.entry.operations
        if self.on != "any" and self.on not in operations:
            raise ValueError(f"effect {self.effect} works on {_either(operations)} only")
        if self.stage not in self.entry.stages:
            names = [name for name, effect in EFFECTS.items() if self.stage in effect.stages]
            raise ValueError(f"stage {self.stage} goes with {_either(names)}")
        for effect in EFFECTS.values():
            fields = [name for name in effect.own_fields if getattr(self, name)]
            if fields and self.effect != effect.name:
                raise ValueError(f"{fields[0]} goes with effect {effect.name}")
        least = self.entry.least_status
        if self.status is not None and self.status < least:
            raise ValueError(f"the status of effect {self.effect} is {least} or more")
        if self.prompt is not None:
            compile_prompt(self.prompt)
        try:
            hash(self)
        except (TypeError, ValueError, RecursionError):
            raise ValueError("set takes JSON values, nested not too deep") from None
        return self


def _either(names: list[str] | tuple[str, ...]) -> str:
    """``a``, or ``a or b``, or ``a, b or c``."""
    return " or ".join([part for part in (", ".join(names[:-1]), names[-1]) if part])
