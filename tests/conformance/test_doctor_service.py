"""``doctor --service`` as people call it: money, a person, what is printed and what is written."""

import io
import json
import os
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
import pytest

import mock_server.testing
from mock_server.testing import Server
from tests.conformance.probing import named
from wanx_render.actions.service_check import CheckOptions, check_service
from wanx_render.catalog.capabilities import Catalog, packaged
from wanx_render.catalog.user_file import with_user_file
from wanx_render.commands.doctor import command
from wanx_render.conformance import table
from wanx_render.errors import BadInput, NeedsApproval, Unreachable
from wanx_render.money import Money
from wanx_render.session.environment import Environment

PACE = 100
KEY = "sk-mock-doctor-service"
CNY = Money(Decimal(1), "CNY")


class Person(io.StringIO):
    """Somebody at a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def few_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "PROBES", named("list", "empty-input"))


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Server]]:
    """Starts an emulator, perhaps of another catalogue."""
    servers: list[Server] = []

    def started(catalog: Catalog | None = None) -> Server:
        monkeypatch.setattr(mock_server.testing, "packaged", lambda: catalog or packaged())
        servers.append(Server(f"x{PACE}", 0))
        return servers[-1]

    yield started
    for server in servers:
        server.close()


def called(
    server: Server | str, folder: Path, typed: str | None = None, **options: Any
) -> tuple[int, str, str]:
    """The exit code, and what was printed to stdout and stderr."""
    url = server if isinstance(server, str) else server.base_url
    environ = {
        "PATH": os.environ["PATH"], "DASHSCOPE_API_KEY": KEY, "NO_PROXY": "127.0.0.1",
        "WANX_CLOCK_PACE": str(PACE),
    }  # fmt: skip
    out, err = io.StringIO(), io.StringIO()
    stdin = None if typed is None else Person(typed + "\n")
    check = CheckOptions(base_url=url, folder=folder / "bought", **options)
    return (
        check_service(check, Environment(environ, out, err, stdin)),
        out.getvalue(),
        err.getvalue(),
    )


def submissions(server: Server) -> list[str]:
    """The states of the tasks with a picture: those that may cost something."""
    lives = server.service.tasks.all("doctor-service")
    return [
        type(state).__name__ for task, state in lives if task.request.image and task.request.prompt
    ]


def test_without_a_budget_nothing_is_bought(start: Callable[..., Server], tmp_path: Path) -> None:
    server = start()
    code, out, err = called(server, tmp_path)
    assert code == 0
    assert "which costs nothing" in out and "asking: empty input" in err
    assert submissions(server) == [] and not (tmp_path / "bought").exists()
    assert KEY not in out + err


def test_a_budget_that_nobody_confirms_sends_nothing(
    start: Callable[..., Server], tmp_path: Path
) -> None:
    server = start()
    with pytest.raises(NeedsApproval, match=r"the probes may cost 1\.00 CNY; run it in a terminal"):
        called(server, tmp_path, probe_cost=CNY)
    for answer in ("yes", "1", "0.50 CNY", ""):
        with pytest.raises(NeedsApproval, match="not confirmed; nothing was sent"):
            called(server, tmp_path, answer, probe_cost=CNY)
    assert not server.service.request_log.matching("doctor-service")


def test_a_budget_below_the_price_of_a_clip_sends_nothing(
    start: Callable[..., Server], tmp_path: Path
) -> None:
    server = start()
    message = "one clip costs 0.50 CNY, over --probe-cost of 0.49 CNY; nothing was sent"
    with pytest.raises(NeedsApproval, match=message):
        called(server, tmp_path, "0.49 CNY", probe_cost=Money(Decimal("0.49"), "CNY"))
    with pytest.raises(BadInput, match="--probe-cost is in USD; beijing is paid in CNY"):
        called(server, tmp_path, "1.00 USD", probe_cost=Money(Decimal(1), "USD"))
    assert not server.service.request_log.matching("doctor-service")


def test_an_unknown_price_is_never_spent(start: Callable[..., Server], tmp_path: Path) -> None:
    """A region in which nothing has a price."""
    file = tmp_path / "catalog.yaml"
    file.write_text(
        "models:\n"
        "  unpriced: {like: wan2.2-i2v-flash, base: '', region_names: {virginia: unpriced}}\n",
        encoding="utf-8",
    )
    server = start()
    options = {"region": "virginia", "catalog": file, "probe_cost": Money(Decimal(99), "USD")}
    with pytest.raises(NeedsApproval, match="has no known price: nothing was sent"):
        called(server, tmp_path, "99.00 USD", **options)
    assert not server.service.request_log.matching("doctor-service")


def twins_wait(server: Server) -> None:
    """Tasks after the first one stay PENDING, however busy this machine is."""
    account = mock_server.testing.MockAccount(server, "doctor-service")
    account.faults({"on": "create", "prompt": "boat", "nth": [2, 3], "effect": "stuck"})


@pytest.mark.proof
def test_one_clip_and_a_cancelled_twin(start: Callable[..., Server], tmp_path: Path) -> None:
    server = start()
    twins_wait(server)
    out_file = tmp_path / "seen.yaml"
    options = {"probe_cost": CNY, "catalog_out": out_file, "as_json": True}
    _, out, err = called(server, tmp_path, "1.00 CNY", **options)
    record = json.loads(out)
    assert (
        "clip: wan2.2-i2v-flash, 480P, 5 s, 0.50 CNY\n"
        "twin: wan2.2-i2v-flash, 480P, 5 s, 0.50 CNY; "
        "cancelled at once, and paid only if it runs before\n"
        "the probes may cost 1.00 CNY. Type 1.00 CNY to spend it: "
    ) in err
    assert sorted(submissions(server)) == ["Canceled", "Succeeded"]
    assert (record["paid"], record["problems"], record["figures"]) == (["0.50 CNY"], [], [])
    paid = [f for f in record["findings"] if f["probe"] in ("clip", "twin")]
    assert {f["verdict"] for f in paid if f["aspect"] not in ("host", "scheme")} == {"agrees"}
    catalog = with_user_file(packaged(), out_file)
    assert catalog.models["wan2.2-i2v-flash"].fps.source.startswith("probed-")
    for text in (out, err, out_file.read_text()):
        assert KEY not in text and "Signature" not in text and "Expires=" not in text
    # Once more: the clip is here and is not bought again.
    _, out, err = called(server, tmp_path, "0.50 CNY", **options)
    assert "it is not bought again" in err
    assert json.loads(out)["paid"] == []
    assert sorted(submissions(server)) == ["Canceled", "Canceled", "Succeeded"]


@pytest.mark.proof
def test_a_day_later_the_same_command_shows_what_is_left(
    start: Callable[..., Server], tmp_path: Path
) -> None:
    server = start()
    price = Money(Decimal("0.50"), "CNY")
    kept = tmp_path / "kept"
    options = {"probe_cost": price, "as_json": True, "keep_answers": kept}
    called(server, tmp_path, "0.50 CNY", **options)
    text = next(kept.glob("*-clip.json")).read_text()
    assert "video_url" in text and "Signature=" not in text and KEY not in text
    mock_server.testing.MockAccount(server, "doctor-service").clock.advance(25 * 3600)
    options["probe_cost"] = Money(Decimal(0), "CNY")  # nothing is to be paid, so nobody is asked
    record = json.loads(called(server, tmp_path, **options)[1])
    day = {f["aspect"]: (f["seen"], f["verdict"]) for f in record["findings"]
           if f["probe"] == "day-after"}  # fmt: skip
    assert day == {"task": ("200 UNKNOWN", "agrees"), "link": ("403", "agrees")}
    assert record["paid"] == [] and submissions(server) == ["Succeeded"]


@pytest.mark.proof
def test_a_budget_for_one_clip_buys_no_twin(start: Callable[..., Server], tmp_path: Path) -> None:
    server = start()
    called(server, tmp_path, "0.50 CNY", probe_cost=Money(Decimal("0.60"), "CNY"))
    assert submissions(server) == ["Succeeded"]


@pytest.mark.proof
def test_a_drifted_emulator_is_found_out(start: Callable[..., Server], tmp_path: Path) -> None:
    """Another size, another rate and other usage; and nothing else."""
    file = tmp_path / "drift.yaml"
    file.write_text(
        "models: {wan2.2-i2v-flash: {fps: 24, usage: '2.6'}}\ntier_areas: {480P: 307200}\n",
        encoding="utf-8",
    )
    server = start(with_user_file(packaged(), file))
    twins_wait(server)
    out_file = tmp_path / "seen.yaml"
    options = {"probe_cost": CNY, "catalog_out": out_file, "as_json": True}
    record = json.loads(called(server, tmp_path, "1.00 CNY", **options)[1])
    differing = {(f["aspect"], f["seen"]) for f in record["findings"] if f["verdict"] == "differs"}
    assert differing == {
        ("fps", "24"),
        ("usage", "SR, duration, input_video_duration, output_video_duration, video_count"),
    }
    assert {(f["figure"], f["seen"]) for f in record["figures"]} == {
        ("wan2.2-i2v-flash fps", 24), ("wan2.2-i2v-flash usage", "2.6"),
        ("tier_areas 480P", 307200),
    }  # fmt: skip
    seen = with_user_file(packaged(), out_file)
    model = seen.models["wan2.2-i2v-flash"]
    assert (model.fps.value, model.usage.value) == (24, "2.6")
    assert seen.service.tier_areas["480P"].value == 307200


@pytest.mark.proof
def test_a_lost_answer_is_never_repeated(start: Callable[..., Server], tmp_path: Path) -> None:
    server = start()
    account = mock_server.testing.MockAccount(server, "doctor-service")
    account.faults("on=create prompt=boat nth=1 effect=reset stage=after")
    twins_wait(server)
    _, out, _ = called(server, tmp_path, "1.00 CNY", probe_cost=CNY, as_json=True)
    assert sorted(submissions(server)) == ["Canceled", "Succeeded"]
    assert json.loads(out)["paid"] == ["0.50 CNY"]


@pytest.mark.proof
def test_a_result_at_an_unknown_host_is_a_finding_and_ends_the_buying(
    start: Callable[..., Server], tmp_path: Path
) -> None:
    server = start()
    account = mock_server.testing.MockAccount(server, "doctor-service")
    account.faults("on=query effect=change host=storage.example.com")
    out_file = tmp_path / "seen.yaml"
    options = {"probe_cost": CNY, "as_json": True, "catalog_out": out_file}
    code, out, _ = called(server, tmp_path, "1.00 CNY", **options)
    record = json.loads(out)
    hosts = [(f["seen"], f["verdict"]) for f in record["findings"] if f["aspect"] == "host"]
    assert (code, hosts) == (1, [("storage.example.com", "differs")])
    assert "storage.example.com" in record["problems"][0] and "?" not in record["problems"][0]
    assert submissions(server) == ["Succeeded"]
    assert "storage.example.com" not in out_file.read_text()


@pytest.mark.proof
def test_a_twin_that_runs_at_once_is_paid_and_kept(
    start: Callable[..., Server], tmp_path: Path
) -> None:
    server = start()
    account = mock_server.testing.MockAccount(server, "doctor-service")
    refusal = "effect=error status=400 code=UnsupportedOperation message=late"
    account.faults(f"on=cancel {refusal}")
    code, out, _ = called(server, tmp_path, "1.00 CNY", probe_cost=CNY, as_json=True)
    record = json.loads(out)
    assert (code, record["paid"]) == (1, ["1.00 CNY"])
    assert "its clip is paid and kept" in record["problems"][0]
    assert {f["verdict"] for f in record["findings"] if f["probe"] == "twin"} == {"unsettled"}
    assert submissions(server) == ["Succeeded", "Succeeded"]
    # Once more: both clips are here, and there is nothing to pay or to ask a person about.
    _, out, err = called(server, tmp_path, probe_cost=CNY, as_json=True)
    record = json.loads(out)
    assert (record["paid"], record["problems"]) == ([], [])
    assert err.count("it is not bought again") == 2
    assert submissions(server) == ["Succeeded", "Succeeded"]


@pytest.mark.proof
def test_nothing_is_bought_where_a_free_task_may_be_billed(
    start: Callable[..., Server], tmp_path: Path
) -> None:
    server = start()
    account = mock_server.testing.MockAccount(server, "doctor-service")
    account.faults("on=query effect=change set.output.task_status=SUCCEEDED")
    code, out, _ = called(server, tmp_path, "1.00 CNY", probe_cost=CNY)
    assert code == 1 and "1 task may be billed:" in out
    assert submissions(server) == []


def test_a_key_that_the_service_echoes_is_in_no_output(
    start: Callable[..., Server], tmp_path: Path
) -> None:
    server = start()
    account = mock_server.testing.MockAccount(server, "doctor-service")
    account.faults(
        "on=create effect=change status=400 set.code={key} set.message={key} "
        "headers.content-type=application/{key}"
    )
    for as_json in (False, True):
        folder = tmp_path / str(as_json)
        _, out, err = called(server, tmp_path, as_json=as_json, keep_answers=folder)
        assert KEY not in out + err
        assert KEY not in "".join(path.read_text() for path in folder.iterdir())


def test_a_key_that_is_not_taken_ends_it(start: Callable[..., Server], tmp_path: Path) -> None:
    server = start()
    account = mock_server.testing.MockAccount(server, "doctor-service")
    account.faults("on=any effect=error status=401 code=InvalidApiKey message=no")
    with pytest.raises(BadInput, match="the service refuses: 401 InvalidApiKey"):
        called(server, tmp_path)


def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="no answer"):
        called("http://127.0.0.1:9/api/v1", tmp_path)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--probe-cost", "1CNY"), "--probe-cost needs --service."),
        (("--catalog-out", "seen.yaml"), "--catalog-out needs --service."),
        (("--service", "--probe-cost", "1"), "'1' is not an amount such as 1CNY"),
        (("--service", "--probe-cost", "-1CNY"), "is not an amount such as 1CNY"),
        (("--service", "--yes"), "No such option '--yes'."),
    ],
)
def test_what_the_command_refuses(words: tuple[str, ...], message: str) -> None:
    with pytest.raises(click.UsageError) as refusal:
        command.main(list(words), standalone_mode=False)
    assert message in refusal.value.format_message()


@pytest.mark.parametrize("text", ["0.6cny", "0.60 CNY", " 0.6CNY "])
def test_amounts_with_their_currency(text: str) -> None:
    (option,) = (entry for entry in command.params if entry.name == "probe_cost")
    assert option.type.convert(text, None, None) == Money(Decimal("0.6"), "CNY")
