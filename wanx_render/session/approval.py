"""Saved plans of many lists: what was approved, and whether a run would still be exactly that.

One list alone has a saved plan of its own kind, in ``plan``.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

from wanx_render.catalog.capabilities import Catalog
from wanx_render.commands.plan import SAVED_MANY
from wanx_render.errors import NeedsPerson
from wanx_render.money import Money
from wanx_render.planning.forecast import fingerprint
from wanx_render.planning.plan import Take
from wanx_render.session.selection import Choice
from wanx_render.task import Media
from wanx_render.validation.load import Batch

_TOLD = 5  # changes that are named; the rest is counted

# The takes that would be asked for, with their prices, by list and by take.
Takes = Mapping[str, Mapping[str, Money | None]]


def approved(
    batches: Sequence[Batch], choice: Choice, catalog: Catalog, backend: str, takes: Takes
) -> dict[str, Any]:
    """What an approved plan of many lists holds fast."""
    return {
        "kind": SAVED_MANY,
        "lists": [str(batch.file.resolve()) for batch in batches],
        "choice": asdict(choice),
        **_held(batches, catalog, backend),
        "takes": {
            name: {take: _text(price) for take, price in each.items()}
            for name, each in takes.items()
            if each
        },
    }


def priced(takes: Iterable[Take]) -> dict[str, Money | None]:
    """The prices of takes of one list, by what an approved plan calls them."""
    return {f"{take.shot} take {take.number}": take.price for take in takes}


def chosen_in(record: Mapping[str, Any]) -> Choice:
    """The rows that were approved."""
    found = record["choice"]
    return Choice(tuple(found.get("only") or ()), found.get("rows"), found.get("shard"))


def hold_to_all(
    record: Mapping[str, Any],
    batches: Sequence[Batch],
    catalog: Catalog,
    backend: str,
    takes: Takes,
) -> None:
    """Refuse where anything that was approved is no longer so. Raises NeedsPerson.

    Fewer takes than were approved may be asked for: some are made by now, or a share is run.
    """
    changes = _changes(record, _held(batches, catalog, backend), takes)
    told = list(islice(changes, _TOLD))
    if told:
        more = sum(1 for _ in changes)
        raise NeedsPerson(
            f"the plan no longer holds, nothing was sent: {'; '.join(told)}"
            f"{f' and {more} more' if more else ''}; plan again and approve the new one"
        )


def _held(batches: Sequence[Batch], catalog: Catalog, backend: str) -> dict[str, Any]:
    """Everything that plans come of, besides what was made already."""
    inputs = {
        _name(name, media): media.identity
        for batch in batches
        for each in batch.lists
        for name, media in each.media.items()
    }
    texts = {
        str(Path(name).resolve()): hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        for batch in batches
        for name, text in batch.texts.items()
    }
    return {
        "backend": backend,
        "region": batches[0].lists[0].shots.region,
        "catalog": fingerprint(catalog),
        "texts": dict(sorted(texts.items())),
        "inputs": dict(sorted(inputs.items())),
    }


def _name(name: str, media: Media) -> str:
    return str(media.path.resolve()) if media.path else name


def _text(price: Money | None) -> str | None:
    return f"{price.amount} {price.currency}" if price else None


def _changes(before: Mapping[str, Any], now: Mapping[str, Any], takes: Takes) -> Iterator[str]:
    for field in ("backend", "region"):
        if before[field] != now[field]:
            yield f"the {field} was {before[field]} and is {now[field]}"
    if before["catalog"] != now["catalog"]:
        yield "the catalog has changed"
    for name in _differing(before["texts"], now["texts"]):
        yield f"{name} has changed"
    for name in _differing(before["inputs"], now["inputs"]):
        yield f"the bytes of {name if len(name) < 200 else 'a data URI'} have changed"
    for name, each in takes.items():
        known = before["takes"].get(name, {})
        for take, price in each.items():
            if take not in known:
                yield f"{name}/{take} would be asked for, which it was not when this was approved"
            elif known[take] != _text(price):
                was, is_ = known[take] or "unknown", _text(price) or "unknown"
                yield f"the price of {name}/{take} was {was} and is {is_}"


def _differing(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    return (name for name in sorted({*before, *now}) if before.get(name) != now.get(name))
