"""ali-bailian-mcp as an assistant drives it: tools called over stdin and stdout.

Runs in an environment of its own with the server in it. Reads BASE_URL, KEY, PICTURE and OUT;
prints one line of JSON.
"""

import importlib.metadata
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

_NUMBERS = itertools.count(1)


def ask(server: subprocess.Popen, method: str, **parameters: object) -> dict[str, object]:
    """The result of one call."""
    number = next(_NUMBERS)
    call = {"jsonrpc": "2.0", "id": number, "method": method, "params": parameters}
    server.stdin.write(json.dumps(call) + "\n")
    server.stdin.flush()
    for line in server.stdout:
        answer = json.loads(line)
        if answer.get("id") == number:
            return answer["result"]
    raise RuntimeError("the server is gone")


def tool(server: subprocess.Popen, name: str, **arguments: object) -> dict[str, object]:
    """What a tool of the server gives."""
    result = ask(server, "tools/call", name=name, arguments=arguments)
    text = result["content"][0]["text"]
    return json.loads(text) if text.startswith("{") else {"error": text}


def whole_flow(server: subprocess.Popen) -> dict[str, object]:
    """Ask for a video, wait for it, and keep it."""
    ask(
        server,
        "initialize",
        protocolVersion="2025-06-18",
        capabilities={},
        clientInfo={"name": "trial", "version": "1"},
    )
    server.stdin.write('{"jsonrpc": "2.0", "method": "notifications/initialized"}\n')
    return tool(
        server,
        "generate_video",
        prompt="a cat",
        first_frame=os.environ["PICTURE"],
        resolution="480P",
        duration=5,
        out_dir=str(Path(os.environ["OUT"]).parent / "made"),
        wait=12,
    )


def report_of(job: dict[str, object]) -> dict[str, object]:
    """How the job ended, in the words of the server; the file it made is moved to OUT."""
    error = str(job.get("error") or "")
    files = [str(file) for file in job.get("files") or []]
    if files:
        shutil.move(files[0], os.environ["OUT"])
        return {"end": job["status"], "download": "200"}
    if job.get("status") == "SUCCEEDED":
        refused = re.search(r"HTTP Error (\d+)", json.dumps(job["artifacts"]))
        return {"end": "SUCCEEDED", "download": refused[1] if refused else error}
    if broken := re.search(r"\w+Error\b(?=>)", error):
        return {"end": broken[0]}
    code = error.removeprefix("HTTP ").partition(":")[0]
    return {"end": " ".join(dict.fromkeys(filter(None, (job.get("status"), code))))}


def main() -> None:
    """Start the server, use it, and print the report."""
    environment = {
        "DASHSCOPE_BASE_URL": os.environ["BASE_URL"].removesuffix("/api/v1"),
        "DASHSCOPE_API_KEY": os.environ["KEY"],
    }
    server = subprocess.Popen(
        [str(Path(sys.executable).parent / "ali-bailian-mcp")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    try:
        report = report_of(whole_flow(server))
    finally:
        server.terminate()
    version = importlib.metadata.version("ali-bailian-mcp")
    json.dump({"version": version, **report}, sys.stdout)


main()
