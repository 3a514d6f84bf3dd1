"""What a scenario file makes of tasks, seen over HTTP."""

import hashlib
import json
import time
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any

import av
import pytest
from PIL import Image

from mock_server.scenarios.captured_times import captured
from mock_server.scenarios.reading import BadScenario, read_scenarios
from tests.support.emulator import ASYNC, BODY, CREATE, Twin, picture_uri
from tests.support.process import Ended
from wanx_render.catalog.capabilities import Catalog

I2V = "wan2.5-i2v-preview"


def twin(*scenarios: dict[str, Any], **options: Any) -> Twin:
    return Twin(clock="auto", scenarios=read_scenarios(list(scenarios)), **options)


def ended(server: Twin, prompt: str = "a cat", **more: Any) -> dict[str, Any]:
    """The whole last answer about a task."""
    task = server.task(prompt, **more)
    for _ in range(3):
        answer = server.query(task)
    return answer


def last_answer(server: Twin, task: str) -> dict[str, Any]:
    """What is answered once the task has ended; tasks before it at the service end first."""
    for _ in range(200):
        answer = server.query(task)
        if "end_time" in answer["output"]:
            return answer
    raise AssertionError("the task does not end")


def seconds(answer: dict[str, Any]) -> tuple[float, float]:
    """For how long a task waited and ran, by its answer."""
    names = ("submit_time", "scheduled_time", "end_time")
    submitted, started, ended = (datetime.fromisoformat(answer["output"][name]) for name in names)
    return (started - submitted).total_seconds(), (ended - started).total_seconds()


def test_a_task_takes_as_long_as_its_scenario_says() -> None:
    server = twin(
        {"words": "a cat*", "queue": 2, "run": 40},
        {"words": "*dog", "queue": [10, 11], "run": {"median": 100, "spread": 0}},
    )
    assert seconds(ended(server, "a cat, running")) == (2, 40)
    waits, runs = seconds(ended(server, "a black\ndog"))
    assert 10 <= waits <= 11
    assert runs == 100
    waits, runs = seconds(ended(server, "A cat"))  # neither
    assert 1 <= waits <= 8
    assert 60 <= runs <= 300


def test_a_task_ends_as_its_scenario_says() -> None:
    server = twin(
        {"prompt": "knife|gun", "outcome": "failed", "code": "DataInspectionFailed",
         "message": "Green net check failed"},
        {"prompt": "(?i)slow", "outcome": "stuck"},
        {"prompt": "broken", "outcome": "failed"},
    )  # fmt: skip
    output = ended(server, "a man with a knife")["output"]
    assert (output["task_status"], output["code"]) == ("FAILED", "DataInspectionFailed")
    assert output["message"] == "Green net check failed"
    assert ended(server, "broken glass")["output"]["code"] == "InternalError.Algo"
    assert ended(server, "SLOW water")["output"]["task_status"] == "PENDING"
    assert ended(server, "water")["output"]["task_status"] == "SUCCEEDED"
    assert server.ledger()["totals"]["succeeded"] == 1


def test_of_each_kind_the_first_entry_counts() -> None:
    server = twin(
        {"words": "*cat*", "run": 7},
        {"model": "wanx2.1-*", "queue": 3, "run": 50, "usage": {"video_duration": 9, "x": 1}},
        {"usage": {"video_duration": 8, "y": 2, "video_ratio": None}},
    )
    answer = ended(server, "a cat")
    assert seconds(answer) == (3, 7)
    assert answer["usage"] == {"video_duration": 9, "video_count": 1, "x": 1, "y": 2}


def test_a_fault_and_a_flaw_come_before_a_scenario() -> None:
    plan = {"outcome": "failed", "code": "InternalError.Upload"}
    server = twin(plan)
    flaw = ended(server, json={**BODY, "parameters": {"resolution": "9P"}})["output"]
    assert flaw["code"] == "InvalidParameter"
    tagged = "a cat [[mock: effect=fail code=IPInfringementSuspect]]"
    assert ended(server, tagged)["output"]["code"] == "IPInfringementSuspect"


def test_the_ledger_is_not_changed_by_what_an_answer_says() -> None:
    usual = Twin(clock="auto")
    ended(usual)
    server = twin({"usage": {"video_duration": 500}})
    assert ended(server)["usage"]["video_duration"] == 500
    assert server.ledger()["totals"]["amounts"] == usual.ledger()["totals"]["amounts"]


