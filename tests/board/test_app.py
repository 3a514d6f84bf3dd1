"""The board without a browser: who may ask, what may be fetched, and how changes are sent."""

import asyncio
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from wanx_render.backends.base import AT_MOCK, Failed, Pending, Running
from wanx_render.board.app import Declined, app
from wanx_render.board.feed import KEPT, Feed
from wanx_render.board.guard import Guard
from wanx_render.board.runs import cancelled
from wanx_render.errors import Unreachable
from wanx_render.language import tr
from wanx_render.planning.journal import Journal
from wanx_render.task import InputMedia, TaskRequest

HOST = "127.0.0.1:8123"
OWN = {"origin": f"http://{HOST}", "content-type": "application/json"}


class FakeRoom:
    """A room with one clip and one deliverable."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.feed = Feed("e1")
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        (folder / "clips").mkdir()
        (folder / "clips" / "a-t1-00000000.mp4").write_bytes(bytes(range(100)))
        (folder / "journal.sqlite").write_text("secret")

    def state(self) -> dict[str, Any]:
        return {"about": {"project": "p", "log": [tr("{first}, {second}", first="a", second="b")]}}

    def clip(self, name: str) -> Path | None:
        return self.folder / "clips" / name if name == "a-t1-00000000.mp4" else None

    def footage(self, shot: str) -> Path | None:
        return self.folder / "own.html" if shot == "own" else None

    def deliverable(self, name: str) -> Path | None:
        return None

    async def picture(self, kind: str, name: str) -> Path | None:
        return None

    async def act(self, what: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        self.asked.append((what, asked))
        if what == "run":
            raise Declined("confirm sk-mock-secretsecret", price="1.00 CNY")
        return {"choose": {"ok": True}}[what]


class Desk:
    """A guarded board, and a browser's questions to it."""

    def __init__(self, folder: Path) -> None:
        self.room = FakeRoom(folder)
        self.tokens: list[str] = []
        self.guarded = Guard(app(self.room), 8123, self.tokens.append)
        self.cookie = ""

    def ask(self, path: str, method: str = "GET", **more: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.guarded)
            headers = {"host": HOST, **({"cookie": self.cookie} if self.cookie else {})}
            async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}") as client:
                given = {**headers, **more.pop("headers", {})}
                return await client.request(method, path, headers=given, **more)

        return asyncio.run(send())

    def enter(self) -> None:
        answer = self.ask(f"/?token={self.tokens[-1]}")
        assert answer.status_code == 200
        self.cookie = answer.headers["set-cookie"].partition(";")[0]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_only_its_use_spends_a_token(desk: Desk) -> None:
    for stranger in ("/", "/?token=", "/?token=guess", "/?token=%00", "/?other=1", "/events"):
        assert desk.ask(stranger).status_code in (401, 403)
    assert desk.ask("/", "HEAD").status_code == 401
    assert len(desk.tokens) == 1
    assert desk.ask(f"/?token={desk.tokens[0]}").status_code == 200
    # Once it is used, a request without a cookie makes the terminal show one more, and no others.
    for _ in range(3):
        assert desk.ask(f"/?token={desk.tokens[0]}").status_code == 403
        assert desk.ask("/?token=").status_code == 403
    assert len(desk.tokens) == 2
    assert desk.ask(f"/?token={desk.tokens[1]}").status_code == 200


def test_a_token_opens_the_board_once_and_buys_a_strict_cookie(desk: Desk) -> None:
    answer = desk.ask(f"/?token={desk.tokens[-1]}")
    assert answer.status_code == 200
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("wanx-board-8123=")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    again = desk.ask(f"/?token={desk.tokens[-1]}")
    assert (again.status_code, "set-cookie" in again.headers) == (403, False)
    desk.cookie = cookie.partition(";")[0]
    assert desk.ask("/").status_code == 200
    assert desk.ask("/api/state").json()["about"]["project"] == "p"


@pytest.mark.parametrize("path", ["/api/state", "/events", "/page/board.js", "/clips/a", "/x"])
def test_nothing_is_sent_without_the_cookie(desk: Desk, path: str) -> None:
    answer = desk.ask(path)
    assert answer.status_code == 401
    assert desk.ask(path, headers={"cookie": "wanx-board-8123=guess"}).status_code == 401
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_own_footage_is_never_sent_as_a_page(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "own.html").write_text("<script>x</script>", encoding="utf-8")
    desk.enter()
    answer = desk.ask("/footage/own?v=1", headers={"range": "bytes=0-3"})
    assert (answer.status_code, answer.content) == (206, b"<scr")
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert desk.ask("/footage/other").status_code == 404


