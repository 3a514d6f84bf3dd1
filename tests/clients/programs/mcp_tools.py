"""An MCP server as an assistant drives it: its tools are called over stdin and stdout."""

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_NUMBERS = itertools.count(1)


class ToolServer:
    """A server that runs, and the calls that it answers."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The result of one call."""
        number = next(_NUMBERS)
        self._send({"jsonrpc": "2.0", "id": number, "method": method, "params": parameters})
        assert self._process.stdout
        for line in self._process.stdout:
            answer = json.loads(line)
            if answer.get("id") == number:
                return dict(answer["result"])
        raise RuntimeError("the server has ended")

    def tool(self, name: str, **arguments: Any) -> dict[str, Any]:
        """What a tool of the server gives."""
        result = self.call("tools/call", name=name, arguments=arguments)
        text = result["content"][0]["text"]
        return dict(json.loads(text)) if text.startswith("{") else {"error": text}

    def begin(self) -> None:
        """What both sides say first."""
        self.call(
            "initialize",
            protocolVersion="2025-06-18",
            capabilities={},
            clientInfo={"name": "trial", "version": "1"},
        )
        self._send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def _send(self, message: Mapping[str, Any]) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()


@contextmanager
def running(command: str, environment: Mapping[str, str]) -> Iterator[ToolServer]:
    """The server that ``command`` starts, from the environment of this Python."""
    process = subprocess.Popen(
        [str(Path(sys.executable).parent / command)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    try:
        server = ToolServer(process)
        server.begin()
        yield server
    finally:
        process.terminate()