def test_a_clip_has_the_size_that_its_scenario_gives(tmp_path: Path) -> None:
    server = twin({"words": "small", "size": "320x240"}, clips=Path("tiny"))
    output = ended(server, "small")["output"]
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(server.call("GET", output["video_url"].partition("127.0.0.1")[2]).content)
    with av.open(str(clip)) as container:
        frame = next(container.decode(video=0))
    assert (frame.width, frame.height) == (320, 240)


def test_pictures_are_known_by_their_bytes_and_their_addresses(tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    Image.new("RGB", (400, 400), "#a05030").save(picture)
    digest = hashlib.sha256(picture.read_bytes()).hexdigest()
    server = twin(
        {"picture": digest[:12], "queue": 1, "run": 11},
        {"picture": "https://example.com/*.png", "queue": 1, "run": 12},
    )

    def run(url: str) -> float:
        given = {**BODY, "input": {"prompt": "a cat", "img_url": url}}
        return seconds(ended(server, json=given))[1]

    assert run(picture_uri(picture)) == 11
    assert run("https://example.com/frames/b.png") == 12
    assert run("https://example.com/b.jpg") >= 60


def test_a_model_is_known_by_the_name_that_the_service_uses() -> None:
    server = twin({"model": "wan2.[56]-i2v*", "resolution": "720P", "queue": 1, "run": 13})
    for tier, is_meant in (("720P", True), ("480P", False)):
        given = {"model": I2V, "input": BODY["input"], "parameters": {"resolution": tier}}
        assert (seconds(ended(server, json=given))[1] == 13) is is_meant


def test_answers_come_as_late_as_a_scenario_says() -> None:
    server = twin({"words": "slow", "answer": [0.2, 0.3], "queue": 1, "run": 1})

    def took(act: Any) -> float:
        begun = time.perf_counter()
        act()
        return time.perf_counter() - begun

    slow = server.task("slow")
    for call in (lambda: server.create("slow"), lambda: server.query(slow)):
        assert 0.2 <= took(call) < 2
    quick = server.task("quick")
    assert min(took(lambda: server.query(quick)) for _ in range(5)) < 0.2
    assert len(server.ledger()["submissions"]) == 3


def test_a_scenario_can_be_for_one_account() -> None:
    server = twin({"account": "a", "queue": 1, "run": 9}, {"queue": 1, "run": 8})
    other = {"Authorization": "Bearer sk-mock-b", "X-DashScope-Async": "enable"}
    assert seconds(ended(server))[1] == 9
    task = server.task(headers=other)
    for _ in range(3):
        answer = server.query(task, headers=other)
    assert seconds(answer)[1] == 8


def test_no_pattern_can_hold_the_server_up() -> None:
    """Patterns that take other engines years, over the longest prompts."""
    server = twin(
        {"prompt": "(a+)+$", "queue": 1, "run": 1},
        {"words": "*a*a*a*a*a*a*a*a*a*a*b", "queue": 2, "run": 2},
    )
    begun = time.perf_counter()
    server.create("a" * 20_000 + "!")
    assert time.perf_counter() - begun < 5


def test_the_same_seed_gives_the_same_times() -> None:
    plan = {"queue": [1, 60], "run": {"median": 100}}
    first, second = (seconds(ended(twin(plan, seed=5))) for _ in range(2))
    assert first == second
    assert seconds(ended(twin(plan, seed=6))) != first


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"run": 4, "kwd": 1}, "scenario 1: unknown key 'kwd'; use account, prompt, words"),
        ({"run": 4, "word": "a"}, "scenario 1: unknown key 'word'; did you mean 'words'?"),
        ({"run": 4, "outcome": "faild"},
         "scenario 1: outcome: expected succeeded, failed or stuck, got 'faild'"),
        ({"words": "a"}, "scenario 1: nothing is said of what becomes of a task"),
        ({"run": [9, 3]}, "scenario 1: run: the first of two numbers must not be larger"),
        ({"run": -1}, "scenario 1: run: expected at least 0, got -1"),
        ({"run": "soon"}, "scenario 1: run: expected seconds, two bounds, or median and spread"),
        ({"run": {"median": "x"}}, "scenario 1: run"),
        ({"run": 1, "prompt": "("}, "prompt is not a valid RE2 expression"),
        ({"run": 1, "code": "X"}, "code and message require outcome: failed"),
        ({"size": "301x200"}, "scenario 1: size: size must be two even numbers"),
        ("run", "scenario 1 must be a mapping"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_scenario_is_named(entry: Any, message: str) -> None:
    with pytest.raises(BadScenario) as caught:
        read_scenarios([entry])
    assert message in str(caught.value)


def test_decimal_numbers_of_yaml_are_numbers() -> None:
    entry = {"words": "*", "run": Decimal("5.5"), "usage": {"seconds": [Decimal("4.8")]}}
    (scenario,) = read_scenarios([entry])
    assert scenario.record()["run"] == {"low": 5.5, "high": 5.5}
    assert json.dumps(scenario.usage) == '{"seconds": [4.8]}'
    with pytest.raises(BadScenario, match="finite"):
        read_scenarios([{"words": "*", "usage": {"seconds": Decimal("NaN")}}])


def test_scenarios_are_a_list() -> None:
    for wrong in (None, "x", {"a": 1}, [{"run": 1}] * 1001):
        with pytest.raises(BadScenario, match="scenarios must be a list of at most"):
            read_scenarios(wrong)
    assert len(read_scenarios({"scenarios": [{"run": 1}]})) == 1


def test_times_can_be_as_captured(catalog: Catalog) -> None:
    """The table of public captures: wan2.5, 720P, 5 s waited 9.5 s and ran 83 s."""
    server = Twin(clock="auto", times="captured")
    given = {"model": I2V, "input": BODY["input"], "parameters": {"resolution": "720P"}}
    times = [
        seconds(ended(server, json={**given, "input": {**BODY["input"], "prompt": f"cat {n}"}}))
        for n in range(60)
    ]
    assert 6 < median(waits for waits, _ in times) < 14
    assert 72 < median(runs for _, runs in times) < 95
    assert all(83 / 4 <= runs <= 83 * 4 for _, runs in times)
    older = {"model": "wanx2.1-i2v-turbo"}
    assert 60 > seconds(ended(server, json={**BODY, **older}))[0] >= 1  # none was captured
    assert len(captured()) > 10


def test_longer_clips_take_longer_as_captured() -> None:
    server = Twin(clock="auto", times="captured")
    runs = {}
    for length in (5, 10):
        given = {"model": I2V, "input": BODY["input"],
                 "parameters": {"resolution": "1080P", "duration": length}}  # fmt: skip
        created = [
            server.call("POST", CREATE, headers=ASYNC,
                        json={**given, "input": {**BODY["input"], "prompt": f"{n}"}})
            for n in range(40)
        ]  # fmt: skip
        tasks = [answer.json()["output"]["task_id"] for answer in created]
        runs[length] = median(seconds(last_answer(server, task))[1] for task in tasks)
    assert 1.2 < runs[10] / runs[5] < 1.7


def test_the_command_line_takes_a_file_and_names_what_is_wrong_in_it(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from mock_server.serve import command

    def said(text: str) -> Ended:
        (tmp_path / "s.yaml").write_text(text, encoding="utf-8")
        result = CliRunner().invoke(command, ["--scenarios", str(tmp_path / "s.yaml")])
        return Ended(result.exit_code, result.output.encode(), b"")

    wrong = said("- {words: a cat, run: soon}\n")
    assert wrong.code == 2
    assert "scenario 1: run: expected seconds, two bounds, or median and spread" in wrong.text
    assert said("- {run: 1, run: 2}\n").code == 2


def test_scenarios_can_be_replaced_while_it_runs() -> None:
    server = twin({"words": "a cat", "queue": 2, "run": [30, 40], "size": "320x240"})
    plan = server.call("GET", "/_mock/scenarios").json()
    assert server.call("PUT", "/_mock/scenarios", json=plan).json() == plan
    answer = server.call("PUT", "/_mock/scenarios", json=[{"queue": 1, "run": 5}])
    assert answer.status_code == 200
    assert seconds(ended(server)) == (1, 5)
    wrong = server.call("PUT", "/_mock/scenarios", json=[{"run": "x"}])
    assert (wrong.status_code, "scenario 1: run" in wrong.json()["message"]) == (400, True)
    assert seconds(ended(server, "a dog")) == (1, 5)