def test_other_names_and_other_sites_are_turned_away(desk: Desk) -> None:
    desk.enter()
    for host in ("evil.example", "127.0.0.1:9999", "127.0.0.1", ""):
        assert desk.ask("/", headers={"host": host}).status_code == 421
    for headers in (
        {"content-type": "application/json"},  # no origin: no page of ours
        {**OWN, "origin": "null"},
        {**OWN, "origin": "http://evil.example"},
        {**OWN, "origin": "http://127.0.0.1:9999"},
        {**OWN, "sec-fetch-site": "cross-site"},
        {**OWN, "sec-fetch-site": "same-site"},
    ):
        answer = desk.ask("/api/choose", "POST", headers=headers, content="{}")
        assert answer.status_code == 403, headers
    for site in ("cross-site", "same-site"):
        image = {"sec-fetch-site": site, "sec-fetch-mode": "no-cors"}
        assert desk.ask("/clips/a-t1-00000000.mp4", headers=image).status_code == 403
        link = {"sec-fetch-site": site, "sec-fetch-mode": "navigate"}
        assert desk.ask("/", headers=link).status_code == 200
    assert desk.room.asked == []


CHINESE = {"accept-language": "zh-CN,zh;q=0.9,en;q=0.8"}


def test_a_reader_gets_page_scripts_and_messages_in_one_language(desk: Desk) -> None:
    refused = desk.ask("/?token=guess", headers=CHINESE)
    assert refused.status_code == 403
    assert "此地址已使用过" in refused.text
    desk.enter()
    assert '<html lang="en">' in desk.ask("/").text
    assert '<html lang="zh-Hans">' in desk.ask("/", headers=CHINESE).text
    assert "排队中" in desk.ask("/page/take_states.js", headers=CHINESE).text
    texts = desk.ask("/page/language.js", headers=CHINESE).text
    assert '"Render what is missing?": "渲染缺少的部分？"' in texts
    assert desk.ask("/page/language.js").text.startswith("const TEXTS = {};")
    assert desk.ask("/api/state", headers=CHINESE).json()["about"]["log"] == ["a，b"]
    assert desk.ask("/api/state").json()["about"]["log"] == ["a, b"]
    answer = desk.ask("/api/nothing", "POST", headers={**OWN, **CHINESE}, content="{}")
    assert (answer.status_code, answer.json()) == (404, {"error": "未找到"})


def test_the_switch_of_languages_is_remembered_and_takes_what_there_is(desk: Desk) -> None:
    answer = desk.ask(f"/?token={desk.tokens[-1]}&lang=zh")
    session, switch = answer.headers.get_list("set-cookie")
    assert switch.startswith("wanx-language=zh;") or session.startswith("wanx-language=zh;")
    pairs = [header.partition(";")[0] for header in (session, switch)]
    desk.cookie = "; ".join(pairs)
    assert '<html lang="zh-Hans">' in desk.ask("/", headers={"accept-language": "en"}).text
    assert '<html lang="en">' in desk.ask("/?lang=en").text
    for odd in ("de", "", "zh;x", "%0d%0aset-cookie: a=b"):
        assert "set-cookie" not in desk.ask(f"/?lang={odd}").headers


def test_changes_come_in_the_readers_language() -> None:
    feed = Feed("e1")
    feed.publish("about", {"log": [tr("{first}, {second}", first="a", second="b")]})

    async def first() -> bytes:
        async for part in feed.follow("e1:0", dict, "zh"):
            return part
        raise AssertionError

    assert "a，b".encode() in asyncio.run(first())


def test_questions_are_small_json_objects(desk: Desk) -> None:
    desk.enter()

    def post(what: str, content: str, **headers: str) -> httpx.Response:
        return desk.ask(f"/api/{what}", "POST", headers={**OWN, **headers}, content=content)

    assert post("choose", '{"shot": "a"}').json() == {"ok": True}
    assert post("choose", "{}", **{"content-type": "text/plain"}).status_code == 415
    assert post("choose", "[" * 5000).status_code == 400
    assert post("choose", "[]").status_code == 400
    assert post("choose", "x" * 20_000).status_code == 413
    assert post("nothing", "{}").status_code == 404
    declined = post("run", "{}")
    assert declined.status_code == 409
    assert declined.json() == {"error": "confirm sk-*****************", "price": "1.00 CNY"}
    assert desk.ask("/api/choose").status_code == 405


