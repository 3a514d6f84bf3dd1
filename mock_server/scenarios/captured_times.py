"""How long tasks waited and ran in public answers: one capture for each kind, with its source."""

from functools import cache

from mock_server.scenarios.scenario import Scenario


def _capture(
    model: str, queue: float, run: float, clip: int, note: str, resolution: str | None = None
) -> Scenario:
    return Scenario.model_validate(
        {
            "model": model,
            "resolution": resolution,
            "queue": {"median": queue, "spread": 0.5},
            "run": {"median": run, "spread": 0.25, "clip": clip or None},
            "note": note,
        }
    )


@cache
def captured() -> tuple[Scenario, ...]:
    """The first that fits counts: newer captures are in front."""
    return (
        _capture("happyhorse-1.1-*", 0.07, 107, 6, "answer of 2026-09-23, 1080P, 6 s"),
        _capture("happyhorse-*-r2v*", 0.05, 40, 5, "official sample of 2026-04, 720P, 5 s"),
        _capture("happyhorse-*", 0.05, 80, 5, "official sample of 2026-04, 720P, 5 s"),
        _capture("wan2.6-i2v-flash*", 0.04, 59, 10, "official sample of 2026-01, 720P, 10 s"),
        _capture("wan2.6-r2v*", 0.03, 276, 5, "official sample of 2025-12, 720P, 5 s"),
        _capture("wan2.5-t2v*", 10.5, 301, 10, "official sample of 2025-10, 832*480, 10 s"),
        _capture("*-t2v*", 7.0, 280, 10, "official sample of 2025-09, 1280*720, 10 s"),
        _capture("wan2.[56]-i2v*", 6.8, 576, 10, "official sample of 2025-09, 10 s", "480P"),
        _capture("wan2.[56]-i2v*", 9.5, 83, 5, "test report of 2025-12-09, 720P, 5 s"),
        _capture("*kf2v*", 15.4, 489, 5, "official sample of 2025-04, 480P, 5 s"),
        _capture("wan2.7-i2v*", 9.5, 240, 5, "third party: 3 to 5 minutes"),
        _capture("wan3.0-*", 9.5, 180, 5, "third party: 1 to 5 minutes"),
        _capture("*image*", 0.03, 34, 0, "test report of 2025-12-09, one picture"),
    )
