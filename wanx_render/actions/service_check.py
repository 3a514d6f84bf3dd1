"""``doctor --service``: whether a service behaves as the catalogue and the documents say."""

import asyncio
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from wanx_render.catalog.capabilities import Catalog, packaged
from wanx_render.catalog.user_file import with_user_file
from wanx_render.clock import RealClock
from wanx_render.conformance import report
from wanx_render.conformance.clip import ClipSeen
from wanx_render.conformance.probe import ProbeFinding, ServiceProbe
from wanx_render.conformance.seen_catalog import FigureDifference, Probed, differences, seen_catalog
from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput, Unreachable
from wanx_render.language import Message, tr
from wanx_render.money import Money, show_money, write_money
from wanx_render.session.connection import Way, access
from wanx_render.session.environment import Environment
from wanx_render.session.folder import writable_file
from wanx_render.source import yaml_source

if TYPE_CHECKING:
    from wanx_render.actions.paid_probes import Purchase
    from wanx_render.backends.line import Access
    from wanx_render.conformance.asker import Asker


@dataclass(frozen=True)
class CheckOptions:
    """Which service is probed, and what becomes of the answers."""

    region: str = "beijing"
    base_url: str | None = None
    catalog: Path | None = None
    as_json: bool = False
    keep_answers: Path | None = None
    probe_cost: Money | None = None  # the most that may be spent; None: nothing
    folder: Path | None = None  # of what is bought
    catalog_out: Path | None = None


@dataclass
class Checked:
    """What all probes came to."""

    findings: list[ProbeFinding] = field(default_factory=list)
    accepted: int = 0  # tasks that free probes were given
    in_doubt: tuple[str, ...] = ()  # those of which it is not certain that they cost nothing
    clip: ClipSeen | None = None  # that was bought
    headers: Mapping[str, Sequence[str]] = field(default_factory=dict)  # by status, without values
    problems: tuple[Message, ...] = ()  # why something of it was not seen
    bills: tuple[Money, ...] = ()

    @property
    def code(self) -> int:
        differs = any(finding.verdict == "differs" for finding in self.findings)
        return 1 if differs or self.in_doubt or self.problems else 0


def check_service(options: CheckOptions, environment: Environment) -> int:
    """Probe a service and print what it showed; 1 where something differs.

    Raises BadInput, NeedsApproval and Unreachable.
    """
    catalog = with_user_file(packaged(), options.catalog)
    account = access(catalog, options.region, environment.environ, options.base_url)
    if options.catalog_out:
        writable_file(options.catalog_out)
    approved = _approved(options, catalog, account, environment)
    checked = asyncio.run(_Check(options, catalog, account, environment).carry_out(approved))
    host, today = urlsplit(account.base_url).netloc, RealClock().now().date()
    catalog_seen = seen_catalog(
        checked.findings, checked.clip, catalog, Probed(host, options.region, today)
    )
    other = tuple(differences(catalog_seen, catalog))
    if options.catalog_out:
        yaml_source.write(options.catalog_out, catalog_seen, _HEAD.format(host=host, day=today))
    if options.as_json:
        environment.write_json(_record(checked, other, options, account.base_url))
    else:
        _print(checked, other, options, environment)
    return checked.code


_HEAD = (
    "# Figures that {host} showed to wanx-render doctor --service on {day}.\n"
    "# Use them with --catalog, or WANX_CATALOG.\n"
)


def _approved(
    options: CheckOptions, catalog: Catalog, account: "Access", environment: Environment
) -> "Purchase | None":
    """What a person allows to buy, before anything is sent. Raises NeedsApproval or BadInput."""
    if options.probe_cost is None:
        return None
    from wanx_render.actions.paid_probes import approve, purchase

    host = urlsplit(account.base_url).netloc.replace(":", "-")
    folder = options.folder or Path("renders") / f"service-check-{host}"
    probe_purchase = purchase(folder, catalog, options.catalog, options.region, options.probe_cost)
    approve(probe_purchase, environment)
    return probe_purchase


