"""One page over the lists of a run: what failed and why, the money, and every list with its films.

Self-contained, works from the disk. The lists are data in the page, of which its script shows
sixty at a time; without scripts the page shows all of them. Every text in it is escaped.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2
from markupsafe import Markup

from wanx_render.geometry import Size
from wanx_render.language import Message, recorded, shown, tr, verbatim
from wanx_render.money import show_written
from wanx_render.reports import wording
from wanx_render.reports.bilingual import (
    SWITCH,
    PageTexts,
    both,
    environment,
    script_source,
    script_text,
    style_source,
)
from wanx_render.reports.states import LISTS
from wanx_render.timing import show_duration

HERE = Path(__file__).parent
SCRIPT = HERE / "index.js"
_MOST_GROUPS, _MOST_NAMES = 6, 8  # reasons, and rows of each, that are named at the top
_LONGEST_CAPTION = 300
_PLAIN = re.compile(r"[\w][\w./-]*", re.ASCII)  # a path that is its own address
_TAKE = re.compile(r"\S+ take \d+: ([\w.]+): ")  # before the reason of a take, with its code
_CELL = re.compile(r".+?:\d+:\d+: ")
_AGAIN = re.compile(r"not sent again unchanged; the answer of [-:\d ]+ UTC was: ")


@dataclass(frozen=True, slots=True)
class Film:
    """A deliverable of a list; paths start at the page's folder."""

    name: str
    path: str
    size: Size | None = None
    aspect: str = ""
    seconds: str = ""
    poster: str | None = None
    stale: str = ""  # why it is out of date; empty where it is not


@dataclass(frozen=True, slots=True)
class ListOnPage:
    """A list of the run; paths start at the page's folder."""

    name: str
    state: str  # one of ``LISTS``
    cost: str = ""
    caption: str = ""
    finished_at: str = ""  # UTC, as ISO 8601
    picture: str | None = None  # where it has no film
    shape: Size | None = None  # of that picture
    storyboard: str | None = None
    films: tuple[Film, ...] = ()
    failed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Command:
    """What a person runs next."""

    purpose: Message
    text: str


@dataclass(frozen=True, slots=True)
class Overview:
    """What the page says of all lists together. Sums are as files have them: ``6.60 CNY``."""

    title: str
    mock: bool
    finished_at: str = ""  # UTC, as ISO 8601
    run_cost: str = ""  # empty where it is not known
    films_cost: str = ""
    ever_cost: str = ""
    paid: Mapping[str, str] = field(default_factory=dict)  # ever, by the state of the list
    commands: tuple[Command, ...] = ()


# What the page's script says.
_TEXTS: dict[str, Message] = {
    "search": tr("Search names, captions and reasons"),
    "count": tr("Rows {first} to {last} of {n}", first="{first}", last="{last}", n="{n}"),
    "none": tr("No row matches."),
    "page": tr("Page"),
    "pages": tr("of {n}", n="{n}"),
    "play": tr("Play {film} of {row}", film="{film}", row="{row}"),
    "film": tr("{film} of {row}", film="{film}", row="{row}"),
    "unplayable": tr("This browser cannot play the film. Its name below leads to the file."),
    "first": tr("the first of each row"),
    "more": tr("Show all"),
    "less": tr("Show less"),
    "copy": tr("Copy"),
    "copied": tr("Copied"),
    **{f"state-{name}": state.word for name, state in LISTS.items()},
}


@dataclass(frozen=True, slots=True)
class _Group:
    """A reason for which lists failed, and their names."""

    text: Message
    rows: list[str]


@dataclass(frozen=True, slots=True)
class _State:
    """A filter: the lists in one state, or all."""

    name: str
    word: Message
    rows: int
    paid: str


def page(entries: Sequence[ListOnPage], about: Overview) -> str:
    """The page as HTML; lists that need attention come first."""
    ranked = sorted(entries, key=lambda entry: LISTS[entry.state].rank)
    groups = _groups(ranked)
    style = (HERE / "index.css").read_text(encoding="utf-8")
    return _template().render(
        about=about, groups=groups, states=_states(entries, about),
        texts=PageTexts(), switch=SWITCH,
        title=verbatim(about.title), style=Markup(style), style_source=Markup(style_source(style)),  # noqa: S704
        sources=Markup(" ").join((script_source(), script_source(SCRIPT))),
        script=Markup(script_text(SCRIPT)),  # noqa: S704
        most_groups=_MOST_GROUPS, most_names=_MOST_NAMES,
        data=lambda: _data(ranked, groups), plain_list=lambda: _plain_list(ranked),
    )  # fmt: skip


@cache
def _template() -> jinja2.Template:
    templates = environment(HERE)
    templates.filters["money"] = _money
    return templates.get_template("index.html")


# -- what the page says of all lists ---------------------------------------------------------------


def _states(entries: Sequence[ListOnPage], about: Overview) -> list[_State]:
    """All lists, and those of each state that there is."""
    counts = dict.fromkeys(LISTS, 0)
    for entry in entries:
        counts[entry.state] += 1
    present = [name for name, count in counts.items() if count]
    states = [
        _State(name, LISTS[name].word, counts[name], about.paid.get(name, "")) for name in present
    ]
    return [_State("", tr("all"), len(entries), ""), *states]


