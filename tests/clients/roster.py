"""Clients that nobody here wrote, at exact versions, and the programs that drive them."""

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
    titles: tuple[str, str]  # English, Chinese
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


_SDK = ("official Python SDK", "官方 Python SDK")
_VERCEL = ("Vercel AI SDK", "Vercel AI SDK")
CLIENTS = (
    OutsideClient(
        "python-sdk-2", _SDK, "python", "python_sdk.py", ("dashscope==2.0.2",), sampled=True
    ),
    OutsideClient("python-sdk-1", _SDK, "python", "python_sdk.py", ("dashscope==1.25.8",)),
    OutsideClient(
        "vercel-7", _VERCEL, "node", "vercel.mjs", ("ai@7.0.173", "@ai-sdk/alibaba@2.0.58")
    ),
    OutsideClient(
        "vercel-6", _VERCEL, "node", "vercel.mjs", ("ai@6.0.326", "@ai-sdk/alibaba@1.0.61")
    ),
    OutsideClient(
        "python-sdk-2-proxied", _SDK, "python", "python_sdk.py", ("dashscope==2.0.2",), proxied=True
    ),
    OutsideClient(
        "vercel-7-proxied",
        _VERCEL,
        "node",
        "vercel.mjs",
        ("ai@7.0.173", "@ai-sdk/alibaba@2.0.58"),
        proxied=True,
        region="singapore",
    ),
    OutsideClient(
        "ali-bailian-mcp",
        ("ali-bailian-mcp, an MCP server", "ali-bailian-mcp（MCP 服务器）"),
        "python",
        "mcp_server.py",
        ("ali-bailian-mcp==0.7.0",),
    ),
    OutsideClient("curl", ("curl", "curl"), "curl", "curl.sh", sampled=True),
    OutsideClient(
        "node", ("Node.js, its own fetch", "Node.js 自带的 fetch"), "node", "plain_node.mjs"
    ),
    OutsideClient(
        "java", ("Java, its own HttpClient", "Java 自带的 HttpClient"), "java", "Main.java"
    ),
)
