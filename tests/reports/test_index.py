"""The page over many lists: only its own scripts run in it, whatever names and messages hold."""

import json
import re
from html.parser import HTMLParser
from typing import Any

from tests.support.pages import Page, chinese, english, only_its_own_script
from wanx_render.geometry import Size
from wanx_render.language import tr, using
from wanx_render.reports.index import SCRIPT, Command, Film, ListOnPage, Overview, page

NASTY = '"><script>alert(1)</script><img src=x onerror=alert(1)>\u202e\x07'
SHOP = Overview("shop", mock=False)


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


def data(text: str) -> dict[str, Any]:
    """What the page's script shows."""
    record: dict[str, Any] = json.loads(Page(text).scripts[2][1])
    return record


def test_names_paths_and_messages_are_text_and_nothing_else() -> None:
    entry = ListOnPage(
        NASTY, "failed", NASTY, NASTY, NASTY, storyboard="javascript:alert(1)", failed=(NASTY,),
        films=(Film(NASTY, "../a b/#?.mp4", poster=NASTY, stale=NASTY),),
    )  # fmt: skip
    command = Command(tr("Copy"), NASTY)
    text = page([entry], Overview(NASTY, mock=True, ever_cost=NASTY, commands=(command,)))
    seen = _Seen()
    seen.feed(text)
    only_its_own_script(text, SCRIPT)
    assert not seen.handlers
    assert "default-src 'none'" in text
    assert "MOCK" in text
    assert seen.links == [
        "./%22%3E%3Cscript%3Ealert%281%29%3C/script%3E%3Cimg%20src%3Dx%20onerror%3Dalert%281%29%3E"
        "%E2%80%AE%07",
        "./javascript%3Aalert%281%29",
        "../a%20b/%23%3F.mp4",
    ]
    row = data(text)["rows"][0]
    assert row["board"] == seen.links[1]
    assert row["name"] == NASTY.replace("\u202e", "\ufffd").replace("\x07", "\ufffd")
    assert "\u202e" not in text


def test_every_state_is_counted_in_words_with_what_was_paid_for_it() -> None:
    states = ("done", "done", "failed", "person", "new", "skipped", "incomplete", "stale")
    about = Overview("shop", mock=False, paid={"done": "2.50 CNY"})
    text = page([ListOnPage("x", state) for state in states], about)
    texts = " ".join(" ".join(Page(text).texts).split())
    for part in (
        "8 all", "2 done 2.50 CNY", "1 failed", "1 needs your decision", "1 not generated",
        "1 skipped", "1 incomplete", "1 out of date",
    ):  # fmt: skip
        assert part in texts
    assert "MOCK" not in text
    ranked = [row["state"] for row in data(text)["rows"]]
    assert ranked == ["person", "failed", "skipped", "incomplete", "stale", "new", "done", "done"]


def test_the_three_sums_are_shown_and_one_that_is_not_known_is_not() -> None:
    about = Overview("shop", mock=False, run_cost="1.44 CNY", films_cost="3 CNY", ever_cost="9 CNY")
    texts = "\n".join(Page(page([], about)).texts)
    assert re.findall(r"[\d.]+ CNY", texts) == ["1.44 CNY", "3.00 CNY", "9.00 CNY"]
    with using("zh"):
        free = page([], Overview("shop", mock=False, ever_cost="nothing"))
    assert "nothing" not in "\n".join(Page(free).texts)
    assert "this run" not in "\n".join(Page(page([], SHOP)).texts)


def test_a_film_has_its_own_shape_and_is_never_cut() -> None:
    films = (
        Film("tall", "a/tall.mp4", Size(1080, 1920), "9:16", "12.4", "a/tall.poster.jpg"),
        Film("card", "a/card.mp4", Size(1080, 1440), "3:4", "75"),
    )
    text = page([ListOnPage("a", "done", films=films, picture="first.png")], SHOP)
    assert "object-fit: cover" not in text
    row = data(text)["rows"][0]
    assert "picture" not in row
    assert row["films"] == [
        {
            "name": "tall", "path": "./a/tall.mp4", "width": 1080, "height": 1920,
            "aspect": "9:16", "poster": "./a/tall.poster.jpg", "length": "0:12",
        },
        {
            "name": "card", "path": "./a/card.mp4", "width": 1080, "height": 1440,
            "aspect": "3:4", "length": "1:15",
        },
    ]  # fmt: skip


