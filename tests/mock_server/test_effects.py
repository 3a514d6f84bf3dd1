"""The table of effects: every entry does something, is documented, and nothing is forgotten."""

import ast
import asyncio
import dataclasses
import time
from collections.abc import Mapping

import pytest
from pydantic import ValidationError
from starlette.responses import Response

from mock_server.faults.effects import EFFECTS, FaultEffect
from mock_server.faults.exchange import AS_EVER, Twist
from mock_server.faults.fault import Fault
from mock_server.faults.fields import FaultFields
from mock_server.faults.framing import StreamedResponse
from mock_server.wire.errors import ErrorAnswer, ErrorForm
from mock_server.wire.operations import OPERATIONS, Operation
from tests.support.places import ROOT

BODY = b'{"request_id":"r","output":{"task_status":"PENDING"}}'
CONDITIONS = {
    "on", "account", "model", "prompt", "nth", "every", "times", "chance", "stage", "effect",
}  # fmt: skip
# What an effect needs to be seen at all.
DETAILS = {"slow": {"seconds": 0.05}, "change": {"drop": ("output",)}}


class Scripted:
    """An exchange whose service always gives the same answer, and remembers what was done."""

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        self.true = Response(BODY, 200, {"content-type": "application/json"})
        self.twists: list[Twist] = []

    def names(self) -> Mapping[str, str]:
        return {"key": "sk-mock-a", "task_id": "t"}

    async def answer(self, twist: Twist = AS_EVER) -> Response:
        self.twists.append(twist)
        return self.true

    def error(self, error: ErrorAnswer, form: ErrorForm | None) -> Response:
        return Response((form or "own").encode(), error.status)

    def empty(self) -> Response:
        return Response(b"{}")


def strike(effect: FaultEffect, **more: object) -> tuple[Scripted, Response, float]:
    """The exchange, its answer, and the seconds it took."""
    fault = {"effect": effect.name, **DETAILS.get(effect.name, {}), **more}
    exchange = Scripted(effect.operations[0])
    start = time.monotonic()
    answer = asyncio.run(effect.act(Fault.model_validate(fault), exchange))
    return exchange, answer, time.monotonic() - start


def shown(answer: Response) -> object:
    body = "streamed" if isinstance(answer, StreamedResponse) else bytes(answer.body)
    return type(answer), answer.status_code, answer.raw_headers, body


@pytest.mark.parametrize("effect", EFFECTS.values(), ids=EFFECTS)
def test_every_effect_has_one(effect: FaultEffect) -> None:
    exchange, answer, seconds = strike(effect)
    acts_differently = exchange.twists not in ([], [AS_EVER])
    waits = "seconds" in effect.fields and seconds >= 0.05
    assert acts_differently or waits or shown(answer) != shown(exchange.true)


@pytest.mark.parametrize("effect", EFFECTS.values(), ids=EFFECTS)
def test_after_the_service_acted_it_has_acted_once(effect: FaultEffect) -> None:
    for stage in set(effect.stages) - {"before"}:
        assert len(strike(effect, stage=stage)[0].twists) == 1


@pytest.mark.parametrize("effect", EFFECTS.values(), ids=EFFECTS)
def test_every_effect_is_documented(effect: FaultEffect) -> None:
    lines = (ROOT / "docs" / "guide" / "emulator.md").read_text(encoding="utf-8").splitlines()
    assert effect.row in lines


def test_every_field_belongs_to_a_condition_or_an_effect() -> None:
    fields = {name for effect in EFFECTS.values() for name in (*effect.fields, *effect.own_fields)}
    assert fields | CONDITIONS == set(FaultFields.model_fields)
    assert not fields & CONDITIONS
    text = (ROOT / "docs" / "guide" / "emulator.md").read_text(encoding="utf-8")
    assert [name for name in sorted(fields | CONDITIONS) if f"`{name}`" not in text] == []


def test_an_unknown_effect_is_refused_and_names_those_there_are() -> None:
    with pytest.raises(ValidationError, match="unknown effect 'teleport'; known: error, reset"):
        Fault(effect="teleport")
    with pytest.raises(KeyError, match="teleport"):
        _ = Fault().model_copy(update={"effect": "teleport"}).entry


def test_an_effect_that_does_nothing_cannot_be_written() -> None:
    with pytest.raises(TypeError, match="act"):
        FaultEffect(name="teleport", help="the client is elsewhere")  # type: ignore[call-arg]


def test_the_service_reads_every_field_of_a_twist() -> None:
    readers = ("service/verbs.py", "web/api.py")
    trees = [ast.parse((ROOT / "mock_server" / path).read_text("utf-8")) for path in readers]
    names = {
        node.attr
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "twist"
    }
    assert names == {field.name for field in dataclasses.fields(Twist)}


def test_operations_of_effects_exist() -> None:
    for effect in EFFECTS.values():
        assert effect.operations
        assert set(effect.operations) <= set(OPERATIONS)
    assert all(name == effect.name for name, effect in EFFECTS.items())
