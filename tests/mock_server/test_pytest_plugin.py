"""The pytest plugin, by running pytest on small suites as its users would write them."""

import json

import pytest

from mock_server.testing import Server

pytest_plugins = ["pytester"]

CLIENT = """
import json
import os
import urllib.error
import urllib.request

def call(path, body=None, key=None):
    base = os.environ["DASHSCOPE_HTTP_BASE_URL"]
    headers = {"Authorization": f"Bearer {key or os.environ['DASHSCOPE_API_KEY']}"}
    if body is not None:
        headers |= {"X-DashScope-Async": "enable", "Content-Type": "application/json"}
    url = path if path.startswith("http") else base + path
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, headers)) as answer:
        return json.loads(answer.read())

def submit(prompt):
    given = {"prompt": prompt, "img_url": "https://example.com/a.png"}
    path = "/services/aigc/video-generation/video-synthesis"
    return call(path, {"model": "wan2.5-i2v-preview", "input": given})["output"]["task_id"]
"""


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    # Of the plugins that are installed only ours, by its name: the others take seconds to load.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p wanx_mock")
    pytester.makepyfile(client=CLIENT)
    return pytester


def test_a_client_with_the_vendors_address_needs_nothing_else(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import os
        import pytest
        import requests

        HOST = "https://dashscope.aliyuncs.com/api/v1"

        def headers():
            return {"Authorization": "Bearer " + os.environ["DASHSCOPE_API_KEY"],
                    "X-DashScope-Async": "enable"}

        def submit():
            given = {"prompt": "a cat", "img_url": "https://example.com/a.png"}
            url = HOST + "/services/aigc/video-generation/video-synthesis"
            body = {"model": "wan2.5-i2v-preview", "input": given}
            return requests.post(url, json=body, headers=headers())

        def test_one(wanx_mock_vendor):
            task = submit().json()["output"]["task_id"]
            for _ in range(3):
                answer = requests.get(f"{HOST}/tasks/{task}", headers=headers()).json()
            url = answer["output"]["video_url"]
            assert url.startswith("https://dashscope-result-bj.oss-cn-beijing.aliyuncs.com/")
            assert requests.get(url).content[4:8] == b"ftyp"
            wanx_mock_vendor.assert_submitted_once("a cat")

        @pytest.mark.wanx_faults("on=create effect=reset stage=after")
        def test_faults_reach_it_too(wanx_mock_vendor):
            with pytest.raises(requests.ConnectionError):
                submit()
            wanx_mock_vendor.assert_submitted_once("a cat")
        """
    )
    options = ("-p", "no:xdist", "-o", "wanx_mock_clips=tiny")
    suite.runpytest_subprocess(*options).assert_outcomes(passed=2)


def test_good_clients_pass(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import http.client
        import pytest
        from client import call, submit

        def test_one(wanx_mock):
            task = submit("a cat")
            states = [call(f"/tasks/{task}")["output"]["task_status"] for _ in range(3)]
            assert states == ["PENDING", "RUNNING", "SUCCEEDED"]
            wanx_mock.assert_submitted_once("a cat")
            wanx_mock.assert_submitted_once()
            wanx_mock.assert_nothing_paid_twice()
            wanx_mock.assert_no_requests("cancel")
            wanx_mock.assert_at_most_per_second(50)
            wanx_mock.assert_no_key_sent_to_media()

        def test_accounts_are_apart(wanx_mock):
            wanx_mock.assert_no_requests()
            assert wanx_mock.ledger["submissions"] == []

        def test_time(wanx_mock):
            task = submit("a dog")
            wanx_mock.clock.advance(400)
            assert call(f"/tasks/{task}")["output"]["task_status"] == "SUCCEEDED"
            wanx_mock.clock.advance(86_401)
            assert call(f"/tasks/{task}")["output"]["task_status"] == "UNKNOWN"

        @pytest.mark.wanx_faults("on=create nth=1 effect=reset stage=after")
        def test_fault(wanx_mock):
            with pytest.raises(OSError):
                submit("lost")
            wanx_mock.assert_submitted_once("lost")

        def test_no_fault_is_left(wanx_mock):
            submit("fine")
            wanx_mock.faults("on=query status=503")
            with pytest.raises(OSError):
                call("/tasks/x")
        """
    )
    result = suite.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=5)


