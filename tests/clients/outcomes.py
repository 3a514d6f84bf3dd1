"""The outcomes of the last whole run, with date and versions: tests/clients/outcomes.json."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.clients.roster import CLIENTS
from tests.clients.trials import TrialOutcome

FILE = Path(__file__).parent / "outcomes.json"


def read() -> dict[str, Any]:
    """What is written: for each client its version, the day, and its outcome in each trial."""
    record: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    return record


def write(client: str, version: str, outcomes: dict[str, TrialOutcome]) -> None:
    """Put the outcomes of one client in place of its older ones."""
    today = datetime.now(UTC).date().isoformat()
    record = read()
    record[client] = {
        "version": version,
        "date": today,
        "trials": {trial: outcome.record for trial, outcome in outcomes.items()},
    }
    ordered = {known.name: record[known.name] for known in CLIENTS if known.name in record}
    FILE.write_text(json.dumps(ordered, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
