"""Tables and several lists in one run: nothing that two of them ask for is paid twice."""

from datetime import timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path

import httpx
import pytest

from tests.support.batches import FAULTS, Day, distinct, table
from tests.support.programs import PROGRAMS
from wanx_render.actions.status import status
from wanx_render.errors import BadInput, NeedsApproval
from wanx_render.manifest import read
from wanx_render.media import ffmpeg
from wanx_render.session.environment import Environment
from wanx_render.session.folder import opened
from wanx_render.session.folder_tasks import FolderOptions


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    source = ["-f", "lavfi", "-i", "testsrc2=s=128x224:r=30:d=0.2"]
    ffmpeg.run(PROGRAMS["wheel"], [*source, "-c:v", "libx264", "-pix_fmt", "yuv420p", str(path)])
    return path


@pytest.fixture
def day(tmp_path: Path, clip: Path):  # type: ignore[no-untyped-def]
    made = Day(tmp_path, clip)
    yield made
    made.close()


def test_a_table_is_rendered_row_by_row_and_paid_once(day: Day) -> None:
    file = table(day.folder, 12)
    run = day.run(file)
    assert {outcome.code for outcome in run.outcomes.values()} == {0}
    assert set(day.paid().values()) == {1}
    assert len(day.paid()) == distinct(12)
    rows = sorted(path.name for path in (day.folder / "out").iterdir() if path.name[0] == "p")
    assert rows == sorted(f"p{n}" for n in range(12))
    assert len(list((day.folder / "out/clips").glob("*.mp4"))) == distinct(12)


def test_a_finished_table_asks_nothing_and_looks_into_no_row(day: Day) -> None:
    file = table(day.folder, 8)
    day.run(file)
    before, events = len(day.twin.service.request_log.entries), len(day.events)
    run = day.run(file)
    assert len(day.twin.service.request_log.entries) == before
    assert len(day.events) == events
    assert len(run.outcomes) == 8


def test_what_is_missing_of_a_row_is_made_again_without_paying(day: Day) -> None:
    file = table(day.folder, 4)
    day.run(file)
    (day.folder / "out/p2/9x16.mp4").unlink()
    sent = day.sent()
    day.run(file)
    assert (day.folder / "out/p2/9x16.mp4").exists()
    assert day.sent() == sent


@pytest.mark.proof
def test_a_retake_that_all_rows_share_is_bought_once(day: Day) -> None:
    rows = 60  # more than are begun before its clip is there, and than outlooks are kept
    file = table(day.folder, rows)
    day.run(file)
    sent = day.sent()
    run = day.run(file, retake=("intro",))
    assert {outcome.code for outcome in run.outcomes.values()} == {0}
    assert day.sent() == sent + 1
    takes = [
        len(read(item.folder / "manifest.json").shots[0].takes) for item in run.selection.chosen
    ]
    assert takes == [2] * rows


def test_a_changed_cell_makes_its_own_row_again(day: Day) -> None:
    file = table(day.folder, 4)
    day.run(file)
    sent, products = day.sent(), day.folder / "shop.csv"
    products.write_text(products.read_text().replace("p2,colour 0", "p2,blue"))
    day.events.clear()
    day.run(file)
    assert day.sent() == sent + 1
    assert {event.list for event in day.events} == {"shop/p2"}


def test_rows_and_shares_are_rendered_apart_and_together_pay_once(day: Day) -> None:
    file = table(day.folder, 8)
    assert len(day.run(file, rows="1-2,8").outcomes) == 3
    assert len(day.run(file, shard="1/2").outcomes) == 4
    assert list(day.run(file, only=("p3",)).outcomes) == ["shop/p3"]
    day.run(file)
    assert (len(day.paid()), set(day.paid().values())) == (distinct(8), {1})


class Killed(BaseException):
    """The end of a process, as the program sees it."""


