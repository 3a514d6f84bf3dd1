"""``plan``: what would be asked for, made and paid; and the saved plan that ``render`` keeps to."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from wanx_render.catalog.capabilities import Catalog
from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput, NeedsPerson
from wanx_render.files import write_atomically
from wanx_render.planning.forecast import Forecast, forecast
from wanx_render.planning.plan import Plan
from wanx_render.planning.rebuild import is_lost
from wanx_render.reports import plan_table
from wanx_render.session.environment import Environment
from wanx_render.session.folder import folder_of, opened, writable_file
from wanx_render.session.outlook import Folder, look, make_plan, warnings
from wanx_render.session.restore import told_where
from wanx_render.session.selection import read, refuse_unknown
from wanx_render.validation.load import Loaded

SAVED = "wanx-render plan"
SAVED_MANY = "wanx-render plan of lists"
_HOLDS: dict[str, dict[str, type]] = {
    SAVED: {"list": str, "list_sha256": str, "inputs": dict, "forecast": dict},
    SAVED_MANY: {
        "lists": list, "choice": dict, "backend": str, "region": str, "catalog": str,
        "texts": dict, "inputs": dict, "takes": dict,
    },
}  # fmt: skip
WORK_TO_PAY_FOR = 6


@dataclass(frozen=True)
class PlanOptions:
    """What ``plan`` was asked for."""

    file: Path
    backend: str | None = None
    save: Path | None = None
    folder: Path | None = None
    as_json: bool = False
    detailed: bool = False
    catalog: Path | None = None
    retake: tuple[str, ...] = ()
    cascade: bool = True


def plan(
    options: PlanOptions, environment: Environment, found: tuple[Loaded, Catalog] | None = None
) -> int:
    """Show the plan on stdout; the exit code. ``found`` is the list, if it is read already."""
    loaded, catalog = found or read(options.file, options.catalog)
    made, told = look_ahead(loaded, catalog, options)
    for warning in warnings(loaded, made):
        environment.say(f"{warning.span}: warning[{warning.code}]: {warning.message}")
    if options.as_json:
        text = json.dumps(asdict(told), ensure_ascii=False, indent=2)
        environment.stdout.write(text + "\n")
    else:
        plan_table.show(told, environment.stdout)
    if options.save:
        save(options.save, saved(loaded, told))
        environment.say(f"saved; `wanx-render render --plan {options.save}` runs exactly this")
    return WORK_TO_PAY_FOR if options.detailed and told.to_make else 0


def look_ahead(loaded: Loaded, catalog: Catalog, options: PlanOptions) -> tuple[Plan, Forecast]:
    """The plan of a list and its forecast, held against the journal where there is one."""

    refuse_unknown("--retake", options.retake, make_plan(loaded, catalog, options.backend))
    folder = folder_of(loaded, options.folder)
    with ExitStack() as stack:
        journal = None
        if (folder / "journal.sqlite").exists() or is_lost(folder):
            journal = stack.enter_context(opened(folder))
        outlook = look(
            loaded, catalog, Folder(folder, journal),
            backend=options.backend, retake=options.retake, cascade=options.cascade,
        )  # fmt: skip
        standings = told_where(outlook.standings, journal, folder, outlook.plan.world)
        return outlook.plan, forecast(outlook.plan, standings, catalog)


def saved(loaded: Loaded, told: Forecast) -> dict[str, Any]:
    """What an approved plan holds fast."""
    return {
        "kind": SAVED,
        "list": str(loaded.file.resolve()),
        "list_sha256": hashlib.sha256(loaded.texts[str(loaded.file)].encode()).hexdigest(),
        "picks": {name: asdict(each) for name, each in sorted(loaded.picks.shots.items())},
        "inputs": {name: media.identity for name, media in sorted(loaded.media.items())},
        "forecast": asdict(told),
    }


def save(path: Path, record: dict[str, Any]) -> None:
    """Write a plan for approval. Raises BadInput."""
    text = json.dumps(record, ensure_ascii=False, indent=2, default=str)
    write_atomically(writable_file(path), text + "\n")


def open_saved(path: Path) -> dict[str, Any]:
    """A saved plan as it was written, of one list or of many. Raises BadInput."""
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        held = _HOLDS[record["kind"]]
        if not all(isinstance(record[name], kind) for name, kind in held.items()):
            raise TypeError("held")
        return record
    except OSError as error:
        raise BadInput(
            Diagnostic("plan-unreadable", f"cannot read {path}: {error.strerror}")
        ) from None
    except (ValueError, KeyError, TypeError):
        raise BadInput(
            Diagnostic(
                "plan-unreadable",
                f"{path} is not a saved plan",
                hint="`wanx-render plan FILE --out PLAN` writes one",
            )
        ) from None


def hold_to(record: dict[str, Any], loaded: Loaded, told: Forecast) -> None:
    """Refuse where anything that was approved is no longer so. Raises NeedsPerson."""
    changes = list(_changes(record, saved(loaded, told)))
    if changes:
        raise NeedsPerson(
            f"the plan no longer holds, nothing was sent: {'; '.join(changes)}; "
            "plan again and approve the new one"
        )


def _changes(before: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    if before["list_sha256"] != now["list_sha256"]:
        yield "the shot list has changed"
    if before.get("picks", {}) != json.loads(json.dumps(now["picks"], default=str)):
        yield "what was picked has changed"
    for name in sorted({*before["inputs"], *now["inputs"]}):
        if before["inputs"].get(name) != now["inputs"].get(name):
            shown = name if len(name) < 200 else "a data URI"
            yield f"the bytes of {shown} have changed"
    old, new = before["forecast"], now["forecast"]
    for field in ("backend", "region"):
        if old[field] != new[field]:
            yield f"the {field} was {old[field]} and is {new[field]}"
    if old["catalog"] != new["catalog"]:
        yield "the catalog has changed"
    prices = {(take["shot"], take["take"]): take for take in old["takes"]}
    for take in new["takes"]:
        known = prices.get((take["shot"], take["take"]))
        if known and known["price"] != take["price"]:
            yield (
                f"the price of {take['shot']} take {take['take']} was "
                f"{known['price'] or 'unknown'} and is {take['price'] or 'unknown'}"
            )
        if known and known["state"] == "cached" and take["state"] == "new":
            yield f"the clip of {take['shot']} take {take['take']} is gone"
