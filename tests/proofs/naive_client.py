"""What many a script does: send, try again on any error, note the id afterwards, write in place.

Kept to show that the kill sweep and the fault matrix can fail. Not to be used.
"""

import base64
import json
import os
import subprocess
import time
from pathlib import Path

import httpx
import imageio_ffmpeg

URL = "/services/aigc/video-generation/video-synthesis"


def main(arguments: list[str]) -> None:  # the list is always the same
    base = os.environ["DASHSCOPE_HTTP_BASE_URL"]
    headers = {"Authorization": f"Bearer {os.environ['DASHSCOPE_API_KEY']}"}
    folder = Path("renders/killed")
    (folder / "clips").mkdir(parents=True, exist_ok=True)
    picture = "data:image/png;base64," + base64.b64encode(Path("a.png").read_bytes()).decode()
    with httpx.Client(trust_env=False, headers=headers, timeout=60) as client:
        for number, url in enumerate((picture, picture, "https://example.com/b.png")):
            clip = folder / "clips" / f"{number}.mp4"
            if not clip.exists():
                clip.write_bytes(fetch(client, base, number, url))
    parts = "".join(f"file clips/{number}.mp4\n" for number in range(3))
    (folder / "parts.txt").write_text(parts)
    options = ["-y", "-v", "error", "-f", "concat", "-safe", "0", "-i", "parts.txt", "-c", "copy"]
    program = imageio_ffmpeg.get_ffmpeg_exe()
    subprocess.run([program, *options, "9x16.mp4"], cwd=folder, check=False)


def fetch(client: httpx.Client, base: str, number: int, url: str) -> bytes:
    note = Path(f"renders/killed/{number}.task")
    if not note.exists():
        body = {
            "model": "wanx2.1-i2v-turbo",
            "input": {"prompt": f"naive {number}", "img_url": url},
            "parameters": {"resolution": "480P", "duration": 3, "seed": number},
        }
        while True:
            try:
                answer = client.post(base + URL, json=body, headers={"X-DashScope-Async": "enable"})
                note.write_text(answer.json()["output"]["task_id"])
                break
            except (httpx.HTTPError, KeyError, json.JSONDecodeError):
                time.sleep(0.05)
    while True:
        output = client.get(f"{base}/tasks/{note.read_text()}").json()["output"]
        if output["task_status"] == "SUCCEEDED":
            return client.get(output["video_url"], headers={"Authorization": ""}).content
        time.sleep(0.05)