def _groups(entries: Iterable[ListOnPage]) -> list[_Group]:
    """The reasons for which lists failed; that of the most lists is first."""
    rows: dict[Message, list[str]] = {}
    for entry in entries:
        for reason in dict.fromkeys(map(_without_place, entry.failed)):
            rows.setdefault(reason, []).append(entry.name)
    return sorted((_Group(*item) for item in rows.items()), key=lambda group: -len(group.rows))


def _without_place(reason: str) -> Message:
    """A reason without its take or cell and without its time, so that equal ones are one group."""
    if take := _TAKE.match(reason):
        sentence = _AGAIN.sub("", reason[take.end() :])
        return tr("{subject}: {text}", subject=take[1], text=recorded(sentence))
    cell = _CELL.match(reason)
    return recorded(reason[cell.end() :] if cell else reason)


# -- the lists as data -----------------------------------------------------------------------------


class _Strings:
    """Texts that many lists share, each once."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self.pairs: list[str | tuple[str, str]] = []

    def number(self, message: Message) -> int:
        """Where the text stands in ``pairs``."""
        number = self._numbers.setdefault(message, len(self.pairs))
        if number == len(self.pairs):
            self.pairs.append(both(message))
        return number


def _data(entries: Iterable[ListOnPage], groups: Sequence[_Group]) -> Markup:
    """What the page's script shows, as JSON that can stand in a page."""
    strings = _Strings()
    numbers = {group.text: number for number, group in enumerate(groups)}
    rows = [_row(entry, strings, numbers) for entry in entries]
    texts = {name: both(text) for name, text in _TEXTS.items()}
    record = {"texts": texts, "rows": rows, "strings": strings.pairs}
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704


def _row(entry: ListOnPage, strings: _Strings, groups: Mapping[Message, int]) -> dict[str, Any]:
    """A list; what it has not is left out."""
    row: dict[str, Any] = {"name": wording.plain(entry.name), "state": entry.state}
    if entry.cost:
        row["cost"] = strings.number(_money(entry.cost))
    if entry.caption:
        row["caption"] = wording.plain(entry.caption[:_LONGEST_CAPTION])
    if entry.finished_at:
        row["at"] = wording.plain(entry.finished_at)
    if entry.storyboard:
        row["board"] = _url(entry.storyboard)
    if entry.films:
        row["films"] = [_film(film, strings) for film in entry.films]
    elif entry.picture:
        row["picture"] = _url(entry.picture)
        row["shape"] = [entry.shape.width, entry.shape.height] if entry.shape else None
    if entry.failed:
        row["why"] = [strings.number(recorded(reason)) for reason in entry.failed]
        row["groups"] = [groups[_without_place(reason)] for reason in entry.failed]
    return row


def _film(film: Film, strings: _Strings) -> dict[str, Any]:
    record: dict[str, Any] = {"name": wording.plain(film.name), "path": _url(film.path)}
    if film.size:
        record |= {"width": film.size.width, "height": film.size.height, "aspect": film.aspect}
    if film.poster:
        record["poster"] = _url(film.poster)
    if length := _length(film.seconds):
        record["length"] = length
    if film.stale:
        record["stale"] = strings.number(recorded(film.stale))
    return record


@lru_cache(256)  # rows of one table have few prices and lengths
def _money(text: str) -> Message:
    return tr("nothing") if text == "nothing" else show_written(text)


@lru_cache(256)
def _length(seconds: str) -> str:
    try:
        length = Decimal(seconds or 0)
        return show_duration(float(length), tenths=length < 1) if length else ""
    except InvalidOperation:
        return ""


# -- the lists as HTML -----------------------------------------------------------------------------


def _plain_list(entries: Iterable[ListOnPage]) -> Markup:
    """Every list, for browsers without scripts and for programs that follow links."""
    return Markup("".join(map(_plain_card, entries)))  # noqa: S704  # of escaped parts


def _plain_card(entry: ListOnPage) -> str:
    return f"<li>{''.join(_plain_parts(entry))}</li>"


def _plain_parts(entry: ListOnPage) -> Iterator[str]:
    film = entry.films[0] if entry.films else None
    if picture := film.poster if film else entry.picture:
        yield f'<img src="{escape(_url(picture))}" alt="" loading="lazy">'
    name = _escaped(entry.name)
    href = escape(_url(entry.storyboard)) if entry.storyboard else ""
    yield f'<h3><a href="{href}">{name}</a></h3>' if href else f"<h3>{name}</h3>"
    cost = f" · {_escaped(_money(entry.cost))}" if entry.cost else ""
    yield f'<p class="{entry.state}">{_escaped(LISTS[entry.state].word)}{cost}</p>'
    for deliverable in entry.films:
        href = escape(_url(deliverable.path))
        yield f'<p><a href="{href}">{_escaped(deliverable.name)}</a></p>'
    for reason in entry.failed:
        yield f'<p class="failed">{_escaped(recorded(reason))}</p>'


def _escaped(text: str) -> str:
    return escape(str(wording.plain(shown(text))))


def _url(path: str) -> str:
    """A path as an address: never another kind of address, whatever the path holds."""
    if _PLAIN.fullmatch(path):
        return f"./{path}"
    address = quote(path, errors="replace")
    return address if address.startswith(("/", "../")) else f"./{address}"
