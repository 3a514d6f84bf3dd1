"""What the ledger says of requests that were paid more than once."""

from typing import Any

from tests.support.emulator import ASYNC, Twin, body


def paid_twice(twin: Twin) -> list[dict[str, Any]]:
    return list(twin.ledger()["paid_twice"])


def test_two_equal_requests_are_paid_twice_and_both_are_named() -> None:
    twin = Twin()
    first, other, second = twin.task("a cat"), twin.task("a dog"), twin.task("a cat")
    (repeated,) = paid_twice(twin)
    assert repeated["tasks"] == [first, second]
    assert (repeated["account"], repeated["prompt"]) == ("a", "a cat")
    assert repeated["model"] == "wanx2.1-i2v-turbo"
    assert other not in repeated["tasks"]
    twin.service.advance(400)
    assert len(paid_twice(twin)) == 1  # both succeeded


def test_another_seed_or_another_account_is_another_request() -> None:
    twin = Twin()
    twin.task("a cat")
    twin.task("a cat", headers={**ASYNC, "Authorization": "Bearer sk-mock-b"})
    twin.task("a dog", json=body("a dog", seed=1))
    twin.task("a dog", json=body("a dog", seed=2))
    assert paid_twice(twin) == []


def test_what_failed_or_was_cancelled_may_be_tried_again() -> None:
    twin = Twin()
    failing = "a cat [[mock: fail=InternalError.Algo]]"
    twin.task(failing)
    twin.service.advance(400)
    twin.task(failing)
    cancelled = twin.task("a dog")
    assert twin.call("POST", f"/api/v1/tasks/{cancelled}/cancel").status_code == 200
    twin.task("a dog")
    assert paid_twice(twin) == []
