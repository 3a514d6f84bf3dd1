"""Cassettes against hostile clients and services, and against people who edit them."""

import asyncio
import gzip
import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from mock_server.tape.cassette import BadCassette, CassetteWriter, folder_of, read_cassette
from mock_server.tape.content import BodyTaper
from mock_server.tape.headers import taped_headers
from mock_server.tape.secrets import REMOVED, SecretRemover
from mock_server.tape.sessions import Sequences
from tests.support.tapes import replaying

HEAD = {"cassette": 1, "service": "http://127.0.0.1/api/v1"}


def entry(**answer: Any) -> dict[str, Any]:
    request = {"method": "GET", "url": "/api/v1/tasks/a", "headers": {}}
    whole = {"status": 200, "headers": {}, "json": {"output": {"task_id": "a"}}, **answer}
    moment = "2026-01-01T00:00:00+00:00"
    return {"n": 1, "at": moment, "seconds": 0.1, "request": request, "answer": whole}


def cassette(folder: Path, *entries: dict[str, Any]) -> Path:
    path = folder / "c.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in (HEAD, *entries)))
    return path


@pytest.mark.parametrize("spelling", ["%{:02x}", "\\u{:04x}"])
def test_a_secret_whose_letters_are_numbers_is_removed(spelling: str) -> None:
    written = "".join(spelling.format(ord(letter)) for letter in "PlantedKey77")
    assert SecretRemover(["PlantedKey77"]).text(f"bad key {written}!") == f"bad key {REMOVED}!"


def test_many_backslashes_take_no_time() -> None:
    began = time.perf_counter()
    SecretRemover().text('a: "' + "\\" * 200_000)
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize(
    "value", ["Bearer\tPlanted777", "Planted777 Other888", "bearer  Planted777"]
)
def test_no_word_of_a_strange_authorization_is_kept(value: str) -> None:
    remover = SecretRemover()
    remover.learn_header(value)
    raw = [(b"authorization", value.encode())]
    assert "Planted777" not in taped_headers(raw, remover)["authorization"]
    assert "Planted777" not in remover.text("Planted777 is wrong")


def test_a_secret_of_a_query_is_known_afterwards() -> None:
    remover = SecretRemover()
    remover.learn_pairs("x=1&api_key=Planted%2B777")
    assert "Planted" not in remover.text("no such key: Planted+777")


def parts(*fields: tuple[str, bytes]) -> bytes:
    pieces = [
        b'--B\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name.encode(), value)
        for name, value in fields
    ]
    return b"".join(pieces) + b"--B--\r\n"


POLICY = ("policy", b"Planted777")


@pytest.mark.parametrize(
    ("content_type", "coding", "data"),
    [
        ("multipart/form-data; boundary=B", "", parts(POLICY, ("big", b"x" * 1_500_000))),
        ("multipart/form-data", "", parts(POLICY)),
        ("multipart/mixed; boundary=B", "", parts(POLICY)),
        ("application/json", "gzip", gzip.compress(b'{"api_key": "Planted777"}', mtime=0)),
        ("application/json", "br", b"Planted777"),
        ("application/json", "gzip", b"Planted777"),
        ("text/plain", "", b'"password": "Planted777"\n' + b"y" * 1_200_000),
        ("text/plain", "", '{"api_key": "Planted777", "é": 1}'.encode("latin-1")),
    ],
)
def test_no_secret_is_in_a_body_that_is_hard_to_read(
    content_type: str, coding: str, data: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "tape" / "c.jsonl"
    path.parent.mkdir()
    taper = BodyTaper(SecretRemover(), folder_of(path, 10_000_000))
    headers = {"content-type": content_type, "content-encoding": coding}
    content = asyncio.run(taper.form(data, headers))
    assert "Planted777" not in json.dumps(content.record())
    assert not list(path.parent.iterdir())


def test_the_password_of_a_services_address_is_not_on_the_cassette(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    CassetteWriter(path, "http://user:Planted777@127.0.0.1:1/api/v1").close()
    assert read_cassette(path).service == "http://127.0.0.1:1/api/v1"


@pytest.mark.parametrize(
    "fields",
    [
        {"at": "2026-01-01T00:00:00"},
        {"at": "9999-12-31T23:59:59+00:00"},
        {"answer": {"status": 200, "headers": {}, "json": {"t": "9999-12-31 23:00:00"}}},
        {"answer": {"status": 204, "headers": {}, "json": {"t": 1}}},
    ],
)
def test_strange_times_and_answers_are_replayed(fields: dict[str, Any], tmp_path: Path) -> None:
    with replaying(cassette(tmp_path, entry() | fields)) as (origin, _):
        assert httpx.get(f"{origin}/api/v1/tasks/a").status_code in (200, 204)


@pytest.mark.parametrize(
    "answer",
    [
        {"file": {"x": 1}, "json": None},
        {"headers": {"x-a": "中文"}},
        {"status": 0},
    ],
)
def test_what_cannot_be_sent_is_refused_at_the_start(
    answer: dict[str, Any], tmp_path: Path
) -> None:
    record = entry(**answer)
    if record["answer"]["json"] is None:
        del record["answer"]["json"]
    with pytest.raises(BadCassette):
        read_cassette(cassette(tmp_path, record))


def test_a_body_that_is_nested_too_deeply_is_refused_at_the_start(tmp_path: Path) -> None:
    record = entry()
    record["request"]["json"] = json.loads("[" * 900 + "]" * 900)
    with pytest.raises(BadCassette):
        Sequences(read_cassette(cassette(tmp_path, record)))


def test_a_link_in_the_folder_leads_nowhere(tmp_path: Path) -> None:
    record = entry(file="a" * 64)
    del record["answer"]["json"]
    path = cassette(tmp_path, record)
    (tmp_path / "private").write_text("private")
    (tmp_path / "c.jsonl.files").mkdir()
    (tmp_path / "c.jsonl.files" / ("a" * 64)).symlink_to(tmp_path / "private")
    with replaying(path) as (origin, _):
        answer = httpx.get(f"{origin}/api/v1/tasks/a")
    assert (answer.status_code, "private" in answer.text) == (501, False)


def test_exchanges_that_were_copied_by_hand_keep_their_own_answers(tmp_path: Path) -> None:
    second = entry(json={"output": {"task_id": "a", "task_status": "SUCCEEDED"}})
    with replaying(cassette(tmp_path, entry(), second)) as (origin, _):
        answers = [httpx.get(f"{origin}/api/v1/tasks/a").json() for _ in range(2)]
    assert answers[0] != answers[1]


def test_a_last_line_without_an_end_counts_where_it_is_whole(tmp_path: Path) -> None:
    path = cassette(tmp_path, entry(), entry())
    path.write_bytes(path.read_bytes().rstrip())
    assert len(read_cassette(path).entries) == 2
    CassetteWriter(path, "http://127.0.0.1/api/v1", append=True).close()
    assert len(read_cassette(path).entries) == 2
    path.write_bytes(path.read_bytes()[:-20])
    assert len(read_cassette(path).entries) == 1
