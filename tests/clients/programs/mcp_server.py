"""ali-bailian-mcp: a picture of this machine is uploaded, and its video downloaded.

Runs in an environment of its own with the server in it. Reads BASE_URL, KEY, PICTURE and OUT;
prints one line of JSON.
"""

import importlib.metadata
import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

from mcp_tools import ToolServer, running


def whole_flow(server: ToolServer) -> dict[str, Any]:
    """Ask for a video, wait for it, and keep it."""
    return server.tool(
        "generate_video",
        prompt="a cat",
        first_frame=os.environ["PICTURE"],
        resolution="480P",
        duration=5,
        out_dir=str(Path(os.environ["OUT"]).parent / "made"),
        wait=12,
    )


def report_of(job: dict[str, Any]) -> dict[str, Any]:
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
    with running("ali-bailian-mcp", environment) as server:
        report = report_of(whole_flow(server))
    version = importlib.metadata.version("ali-bailian-mcp")
    json.dump({"version": version, **report}, sys.stdout)


main()
