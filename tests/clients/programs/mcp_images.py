"""mcp-server-bailian-image: a picture from words. Its addresses are the official SDK's own.

Runs in an environment of its own with the server in it, behind the proxy. Reads KEY and OUT; prints
one line of JSON. The server gives an address, which this program fetches.
"""

import importlib.metadata
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import requests
from mcp_tools import running

_PACKAGE = "mcp-server-bailian-image"


def report_of(answer: dict[str, Any]) -> dict[str, str]:
    """What the server shows, and what became of its address."""
    results = answer.get("output", {}).get("results") or []
    if not results:
        # An empty list is called a success; of an error the text has what there is.
        shown = re.search(r"\b\d{3}\b|\w+Error\b", str(answer.get("error", "")))
        return {"end": shown[0] if shown else str(answer.get("error") or "an empty list")}
    picture = requests.get(results[0]["url"], timeout=60)
    if picture.status_code == 200:
        Path(os.environ["OUT"]).write_bytes(picture.content)
    return {"end": "SUCCEEDED", "download": str(picture.status_code)}


def main() -> None:
    """Start the server, use it, and print the report."""
    with running(_PACKAGE, {"DASHSCOPE_API_KEY": os.environ["KEY"]}) as server:
        answer = server.tool("text2imagev2", prompt="a cat")
    if "--print" in sys.argv:
        sys.stderr.write(json.dumps(answer, ensure_ascii=False))
    json.dump({"version": importlib.metadata.version(_PACKAGE), **report_of(answer)}, sys.stdout)


main()
