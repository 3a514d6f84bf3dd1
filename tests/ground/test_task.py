from dataclasses import replace
from pathlib import Path

from wanx_render.task import InputMedia, TaskRequest

REQUEST = TaskRequest(
    model="wan2.5-i2v-preview",
    region="beijing",
    image=InputMedia("sha256:aa", Path("a.png")),
    last_image=None,
    prompt="一只猫",
    negative_prompt="",
    template=None,
    resolution="720P",
    duration=5,
    sound="auto",
    sound_file=None,
    prompt_extend=True,
    watermark=False,
    seed=7,
)


def test_the_key_sees_bytes_and_never_paths() -> None:
    moved = replace(REQUEST, image=InputMedia("sha256:aa", Path("elsewhere/b.png")))
    changed = replace(REQUEST, image=InputMedia("sha256:bb", Path("a.png")))
    assert REQUEST.key("mock") == moved.key("mock")
    assert REQUEST.key("mock") != changed.key("mock")


def test_the_mock_s_clips_are_never_taken_for_paid_ones() -> None:
    assert REQUEST.key("mock") != REQUEST.key("dashscope")


def test_every_field_that_is_sent_is_in_the_key() -> None:
    others = {
        "model": "x", "region": "singapore", "prompt": "x", "negative_prompt": "x",
        "template": "x", "resolution": "480P", "duration": 10, "sound": "silent",
        "sound_file": InputMedia("sha256:cc"), "last_image": InputMedia("sha256:dd"),
        "prompt_extend": False, "watermark": True, "seed": 8,
    }  # fmt: skip
    keys = {replace(REQUEST, **{name: value}).key("mock") for name, value in others.items()}  # type: ignore[arg-type]
    assert len(keys) == len(others)
    assert REQUEST.key("mock") not in keys


def test_a_written_seed_is_the_first_take_s_and_the_others_are_derived() -> None:
    takes = [REQUEST.with_seed_for(number, 12345).seed for number in range(1, 6)]
    assert takes[0] == 12345
    assert len(set(takes)) == 5
    assert all(0 <= seed <= 2_147_483_647 for seed in takes)
    assert takes == [REQUEST.with_seed_for(number, 12345).seed for number in range(1, 6)]


def test_an_unwritten_seed_follows_from_what_is_asked() -> None:
    other = replace(REQUEST, prompt="一只狗")
    assert REQUEST.with_seed_for(1, None).seed == REQUEST.with_seed_for(1, None).seed
    assert REQUEST.with_seed_for(1, None).seed != other.with_seed_for(1, None).seed
