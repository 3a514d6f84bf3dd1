"""How long clients wait: `uv run python benchmarks/emulator_waits.py [ROUNDS]`.

Seconds of a take of wanx-render beside clocks of several kinds, with and without the header that
names the clock; and the time to the first byte of a tiny clip. Times are medians.
"""

import base64
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
from emulator import CREATE, HEADERS, server
from PIL import Image

LIST = """\
version: 1
project: waits
backend: dashscope
defaults: {model: wan2.5-i2v-preview, resolution: 480P, duration: 5}
shots:
  - {id: one, image: a.png, prompt: a cat, takes: TAKES}
deliverables: [3:4]
"""
# Without the header the client waits as for the real service.
HIDDEN = ("--fault", "on=any effect=change headers.x-wanx-mock-clock=real")
SIZES = {"480P": (750, 1000), "720P": (1500, 2000), "1080P": (3000, 4000)}


def take(options: tuple[str, ...], takes: int) -> float:
    """Seconds of a take, of a whole run of the program."""
    command = ("-m", "mock_server", "--port", "0", *options)
    with server(*command) as (base, _, _), tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        picture = Image.effect_mandelbrot((750, 1000), (-2, -1, 1, 1), 60).convert("RGB")
        picture.save(folder / "a.png")
        (folder / "list.yaml").write_text(LIST.replace("TAKES", str(takes)))
        plain = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        plain |= {"DASHSCOPE_API_KEY": "sk-mock-waits", "DASHSCOPE_HTTP_BASE_URL": base}
        began = time.monotonic()
        subprocess.run(
            [sys.executable, "-m", "wanx_render", "list.yaml", "--yes"],
            cwd=folder, env=plain, check=True, capture_output=True,
        )  # fmt: skip
        return (time.monotonic() - began) / takes


def takes(rounds: int) -> None:
    kinds = {
        "auto, header hidden": ("--clock", "auto", *HIDDEN),
        "auto": ("--clock", "auto"),
        "auto, tiny clips": ("--clock", "auto", "--clips", "tiny"),
        "x60": ("--clock", "x60"),
    }
    for name, options in kinds.items():
        one = statistics.median(take(options, 1) for _ in range(rounds))
        ten = statistics.median(take(options, 10) for _ in range(max(rounds // 3, 1)))
        print(f"clock {name}: a take {one:.1f} s; of ten takes each {ten:.1f} s")


def first_bytes(rounds: int) -> None:
    """A clip is fetched as soon as three queries have shown that it is there."""
    command = ("-m", "mock_server", "--port", "0", "--clock", "auto", "--clips", "tiny")
    with server(*command) as (base, _, _), httpx.Client(trust_env=False) as client:
        for tier, size in SIZES.items():
            times = sorted(first_byte(client, base, tier, size, n) for n in range(3 * rounds))
            middle, worst = statistics.median(times) * 1000, times[-1] * 1000
            print(
                f"first byte of a tiny clip, {tier} of a picture of {size}: {middle:.0f} ms, ",
                end="",
            )
            print(f"at most {worst:.0f} (wanted: 50)")


def first_byte(
    client: httpx.Client, base: str, tier: str, size: tuple[int, int], number: int
) -> float:
    content = io.BytesIO()
    Image.effect_noise(size, 40).convert("RGB").save(content, "JPEG")
    url = "data:image/jpeg;base64," + base64.b64encode(content.getvalue()).decode()
    body = {
        "model": "wan2.5-i2v-preview",
        "input": {"prompt": f"a cat {number}", "img_url": url},
        "parameters": {"resolution": tier, "duration": 5},
    }
    created = client.post(base + CREATE, headers=HEADERS, json=body).json()
    for _ in range(3):
        answer = client.get(f"{base}/tasks/{created['output']['task_id']}", headers=HEADERS).json()
    began = time.perf_counter()
    with client.stream("GET", answer["output"]["video_url"]) as clip:
        next(clip.iter_bytes(1))
        return time.perf_counter() - began


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    first_bytes(count)
    takes(count)
