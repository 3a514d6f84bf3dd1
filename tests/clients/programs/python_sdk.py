"""The official Python SDK: a picture of this machine is uploaded, and its video downloaded.

Runs in an environment of its own with the SDK in it. Like every program here it reads BASE_URL (not
where the proxy is the service), KEY, PICTURE and OUT, and prints one line of JSON: the version of
the client, how the task ended and what the download answered.
"""

import json
import os
import sys
from pathlib import Path

import dashscope
import requests
from dashscope import VideoSynthesis

KEY = os.environ["KEY"]


def end_of(answer: object) -> str:
    """How the SDK reports an end: the state of the task, or the refusal."""
    output = getattr(answer, "output", None) or {}
    status = getattr(answer, "status_code", 0)
    if status != 200:
        return f"{status} {answer.code or ''}".strip()
    return " ".join(filter(None, (output["task_status"], output.get("code"))))


def whole_flow() -> dict[str, object]:
    """Ask for a video, wait for it, and fetch it."""
    asked = VideoSynthesis.async_call(
        model="wan2.2-i2v-flash",
        prompt="a cat",
        img_url=os.environ["PICTURE"],
        duration=5,
        resolution="480P",
        api_key=KEY,
    )
    if asked.status_code != 200:
        return {"end": end_of(asked)}
    done = VideoSynthesis.wait(asked, api_key=KEY)
    url = (done.output or {}).get("video_url")
    if not url:
        return {"end": end_of(done)}
    clip = requests.get(url, timeout=60)
    if clip.status_code == 200:
        Path(os.environ["OUT"]).write_bytes(clip.content)
    return {"end": end_of(done), "download": str(clip.status_code)}


def main() -> None:
    """Print the report, whatever happens."""
    if base := os.environ.get("BASE_URL"):
        dashscope.base_http_api_url = base
    try:
        report = whole_flow()
    except Exception as error:  # noqa: BLE001  # whatever it is, it is the outcome
        report = {"end": type(error).__name__}
    json.dump({"version": dashscope.version.__version__, **report}, sys.stdout)


main()
