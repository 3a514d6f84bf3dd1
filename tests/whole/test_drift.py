"""A service that drifts: a sample of what ``tests/proofs/drift.py`` plays whole."""

import os

import pytest

from tests.proofs.drift import sweep

pytestmark = pytest.mark.proof

MUTATIONS = int(os.environ.get("MUTATIONS", "240"))
SHARES = 4  # each is a test of its own, so that they run side by side


@pytest.mark.parametrize("share", range(SHARES))
def test_nothing_is_lost_swapped_or_paid_again_whatever_the_service_answers(share: int) -> None:
    wanted = -(-MUTATIONS // SHARES)
    verdict = sweep(wanted, seed=share * 100_000)
    assert verdict.good(), "\n".join([str(verdict), *verdict.faults])
    assert verdict.mutations >= wanted
    assert verdict.asked <= verdict.mutations // 10  # few are left to a person
