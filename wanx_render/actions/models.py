"""``models``: the capability matrix, one model, two side by side, and the figures in doubt."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from wanx_render.catalog import model_names
from wanx_render.catalog.abilities import Model, PictureModel
from wanx_render.catalog.capabilities import Catalog, packaged
from wanx_render.catalog.doubts import doubts
from wanx_render.catalog.user_file import with_user_file
from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput
from wanx_render.language import tr
from wanx_render.reports.models.differences import (
    difference_record,
    differences,
    show_differences,
)
from wanx_render.reports.models.doubts_table import doubt_record, show_doubts
from wanx_render.reports.models.one_model import show_one
from wanx_render.reports.models.overview import show_all
from wanx_render.session.environment import Environment

DIFF = "diff"  # ``models diff A B``


@dataclass(frozen=True, slots=True)
class ModelsOptions:
    """What ``models`` was asked for; ``today`` is the day that ages are counted from."""

    today: date
    words: tuple[str, ...] = ()  # a model, or ``diff`` and two of them
    stale: bool = False
    as_json: bool = False
    catalog: Path | None = None


def models(options: ModelsOptions, environment: Environment) -> int:
    """Show the models, one, two side by side or what is in doubt, on stdout; the exit code."""
    catalog = with_user_file(packaged(), options.catalog)
    selection = _chosen(options, catalog)
    if options.words[:1] == (DIFF,):
        return _diff((selection[0], selection[1]), catalog, options.as_json, environment)
    if options.stale:
        return _stale(selection, catalog, options, environment)
    if options.as_json:
        environment.write_json(_record(selection, catalog))
    elif selection:
        show_one(selection[0], catalog, environment.stdout)
    else:
        show_all(catalog, environment.stdout)
    return 0


def _chosen(options: ModelsOptions, catalog: Catalog) -> Sequence[Model | PictureModel]:
    """The models that are named; none where all are meant. Raises BadInput."""
    is_diff = options.words[:1] == (DIFF,)
    names = options.words[1:] if is_diff else options.words
    numbers = (2,) if is_diff else (0, 1)
    if len(names) not in numbers or (is_diff and options.stale):
        raise _misused()
    return [_named(name, catalog) for name in names]


def _misused() -> BadInput:
    message = tr("expected one model, or diff and two models")
    hint = tr("wanx-render models MODEL, or wanx-render models diff A B")
    return BadInput(Diagnostic("usage", message, hint=hint))


def _named(name: str, catalog: Catalog) -> Model | PictureModel:
    model = catalog.model(name) or catalog.picture_model(name)
    if model is None:
        message = tr("{name!r} is not a known model", name=name)
        hint = model_names.hint(name, (*catalog.models, *catalog.pictures))
        raise BadInput(Diagnostic("model-unknown", message, hint=hint))
    return model


def _diff(
    pair: tuple[Model | PictureModel, Model | PictureModel],
    catalog: Catalog,
    as_json: bool,
    environment: Environment,
) -> int:
    if as_json:
        rows = [difference_record(difference) for difference in differences(pair, catalog)]
        names = [model.name for model in pair]
        environment.write_json({"version": 1, "models": names, "differences": rows})
    else:
        show_differences(pair, catalog, environment.stdout)
    return 0


def _stale(
    chosen: Sequence[Model | PictureModel],
    catalog: Catalog,
    options: ModelsOptions,
    environment: Environment,
) -> int:
    """Name the figures that are old or in conflict. This is no failure: the exit code is 0."""
    names = {model.name for model in chosen}
    rows = [d for d in doubts(catalog, options.today) if not names or d.entry.owner in names]
    if options.as_json:
        records = [doubt_record(doubt, catalog) for doubt in rows]
        environment.write_json({"version": 1, "doubts": records})
    else:
        show_doubts(rows, catalog, environment.stdout)
    return 0


def _record(chosen: Sequence[Model | PictureModel], catalog: Catalog) -> dict[str, Any]:
    entries = chosen or [*catalog.models.values(), *catalog.pictures.values()]
    return {
        "version": 1,
        "sources": catalog.model_dump(mode="json")["sources"],
        "models": [_with_prices(model, catalog) for model in entries if isinstance(model, Model)],
        "pictures": [
            _with_prices(model, catalog) for model in entries if isinstance(model, PictureModel)
        ],
    }


def _with_prices(model: Model | PictureModel, catalog: Catalog) -> dict[str, Any]:
    """A model as data, with its prices by region; of one region the last price is in force."""
    regions = model.region_names.value
    prices = [list(catalog.prices_of(model.name, region)) for region in regions]
    return {
        **model.model_dump(mode="json"),
        "prices": [p.model_dump(mode="json") for here in prices for p in reversed(here)],
    }