@pytest.mark.proof
def test_bad_clients_fail_and_the_journal_is_shown(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        from client import call, submit

        def test_twice(wanx_mock):
            submit("a cat"); submit("a cat")
            wanx_mock.assert_submitted_once("a cat")

        def test_twice_again(wanx_mock):
            submit("a cat"); submit("a cat")
            wanx_mock.assert_nothing_paid_twice()

        def test_never(wanx_mock):
            wanx_mock.assert_submitted_once("a cat")

        def test_some(wanx_mock):
            call("/tasks")
            wanx_mock.assert_no_requests()

        def test_fast(wanx_mock):
            for _ in range(5):
                call("/tasks")
            wanx_mock.assert_at_most_per_second(2, "list")

        def test_key(wanx_mock):
            task = submit("a cat")
            wanx_mock.clock.advance(400)
            try:
                call(call(f"/tasks/{task}")["output"]["video_url"])
            except ValueError:
                pass  # an mp4 is no JSON
            wanx_mock.assert_no_key_sent_to_media()
        """
    )
    result = suite.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(failed=6)
    result.stdout.fnmatch_lines(["*requests of sk-mock-t-*", "*POST */video-synthesis 200*"])
    assert json.dumps("sk-mock") not in result.stdout.str()


TAPED = """
import pytest
from client import call, submit

@pytest.mark.wanx_cassette("cat.jsonl", once=True)
def test_taped(wanx_replay):
    task = submit("a cat")
    states = [call(f"/tasks/{task}")["output"]["task_status"] for _ in range(4)]
    assert states == ["PENDING", "RUNNING", "SUCCEEDED", "SUCCEEDED"]
"""
CHANGED = """
import pytest
from client import submit

@pytest.mark.wanx_cassette("cat.jsonl")
def test_taped(wanx_replay):
    with pytest.raises(OSError):
        submit("a dog")
"""


@pytest.mark.proof
def test_a_cassette_is_recorded_once_and_then_a_test_of_its_own(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite.makepyfile(test_taped=TAPED)
    plain = ("-p", "no:cacheprovider")
    monkeypatch.setenv("DASHSCOPE_API_KEY", "sk-mock-recorded")
    server = Server("auto", 0)
    recorded = suite.runpytest_subprocess(*plain, "--wanx-record", server.base_url)
    recorded.assert_outcomes(passed=1)
    server.close()
    assert "sk-mock-recorded" not in (suite.path / "cat.jsonl").read_text()
    suite.runpytest_subprocess(*plain).assert_outcomes(passed=1)
    suite.makepyfile(test_taped=CHANGED)
    changed = suite.runpytest_subprocess(*plain)
    changed.assert_outcomes(passed=1, errors=1)
    changed.stdout.fnmatch_lines(['*input.prompt: "a cat" was recorded, "a dog" was requested*'])


def test_scenarios_are_for_one_test_alone(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import pytest
        from client import call, submit

        def output(task):
            for _ in range(3):
                answer = call(f"/tasks/{task}")["output"]
            return answer

        FAILS = {"words": "a c*", "outcome": "failed", "code": "IPInfringementSuspect"}

        @pytest.mark.wanx_scenarios(FAILS)
        def test_one(wanx_mock):
            assert output(submit("a cat"))["code"] == "IPInfringementSuspect"
            assert output(submit("a dog"))["task_status"] == "SUCCEEDED"
            wanx_mock.scenarios({"words": "a dog", "outcome": "failed"})
            assert output(submit("a dog"))["code"] == "InternalError.Algo"

        def test_two(wanx_mock):
            assert output(submit("a cat"))["task_status"] == "SUCCEEDED"
        """
    )
    suite.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=2)
