"""``doctor --service``: whether a service behaves as the catalogue and the documents say."""

import asyncio
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wanx_render.catalog.capabilities import Catalog, packaged
from wanx_render.catalog.user_file import with_user_file
from wanx_render.conformance import report
from wanx_render.conformance.probe import Finding, Probe
from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput, Unreachable
from wanx_render.language import Message, joined, plural, tr
from wanx_render.session.connection import Way, access
from wanx_render.session.environment import Environment

if TYPE_CHECKING:
    from wanx_render.backends.dashscope import Access
    from wanx_render.conformance.asker import Asker


@dataclass(frozen=True)
class CheckOptions:
    """Which service is probed, and what becomes of the answers."""

    region: str = "beijing"
    base_url: str | None = None
    catalog: Path | None = None
    as_json: bool = False
    keep_answers: Path | None = None


@dataclass(frozen=True)
class Checked:
    """What all probes came to."""

    findings: tuple[Finding, ...]
    accepted: int  # tasks that probes were given
    in_doubt: tuple[str, ...]  # those of which it is not certain that they cost nothing


def check_service(options: CheckOptions, environment: Environment) -> int:
    """Probe a service and print what it showed; 1 where something differs."""
    catalog = with_user_file(packaged(), options.catalog)
    account = access(catalog, options.region, environment.environ, options.base_url)
    checked = asyncio.run(_probed(options, catalog, account, environment))
    if options.as_json:
        environment.write_json(_record(checked, options, account.base_url))
    else:
        _print(checked, environment)
    differs = any(finding.verdict == "differs" for finding in checked.findings)
    return 1 if differs or checked.in_doubt else 0


async def _probed(
    options: CheckOptions, catalog: Catalog, account: "Access", environment: Environment
) -> Checked:
    """Ask everything. Raises BadInput for a key that is not taken, Unreachable."""
    from wanx_render.conformance.judge import findings
    from wanx_render.conformance.table import PROBES

    asker = _asker(options, catalog, account, environment)
    await Way(account.base_url, environment.environ).try_proxy()

    def begun(probe: Probe) -> None:
        environment.say(tr("asking: {title}", title=probe.title))

    came: list[Finding] = []
    try:
        async for finding in findings(PROBES, asker, begun):
            if not came:
                _insist(finding)
            came.append(finding)
    finally:
        await asker.service.close()
    return Checked(tuple(came), len(asker.tasks), tuple(task.task_id for task in asker.in_doubt))


def _insist(first: Finding) -> None:
    """Whether anything can be learnt here at all, by the first and plainest question."""
    if first.seen.startswith("401 "):
        message = tr("the service refuses: {answer}", answer=f"{first.seen}: {first.message}")
        hint = tr("use a key of this region and address")
        raise BadInput(Diagnostic("key-refused", message, hint=hint))
    if first.reason:
        raise Unreachable("Unreachable", first.reason)


def _asker(
    options: CheckOptions, catalog: Catalog, account: "Access", environment: Environment
) -> "Asker":
    from wanx_render.backends import network
    from wanx_render.backends.cleaning import Cleaner
    from wanx_render.backends.raw import RawService
    from wanx_render.conformance.asker import Asker
    from wanx_render.conformance.kept import KeptAnswers
    from wanx_render.session.connection import clock_at

    cleaner = Cleaner(account.key)
    routes = network.routes(environment.environ, account.base_url)
    if options.keep_answers:
        options.keep_answers.mkdir(parents=True, exist_ok=True)
    return Asker(
        service=RawService(account.base_url, cleaner, routes=routes),
        catalog=catalog,
        region=options.region,
        key=account.key,
        clock=clock_at(account.base_url, environment.environ),
        cleaner=cleaner,
        keep=KeptAnswers(options.keep_answers, cleaner).keep,
    )


# -- what is printed -----------------------------------------------------------------------------


def _print(checked: Checked, environment: Environment) -> None:
    width = shutil.get_terminal_size((80, 24)).columns
    environment.stdout.write(report.table(checked.findings, width) + "\n")
    for line in _lines(checked):
        environment.stdout.write(report.line(line))


def _lines(checked: Checked) -> tuple[Message, ...]:
    return (
        *report.conflicts(checked.findings),
        *report.summary(checked.findings),
        _risk(checked),
    )


def _risk(checked: Checked) -> Message:
    """What the probes may have cost."""
    if checked.in_doubt:
        ids = joined(checked.in_doubt, tr(", "))
        return plural(
            "{n} task may be billed: {ids}. Nothing more was created.",
            "{n} tasks may be billed: {ids}. Nothing more was created.",
            len(checked.in_doubt), ids=ids,
        )  # fmt: skip
    return plural(
        "{n} task was accepted and failed, which costs nothing",
        "{n} tasks were accepted and failed, which costs nothing",
        checked.accepted,
    )


def _record(checked: Checked, options: CheckOptions, base_url: str) -> dict[str, object]:
    return {
        "base_url": base_url,
        "region": options.region,
        "findings": [report.record(finding) for finding in checked.findings],
        "tasks": {"accepted": checked.accepted, "in_doubt": list(checked.in_doubt)},
    }
