"""A service that drifts: a sample of what ``tests/drift.py`` plays whole."""

import os

from drift import sweep

MUTATIONS = int(os.environ.get("MUTATIONS", "1000"))


def test_nothing_is_lost_swapped_or_paid_again_whatever_the_service_answers() -> None:
    verdict = sweep(MUTATIONS)
    assert verdict.good(), "\n".join([str(verdict), *verdict.faults])
    assert verdict.mutations >= MUTATIONS
    assert verdict.asked <= verdict.mutations // 20  # few are left to a person