@dataclass(frozen=True)
class _Check:
    """One check of one service."""

    options: CheckOptions
    catalog: Catalog
    account: "Access"
    environment: Environment

    async def carry_out(self, wanted: "Purchase | None") -> Checked:
        """Ask everything, and buy what is wanted."""
        asker, checked = self._asker(), Checked()
        try:
            await Way(self.account.base_url, self.environment.environ).try_proxy()
            await self._ask(asker, checked)
            if wanted and not checked.in_doubt:
                await self._buy(wanted, asker, checked)
        finally:
            await asker.service.close()
        return checked

    async def _ask(self, asker: "Asker", checked: Checked) -> None:
        """Everything that costs nothing."""
        from wanx_render.conformance.judge import findings
        from wanx_render.conformance.table import PROBES

        def begun(probe: ServiceProbe) -> None:
            self.environment.say(tr("asking: {title}", title=probe.title))

        async for finding in findings(PROBES, asker, begun):
            if not checked.findings:
                _insist(finding)
            checked.findings.append(finding)
        checked.accepted = len(asker.tasks)
        checked.in_doubt = tuple(task.task_id for task in asker.in_doubt)
        statuses = sorted(asker.headers)
        checked.headers = {str(n): sorted(asker.headers[n]) for n in statuses if n}

    async def _buy(self, wanted: "Purchase", asker: "Asker", checked: Checked) -> None:
        from wanx_render.actions.bought_clip import buy
        from wanx_render.media import ffmpeg
        from wanx_render.session.connection import dashscope

        environment = self.environment
        service = dashscope(self.catalog, self.account, environment.environ, wanted.folder)
        program = ffmpeg.find(environment.environ)
        try:
            await service.open(self.catalog)
            bought = await buy(
                wanted, asker, service, program, environment.say, self.account.own_host
            )
        finally:
            await service.backend.close()
        clean = asker.cleaner.text
        checked.findings += [replace(f, seen=clean(f.seen)) for f in bought.findings]
        checked.clip, checked.problems = bought.clip, tuple(bought.problems)
        checked.bills = tuple(bought.bills)

    def _asker(self) -> "Asker":
        from wanx_render.backends import network
        from wanx_render.backends.cleaning import Cleaner
        from wanx_render.backends.line import workspace_headers
        from wanx_render.backends.raw import RawService
        from wanx_render.conformance.asker import Asker
        from wanx_render.conformance.kept import KeptAnswers
        from wanx_render.session.connection import clock_at

        url, key = self.account.base_url, self.account.key
        cleaner, kept = Cleaner(key), self.options.keep_answers
        environ = self.environment.environ
        if kept:
            kept.mkdir(parents=True, exist_ok=True)
        route = network.route(environ)
        headers = workspace_headers(self.account, self.catalog)
        return Asker(
            service=RawService(url, cleaner, headers=headers, route=route),
            catalog=self.catalog,
            region=self.options.region,
            key=key,
            clock=clock_at(url, environ),
            cleaner=cleaner,
            keep=KeptAnswers(kept, cleaner).keep,
        )


def _insist(first: ProbeFinding) -> None:
    """Whether anything can be learnt here at all, by the first and plainest question."""
    if first.seen.startswith("401 "):
        message = tr("the service refuses: {answer}", answer=f"{first.seen}: {first.message}")
        hint = tr("use a key of this region and address")
        raise BadInput(Diagnostic("key-refused", message, hint=hint))
    if first.reason:
        raise Unreachable("Unreachable", first.reason)


# -- what is printed -----------------------------------------------------------------------------


def _print(
    checked: Checked,
    other: Sequence[FigureDifference],
    options: CheckOptions,
    environment: Environment,
) -> None:
    width = shutil.get_terminal_size((80, 24)).columns
    environment.stdout.write(report.table(checked.findings, width) + "\n")
    lines = [
        *report.conflicts(checked.findings),
        *map(report.difference, other),
        *checked.problems,
        *report.summary(checked.findings),
        report.risk(checked.accepted, checked.in_doubt),
        *(tr("paid: {amount}", amount=show_money(bill)) for bill in checked.bills),
    ]
    if options.catalog_out:
        lines.append(tr("what was seen is in {file}", file=os.fspath(options.catalog_out)))
    for line in lines:
        environment.stdout.write(report.sentence(line, width))


def _record(
    checked: Checked, other: Sequence[FigureDifference], options: CheckOptions, base_url: str
) -> Mapping[str, Any]:
    return {
        "base_url": base_url,
        "region": options.region,
        "findings": [report.record(finding) for finding in checked.findings],
        "figures": [report.difference_record(difference) for difference in other],
        "headers": checked.headers,
        "problems": list(map(str, checked.problems)),
        "paid": list(map(write_money, checked.bills)),
        "tasks": {"accepted": checked.accepted, "in_doubt": list(checked.in_doubt)},
        "catalog": os.fspath(options.catalog_out) if options.catalog_out else None,
    }
