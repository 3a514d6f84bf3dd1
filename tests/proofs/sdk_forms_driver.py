"""Drives the official SDK, unmodified, through every request form against an emulator.

``python sdk_forms_driver.py ORIGIN PICTURE CLIP`` prints one JSON object: for each call its final
state, its usage and how many results it names. Local files are uploaded by the SDK.
"""

import json
import sys

import dashscope
from dashscope import ImageSynthesis, VideoSynthesis
from dashscope.aigc.image_generation import ImageGeneration

ORIGIN, PICTURE, CLIP = sys.argv[1:4]
dashscope.base_http_api_url = f"{ORIGIN}/api/v1"
dashscope.api_key = "sk-mock-forms"

FRAME = {"type": "first_frame", "url": PICTURE}
PEOPLE = [PICTURE, CLIP]
TALK = [{"role": "user", "content": [{"text": "a cat"}]}]

CLIPS = {
    "frames": {
        "model": "wan2.2-kf2v-flash", "prompt": "x", "first_frame_url": PICTURE,
        "last_frame_url": PICTURE, "resolution": "480P",
    },
    "media": {"model": "wan2.7-i2v", "media": [FRAME], "resolution": "720P", "duration": 5},
    "continued": {
        "model": "wan2.7-i2v-2026-04-25", "duration": 6, "resolution": "720P",
        "media": [{"type": "first_clip", "url": CLIP}],
    },
    "words": {"model": "wan2.6-t2v", "prompt": "x", "size": "1280*720", "shot_type": "multi"},
    "ratio": {"model": "wan2.7-t2v", "prompt": "x", "ratio": "9:16", "resolution": "720P"},
    "references": {"model": "wan2.6-r2v", "prompt": "x", "reference_urls": PEOPLE, "duration": 4},
    "wrong": {"model": "wan2.7-i2v", "media": [FRAME, FRAME]},
}  # fmt: skip


def clip(arguments):
    """The outcome of a clip."""
    output = (answer := VideoSynthesis.call(**arguments)).output
    return [output.task_status, _plain(answer.usage), int(bool(output.get("video_url")))]


def words():
    answer = ImageSynthesis.call(model="wan2.2-t2i-flash", prompt="a cat", n=2, size="1024*1024")
    output = answer.output
    urls = [result["url"] for result in output.results]
    return [output.task_status, _plain(answer.usage), len(urls)]


def conversation():
    created = ImageGeneration.async_call("wan2.6-t2i", messages=TALK, size="1280*1280")
    answer = ImageGeneration.wait(created)
    choices = answer.output["choices"]
    parts = [part for choice in choices for part in choice["message"]["content"]]
    return [answer.output["task_status"], _plain(answer.usage), len(parts)]


def _plain(usage):
    """The usage as it came; the SDK adds its own empty fields."""
    return {name: value for name, value in dict(usage or {}).items() if value not in (None, "")}


report = {name: clip(arguments) for name, arguments in CLIPS.items()}
print(json.dumps({**report, "picture": words(), "conversation": conversation()}))
