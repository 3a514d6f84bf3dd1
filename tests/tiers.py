"""Two tiers: tests that everyone runs, and proofs, which show at length what those show briefly.

``uv run pytest`` leaves out what carries the mark ``proof``; ``uv run pytest -m proof`` runs it.
"""

from collections.abc import Iterable
from typing import Any

import pytest

ParameterSet = type(pytest.param())


def sample(keep: int, cases: Iterable[Any]) -> list[Any]:
    """The first ``keep`` cases for everyone, and the others as proofs.

    A tuple is the values of several names; what is one value and a tuple comes as ``pytest.param``.
    """
    return [case if number < keep else _proof(case) for number, case in enumerate(cases)]


def _proof(case: Any) -> Any:
    if isinstance(case, ParameterSet):
        return pytest.param(*case.values, marks=[*case.marks, pytest.mark.proof], id=case.id)
    values = case if isinstance(case, tuple) else (case,)
    return pytest.param(*values, marks=pytest.mark.proof)