def test_a_film_that_is_out_of_date_says_why() -> None:
    films = (Film("tall", "tall.mp4"), Film("wide", "wide.mp4", stale="some clips are missing"))
    record = data(page([ListOnPage("x", "stale", films=films)], SHOP))
    first, second = record["rows"][0]["films"]
    assert "stale" not in first
    assert record["strings"][second["stale"]] == ["some clips are missing", "缺少部分片段"]


def test_lists_that_failed_alike_are_one_reason_and_that_of_most_is_first() -> None:
    refused = "hero take {n}: DataInspectionFailed: Input data may be inappropriate; change it."
    again = refused.format(n=1).replace(
        "Input", "not sent again unchanged; the answer of 2026-11-26 15:06 UTC was: Input"
    )
    entries = [
        ListOnPage("a", "failed", failed=("hero take 1: Throttling: too many requests",)),
        ListOnPage("b", "failed", failed=(refused.format(n=1), refused.format(n=2))),
        ListOnPage("c", "failed", failed=(again,)),
        ListOnPage("d", "done"),
    ]
    text = page(entries, SHOP)
    texts = Page(text).texts
    reasons = [part for part in texts if part.startswith(("DataInspection", "Throttling"))]
    assert [reason.partition(":")[0] for reason in reasons] == [
        "DataInspectionFailed",
        "Throttling",
    ]
    assert "b, c" in texts
    assert [row.get("groups") for row in data(text)["rows"]] == [[1], [0, 0], [0], None]


def test_rows_with_the_same_problem_are_one_reason_wherever_their_cells_are() -> None:
    entries = [
        ListOnPage("a", "skipped", failed=("a b/goods.csv:3:12: the row has no name",)),
        ListOnPage("b", "skipped", failed=("a b/goods.csv:17:12: the row has no name",)),
    ]
    text = page(entries, SHOP)
    texts = Page(text).texts
    assert "the row has no name" in texts
    assert "a, b" in texts
    shown = [data(text)["strings"][row["why"][0]] for row in data(text)["rows"]]
    assert [english for english, _ in shown] == [
        "a b/goods.csv:3:12: the row has no name", "a b/goods.csv:17:12: the row has no name",
    ]  # fmt: skip


def test_without_reasons_the_commands_are_what_to_do_next() -> None:
    command = Command(tr("Copy"), "wanx-render 'my list.yaml'")
    about = Overview("shop", mock=False, commands=(command,))
    texts = Page(page([ListOnPage("a", "new")], about)).texts
    assert "What to do next" in texts
    assert "wanx-render 'my list.yaml'" in texts
    assert not {"What to do next", "What failed and why"} & set(Page(page([], SHOP)).texts)


def test_without_scripts_every_list_is_there_with_its_films() -> None:
    entries = [ListOnPage(f"r{n}", "done", films=(Film("o", f"r{n}/o.mp4"),)) for n in range(200)]
    text = page(entries, SHOP)
    plain = text.partition("<noscript>")[2]
    assert plain.count("<li>") == 200
    assert 'href="./r199/o.mp4">o</a>' in plain


def test_the_data_are_in_both_languages() -> None:
    entry = ListOnPage("a", "failed", "1.00 CNY", failed=("some clips are missing",))
    with using("zh"):
        text = page([entry], Overview("shop", mock=True, ever_cost="1.00 CNY"))
    record = data(text)
    pairs = [*record["texts"].values(), *record["strings"]]
    assert all(isinstance(pair, list) and len(pair) == 2 for pair in pairs)
    ours, theirs = zip(*pairs, strict=True)
    assert chinese("\n".join(ours)) == []
    assert english(re.sub(r"\{\w+\}", "", "\n".join(theirs))) == []
    assert english("\n".join(Page(text).texts), ["shop"]) == []