@pytest.mark.parametrize(
    "path",
    [
        "/clips/..%2fjournal.sqlite",
        "/clips/%2e%2e/journal.sqlite",
        "/clips/b.mp4",
        "/made/a",
        "/made/..%2f..%2fetc%2fpasswd",
        "/pictures/frame/a",
        "/pictures/film/a",
        "/page/..%2fapp.py",
        "/page/__init__.py",
        "/journal.sqlite",
    ],
)
def test_only_what_is_known_by_name_can_be_fetched(desk: Desk, path: str) -> None:
    desk.enter()
    answer = desk.ask(path)
    assert answer.status_code == 404
    assert "secret" not in answer.text


def test_a_clip_is_served_in_parts(desk: Desk) -> None:
    desk.enter()
    whole = desk.ask("/clips/a-t1-00000000.mp4")
    assert (whole.status_code, len(whole.content)) == (200, 100)
    assert whole.headers["content-type"] == "video/mp4"
    part = desk.ask("/clips/a-t1-00000000.mp4", headers={"range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, bytes(range(10, 20)))
    assert part.headers["content-range"] == "bytes 10-19/100"
    beyond = desk.ask("/clips/a-t1-00000000.mp4", headers={"range": "bytes=200-"})
    assert beyond.status_code == 416


class Service:
    """A backend that cancels nothing and says why."""

    recipient = AT_MOCK

    def __init__(self, state: Any) -> None:
        self.state = state

    async def cancel(self, task_id: str) -> bool:
        return False

    async def poll(self, task_id: str) -> Any:
        if isinstance(self.state, Exception):
            raise self.state
        return self.state


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (Running("t"), "runs already, cannot be stopped and will be billed"),
        (Pending("t"), "not cancelled, still queued; try again"),
        (Failed("t", "X", "no"), "too late, it has ended (failed)"),
        (Unreachable("Unreachable", "no answer"), "not cancelled: Unreachable: no answer"),
    ],
)
def test_what_cannot_be_cancelled_is_sent_as_the_service_says(
    tmp_path: Path, state: Any, sentence: str
) -> None:
    journal = Journal(tmp_path / "journal.sqlite")
    picture = InputMedia("sha256:0")
    asked = TaskRequest(
        "m", "beijing", picture, None, "", "", None, "480P", 5, "none", None, True, False, 1
    )
    number = journal.intend("key", "wake take 1", asked, datetime.now(UTC))
    attempt = journal.attempt(number)
    journal.close()
    assert attempt
    assert asyncio.run(cancelled(Service(state), attempt)) == (False, f"wake take 1: {sentence}")


def heard(feed: Feed, last: str, act: Callable[[], None] = lambda: None) -> list[dict[str, str]]:
    """What a tab hears that knows of ``last``, until the feed is closed."""

    async def listen() -> list[bytes]:
        async def all_of_it() -> list[bytes]:
            return [item async for item in feed.follow(last, lambda: {"all": 1})]

        task = asyncio.create_task(all_of_it())
        await asyncio.sleep(0)
        act()
        await asyncio.sleep(0.01)
        feed.close()
        return await task

    parts = [item.decode().strip().split("\n") for item in asyncio.run(listen())]
    return [dict(line.split(": ", 1) for line in part) for part in parts]


def test_a_tab_that_comes_late_is_sent_everything_once_and_changes_from_then_on() -> None:
    feed = Feed("e1")
    feed.publish("shot", {"id": "a"})
    events = heard(feed, "", lambda: feed.publish("shot", {"id": "b\n\nevent: x"}))
    assert [(item["event"], item["id"]) for item in events] == [("state", "e1:1"), ("shot", "e1:2")]
    assert json.loads(events[1]["data"]) == {"id": "b\n\nevent: x"}


def test_a_tab_that_was_away_is_sent_what_it_missed_or_the_whole_state() -> None:
    for last, kinds in (
        ("e1:2", ["shot"]),
        ("e1:3", []),
        ("e0:2", ["state"]),  # of a server that lives no more
        ("e1:99", ["state"]),
        ("e1:x", ["state"]),
        ("nonsense", ["state"]),
    ):
        feed = Feed("e1")
        for number in range(3):
            feed.publish("shot", {"id": str(number)})
        assert [item["event"] for item in heard(feed, last)] == kinds, last


def test_what_is_kept_for_tabs_is_bounded() -> None:
    feed = Feed("e1")
    for number in range(KEPT + 10):
        feed.publish("shot", {"id": str(number)})
    assert feed.after("e1:5") is None
    assert len(feed.after("e1:10") or ()) == KEPT
