"""Make one clip: `python pipeline.py JOB PROMPT PICTURE_URL`. Run it again and it continues.

Exit codes: 0 the clip is here, 1 it failed and cost nothing, 4 a person must look.
One pipeline at a time may use a key and a model: a lost task is found by what is new in the list.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import httpx

BASE = os.environ.get("DASHSCOPE_HTTP_BASE_URL", "https://dashscope.aliyuncs.com/api/v1")
KEY = {"Authorization": f"Bearer {os.environ['DASHSCOPE_API_KEY']}"}
CREATE = f"{BASE}/services/aigc/video-generation/video-synthesis"
MODEL = "wan2.5-i2v-preview"
FOLDER = Path(os.environ.get("PIPELINE_FOLDER", "jobs"))
PACE = float(os.environ.get("PIPELINE_PACE", "10"))  # seconds between two questions
SURELY_REFUSED = (400, 401, 403, 404, 429)


class Person(Exception):
    """The program does not know whether money was spent: a person must look."""


def write(job: str, **state: Any) -> dict[str, Any]:
    """Note how far a job is. It is on the disk before this returns."""
    path = FOLDER / f"{job}.json"
    part = path.with_suffix(".part")
    with part.open("w") as file:
        json.dump(state, file)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    return state


def read(job: str) -> dict[str, Any]:
    path = FOLDER / f"{job}.json"
    return json.loads(path.read_text()) if path.exists() else {"state": "new"}


def ask(path: str) -> dict[str, Any]:
    """A question costs nothing, so it may be asked until there is an answer."""
    for _ in range(20):
        try:
            answer = httpx.get(BASE + path, headers=KEY, timeout=30)
            if answer.status_code == 200:
                return answer.json()
        except (httpx.TransportError, ValueError):
            pass
        time.sleep(PACE)
    raise Person(f"the service does not answer {path}")


def listed() -> set[str]:
    """The tasks of this model and key in the last 24 hours."""
    answer = ask(f"/tasks?page_size=100&model_name={MODEL}")
    return {row["task_id"] for row in answer["data"]}


def create(job: str, prompt: str, picture: str) -> dict[str, Any]:
    """Send the one request that costs money. What is new in the list afterwards may be its task."""
    write(job, state="sending", before=sorted(listed()))
    body = {"model": MODEL, "input": {"prompt": prompt, "img_url": picture}}
    headers = {**KEY, "X-DashScope-Async": "enable"}
    try:
        answer = httpx.post(CREATE, json=body, headers=headers, timeout=60)
        if answer.status_code == 200:
            return write(job, state="sent", task=answer.json()["output"]["task_id"])
    except (httpx.TransportError, ValueError, KeyError):
        return find(job)  # the answer is lost; the task may not be
    if answer.status_code in SURELY_REFUSED:
        return refused(job, answer)
    return find(job)


def refused(job: str, answer: httpx.Response) -> dict[str, Any]:
    """Nothing was accepted. Too many requests: try later; anything else is our fault."""
    if answer.status_code != 429:
        return write(job, state="failed", reason=answer.text)
    time.sleep(PACE)
    return write(job, state="new")


def find(job: str) -> dict[str, Any]:
    """Search the list for the task of a lost answer. Never send the request again."""
    ours = {read(file.stem).get("task") for file in FOLDER.glob("*.json")}
    known = {*read(job)["before"], *ours}
    for _ in range(12):  # the list may lag
        new = listed() - known
        if len(new) == 1:
            return write(job, state="sent", task=new.pop())
        time.sleep(PACE)
    raise Person(f"no single new task in the list for {job}; see the console of the service")


def poll(job: str, task: str) -> dict[str, Any]:
    answer = ask(f"/tasks/{task}")["output"]
    match answer["task_status"]:
        case "SUCCEEDED":
            return fetch(job, task, answer["video_url"])
        case "FAILED" | "CANCELED":
            return write(job, state="failed", reason=answer.get("code", "canceled"))
        case "UNKNOWN":
            raise Person(f"task {task} is older than a day; it may have been paid")
    time.sleep(PACE)
    return read(job)


def fetch(job: str, task: str, url: str) -> dict[str, Any]:
    """Store the clip under its name only when all of it is here. No key goes to the storage."""
    clip, part = FOLDER / f"{job}.mp4", FOLDER / f"{job}.mp4.part"
    try:
        answer = httpx.get(url, timeout=60)
        answer.raise_for_status()
    except httpx.HTTPError:
        time.sleep(PACE)
        return read(job)  # the next question gives a fresh link
    part.write_bytes(answer.content)
    part.replace(clip)
    return write(job, state="done", task=task, clip=str(clip))


def run(job: str, prompt: str, picture: str) -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    state = read(job)
    while state["state"] not in ("done", "failed"):
        match state["state"]:
            case "new":
                state = create(job, prompt, picture)
            case "sending":
                state = find(job)
            case "sent":
                state = poll(job, state["task"])
    print(json.dumps(state))
    return 0 if state["state"] == "done" else 1


if __name__ == "__main__":
    try:
        raise SystemExit(run(*sys.argv[1:4]))
    except Person as reason:
        print(reason, file=sys.stderr)
        raise SystemExit(4) from None
