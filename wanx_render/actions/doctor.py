"""``doctor``: what the machine has, and what a run would miss."""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from wanx_render.backends.reach import reach
from wanx_render.catalog.capabilities import packaged
from wanx_render.session.doctor import examine
from wanx_render.session.environment import Environment


def doctor(as_json: bool, folder: Path, environment: Environment) -> int:
    """Print what the machine has; 1 where something that every run needs is missing."""
    findings = examine(environment.environ, folder, datetime.now(UTC), packaged(), reach)
    if as_json:
        environment.write_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            hint = f" ({finding.hint})" if finding.hint else ""
            environment.stdout.write(f"{finding.state:8} {finding.name:9} {finding.text}{hint}\n")
    return 1 if any(finding.state == "error" for finding in findings) else 0
