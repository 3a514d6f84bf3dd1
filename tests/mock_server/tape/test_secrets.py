"""Secrets are removed by their name, by their look, and wherever a known one appears."""

import base64
import json
from typing import Any
from urllib.parse import quote

import pytest

from mock_server.tape.secrets import IN_QUERY, REMOVED, SecretRemover, is_secret_name

KEY = "pa55/w+rd=Zq81"
LINK = (
    "https://u:hush@dashscope-a717.oss-accelerate.aliyuncs.com/1d/a.mp4"
    "?Expires=1790244529&OSSAccessKeyId=LTAI5tQnKxxv9&Signature=ab%2Bcd%2F9%3D"
)


@pytest.mark.parametrize(
    "text",
    [
        KEY,
        KEY.upper(),
        f"the key {KEY} is wrong",
        quote(KEY, safe=""),
        json.dumps({"x": f"a/{KEY}"}).replace("/", "\\/"),
        base64.b64encode(KEY.encode()).decode(),
        base64.b64encode(f"user:{KEY}".encode()).decode(),
        base64.b64encode(f"us:{KEY}".encode()).decode(),
        KEY.encode().hex(),
    ],
)
def test_a_known_secret_is_removed_however_it_is_written(text: str) -> None:
    remover = SecretRemover([KEY])
    cleaned = remover.text(text)
    assert REMOVED in cleaned
    for trace in (KEY, KEY.upper(), quote(KEY, safe=""), KEY.encode().hex()):
        assert trace not in cleaned
    middle = base64.b64encode(KEY.encode()).decode()[4:12]
    assert middle not in cleaned
    assert remover.holds(b"\0\xff" + text.encode())


@pytest.mark.parametrize("secret", ["hush", "1790244529", "LTAI5tQnKxxv9", "ab%2Bcd", "9%3D"])
@pytest.mark.parametrize("form", ["{}", "see {} now", '{{"url": "{}"}}', "<Url>{}</Url>"])
def test_a_link_keeps_the_names_of_its_query_alone(secret: str, form: str) -> None:
    cleaned = SecretRemover().text(form.format(LINK))
    assert secret not in cleaned
    assert f"/1d/a.mp4?Expires={IN_QUERY}&OSSAccessKeyId={IN_QUERY}&Signature=" in cleaned


@pytest.mark.parametrize(
    "value",
    [
        {"api_key": "hush"},
        {"data": {"policy": "hush", "signature": "hush", "oss_access_key_id": "hush"}},
        {"credentials": {"id": "hush", "more": ["hush"]}},
        {"message": 'code: {"error": {"api_key": "hush"}}'},
        {"message": json.dumps({"inner": json.dumps({"x-oss-security-token": "hush"})})},
        {"message": "<Error><OSSAccessKeyId>hush</OSSAccessKeyId></Error>"},
        {"message": "<StringToSign>GET\n\nhush\n/bucket</StringToSign>"},
        {"message": "Signature=hush&x=1"},
        {"rows": [{"caller_uid": "hush", "api_key_id": "hush"}]},
    ],
)
def test_what_has_the_name_of_a_secret_is_removed(value: Any) -> None:
    assert "hush" not in json.dumps(SecretRemover().value(value))


@pytest.mark.parametrize(
    "text",
    [
        "sk-0123456789abcdef0123", "(sk-sp-abcdef12)", "LTAI5tQnKxxv9", "STS.NUabcdef12",
        "Bearer abcdefgh", "basic dXNlcjpwYXNz", "eyJhbGciOiJIUzI1.eyJzdWIiOiIx.c2ln",
    ],
)  # fmt: skip
def test_what_looks_like_a_secret_is_removed(text: str) -> None:
    cleaned = SecretRemover().text(f"it was {text} there")
    assert REMOVED in cleaned
    assert text.split()[-1].strip("()") not in cleaned


def test_basic_credentials_are_remembered_as_what_they_say() -> None:
    remover = SecretRemover()
    remover.learn_header("Basic " + base64.b64encode(b"somebody:open sesame").decode())
    assert "open sesame" not in remover.text("your password, open sesame, is old")


def test_what_is_no_secret_stays_as_it_is() -> None:
    value = {
        "request_id": "6f9d3b6e-77a4-9b06-8f7d-6f1d8d7f6c11",
        "output": {"task_id": "0385dc79-5ff8-4d82-bcb6-aaaaaaaaaaaa", "task_status": "PENDING"},
        "usage": {"video_count": 1, "SR": 720, "total_tokens": 12},
        "url": "https://dashscope-a717.oss-accelerate.aliyuncs.com/1d/a.mp4",
        "prompt": "a cat = a small cat; see a=b & risk-free, 一只猫",
        "img_url": "oss://dashscope-instant/a/2026-01-01/b/帧 1.png",
    }
    assert SecretRemover(["sk-mock-somebody"]).value(value) == value


def test_types_stay_where_a_secret_was() -> None:
    value = {"caller_uid": 17, "credentials": {"on": True, "none": None, "ids": ["a"]}}
    cleaned = SecretRemover().value(value)
    assert cleaned == {
        "caller_uid": 0,
        "credentials": {"on": True, "none": None, "ids": [REMOVED]},
    }


def test_a_long_text_takes_no_long_time() -> None:
    remover = SecretRemover([f"secret-number-{n}" for n in range(40)])
    for text in ("a" * 400_000, "a=" * 100_000, '"a' * 100_000, "<a" * 100_000, "x:" * 100_000):
        remover.text(text)


@pytest.mark.parametrize("name", ["x-oss-signature", "API-Key", "Cookie", "policy", "access_token"])
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)
    assert not is_secret_name("x_oss_object_acl")
