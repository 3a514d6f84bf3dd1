"""What a run says: where its events go, how it begins, and what came out of it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from wanx_render.diagnostics import Diagnostic
from wanx_render.events import Emit, Event
from wanx_render.manifest import Manifest, TakeRecord
from wanx_render.planning.plan import Plan, Take
from wanx_render.reports import terminal
from wanx_render.reports.terminal import Stage
from wanx_render.run.orchestrator import Desk
from wanx_render.run.results import needs_person
from wanx_render.session.destination import Place
from wanx_render.session.environment import Environment


@contextmanager
def report(environment: Environment, stage: Stage, *, as_json: bool) -> Iterator[Emit]:
    """Where events go: JSON on stdout; else a live display where there is a terminal, or lines."""
    if as_json:
        yield terminal.json_lines(environment.stdout, stage.clock)
    elif terminal.can_draw(environment.stderr, environment.environ):
        # A run without a terminal does without what draws on it.
        from wanx_render.reports.live import live

        with live(environment.stderr, stage) as emit:
            yield emit
    else:
        yield terminal.plain(environment.stderr)


def warner(emit: Emit) -> Callable[[str], None]:
    return lambda text: emit(Event("warning", text))


def start(made: Plan, new: tuple[Take, ...], folder: Path, limit: Decimal | None) -> Event:
    """What a run is about to do."""
    cost = made.cost(new)
    facts = {
        "project": made.project,
        "backend": made.world,
        "shots": len(made.shots),
        "takes": len(made.takes),
        "to_make": len(new),
        "deliverables": len(made.deliverables),
        "cost": str(cost.amount),
        "currency": cost.currency,
        "unknown_prices": cost.unknown,
        "limit": str(limit) if limit is not None else None,
        "folder": str(folder),
    }
    return Event("start", opening(made, new), facts=facts)


def opening(made: Plan, new: tuple[Take, ...]) -> str:
    """What a run is about to do, in one line."""
    counted = (
        f"{len(made.shots)} shots, {len(made.takes)} takes, {len(new)} to make, "
        f"{len(made.deliverables)} deliverables, {made.cost(new)}"
    )
    mock = "MOCK, play money, " if made.world == "mock" else ""
    return f"{made.project}: {mock}{counted}"


def gathered(found: Iterable[Diagnostic]) -> Iterator[str]:
    """Each warning once, at its first place: what stands in `defaults` is met at every shot."""
    places: dict[str, list[Diagnostic]] = {}
    for each in found:
        places.setdefault(each.message, []).append(each)
    for message, (first, *more) in places.items():
        also = f" and at {len(more)} more" if more else ""
        yield f"{first.span}{also}: {message}" if first.span else message


@dataclass(frozen=True)
class Totals:
    """Money, three times: of this run, of this film's clips, of all that the folder ever paid."""

    run: str
    film: str
    folder: str

    @classmethod
    def of(cls, manifest: Manifest) -> "Totals":
        return cls(manifest.cost_run, manifest.cost, manifest.cost_folder)

    def __str__(self) -> str:
        return f"{self.run} this run, {self.film} this film, {self.folder} this folder ever"


def close(
    manifest: Manifest,
    desk: Desk,
    environment: Environment,
    place: Place,
    *,
    file: Path | None,
    as_json: bool,
) -> int:
    """Say what came out, results on stdout; the exit code."""
    takes = [(shot.id, take) for shot in manifest.shots for take in shot.takes]
    states = [take.state for _, take in takes]
    person = needs_person(states, [take.code for _, take in takes])
    code = 0 if as_asked(manifest, desk) else 4 if person else 1
    failed = [
        f"{shot} take {take.take}: {take.code}: {take.message}"
        for shot, take in takes
        if take.state not in ("succeeded", "skipped")
    ]
    broken, totals = manifest.broken, Totals.of(manifest)
    if as_json:
        record = {
            "event": "summary",
            "project": manifest.project,
            "backend": manifest.backend,
            "complete": manifest.complete,
            "cost": manifest.cost,
            "cost_run": totals.run,
            "cost_folder": totals.folder,
            "exit_code": code,
            "folder": str(desk.folder),
            "manifest": str(desk.folder / "manifest.json"),
            "shots": len(manifest.shots),
            "takes": {state: states.count(state) for state in sorted(set(states))},
            "deliverables": [str(place.shown(each.path)) for each in manifest.deliverables],
            "failed": [*failed, *broken],
        }
        environment.stdout.write(terminal.json_line(record, desk.wall.now()))
        return code
    for each in manifest.deliverables:
        environment.stdout.write(f"{shown(place.shown(each.path))}\n")
    mock = "MOCK: " if manifest.backend == "mock" else ""
    if failed:
        environment.say(
            f"{mock}{len(failed)} of {len(desk.plan.takes)} takes failed{_listed(failed)}"
        )
        for advice in _next_steps([take for _, take in takes], file):
            environment.say(advice)
    elif broken:
        environment.say(
            f"{mock}{len(broken)} of {len(desk.plan.deliverables)} deliverables failed"
            f"{_listed(broken)}"
        )
    elif missing := states.count("skipped"):
        environment.say(f"{mock}{missing} of {len(states)} takes are not made yet")
    else:
        environment.say(f"{mock}done: {totals}, {shown(place.shown('manifest.json'))}")
        return code
    environment.say(f"{mock}{totals}")
    return code


def _next_steps(takes: Sequence[TakeRecord], file: Path | None) -> Iterator[str]:
    """What a person does next about the takes that have no clip, by what is in their way."""
    codes = {take.code for take in takes if take.state not in ("succeeded", "skipped")}
    hosts = sorted({take.host for take in takes if take.host})
    for host in hosts:
        yield f"if you trust {host}: wanx-render rescue {file} --result-host {host}"
    if "ResultHost" in codes and not hosts:
        yield "the address of a clip cannot be used; `wanx-render tasks link TASK` prints it whole"
    if codes & {"Unresolved", "OtherAccount", "Expired"}:
        yield f"some requests need your decision: wanx-render resolve {file}"
    if "Unknown" in codes:
        yield "the service does not know some tasks for now; run the same command again later"
    if codes - _PERSON_ONLY:
        yield "the other clips are kept; run the same command again to try these once more"


# Codes that another run of the same command does not change.
_PERSON_ONLY = {"ResultHost", "Unresolved", "OtherAccount", "Expired", "Unknown", "OverBudget"}


def _listed(sentences: Iterable[str]) -> str:
    return "".join(f"\n  {each}" for each in sentences)


def as_asked(manifest: Manifest, desk: Desk) -> bool:
    """Whether everything asked for is there; with --only, other shots may be missing."""
    if not desk.only:
        return manifest.complete
    made = all(
        take.state == "succeeded"
        for shot in manifest.shots
        if shot.id in desk.only
        for take in shot.takes
    )
    missing = any(take.state == "skipped" for shot in manifest.shots for take in shot.takes)
    return made and (missing or len(manifest.deliverables) == len(desk.plan.deliverables))


def shown(path: Path | str) -> str:
    """``path`` from the working folder where that is shorter; a URL as it is."""
    if isinstance(path, str):
        return path
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
