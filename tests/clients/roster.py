"""Clients that nobody here wrote, at exact versions, and the programs that drive them."""

import re
from dataclasses import dataclass
from typing import Literal

Tool = Literal["python", "node", "java", "curl"]


@dataclass(frozen=True)
class OutsideClient:
    """A client, how it comes to this machine, and the program that drives it.

    ``packages`` are installed by the registry's own program: pip for ``python``, npm for ``node``.
    Without a base URL of its own (``proxied``), the vendor's hosts are played by the proxy.
    """

    name: str
    title: str  # its entry in page.yaml
    tool: Tool
    program: str
    packages: tuple[str, ...] = ()
    proxied: bool = False
    region: str = "beijing"  # of the key: the hosts in a client's code belong to one
    sampled: bool = False  # .ci/run runs it; .ci/proofs runs all

    @property
    def home(self) -> str:
        """Its folder among the installed ones: those that need the same packages share it."""
        return "+".join(self.packages).replace("/", "~") or self.tool

    @property
    def version(self) -> str:
        """Its exact version; empty where it is this machine's own."""
        return re.split("==|@", self.packages[0])[-1] if self.packages else ""


CLIENTS = (
    OutsideClient(
        "python-sdk-2", "python-sdk", "python", "python_sdk.py", ("dashscope==2.0.2",), sampled=True
    ),
    OutsideClient("python-sdk-1", "python-sdk", "python", "python_sdk.py", ("dashscope==1.25.8",)),
    OutsideClient(
        "vercel-7", "vercel", "node", "vercel.mjs", ("ai@7.0.173", "@ai-sdk/alibaba@2.0.58")
    ),
    OutsideClient(
        "vercel-6", "vercel", "node", "vercel.mjs", ("ai@6.0.326", "@ai-sdk/alibaba@1.0.61")
    ),
    OutsideClient(
        "python-sdk-2-proxied",
        "python-sdk",
        "python",
        "python_sdk.py",
        ("dashscope==2.0.2",),
        proxied=True,
    ),
    OutsideClient(
        "vercel-7-proxied",
        "vercel",
        "node",
        "vercel.mjs",
        ("ai@7.0.173", "@ai-sdk/alibaba@2.0.58"),
        proxied=True,
        region="singapore",
    ),
    OutsideClient(
        "ali-bailian-mcp",
        "mcp",
        "python",
        "mcp_server.py",
        ("ali-bailian-mcp==0.7.0",),
    ),
    OutsideClient(
        "mcp-server-bailian-image",
        "mcp-images",
        "python",
        "mcp_images.py",
        ("mcp-server-bailian-image==1.0.4", "mcp==1.30.0", "requests==2.34.2"),
        proxied=True,
    ),
    OutsideClient("curl", "curl", "curl", "curl.sh", sampled=True),
    OutsideClient("node", "node", "node", "plain_node.mjs"),
    OutsideClient("axios", "axios", "node", "axios.mjs", ("axios@1.13.6",), proxied=True),
    OutsideClient("java", "java", "java", "Main.java"),
)