class KilledAfterCreate(httpx.AsyncBaseTransport):
    """The first create call is accepted, and nobody is left to read the answer."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._inner.handle_async_request(request)
        if request.url.path.endswith("video-synthesis"):
            raise Killed
        return answer


def test_what_a_killed_run_left_is_dated_by_the_clock_of_the_service(day: Day) -> None:
    """Else a search for it ends before it was sent, and it may be bought twice."""
    day.twin.service.clock.base = lambda: day.time.now() + timedelta(hours=1)
    file = table(day.folder, 1)
    with pytest.raises(BaseExceptionGroup) as stopped:
        day.run(file, transport=KilledAfterCreate(day.twin.transport))
    assert stopped.group_contains(Killed)
    day.run(file)
    with opened(day.folder / "out") as journal:
        lost = [attempt for attempt in journal.every() if attempt.answered_at]
    assert len(lost) == 2  # one of each model
    for attempt in lost:
        assert attempt.sent_at
        assert attempt.answered_at
        assert attempt.answered_at > attempt.sent_at - timedelta(seconds=1)


@pytest.mark.proof
def test_sixty_rows_in_trouble_pay_each_request_once(day: Day) -> None:
    file = table(day.folder, 60)
    for _ in range(6):
        day.faults(*FAULTS)
        run = day.run(file)
        assert set(day.paid().values()) <= {1}
        if {outcome.code for outcome in run.outcomes.values()} == {0}:
            break
        day.settle()
    assert {outcome.code for outcome in run.outcomes.values()} == {0}
    assert len(day.paid()) == distinct(60)
    assert set(day.paid().values()) == {1}


def test_two_lists_lend_each_other_what_both_ask_for(day: Day) -> None:
    one, two = table(day.folder, 3, "one"), table(day.folder, 3, "two", first=3)
    run = day.run(one, two)
    assert {outcome.code for outcome in run.outcomes.values()} == {0}
    assert day.paid()["The logo wanx2.1-i2v-turbo"] == 1
    assert set(day.paid().values()) == {1}
    for project in ("one", "two"):
        assert (day.folder / "out" / project / "journal.sqlite").exists()
        assert list((day.folder / "out" / project / "clips").glob("*.mp4"))


@pytest.mark.proof
def test_a_short_list_is_not_kept_waiting_by_a_long_one(day: Day) -> None:
    long, short = table(day.folder, 30, "long"), table(day.folder, 2, "short", first=100)
    day.run(long, short)
    ends = [event.list for event in day.events if event.kind == "list"]
    assert max(ends.index("short/p100"), ends.index("short/p101")) < 12


def test_the_budget_of_the_run_holds_over_all_lists(day: Day) -> None:
    one, two = table(day.folder, 3, "one"), table(day.folder, 3, "two", first=3)
    with pytest.raises(NeedsApproval, match=r"over --max-cost of 1\.00 CNY"):
        day.run(one, two, max_cost=Decimal(1))
    assert day.sent() == 0


def test_lists_of_one_project_are_refused(day: Day) -> None:
    one = table(day.folder, 2, "one")
    other = day.folder / "other.yaml"
    other.write_text(one.read_text())
    with pytest.raises(BadInput, match="would share the render folder"):
        day.run(one, other)


@pytest.mark.proof
def test_faults_now_and_then_do_not_add_up_over_a_long_run(day: Day) -> None:
    day.faults("on=query every=2 status=500")
    run = day.run(table(day.folder, 24))
    assert {outcome.code for outcome in run.outcomes.values()} == {0}
    assert day.sent("query") > 2 * 200  # more faults than retries are there to begin with


def test_what_is_spent_is_known_with_each_request_of_several_lists(day: Day) -> None:
    day.run(table(day.folder, 2, "one"), table(day.folder, 2, "two", first=2))
    submitted = [event for event in day.events if event.kind == "submitted"]
    assert submitted
    assert all(event.spent for event in submitted)


def test_status_of_a_table_counts_the_money_of_every_row(day: Day) -> None:
    file = table(day.folder, 4)
    day.run(file)
    charged = day.twin.ledger()["totals"]["amounts"]["CNY"]
    page = Environment({}, StringIO(), StringIO())
    assert status(FolderOptions(file, out=day.folder / "out"), page) == 0
    last = page.stdout.getvalue().splitlines()[-1]
    assert last == f"{charged} CNY these films, {charged} CNY in total"
