"""docs/guide/models.md, made of the catalog: what each model can do, from which source, in conflict
with which. In Chinese too; sentences come from the program's own catalogue, the words of the page
itself from ``WORDS``.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import resources
from typing import Any

from tests.docs.pages import GENERATED, anchor_of
from wanx_render.catalog.abilities import Model, PictureModel
from wanx_render.catalog.capabilities import Catalog, Price, packaged
from wanx_render.catalog.doubts import CatalogEntry, entries, entries_of
from wanx_render.language import Language, joined, shown, tr, using, verbatim
from wanx_render.reports.models import one_model as figures
from wanx_render.reports.models.doubts_table import alike
from wanx_render.reports.models.overview import GROUPS, PICTURE_COLUMNS, MatrixView, Row
from wanx_render.source import yaml_source

HEADS = (
    """Everything that wanx-render knows of the service: which model can do what, where, and at what
price. Nothing here was checked against the live service. Each figure names its source, and the
[sources](#sources) are at the end. Where sources disagree, one figure is in force and the others
are kept beside it.

A [catalog of your own](real-service.md) changes any of them. A `?` marks a figure that is not from
an official document.

```sh
wanx-render models wan2.7-i2v                    # one model
wanx-render models diff wan2.6-i2v wan2.7-i2v    # two side by side
wanx-render models wan2.5-i2v-preview --stale    # old or in conflict
```
""",
    "[English](../../guide/models.md) · 简体中文 · [指南目录](index.md)\n\n"
    "wanx-render 所知道的服务的全部内容：哪个模型能做什么，在哪里，价格多少。"
    "这里的内容都没有在线上服务核对过。每项数据都注明来源，[来源](#来源)列在页末。"
    "来源不一时，一项数据生效，其他的放在旁边。\n\n"
    "[自己的模型目录](real-service.md)可以修改其中任何一项。`?` 表示数据不是来自官方文档。\n\n"
    "```sh\n"
    "wanx-render models wan2.7-i2v                    # 一个模型，附请求示例\n"
    "wanx-render models diff wan2.6-i2v wan2.7-i2v    # 两个模型的不同之处\n"
    "wanx-render models wan2.5-i2v-preview --stale    # 陈旧的或有冲突的数据\n"
    "```\n",
)
WORDS = {
    "title": ("Models", "模型"),
    "overview": ("All models", "全部模型"),
    "forms": ("Request forms", "请求形式"),
    "forms intro": (
        "A form says where each thing goes in the body of a create call. `field` holds one "
        "address, `field[]` a list of them, `field[type]` a list of items with a type.",
        "请求形式说明每样东西在创建请求中的位置。`field` 为一个地址，`field[]` 为地址列表，"
        "`field[type]` 为带类型的列表。",
    ),
    "form": ("form", "形式"),
    "places": ("places in `input`", "`input` 中的位置"),
    "parameters": ("`parameters`", "`parameters`"),
    "disputed": ("What sources disagree on", "来源不一的数据"),
    "in force": ("in force", "生效"),
    "elsewhere": ("elsewhere", "另一来源"),
    "models": ("models", "模型"),
    "each": ("Each model", "各模型"),
    "as": ("As [`{name}`](#{anchor}), but:", "同 [`{name}`](#{anchor})，不同之处："),
    "figure": ("figure", "数据"),
    "value": ("value", "值"),
    "source": ("source", "来源"),
    "remarks": ("remarks", "备注"),
    "sources": ("Sources", "来源"),
    "what": ("what it is", "内容"),
    "kind": ("kind", "类别"),
    "dated": ("dated", "日期"),
    "read": ("read", "查看日期"),
}
LANGUAGES: tuple[Language, Language] = ("en", "zh")


def english() -> str:
    """The page as it is in docs/guide/."""
    return _page(0)


def chinese() -> str:
    """The page as it is in docs/zh/guide/."""
    return _page(1)


def _page(column: int) -> str:
    with using(LANGUAGES[column]):
        page = _Page(packaged(), lambda name: WORDS[name][column])
        parts = (page.overview, page.disputed, page.forms, page.each, page.sources)
        head = f"# {page.word('title')}\n\n{GENERATED}\n\n{HEADS[column]}\n"
        return head + "\n".join("\n".join(part()) + "\n" for part in parts)


class _Page:
    """The parts of the page in one language."""

    def __init__(self, catalog: Catalog, word: Callable[[str], str]) -> None:
        self.catalog, self.word = catalog, word

    def overview(self) -> Iterator[str]:
        view = MatrixView(self.catalog, is_wide=True)
        yield f"## {self.word('overview')}\n"
        for group in GROUPS:
            rows = [view.row(model) for model in self.catalog.models.values() if group.has(model)]
            yield from self._group(shown(group.title), map(shown, view.headings), rows)
        pictures = [view.picture_row(model) for model in self.catalog.pictures.values()]
        yield from self._group(shown(view.pictures_title), map(shown, PICTURE_COLUMNS), pictures)
        yield shown(view.legend) + "\n"

    def _group(self, title: str, headings: Iterable[str], rows: Sequence[Row]) -> Iterator[str]:
        yield f"**{title}**\n"
        linked = [(f"[`{row[0]}`](#{anchor_of(row[0])})", *row[1:]) for row in rows]
        yield from _table(headings, linked)

    def disputed(self) -> Iterator[str]:
        yield f"## {self.word('disputed')}\n"
        disputed = (entry for entry in entries(self.catalog) if entry.others)
        rows = []
        for owners, (figure, *others) in alike(disputed):
            elsewhere = "<br>".join(map(self._opinion, others))
            models = ", ".join(f"`{owner}`" for owner in owners)
            rows.append((f"`{figure[0]}`", self._opinion(figure), elsewhere, models))
        names = ("figure", "in force", "elsewhere", "models")
        yield from _table(map(self.word, names), rows)

    def _opinion(self, row: figures.Row) -> str:
        _, value, source, note = row
        text = joined((source, verbatim(note)), tr("; ")) if note else source
        return shown(tr("{value} ({source})", value=value, source=text))

    def forms(self) -> Iterator[str]:
        yield f"## {self.word('forms')}\n"
        yield self.word("forms intro") + "\n"
        rows = []
        for name, form in self.catalog.forms.items():
            places = "<br>".join(f"{role}: `{place}`" for role, place in form.places.items())
            parameters = ", ".join(form.parameters)
            about = f"{shown(form.title)}<br>`POST {form.path}`"
            rows.append((f"`{name}`", about, places or "-", parameters, form.source))
        names = ("form", "what", "places", "parameters", "source")
        yield from _table(map(self.word, names), rows)

    def each(self) -> Iterator[str]:
        yield f"## {self.word('each')}\n"
        for folder, group in (("models", self.catalog.models), ("pictures", self.catalog.pictures)):
            for name, model in group.items():
                yield from self._one(model, _own(folder, name))

    def _one(self, model: Model | PictureModel, own: dict[str, Any]) -> Iterator[str]:
        yield f"### {model.name}\n"
        yield f"{shown(model.title)}\n"
        base = own.get("snapshot_of") or own.get("like")
        if base:
            yield self.word("as").format(name=base, anchor=anchor_of(base)) + "\n"
        entries = entries_of(model, self.catalog)
        rows = [
            row
            for entry in entries
            if entry.name in own or _is_price_of(model, entry)
            for row in self._figure(entry)
        ]
        yield from _table(map(self.word, ("figure", "value", "source", "remarks")), rows)

    def _figure(self, entry: CatalogEntry) -> Iterator[Row]:
        """The figure in force, then what other sources say."""
        (name, *in_force), *others = figures.rows_of(entry)
        yield f"`{name}`", *in_force
        for _, value, source, note in others:
            text = tr("{subject}: {text}", subject=self.word("elsewhere"), text=value)
            yield f"`{name}`", shown(text), source, note

    def sources(self) -> Iterator[str]:
        yield f"## {self.word('sources')}\n"
        rows = [
            (f"`{name}`", shown(evidence.title), shown(figures.KINDS[evidence.kind]), evidence.date,
             str(evidence.read or ""))
            for name, evidence in self.catalog.sources.items()
        ]  # fmt: skip
        names = ("source", "what", "kind", "dated", "read")
        yield from _table(map(self.word, names), rows)


def _is_price_of(model: Model | PictureModel, entry: CatalogEntry) -> bool:
    """Whether a figure is a price of the model's own, not of the one that it is a snapshot of."""
    return isinstance(entry.value, Price) and entry.value.model == model.name


def _own(folder: str, name: str) -> dict[str, Any]:
    """What the file of a model says itself."""
    file = resources.files("wanx_render.catalog") / folder / f"{name}.yaml"
    record: dict[str, Any] = yaml_source.packaged(file)
    return record


def _table(headings: Iterable[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    titles = list(headings)
    yield f"| {' | '.join(titles)} |"
    yield "|" + "---|" * len(titles)
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |"
    yield ""
