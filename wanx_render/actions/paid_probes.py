"""What ``doctor --service --probe-cost`` would buy, its price, and the person who agrees to it.

One clip, and a twin of it that is cancelled while it waits. Both go the way of every take: a list
in a render folder, its plan, its prices.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from PIL import Image

from wanx_render.catalog.capabilities import Catalog
from wanx_render.catalog.pricing import Total
from wanx_render.conformance.bodies import cheapest
from wanx_render.conformance.clip import PICTURE
from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput, NeedsApproval
from wanx_render.language import Message, shown, tr
from wanx_render.money import Money, show_money
from wanx_render.planning.planned import Take
from wanx_render.session.approval import is_price
from wanx_render.session.environment import Environment
from wanx_render.session.folder import opened, writable
from wanx_render.session.outlook import make_plan
from wanx_render.source import yaml_source
from wanx_render.task import InputMedia
from wanx_render.tasks.clip_store import whole_clip
from wanx_render.validation.batches import read_each

BACKEND = "dashscope"
_FORM = "img_url"
_SEEDS = {"clip": 7, "twin": 8}
_PROMPT = "A paper boat drifts across a quiet pond."


@dataclass(frozen=True)
class Purchase:
    """What may be bought: the takes in their order, as far as the budget goes."""

    folder: Path
    takes: tuple[Take, ...]
    media: tuple[InputMedia, ...]
    most: Money  # that it may cost

    def take(self, shot: str) -> Take | None:
        return next((take for take in self.takes if take.shot == shot), None)


def purchase(
    folder: Path, catalog: Catalog, catalog_file: Path | None, region: str, budget: Money
) -> Purchase:
    """What ``budget`` allows in a region. Raises BadInput or NeedsApproval; nothing is sent."""
    file = _written(folder, catalog, region)
    loaded = read_each((file,), catalog_file).good[0].lists[0]
    plan = make_plan(loaded, catalog, BACKEND)
    if budget.currency != plan.currency:
        message = tr(
            "--probe-cost is in {currency}; {region} is paid in {other}",
            currency=budget.currency, region=region, other=plan.currency,
        )  # fmt: skip
        raise BadInput(Diagnostic("probe-cost-unusable", message))
    takes, spent, here = [], Decimal(0), _bought(folder, plan.takes)
    for take in plan.takes:
        if take.price is None:
            model = take.request.model
            raise NeedsApproval(tr("{model} has no known price: nothing was sent", model=model))
        amount = Decimal(0) if take.shot in here else take.price.amount
        if spent + amount <= budget.amount:
            takes.append(take)
            spent += amount
    if not takes:
        price, limit = (show_money(money) for money in (plan.takes[0].price or budget, budget))
        raise NeedsApproval(
            tr("one clip costs {price}, over --probe-cost of {limit}; nothing was sent",
               price=price, limit=limit)
        )  # fmt: skip
    media = tuple(loaded.media.values())
    return Purchase(folder, tuple(takes), media, Money(spent, budget.currency))


def _bought(folder: Path, takes: Iterable[Take]) -> frozenset[str]:
    """The takes whose clips an earlier probe left in the folder."""
    if not (folder / "journal.sqlite").is_file():
        return frozenset()
    with opened(folder) as journal:
        return frozenset(
            take.shot for take in takes if whole_clip(take.request.key(BACKEND), journal, folder)
        )


def _written(folder: Path, catalog: Catalog, region: str) -> Path:
    """The list of what may be bought, and its picture. Raises BadInput."""
    models = cheapest(_FORM, "first_frame", catalog, region)
    if not models:
        message = tr("the region has no model of the form {form}", form=_FORM)
        raise BadInput(Diagnostic("probe-cost-unusable", message))
    model = models[0]
    writable(folder)
    picture, file = folder / "probe.png", folder / "probe.yaml"
    if not picture.exists():
        _draw(picture)
    tiers = sorted(model.tiers.value, key=catalog.tier_area)
    shot = {
        "model": model.name, "resolution": tiers[0], "duration": min(model.durations.value),
        "image": picture.name, "prompt": _PROMPT,
    }  # fmt: skip
    shots = [{"id": name, **shot, "seed": seed} for name, seed in _SEEDS.items()]
    value = {
        "version": 1, "project": "service-check", "backend": BACKEND, "region": region,
        "shots": shots, "deliverables": ["3:4"],
    }  # fmt: skip
    yaml_source.write(file, value)
    return file


def _draw(path: Path) -> None:
    """A picture of the official example's size, with edges by which a clip can be recognised."""
    image = Image.linear_gradient("L").resize((PICTURE.width, PICTURE.height)).convert("RGB")
    image.paste("#c04020", (250, 500, 500, 700))
    image.paste("#2040a0", (300, 350, 450, 480))
    image.save(path)


def approve(wanted: Purchase, environment: Environment) -> None:
    """Nothing is bought before a person types the most that it may cost. Raises NeedsApproval."""
    if not wanted.most.amount:
        return
    for take in wanted.takes:
        environment.say(_offer(take))
    most = show_money(wanted.most)
    message = tr("the probes may cost {most}", most=most)
    if environment.stdin is None or not environment.stdin.isatty():
        raise NeedsApproval(
            tr("{message}; run it in a terminal, where a person can type that", message=message)
        )
    question = tr("{message}. Type {price} to spend it: ", message=message, price=most)
    environment.stderr.write(shown(question))
    environment.stderr.flush()
    total = Total(wanted.most.amount, wanted.most.currency)
    if not is_price(environment.stdin.readline(), total):
        raise NeedsApproval(tr("not confirmed; nothing was sent"))


def _offer(take: Take) -> Message:
    """What one task of the probes is, and its price."""
    request = take.request
    text = tr(
        "{shot}: {model}, {tier}, {n} s, {price}",
        shot=take.shot, model=request.model, tier=request.resolution, n=request.duration,
        price=show_money(take.price) if take.price else tr("unknown"),
    )  # fmt: skip
    if take.shot != "twin":
        return text
    return tr("{offer}; cancelled at once, and paid only if it runs before", offer=text)
