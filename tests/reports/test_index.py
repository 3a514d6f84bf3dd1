"""The page over many lists: only its own script runs in it, whatever names and messages hold."""

import re
from html.parser import HTMLParser

from tests.support.pages import only_its_own_script
from wanx_render.reports.index import Entry, Film, page

NASTY = '"><script>alert(1)</script><img src=x onerror=alert(1)>'


class _Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]


def test_names_paths_and_messages_are_text_and_nothing_else() -> None:
    entry = Entry(
        NASTY,
        "failed",
        NASTY,
        NASTY,
        "javascript:alert(1)",
        (Film(NASTY, "../a b/#?.mp4"),),
        (NASTY,),
    )
    text = page([entry], title=NASTY, cost=NASTY, mock=True, finished_at="now")
    seen = _Seen()
    seen.feed(text)
    only_its_own_script(text)
    assert not seen.handlers
    assert "Content-Security-Policy" in text
    assert "MOCK" in text
    assert seen.links == [
        "./%22%3E%3Cscript%3Ealert%281%29%3C/script%3E%3Cimg%20src%3Dx%20onerror%3Dalert%281%29%3E",
        "./javascript%3Aalert%281%29",
        "../a%20b/%23%3F.mp4",
    ]


def test_every_state_is_counted_in_words() -> None:
    states = ("done", "done", "failed", "person", "new")
    text = page(
        [Entry("x", state) for state in states],
        title="shop",
        cost="3.00 CNY",
        mock=False,
        finished_at="now",
    )
    for word in ("2</b>done", "1</b>failed", "1</b>needs your decision", "1</b>not generated"):
        assert word in re.sub("<span[^>]*>", "", text)
    assert "MOCK" not in text


def test_a_card_has_the_shape_of_its_film() -> None:
    text = page(
        [Entry("x", "done", picture="x.jpg")], title="shop", cost="", mock=False, finished_at="now"
    )
    assert "object-fit" not in text  # which would cut it
    assert ".lists img{height:auto}" in text


def test_a_film_of_an_earlier_run_is_marked_and_linked() -> None:
    films = (Film("tall", "tall.mp4"), Film("wide", "wide.mp4", is_old=True))
    entry = Entry("x", "failed", deliverables=films)
    text = page([entry], title="shop", cost="", mock=False, finished_at="now")
    lines = [part for part in text.split("<li>") if "mp4" in part]
    assert "out of date" not in lines[0]
    assert 'href="./wide.mp4">wide</a>' in lines[1]
    assert "(out of date)" in lines[1]
