"""Drift through the real command: a sample of what ``tests/proofs/drift_wire.py`` plays."""

import json
import os

import pytest

from mock_server.faults.reading import read_plan
from tests.proofs.drift_wire import FIELDS, OPERATIONS, mutation, sweep

MUTATIONS = int(os.environ.get("WIRE_MUTATIONS", "36"))


@pytest.mark.proof
def test_no_clip_is_lost_swapped_or_paid_twice_and_every_command_ends() -> None:
    verdict = sweep(MUTATIONS)
    assert not verdict.faults, "\n".join([*verdict.faults, str(verdict)])
    assert verdict.struck > verdict.mutations * 0.6
    assert {0, 1, 4} & set(verdict.codes)


def test_a_mutation_follows_from_its_number_and_the_emulator_takes_it() -> None:
    mutations = [mutation(0, number) for number in range(2000)]
    again = [mutation(0, number) for number in range(2000)]
    assert json.dumps(mutations) == json.dumps(again)
    for fault in mutations:
        read_plan(json.loads(json.dumps(fault)))
    assert {fault["on"] for fault in mutations} == set(OPERATIONS) >= set(FIELDS)


def test_an_accepted_create_is_never_answered_as_throttled() -> None:
    for number in range(5000):
        fault = mutation(1, number)
        if fault["on"] == "create" and fault.get("status") == 429:
            assert (fault["effect"], fault["stage"]) == ("error", "before")
