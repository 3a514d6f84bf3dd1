"""What must hold before anything is spent: budgets, a typed price, or a saved plan.

A saved plan has one form for one list and for many; ``open_saved`` reads those of earlier versions
too, which had two.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Set
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

from wanx_render.catalog.pricing import Total
from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput, NeedsApproval
from wanx_render.files import write_atomically
from wanx_render.money import Money, read_money, show_money, write_money
from wanx_render.planning.forecast import fingerprint
from wanx_render.session.environment import Environment
from wanx_render.session.folder import writable_file
from wanx_render.session.selection import ListChoice, Selection
from wanx_render.session.survey import Surveyed, by_home
from wanx_render.task import InputMedia

# -- budgets -----------------------------------------------------------------------------------


def check_budgets(surveyed: Surveyed) -> None:
    """Refuse what would cost more than each list's budget or the run's allow.

    Raises NeedsApproval.
    """
    selection, cost = surveyed.selection, surveyed.cost
    for home, lists in by_home(surveyed.lists).items():
        if budget := lists[0].item.loaded.shots.budget:
            own_cost = replace(surveyed, lists=lists).cost
            name = "the list's budget" if selection.alone else f"the budget of {home.name}"
            within(own_cost, name, budget.max_cost.amount, budget.max_cost.currency)
    if selection.options.max_cost is not None:
        within(cost, "--max-cost", selection.options.max_cost, cost.currency)


def within(cost: Total, name: str, amount: Decimal, currency: str) -> None:
    """Refuse a cost over the limit ``name``, or one that it cannot be compared with."""
    limit = f"{name} of {show_money(Money(amount, currency))}"
    if currency != cost.currency:
        raise NeedsApproval(
            f"{limit} cannot be compared with prices in {cost.currency}; "
            f"write it in {cost.currency}"
        )
    if cost.unknown:
        raise NeedsApproval(
            f"the run costs {cost}, so {limit} cannot be kept; "
            "give the price in a catalog file (--catalog), or remove the budget"
        )
    if cost.amount > amount:
        raise NeedsApproval(f"the run would cost {cost}, over {limit}; nothing was sent")


def limit_of(budget: Money | None, max_cost: Decimal | None) -> Decimal | None:
    """The most that a run of one list may spend."""
    limits = (budget.amount if budget else None, max_cost)
    return min((limit for limit in limits if limit is not None), default=None)


# -- a person ----------------------------------------------------------------------------------


def confirm(surveyed: Surveyed, environment: Environment) -> None:
    """Nothing is spent for real before a person types the price. Raises NeedsApproval."""
    cost, takes = surveyed.cost, len(surveyed.requests)
    for message in surveyed.messages:
        environment.say(f"warning: {message}")
    price = show_money(Money(cost.amount, cost.currency))
    if environment.stdin is None or not environment.stdin.isatty():
        raise NeedsApproval(
            f"this would spend {cost} on {takes} takes; "
            "give --yes, or an approved plan (plan --out, render --plan)"
        )
    environment.stderr.write(f"{takes} takes at {cost}. Type {price} to spend it: ")
    environment.stderr.flush()
    if environment.stdin.readline().split() != price.split():
        raise NeedsApproval("not confirmed; nothing was sent")


# -- saved plans -------------------------------------------------------------------------------

KIND = "wanx-render plan"
VERSION = 2

_NAMED = 5  # changes that are named; the rest is counted

# The takes that would be asked for, with their prices, by list and by take.
Takes = Mapping[str, Mapping[str, Money | None]]


@dataclass(frozen=True)
class SavedPlan:
    """Everything that was approved."""

    lists: tuple[str, ...]  # their files
    choice: ListChoice
    backend: str
    region: str
    catalog: str  # its hash
    texts: Mapping[str, str]  # hashes of the lists and of all that belongs to them, by file
    inputs: Mapping[str, str]  # identities of pictures and sounds
    takes: Mapping[str, Mapping[str, str | None]]  # prices of what would be asked for, by list
    picks: Mapping[str, Any] | None = None  # by shot; None where they count as texts
    only_lists: bool = False  # whether ``texts`` has the lists alone

    @classmethod
    def of(cls, selection: Selection, takes: Takes) -> "SavedPlan":
        return cls(
            lists=tuple(str(batch.file.resolve()) for batch in selection.batches),
            choice=selection.options.choice,
            backend=selection.backend,
            region=selection.region,
            catalog=fingerprint(selection.catalog),
            texts=dict(sorted(_texts(selection))),
            inputs=dict(sorted(_inputs(selection))),
            takes={
                name: {take: _text(price) for take, price in prices.items()}
                for name, prices in takes.items()
                if prices
            },
            picks=json.loads(json.dumps(dict(sorted(_picks(selection))), default=str)),
        )

    def save(self, path: Path) -> None:
        """Write it for approval. Raises BadInput."""
        record = {"kind": KIND, "version": VERSION, **asdict(self)}
        del record["only_lists"]
        text = json.dumps(record, ensure_ascii=False, indent=2)
        write_atomically(writable_file(path), text + "\n")


def open_saved(path: Path) -> SavedPlan:
    """A saved plan as it was written, also by an earlier version. Raises BadInput."""
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        match record["kind"], record.get("version", 1):
            case "wanx-render plan", 1:
                return _first_of_one(record)
            case "wanx-render plan", 2:
                return _read(record, record["picks"])
            case "wanx-render plan of lists", 1:
                return _read(record, None)
            case _:
                raise ValueError(record["kind"])
    except OSError as error:
        message = f"cannot read {path}: {error.strerror}"
        raise BadInput(Diagnostic("plan-unreadable", message)) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        hint = "`wanx-render plan FILE --out PLAN` writes one"
        message = f"{path} is not a saved plan"
        raise BadInput(Diagnostic("plan-unreadable", message, hint=hint)) from None


def _read(record: Mapping[str, Any], chosen: Mapping[str, Any] | None) -> SavedPlan:
    choice = record["choice"]
    if not isinstance(record["lists"], list):
        raise TypeError("lists")
    return SavedPlan(
        lists=tuple(map(str, record["lists"])),
        choice=ListChoice(tuple(choice.get("only") or ()), choice.get("rows"), choice.get("shard")),
        backend=record["backend"],
        region=record["region"],
        catalog=record["catalog"],
        texts=dict(record["texts"]),
        inputs=dict(record["inputs"]),
        takes={name: dict(prices) for name, prices in record["takes"].items()},
        picks=chosen,
    )


def _first_of_one(record: Mapping[str, Any]) -> SavedPlan:
    """A plan of one list as it was saved until version 2, with the whole forecast in it."""
    forecast, file = record["forecast"], Path(record["list"])
    left = [take for take in forecast["takes"] if take["state"] != "cached"]
    return SavedPlan(
        lists=(str(file),),
        choice=ListChoice(),
        backend=forecast["backend"],
        region=forecast["region"],
        catalog=forecast["catalog"],
        texts={str(file.resolve()): record["list_sha256"]},
        inputs={_resolved(name, file.parent): value for name, value in record["inputs"].items()},
        takes={
            forecast["project"]: {
                f"{take['shot']} take {take['take']}": f"{take['price']} {take['currency']}"
                if take["price"]
                else None
                for take in left
            }
        },
        picks=dict(record.get("picks", {})),
        only_lists=True,
    )


def _resolved(name: str, folder: Path) -> str:
    """The whole path of an input that a list names; an address or a data URI as it is."""
    if "://" in name or name.startswith("data:"):
        return name
    return str((folder / name).resolve())


def hold_to(saved: SavedPlan, selection: Selection, takes: Takes) -> None:
    """Refuse where anything that was approved is no longer so. Raises NeedsApproval.

    Fewer takes than were approved may be asked for: some are made by now, or a share is run.
    """
    changes = _changes(saved, SavedPlan.of(selection, takes), selection)
    sentences = list(islice(changes, _NAMED))
    if sentences:
        rest = sum(1 for _ in changes)
        raise NeedsApproval(
            f"the plan no longer holds, nothing was sent: {'; '.join(sentences)}"
            f"{f' and {rest} more' if rest else ''}; plan again and approve the new one"
        )


def _changes(before: SavedPlan, now: SavedPlan, selection: Selection) -> Iterator[str]:
    if before.backend != now.backend:
        yield f"the backend was {before.backend} and is {now.backend}"
    if before.region != now.region:
        yield f"the region was {before.region} and is {now.region}"
    if before.catalog != now.catalog:
        yield "the catalog has changed"
    yield from _changed_texts(before, now, selection)
    for name in _differing(before.inputs, now.inputs):
        yield f"the bytes of {_shown(name, selection)} have changed"
    yield from _changed_prices(before, now, selection)


def _changed_texts(before: SavedPlan, now: SavedPlan, selection: Selection) -> Iterator[str]:
    files = {item.loaded.picks.file for item in selection.lists}
    picks_files = {str(file.resolve()) for file in files} if before.picks is not None else set()
    for name in _differing(before.texts, now.texts):
        if name in picks_files or (before.only_lists and name not in before.texts):
            continue
        if selection.alone and name in now.lists:
            yield "the shot list has changed"
        else:
            yield f"{name} has changed"
    if before.picks is not None:
        yield from _changed_picks(set(_differing(before.picks, now.picks or {})), selection)


def _changed_picks(shots: Set[str], selection: Selection) -> Iterator[str]:
    """The picks files in which the choices for these shots are."""
    if shots and selection.alone:
        yield "what was picked has changed"
        return
    files = {
        str(item.loaded.picks.file.resolve())
        for item in selection.lists
        for shot in item.shots
        if selection.label(item, shot) in shots
    }
    yield from (f"{file} has changed" for file in sorted(files))


def _changed_prices(before: SavedPlan, now: SavedPlan, selection: Selection) -> Iterator[str]:
    for item in selection.chosen:
        prices = before.takes.get(item.name, {})
        for take, price in now.takes.get(item.name, {}).items():
            label = selection.label(item, take)
            if take not in prices:
                yield f"{label} would be asked for, which it was not when this was approved"
            elif read_money(prices[take] or "") != read_money(price or ""):
                was, now_is = prices[take] or "unknown", price or "unknown"
                yield f"the price of {label} was {was} and is {now_is}"


def _texts(selection: Selection) -> Iterator[tuple[str, str]]:
    for batch in selection.batches:
        for name, text in batch.texts.items():
            data = text.encode("utf-8", "surrogatepass")
            yield str(Path(name).resolve()), hashlib.sha256(data).hexdigest()


def _inputs(selection: Selection) -> Iterator[tuple[str, str]]:
    for item in selection.lists:
        for name, media in item.loaded.media.items():
            yield _name(name, media), media.identity


def _picks(selection: Selection) -> Iterator[tuple[str, Any]]:
    for item in selection.lists:
        for shot, choice in item.loaded.picks.shots.items():
            yield selection.label(item, shot), asdict(choice)


def _name(name: str, media: InputMedia) -> str:
    return str(media.path.resolve()) if media.path else name


def _text(price: Money | None) -> str | None:
    return write_money(price) if price else None


def _shown(name: str, selection: Selection) -> str:
    """An input as its list names it, where there is one list."""
    if len(name) >= 200:
        return "a data URI"
    if selection.alone:
        folder = str(selection.lists[0].loaded.folder)
        return name.removeprefix(folder).lstrip("/\\") if name.startswith(folder) else name
    return name


def _differing(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    return (name for name in sorted({*before, *now}) if before.get(name) != now.get(name))
