"""The capability matrix: one row for each model, in groups by what it makes its clip of."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from wanx_render.catalog.abilities import Model, PictureModel
from wanx_render.catalog.capabilities import Catalog, Price
from wanx_render.catalog.doubts import prices_of
from wanx_render.catalog.figures import Figure
from wanx_render.diagnostics import display_width
from wanx_render.language import Message, joined, shown, tr, verbatim
from wanx_render.money import show_amount
from wanx_render.reports.models.one_model import NARROW
from wanx_render.reports.models.values import seconds_shown, value_shown
from wanx_render.reports.plan_table import console_for

_CURRENCIES = ("CNY", "USD")


@dataclass(frozen=True, slots=True)
class Group:
    """Models of one kind; a model that can do several things is in several groups."""

    title: Message
    has: Callable[[Model], bool]


def _from_references(model: Model) -> bool:
    return bool(model.roles & {"reference_image", "reference_video"})


GROUPS = (
    Group(
        tr("From a first frame"),
        lambda m: "first_frame" in m.roles and not m.takes_last_image and not _from_references(m),
    ),
    Group(tr("From a first frame, with or without a last one"), lambda m: m.takes_last_image),
    Group(tr("From a clip, which is continued"), lambda m: "first_clip" in m.roles),
    Group(tr("From text alone"), lambda m: m.takes_words_alone),
    Group(tr("From references: pictures or videos of people and things"), _from_references),
)


def show_all(catalog: Catalog, stream: TextIO) -> None:
    """Every model by group; a figure without an official source is marked."""
    console = console_for(stream)
    view = MatrixView(catalog, is_wide=console.width >= NARROW)
    columns = list(zip(view.headings, view.widths, strict=True))
    for group in GROUPS:
        rows = [view.row(model) for model in catalog.models.values() if group.has(model)]
        if rows:
            _print(console, group.title, columns, rows)
    if catalog.pictures:
        rows = [view.picture_row(model) for model in catalog.pictures.values()]
        _print(console, view.pictures_title, [(heading, 0) for heading in PICTURE_COLUMNS], rows)
    console.print(Text(shown(view.legend)))
    console.print(Text(shown(tr("? not from an official document; see wanx-render models NAME"))))


PICTURE_COLUMNS = (tr("model"), tr("sizes"), tr("where"), tr("CNY each"), tr("USD each"))
Row = tuple[str, ...]


@dataclass(frozen=True)
class MatrixView:
    """The cells of the matrix; where there is little room, one column is left out."""

    catalog: Catalog
    is_wide: bool
    pictures_title = tr("Pictures, for first frames")

    @property
    def letters(self) -> dict[str, str]:
        """A short sign for each region: its first letter, or more where two begin alike."""
        letters: dict[str, str] = {}
        for region in self.catalog.service.regions:
            length = 1
            while region[:length].upper() in letters.values() and length < len(region):
                length += 1
            letters[region] = region[:length].upper()
        return letters

    @property
    def legend(self) -> Message:
        """What the signs of the regions mean."""
        signs = (verbatim(f"{sign} {name}") for name, sign in self.letters.items())
        return tr("where: {places}", places=joined(signs, tr(", ")))

    @property
    def headings(self) -> Sequence[Message]:
        rate = (tr("fps"),) if self.is_wide else ()
        return (
            tr("model"), tr("tiers"), tr("seconds"), *rate, tr("sound"), tr("where"),
            tr("CNY/s"), tr("USD/s"),
        )  # fmt: skip

    @property
    def widths(self) -> list[int]:
        """How many cells each column takes, so that all groups stand in the same columns."""
        headings = [shown(heading) for heading in self.headings]
        rows = [headings, *(self.row(model) for model in self.catalog.models.values())]
        return [max(map(display_width, cells)) for cells in zip(*rows, strict=True)]

    def row(self, model: Model) -> Row:
        tiers = sorted(model.tiers.value, key=self.catalog.tier_area)
        rate = (f"{value_shown('fps', model.fps.value)}{self._mark(model.fps)}",)
        return (
            model.name,
            " ".join(tier.removesuffix("P") for tier in tiers) + self._mark(model.tiers),
            seconds_shown(model.durations.value) + self._mark(model.durations),
            *(rate if self.is_wide else ()),
            shown(_SOUNDS[model.sound.value]) + self._mark(model.sound),
            self._where(model),
            *self._prices(model.name),
        )

    def picture_row(self, model: PictureModel) -> Row:
        sizes = value_shown("sizes", model.sizes.value) + self._mark(model.sizes)
        return model.name, sizes, self._where(model), *self._prices(model.name)

    def _where(self, model: Model | PictureModel) -> str:
        letters = self.letters
        return "".join(letters[region] for region in model.region_names.value)

    def _prices(self, name: str) -> tuple[str, ...]:
        """The price in force in each currency; a dash where none is known."""
        prices: dict[str, Price] = {}
        for entry in prices_of(name, self.catalog):
            prices.setdefault(entry.value.currency, entry.value)
        return tuple(self._price(prices.get(currency)) for currency in _CURRENCIES)

    def _price(self, price: Price | None) -> str:
        if price is None:
            return "-"
        amounts = [show_amount(amount, exactly=True) for amount in sorted(_amounts(price))]
        span = amounts[0] if len(amounts) == 1 else f"{amounts[0]}-{amounts[-1]}"
        return span + ("" if self._is_official(price.source) else "?")

    def _mark(self, figure: Figure[Any]) -> str:
        return "" if self._is_official(figure.source) else "?"

    def _is_official(self, source: str) -> bool:
        return self.catalog.sources[source].kind == "official"


_SOUNDS = {"none": tr("none"), "always": tr("always"), "switchable": tr("choice")}


def _print(
    console: Console,
    title: Message,
    columns: Sequence[tuple[Message, int]],
    rows: Iterable[Sequence[str]],
) -> None:
    gap = 2 if console.width >= NARROW else 1
    table = Table(box=None, padding=(0, gap, 0, 0), pad_edge=False)
    for number, (heading, width) in enumerate(columns):
        is_name = number == 0
        table.add_column(shown(heading), no_wrap=is_name, overflow="fold", min_width=width or None)
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(Text(shown(title), style="bold"))
    console.print(table)
    console.print()


def _amounts(price: Price) -> set[Decimal]:
    if price.per_picture is not None:
        return {price.per_picture}
    return {*price.per_second.values(), *price.silent_per_second.values()}
