"""Where a recorded service differs from the emulator, with a drifting emulator as the service."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from mock_server.serve import command
from mock_server.tape.compare import ComparisonReport, compared
from mock_server.testing import MockAccount, Server
from tests.support.emulator import picture_uri
from tests.support.tapes import TapeClient, recording, taped


def recorded(path: Path, *faults: str, more: Callable[[TapeClient], object] = bool) -> Path:
    """A cassette of one flow at an emulator with faults."""
    service = Server("auto", 0)
    account = MockAccount(service, "compared")
    account.faults(*faults)
    with recording(service.base_url, path) as origin:
        client = TapeClient(origin, {"Authorization": f"Bearer {account.key}"})
        client.whole_flow()
        client.http.get(f"{origin}/api/v1/tasks?page_no=1", headers=client.headers)
        client.http.get(f"{origin}/api/v1/tasks", headers={"Authorization": "Bearer sk-nobody"})
        more(client)
        client.close()
    service.close()
    return path


def found(report: ComparisonReport) -> set[tuple[str, str, str, str]]:
    return {difference.kind for difference in report.differences}


def test_the_emulator_does_not_differ_from_itself(
    tmp_path: Path, picture: Callable[..., Path]
) -> None:
    def more(client: TapeClient) -> None:
        url = f"{client.origin}/api/v1/uploads?action=getPolicy&model=wan2.5-i2v-preview"
        policy = client.http.get(url, headers=client.headers).json()["data"]
        fields = {"policy": policy["policy"], "Signature": policy["signature"],
                  "OSSAccessKeyId": policy["oss_access_key_id"],
                  "key": f"{policy['upload_dir']}/a.png"}  # fmt: skip
        photo = picture("a.png")
        files = {"file": ("a.png", photo.read_bytes())}
        assert client.http.post(policy["upload_host"], data=fields, files=files).status_code == 200
        task = client.task("with a picture of its own " + picture_uri(photo)[:9])
        client.http.post(f"{client.origin}/api/v1/tasks/{task}/cancel", headers=client.headers)
        client.query(task)

    report = compared(taped(recorded(tmp_path / "same.jsonl", more=more)))
    assert found(report) == set()
    assert report.compared == 12


def test_fields_types_codes_and_headers_that_differ_are_named(tmp_path: Path) -> None:
    path = recorded(
        tmp_path / "drift.jsonl",
        "on=create effect=change status=202 set.output.eta=12 headers.x-new=1",
        "on=query nth=3 effect=change drop=usage set.output.submit_time=17",
        "on=list nth=1 effect=change set.code=Odd",
    )
    report = compared(taped(path))
    assert found(report) == {
        ("create", "status", "202", "200"),
        ("create", "output.eta", "number", "absent"),
        ("create", "header x-new", "present", "absent"),
        ("task SUCCEEDED", "usage", "absent", "object"),
        ("task SUCCEEDED", "output.submit_time", "number", "string"),
        ("list", "code", "string", "absent"),
    }


def test_another_end_of_a_task_is_named_and_a_busy_moment_is_not(tmp_path: Path) -> None:
    def more(client: TapeClient) -> None:
        assert client.create("busy").status_code == 429
        client.finished(client.task("ends badly"))

    path = recorded(
        tmp_path / "ends.jsonl", "on=create prompt=busy status=429",
        "on=create prompt=badly effect=fail code=DataInspectionFailed", more=more,
    )  # fmt: skip
    report = compared(taped(path))
    assert found(report) == {("task", "output.task_status", "FAILED", "SUCCEEDED")}
    assert report.passed_over == 1


@pytest.mark.proof
def test_the_command_prints_it_and_exits_with_1(tmp_path: Path) -> None:
    path = recorded(tmp_path / "drift.jsonl", "on=query effect=change set.output.eta=12")
    result = CliRunner().invoke(command, ["compare", "--cassette", str(path)])
    assert result.exit_code == 1, result.output
    assert "output.eta: number recorded, absent emulated" in result.output
    result = CliRunner().invoke(command, ["compare", "--cassette", str(path), "--json"])
    differences = json.loads(result.output)["differences"]
    assert [difference["place"] for difference in differences] == ["output.eta"] * 3
