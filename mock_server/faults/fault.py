"""A fault of the plan, whose fields go together as the table of effects says."""

import json
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from pydantic import field_validator, model_validator

from mock_server.faults.effects import EFFECTS, FaultEffect
from mock_server.faults.fields import FaultFields, compile_prompt
from wanx_render.language import Message, joined, tr, verbatim


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

    def for_account(self, account: str) -> "Fault":
        """The same fault for one account; one that names an account stays as it is."""
        return self if self.account else Fault(**{**self.record(), "account": account})

    @field_validator("effect")
    @classmethod
    def _in_the_table(cls, value: str) -> str:
        if value not in EFFECTS:
            names = joined(EFFECTS, tr(", "))
            raise ValueError(tr("unknown effect {name!r}; known: {names}", name=value, names=names))
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> "Fault":
        operations = self.entry.operations
        if self.on != "any" and self.on not in operations:
            raise ValueError(
                tr(
                    "effect {effect} applies only to {operations}",
                    effect=self.effect,
                    operations=_either(operations),
                )
            )
        if self.stage not in self.entry.stages:
            names = [name for name, effect in EFFECTS.items() if self.stage in effect.stages]
            raise ValueError(
                tr("stage {stage} requires effect {names}", stage=self.stage, names=_either(names))
            )
        for effect in EFFECTS.values():
            fields = [name for name in effect.own_fields if getattr(self, name)]
            if fields and self.effect != effect.name:
                raise ValueError(
                    tr("{field} requires effect {effect}", field=fields[0], effect=effect.name)
                )
        least = self.entry.least_status
        if self.status is not None and self.status < least:
            raise ValueError(
                tr(
                    "status of effect {effect} must be at least {least}",
                    effect=self.effect,
                    least=least,
                )
            )
        if self.prompt is not None:
            compile_prompt(self.prompt)
        try:
            hash(self)
        except (TypeError, ValueError, RecursionError):
            raise ValueError(tr("set must hold JSON values without deep nesting")) from None
        return self


def _either(names: Sequence[str]) -> Message:
    """``a``, or ``a or b``, or ``a, b or c``."""
    *others, last = names
    return (
        tr("{names} or {last}", names=joined(others, tr(", ")), last=last)
        if others
        else verbatim(last)
    )
