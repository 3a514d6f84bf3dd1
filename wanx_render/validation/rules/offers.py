"""Rules about what a model is offered at: what it costs to leave a tier out, and until when it is
there."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from wanx_render.catalog.abilities import Model, PictureModel
from wanx_render.diagnostics import Diagnostic
from wanx_render.language import NOTHING, Message, plural, tr
from wanx_render.money import Money, show_money
from wanx_render.shotlist.model import GeneratedShot
from wanx_render.validation.context import Scene, either

RETIRED = "model-retired"
NOTICE = timedelta(days=30)  # before its end a model is warned of


def default_dearest(scene: Scene) -> Iterator[Diagnostic]:
    """A tier that is left out is the service's default, which may be the dearest of the model.

    Said once for each model, at its first shot without one.
    """
    names: set[str] = set()
    for index, shot, model in scene.models:
        if shot.resolution is not None or model.name in names:
            continue
        names.add(model.name)
        default, prices = model.tiers.value[0], _prices(scene, shot, model)
        cheaper = {t: p for t, p in prices.items() if default in prices and p < prices[default]}
        if not cheaper or prices[default] < max(prices.values()):
            continue
        currency = scene.catalog.service.regions[scene.region].currency
        shown = {tier: show_money(Money(p, currency), exactly=True) for tier, p in prices.items()}
        others = (tr("{tier} at {price}", tier=tier, price=shown[tier]) for tier in cheaper)
        yield Diagnostic(
            "default-dearest",
            tr(
                "resolution is left out: {model} makes {tier}, its dearest, at {price} a second",
                model=model.name, tier=default, price=shown[default],
            ),
            scene.at(index, "model"),
            tr("write resolution: {tier}, or {cheaper}", tier=default, cheaper=either(others)),
            "warning",
        )  # fmt: skip


def _prices(scene: Scene, shot: GeneratedShot, model: Model) -> dict[str, Decimal]:
    """What a second costs in each tier, as far as that is known."""
    is_silent = shot.audio == "silent"
    prices = {
        tier: scene.catalog.price_per_second(model.name, scene.region, tier, silent=is_silent)
        for tier in model.tiers.value
    }
    return {tier: price[0] for tier, price in prices.items() if price}


def model_retired(scene: Scene) -> Iterator[Diagnostic]:
    """A model that is no longer offered, or will not be soon.

    What was made with it stays, so this is a warning here; a new request is refused.
    """
    today = datetime.now(UTC).date()
    for index, shot, model in scene.models:
        end = model.retires.value if model.retires else None
        if end is None or end > today + NOTICE:
            continue
        hint = _successors(scene, model, today)
        if end <= today:
            message = tr("{model} is not offered since {date}", model=shot.model, date=str(end))
            yield Diagnostic(RETIRED, message, scene.at(index, "model"), hint, "warning")
        else:
            message = plural(
                "{model} ends on {date}, in {n} day",
                "{model} ends on {date}, in {n} days",
                (end - today).days, model=shot.model, date=str(end),
            )  # fmt: skip
            yield Diagnostic("model-retiring", message, scene.at(index, "model"), hint, "warning")


def _successors(scene: Scene, model: Model, today: date) -> Message:
    """Models of this region that take the same, the newest first."""
    able = [
        other
        for other in scene.catalog.models.values()
        if other.roles >= model.roles
        and scene.region in other.region_names.value
        and not is_retired(other, today + NOTICE)
    ]
    able.sort(key=lambda other: (_launch(other), other.name), reverse=True)
    names = [other.name for other in able[:3]]
    return tr("use {choices}", choices=either(names)) if names else NOTHING


def _launch(model: Model) -> date:
    return (model.launched.value if model.launched else None) or date.min


def is_retired(model: Model | PictureModel, today: date) -> bool:
    """Whether a model is no longer offered."""
    end = model.retires.value if model.retires else None
    return end is not None and end <= today
