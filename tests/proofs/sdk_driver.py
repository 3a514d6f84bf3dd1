"""Drives the official SDK, unmodified, against an emulator: every method in every outcome.

``python sdk_driver.py ORIGIN CLIENT PICTURE`` prints one JSON object, outcome by method and case.
CLIENT is classic, classic-asyncio, v2 or v2-asyncio. Run in a process of its own, so that it also
works in the environment of another version of the SDK.
"""

import asyncio
import inspect
import json
import sys

import dashscope
from dashscope import VideoSynthesis

MODEL = "wan2.5-i2v-preview"
IMAGE = "https://example.com/first.png"
# Accounts that the emulator's fault plan treats so.
KEYS = {
    "normal": "sk-mock-normal",
    "FAILED": "sk-mock-failing",
    "UNKNOWN": "sk-mock-forgotten",
    "401": "sk-nobody",
    "403": "sk-mock-forbidden",
    "429": "sk-mock-busy",
}
ORIGIN, KIND, PICTURE = sys.argv[1:4]
BASE = f"{ORIGIN}/api/v1"


def report_of(answer):
    """A classic answer, or a job of the second client, in a few words."""
    if isinstance(answer, BaseException):
        code = getattr(answer, "code", None) or getattr(answer, "status_code", None)
        return f"{type(answer).__name__} {code or str(answer)[:60]}"
    status = getattr(answer, "status_code", None)
    output = getattr(answer, "output", None) or {}
    if isinstance(output, dict) and "total" in output:
        return f"{int(status)} {output['total'] > 0}"
    if status is None and hasattr(answer, "total"):  # a page of the second client
        return f"list {answer.total > 0}"
    task = output.get("task_status") if isinstance(output, dict) else None
    code = getattr(answer, "code", None) or (output.get("code") if isinstance(output, dict) else "")
    words = [
        str(int(status)) if status else "",
        task or (getattr(answer, "status", "") or "" if status is None else ""),
        code,
    ]
    return " ".join(word for word in words if word)


async def run(do):
    try:
        answer = do()
        return await answer if inspect.isawaitable(answer) else answer
    except Exception as error:  # noqa: BLE001  # whatever it is, it is the outcome
        return error


class Classic:
    def __init__(self, api):
        self.api = api
        self.methods = ("call", "async_call", "fetch", "wait", "cancel", "list", "upload")

    async def new(self, key, image=IMAGE):
        arguments = {"model": MODEL, "prompt": "a cat", "img_url": image, "api_key": key}
        return await run(lambda: self.api.async_call(**arguments, duration=5, resolution="480P"))

    async def do(self, method, key, task):
        api = self.api
        if method in ("async_call", "upload"):
            return await self.new(key, PICTURE if method == "upload" else IMAGE)
        if method == "call":
            return await run(lambda: api.call(model=MODEL, prompt="p", img_url=IMAGE, api_key=key))
        if method == "list":
            return await run(lambda: api.list(api_key=key))
        return await run(lambda: getattr(api, method)(task, api_key=key))

    def task_of(self, answer):
        return answer.output["task_id"] if getattr(answer, "status_code", 0) == 200 else "none"


class Second:
    def __init__(self, kind):
        self.kind = kind
        self.methods = ("generate", "create", "fetch", "wait", "cancel", "list", "upload")

    def client(self, key):
        client_class = dashscope.Client if self.kind == "v2" else dashscope.AsyncClient
        return client_class(api_key=key, base_url=BASE)

    async def new(self, key, image=IMAGE):
        jobs = self.client(key).videos.jobs
        arguments = {"model": MODEL, "prompt": "a cat", "image_url": image}
        return await run(lambda: jobs.create(**arguments, duration=5, resolution="480P"))

    async def do(self, method, key, task):
        videos = self.client(key).videos
        if method in ("create", "upload"):
            return await self.new(key, PICTURE if method == "upload" else IMAGE)
        if method == "generate":
            return await run(
                lambda: videos.generate(model=MODEL, image_url=IMAGE, poll_interval=0.05)
            )
        if method == "list":
            return await run(lambda: videos.jobs.list())
        if method == "wait":
            return await run(lambda: videos.jobs.wait(task, poll_interval=0.05))
        return await run(lambda: getattr(videos.jobs, method)(task))

    def task_of(self, answer):
        return getattr(answer, "task_id", None) or "none"


async def main():
    dashscope.base_http_api_url = BASE
    if KIND == "classic":
        client = Classic(VideoSynthesis)
    elif KIND == "classic-asyncio":
        from dashscope.aigc.video_synthesis import AioVideoSynthesis

        client = Classic(AioVideoSynthesis)
    else:
        client = Second(KIND)

    async def cell(method, case):
        key = KEYS[case]
        task = await client.new(KEYS["normal"] if case in ("401", "403", "429") else key)
        return method, case, report_of(await client.do(method, key, client.task_of(task)))

    cells = []
    for method in client.methods:  # classic clients block; the others run side by side
        cells += await asyncio.gather(*(cell(method, case) for case in KEYS))
    table = {}
    for method, case, outcome in cells:
        table.setdefault(method, {})[case] = outcome
    return {"version": dashscope.version.__version__, "table": table}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main())))
