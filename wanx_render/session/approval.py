"""What must hold before anything is spent: budgets, a typed price, or a saved plan.

A saved plan has one form for one list and for many; ``open_saved`` reads those of earlier versions
too, which had two.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

from wanx_render.catalog.capabilities import Catalog
from wanx_render.catalog.pricing import Total
from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput, NeedsApproval
from wanx_render.files import write_atomically
from wanx_render.language import Message, joined, plural, shown, tr
from wanx_render.money import Money, read_money, show_money, show_written, write_money
from wanx_render.planning.forecast import fingerprint
from wanx_render.session.connection import play_money
from wanx_render.session.environment import Environment
from wanx_render.session.folder import writable_file
from wanx_render.session.selection import ListChoice, Selection
from wanx_render.session.survey import Surveyed, by_home
from wanx_render.task import InputMedia
from wanx_render.validation.rules.offers import RETIRED, is_retired

# -- budgets -----------------------------------------------------------------------------------


def check_offers(models: Iterable[str], catalog: Catalog) -> None:
    """Refuse new requests to models that are no longer offered. Raises BadInput."""
    today = datetime.now(UTC).date()
    names = sorted(name for name in models if is_retired(catalog.entry(name), today))
    if names:
        message = tr("no longer offered: {names}", names=joined(names, tr(", ")))
        raise BadInput(Diagnostic(RETIRED, message, hint=tr("use another model")))


def check_budgets(surveyed: Surveyed) -> None:
    """Refuse what would cost more than each list's budget or the run's allow, or is not for sale.

    Raises NeedsApproval, and BadInput for a model that is no longer offered.
    """
    selection, cost = surveyed.selection, surveyed.cost
    for prospect in surveyed.lists:
        check_offers(prospect.models, selection.catalog)
    for home, lists in by_home(surveyed.lists).items():
        if budget := lists[0].item.loaded.shots.budget:
            own_cost = replace(surveyed, lists=lists).cost
            limit = show_money(budget.max_cost)
            name = (
                tr("the list's budget of {amount}", amount=limit)
                if selection.alone
                else tr("the budget of {project}, {amount}", project=home.name, amount=limit)
            )
            within(own_cost, name, budget.max_cost)
    if selection.options.max_cost is not None:
        most = Money(selection.options.max_cost, cost.currency)
        within(cost, tr("--max-cost of {amount}", amount=show_money(most)), most)


def within(cost: Total, name: Message, limit: Money) -> None:
    """Refuse a cost over the limit ``name``, or one that it cannot be compared with."""
    if limit.currency != cost.currency:
        raise NeedsApproval(
            tr(
                "prices are in {currency}, not comparable with {limit}; write it in {currency}",
                currency=cost.currency, limit=name,
            )
        )  # fmt: skip
    if cost.unknown:
        raise NeedsApproval(
            tr(
                "the run costs {cost}, so {limit} cannot be checked; add the price to a catalog "
                "file (--catalog), or remove the budget",
                cost=cost.shown, limit=name,
            )
        )  # fmt: skip
    if cost.amount > limit.amount:
        raise NeedsApproval(
            tr("the run costs {cost}, over {limit}; nothing was sent", cost=cost.shown, limit=name)
        )


def limit_of(budget: Money | None, max_cost: Decimal | None) -> Decimal | None:
    """The most that a run of one list may spend."""
    limits = (budget.amount if budget else None, max_cost)
    return min((limit for limit in limits if limit is not None), default=None)


# -- a person ----------------------------------------------------------------------------------


def confirm(surveyed: Surveyed, environment: Environment) -> None:
    """Nothing is spent for real before a person types the price. Raises NeedsApproval."""
    cost, takes = surveyed.cost, len(surveyed.requests)
    for message in surveyed.messages:
        environment.say(tr("warning: {message}", message=message))
    if note := play_money(surveyed.selection.options, environment.environ):
        environment.say(note)
    if environment.stdin is None or not environment.stdin.isatty():
        raise NeedsApproval(
            plural(
                "{n} take costs {cost}; give --yes, or a saved plan (plan --out, render --plan)",
                "{n} takes cost {cost}; give --yes, or a saved plan (plan --out, render --plan)",
                takes, cost=cost.shown,
            )
        )  # fmt: skip
    environment.stderr.write(shown(question(takes, cost)))
    environment.stderr.flush()
    if not is_price(environment.stdin.readline(), cost):
        raise NeedsApproval(tr("not confirmed; nothing was sent"))


def question(takes: int, cost: Total) -> Message:
    """What a person is asked before money is spent."""
    price = show_money(Money(cost.amount, cost.currency))
    return plural(
        "{n} take costs {cost}. Type {price} to spend it: ",
        "{n} takes cost {cost}. Type {price} to spend it: ",
        takes, cost=cost.shown, price=price,
    )  # fmt: skip


def is_price(answer: str, cost: Total) -> bool:
    """Whether somebody typed the price, in either language."""
    price = show_money(Money(cost.amount, cost.currency))
    return answer.split() in (price.split(), shown(price).split())


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
    keep_going: bool = False
    skipped: tuple[str, ...] = ()  # lists that were left out because of their problems

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
            keep_going=selection.options.keep_going,
            skipped=tuple(item.name for item in selection.left_out),
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
        message = tr("cannot read {file}: {reason}", file=path, reason=error.strerror)
        raise BadInput(Diagnostic("plan-unreadable", message)) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        hint = tr("save a plan with `wanx-render plan FILE --out PLAN`")
        message = tr("{file} is not a saved plan", file=path)
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
        keep_going=bool(record.get("keep_going")),
        skipped=tuple(record.get("skipped") or ()),
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
        sentence = joined(sentences, tr("; "))
        if rest:
            sentence = plural("{names} and {n} more", "{names} and {n} more", rest, names=sentence)
        raise NeedsApproval(
            tr(
                "the plan is out of date, nothing was sent: {changes}",
                changes=sentence,
            )
        )


def _changes(before: SavedPlan, now: SavedPlan, selection: Selection) -> Iterator[Message]:
    if before.backend != now.backend:
        yield tr("the backend was {before} and is {now}", before=before.backend, now=now.backend)
    if before.region != now.region:
        yield tr("the region was {before} and is {now}", before=before.region, now=now.region)
    if before.catalog != now.catalog:
        yield tr("the catalog has changed")
    for name in before.skipped:
        if name not in now.skipped:
            yield tr("{name} was skipped and has no errors now", name=name)
    yield from (
        tr("{name} has errors now", name=name) for name in now.skipped if name not in before.skipped
    )
    yield from _changed_texts(before, now, selection)
    for name in _differing(before.inputs, now.inputs):
        yield tr("the bytes of {name} have changed", name=_shown(name, selection))
    yield from _changed_prices(before, now, selection)


def _changed_texts(before: SavedPlan, now: SavedPlan, selection: Selection) -> Iterator[Message]:
    files = {item.loaded.picks.file for item in selection.lists}
    picks_files = {str(file.resolve()) for file in files} if before.picks is not None else set()
    for name in _differing(before.texts, now.texts):
        if name in picks_files or (before.only_lists and name not in before.texts):
            continue
        if selection.alone and name in now.lists:
            yield tr("the shot list has changed")
        else:
            yield tr("{name} has changed", name=name)
    if before.picks is not None:
        yield from _changed_picks(set(_differing(before.picks, now.picks or {})), selection)


def _changed_picks(shots: Set[str], selection: Selection) -> Iterator[Message]:
    """The picks files in which the choices for these shots are."""
    if shots and selection.alone:
        yield tr("the picks have changed")
        return
    files = {
        str(item.loaded.picks.file.resolve())
        for item in selection.lists
        for shot in item.names
        if selection.label(item, shot) in shots
    }
    yield from (tr("{name} has changed", name=file) for file in sorted(files))


def _changed_prices(before: SavedPlan, now: SavedPlan, selection: Selection) -> Iterator[Message]:
    for item in selection.chosen:
        prices = before.takes.get(item.name, {})
        for take, price in now.takes.get(item.name, {}).items():
            label = selection.label(item, take)
            if take not in prices:
                yield tr("{take} is new since the approval", take=label)
            elif read_money(prices[take] or "") != read_money(price or ""):
                was, now_is = (
                    show_written(text, exactly=True) if text else tr("unknown")
                    for text in (prices[take], price)
                )
                yield tr(
                    "the price of {take} was {before} and is {now}",
                    take=label, before=was, now=now_is,
                )  # fmt: skip


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
            record = asdict(choice)
            if record["image_focus"] is None:  # plans of earlier versions know no such choice
                del record["image_focus"]
            yield selection.label(item, shot), record


def _name(name: str, media: InputMedia) -> str:
    return str(media.path.resolve()) if media.path else name


def _text(price: Money | None) -> str | None:
    return write_money(price) if price else None


def _shown(name: str, selection: Selection) -> str:
    """An input as its list names it, where there is one list."""
    if len(name) >= 200:
        return tr("a data URI")
    if selection.alone:
        folder = str(selection.lists[0].loaded.folder)
        return name.removeprefix(folder).lstrip("/\\") if name.startswith(folder) else name
    return name


def _differing(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    return (name for name in sorted({*before, *now}) if before.get(name) != now.get(name))
