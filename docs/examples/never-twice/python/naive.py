"""What many pipelines do: three tries. It pays twice; `test_never_twice.py` shows when."""

import os
import sys
import time

import httpx

BASE = os.environ.get("DASHSCOPE_HTTP_BASE_URL", "https://dashscope.aliyuncs.com/api/v1")
KEY = {"Authorization": f"Bearer {os.environ['DASHSCOPE_API_KEY']}"}
CREATE = f"{BASE}/services/aigc/video-generation/video-synthesis"
PACE = float(os.environ.get("PIPELINE_PACE", "10"))


def create(prompt: str, picture: str) -> str:
    body = {"model": "wan2.5-i2v-preview", "input": {"prompt": prompt, "img_url": picture}}
    for _ in range(3):
        try:
            answer = httpx.post(CREATE, json=body, headers={**KEY, "X-DashScope-Async": "enable"})
            return answer.raise_for_status().json()["output"]["task_id"]
        except (httpx.HTTPError, ValueError):
            time.sleep(PACE)
    raise SystemExit(1)


def wait(task: str) -> None:
    while True:
        answer = httpx.get(f"{BASE}/tasks/{task}", headers=KEY).json()
        if answer["output"]["task_status"] not in ("PENDING", "RUNNING"):
            return
        time.sleep(PACE)


wait(create(*sys.argv[2:4]))
