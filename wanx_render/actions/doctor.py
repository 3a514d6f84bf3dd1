"""``doctor``: what the machine has, and what a run would miss."""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from wanx_render.backends.reach import reach
from wanx_render.catalog.capabilities import packaged
from wanx_render.diagnostics import display_width
from wanx_render.language import Message, shown, tr
from wanx_render.session.doctor import Finding, examine
from wanx_render.session.environment import Environment


def doctor(as_json: bool, folder: Path, environment: Environment) -> int:
    """Print what the machine has; 1 where something that every run needs is missing."""
    findings = examine(environment.environ, folder, datetime.now(UTC), packaged(), reach)
    if as_json:
        environment.write_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            environment.stdout.write(_line(finding) + "\n")
    return 1 if any(finding.state == "error" for finding in findings) else 0


_STATES: dict[str, Message] = {"ok": tr("ok"), "warning": tr("warning"), "error": tr("error")}


def _line(finding: Finding) -> str:
    """One finding in columns, which are measured in cells."""
    state = shown(_STATES[finding.state])
    text = finding.text
    if finding.hint:
        text = tr("{text} ({hint})", text=text, hint=finding.hint)
    return f"{state}{' ' * (8 - display_width(state))} {finding.name:9} {shown(text)}"
