"""One page over the lists of a run: how each stands, what it delivered, the way to its storyboard.

Self-contained, works from the disk; nothing runs in it, and every text in it is escaped.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from wanx_render.money import show_written
from wanx_render.reports.states import LISTS


@dataclass(frozen=True, slots=True)
class Entry:
    """A list of the run; paths start at the page's folder."""

    name: str
    state: str  # done, failed, person or new
    cost: str = ""
    picture: str | None = None
    storyboard: str | None = None
    deliverables: tuple[tuple[str, str], ...] = ()  # name and path
    failed: tuple[str, ...] = ()


_STYLE = """
:root{color-scheme:light dark;--ink:#1c2126;--soft:#5c6670;--page:#f6f7f8;--card:#fff;
--line:#d9dee3;--done:#1a6b3c;--failed:#b3261e;--person:#8a5300;--new:#5c6670;--link:#0b57a4}
@media (prefers-color-scheme:dark){:root{--ink:#e8ecef;--soft:#a4afb9;--page:#14181b;--card:#1d2226;
--line:#343b41;--done:#6fd196;--failed:#ff8a80;--person:#f3b95f;--new:#a4afb9;--link:#8ab9f1}}
*{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);
font:15px/1.5 system-ui,sans-serif}
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
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' file: data:"


def page(entries: Sequence[Entry], *, title: str, cost: str, mock: bool, finished_at: str) -> str:
    """The page as HTML; what went wrong stands first."""
    by_rank = sorted(entries, key=lambda entry: LISTS[entry.state].rank)
    counts = Counter(entry.state for entry in entries)
    totals = "".join(
        f'<li><b class="{state}">{counts[state]:,}</b>{look.word}</li>'
        for state, look in LISTS.items()
        if counts[state]
    )
    simulated = '<p class="mock">MOCK: simulated clips, play money</p>' if mock else ""
    title, spent = escape(title), escape(show_written(cost))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body>"
        f"<header><h1>{title}</h1>{simulated}"
        f"<p>{spent} in these folders ever, {escape(finished_at)}</p>"
        f'<ul class="totals">{totals}</ul></header>'
        f'<main><ul class="lists">{"".join(map(_card, by_rank))}</ul></main></body></html>\n'
    )


def _card(entry: Entry) -> str:
    name = escape(entry.name)
    title = f'<a href="{_url(entry.storyboard)}">{name}</a>' if entry.storyboard else name
    picture = '<div class="blank"></div>'
    if entry.picture:
        picture = f'<img src="{_url(entry.picture)}" alt="" loading="lazy">'
    links = "".join(
        f'<li><a href="{_url(path)}">{escape(label)}</a></li>' for label, path in entry.deliverables
    )
    why = "".join(f"<li>{escape(reason)}</li>" for reason in entry.failed)
    cost = f", {escape(show_written(entry.cost))}" if entry.cost else ""
    return (
        f'<li>{picture}<div class="about"><h2>{title}</h2>'
        f'<p><span class="state {entry.state}">{LISTS[entry.state].word}</span>{cost}</p>'
        + (f'<ul class="made">{links}</ul>' if links else "")
        + (f'<ul class="why">{why}</ul>' if why else "")
        + "</div></li>"
    )


def _url(path: str) -> str:
    """A path as an address: never another kind of address, whatever the path holds."""
    path_text = quote(path)
    return escape(path_text if path_text.startswith(("/", "../")) else f"./{path_text}")
