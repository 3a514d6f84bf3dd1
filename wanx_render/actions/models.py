"""``models``: the capability matrix, and one model with the sources of each figure."""

from pathlib import Path
from typing import Any

from wanx_render.catalog import capabilities, model_names, user_file
from wanx_render.catalog.abilities import Model
from wanx_render.catalog.capabilities import Catalog
from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput
from wanx_render.language import tr
from wanx_render.reports import matrix
from wanx_render.session.environment import Environment


def models(
    name: str | None, as_json: bool, catalog_file: Path | None, environment: Environment
) -> int:
    """Show every model, or the one called ``name``, on stdout; the exit code."""
    catalog = user_file.with_user_file(capabilities.packaged(), catalog_file)
    only = _chosen(name, catalog) if name else None
    if as_json:
        model_list = [only] if only else list(catalog.models.values())
        record = {
            "version": 1,
            "sources": catalog.model_dump(mode="json")["sources"],
            "models": [_record(model, catalog) for model in model_list],
        }
        environment.write_json(record)
    elif only:
        matrix.show_one(only, catalog, environment.stdout)
    else:
        matrix.show_all(catalog, environment.stdout)
    return 0


def _chosen(name: str, catalog: Catalog) -> Model:
    model = catalog.model(name)
    if model is None:
        message = tr("{name!r} is not a known model", name=name)
        hint = model_names.hint(name, catalog.models)
        raise BadInput(Diagnostic("model-unknown", message, hint=hint))
    return model


def _record(model: Model, catalog: Catalog) -> dict[str, Any]:
    prices = [price for price in catalog.prices if price.model == model.name]
    return {
        **model.model_dump(mode="json"),
        "prices": [price.model_dump(mode="json") for price in prices],
    }
