"""One page over the lists of a run: the state of each, its deliverables, the way to its storyboard.

Self-contained, works from the disk; its one script chooses language and time zone. Every text in it
is escaped.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from wanx_render.language import Message, recorded, tr, verbatim
from wanx_render.money import show_written
from wanx_render.reports.bilingual import SWITCH, Words, script_source
from wanx_render.reports.states import LISTS


@dataclass(frozen=True, slots=True)
class Film:
    """A deliverable of a list, and whether the list would give another one now."""

    name: str
    path: str
    is_old: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A list of the run; paths start at the page's folder."""

    name: str
    state: str  # done, failed, person or new
    cost: str = ""
    picture: str | None = None
    storyboard: str | None = None
    deliverables: tuple[Film, ...] = ()
    failed: tuple[str, ...] = ()


_STYLE = """
:root{color-scheme:light dark;--ink:#1c2126;--soft:#5c6670;--page:#f6f7f8;--card:#fff;
--line:#d9dee3;--done:#1a6b3c;--failed:#b3261e;--person:#8a5300;--new:#5c6670;--link:#0b57a4}
@media (prefers-color-scheme:dark){:root{--ink:#e8ecef;--soft:#a4afb9;--page:#14181b;--card:#1d2226;
--line:#343b41;--done:#6fd196;--failed:#ff8a80;--person:#f3b95f;--new:#a4afb9;--link:#8ab9f1}}
*{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","PingFang SC",
"Microsoft YaHei","Noto Sans CJK SC","Noto Sans SC",sans-serif}
header,main{max-width:1120px;margin:0 auto;padding:20px 16px}h1{font-size:24px;margin:0 0 4px}
p{margin:0;color:var(--soft)}.mock{color:var(--person);font-weight:600}
.totals{display:flex;flex-wrap:wrap;gap:8px 24px;margin-top:12px;padding:0;list-style:none}
.totals b{font-size:20px;display:block}
ul.lists{list-style:none;margin:0;padding:0;display:grid;gap:12px;
align-items:start;grid-template-columns:repeat(auto-fill,minmax(200px,1fr))}
.lists>li{background:var(--card);border:1px solid var(--line);border-radius:8px;overflow:hidden;
content-visibility:auto;contain-intrinsic-size:200px auto 340px}
.lists img,.blank{display:block;width:100%;aspect-ratio:auto 3/4;background:var(--line)}
.lists img{height:auto}.blank{aspect-ratio:16/9}
.about{padding:10px 12px}h2{font-size:15px;margin:0;overflow-wrap:anywhere}
a{color:var(--link)}.state{font-weight:600}.done{color:var(--done)}.failed{color:var(--failed)}
.person{color:var(--person)}.new{color:var(--new)}
.made{padding:0;margin:6px 0 0;list-style:none;display:flex;flex-wrap:wrap;gap:2px 12px}
.why{margin:6px 0 0;padding-left:18px;color:var(--failed);overflow-wrap:anywhere}
header{position:relative}.language{position:absolute;right:16px;top:20px;font:inherit;
font-size:13.5px;padding:3px 12px;border:1px solid var(--line);border-radius:7px;
background:var(--card);color:var(--ink);cursor:pointer}
:focus-visible{outline:3px solid var(--link);outline-offset:2px}
"""
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' file: data:; script-src {script}"
)
_MOCK = tr("MOCK: simulated clips, play money")


def page(entries: Sequence[Entry], *, title: str, cost: str, mock: bool, finished_at: str) -> str:
    """The page as HTML; lists that need attention come first. The time is UTC, as ISO 8601."""
    words = Words()
    by_rank = sorted(entries, key=lambda entry: LISTS[entry.state].rank)
    cards = "".join(_card(entry, words) for entry in by_rank)
    policy = _POLICY.format(script=script_source())
    head = (
        f"<h1>{escape(title)}</h1>"
        + (f'<p class="mock">{words.text(_MOCK)}</p>' if mock else "")
        + f'<p>{words.text(_spent(cost))} · <time datetime="{escape(finished_at)}">'
        f"{escape(finished_at[:16].replace('T', ' '))} UTC</time></p>"
    )
    return (
        f'<!doctype html><html lang="{words.tag}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"{words.title(verbatim(title))}<style>{_STYLE}</style></head><body>"
        f"<header>{SWITCH}{head}{_totals(entries, words)}</header>"
        f'<main><ul class="lists">{cards}</ul></main>{words.script()}</body></html>\n'
    )


def _totals(entries: Sequence[Entry], words: Words) -> str:
    counts = Counter(entry.state for entry in entries)
    totals = "".join(
        f'<li><b class="{state}">{counts[state]:,}</b>{words.text(look.word)}</li>'
        for state, look in LISTS.items()
        if counts[state]
    )
    return f'<ul class="totals">{totals}</ul>'


def _spent(cost: str) -> Message:
    if cost == "nothing":
        return tr("nothing spent in these folders")
    return tr("{cost} spent in these folders in total", cost=show_written(cost))


def _card(entry: Entry, words: Words) -> str:
    name = escape(entry.name)
    title = f'<a href="{_url(entry.storyboard)}">{name}</a>' if entry.storyboard else name
    picture = '<div class="blank"></div>'
    if entry.picture:
        picture = f'<img src="{_url(entry.picture)}" alt="" loading="lazy">'
    links = "".join(_film(film, words) for film in entry.deliverables)
    why = "".join(f"<li>{words.text(recorded(reason))}</li>" for reason in entry.failed)
    cost = f" · {words.text(show_written(entry.cost))}" if entry.cost else ""
    state = words.text(LISTS[entry.state].word)
    return (
        f'<li>{picture}<div class="about"><h2>{title}</h2>'
        f'<p><span class="state {entry.state}">{state}</span>{cost}</p>'
        + (f'<ul class="made">{links}</ul>' if links else "")
        + (f'<ul class="why">{why}</ul>' if why else "")
        + "</div></li>"
    )


def _film(film: Film, words: Words) -> str:
    mark = f" {words.text(tr('(out of date)'))}" if film.is_old else ""
    return f'<li><a href="{_url(film.path)}">{escape(film.name)}</a>{mark}</li>'


def _url(path: str) -> str:
    """A path as an address: never another kind of address, whatever the path holds."""
    path_text = quote(path)
    return escape(path_text if path_text.startswith(("/", "../")) else f"./{path_text}")
