"""docs/guide/emulator-clients.md, made of the outcomes of the last whole run, in both languages."""

from collections.abc import Iterator
from typing import Any

from tests.clients import outcomes
from tests.clients.roster import CLIENTS, OutsideClient
from tests.docs.pages import GENERATED

HEADS = (
    """# Clients that were run against the emulator

{generated}

Each client is unmodified and comes from its own registry. For curl, Node and Java a small program
of this project calls their own HTTP library, without retries. Each went through every case below.
CI runs them again. [How to point a client at the emulator](emulator.md).

```sh
uv run python -m tests.clients                 # all, from a clone of the project
uv run python -m tests.clients python-sdk-2    # one
```

A cell says what the client gave its user:

- *clip*: a video that decodes is on the disk.
- A code or a number: what the client showed. `FAILED` alone is the message of the service without
  its code. *Gave up*: it waited until its own time limit.
- *paid*: the task was charged, and the client has no clip. *Paid twice*: two tasks were charged for
  one video. The [ledger](emulator.md#evidence-and-control) of the emulator says so.
""",
    """# 在模拟服务器上运行过的客户端

{generated}

[English](../../guide/emulator-clients.md) · 简体中文 · [指南目录](index.md)

这里的客户端都未经修改，来自各自的软件源。对 curl、Node 和 Java，由本项目的小程序调用它们自带的
HTTP 库，不重试。每个客户端都跑过下面的每一种情况，CI 会重新运行。
[如何把客户端指向模拟服务器](emulator.md)。

```sh
uv run python -m tests.clients                 # 全部，在项目的克隆中运行
uv run python -m tests.clients python-sdk-2    # 一个
```

单元格是客户端给用户的结果：

- *片段*：磁盘上有一个能够解码的视频。
- 代码或数字：客户端显示的内容。只有 `FAILED` 时，客户端显示了服务的消息，没有显示代码。
  *放弃*：等到了它自己的时限。
- *已付费*：任务已计费，客户端没有得到片段。*付费两次*：一个视频计费了两个任务。
  依据是模拟服务器的[账本](emulator.md#证据与控制)。
""",
)
TRIAL_TITLES: dict[str, tuple[str, str]] = {
    "whole": ("the whole flow", "完整流程"),
    "moderated": ("the task fails moderation", "任务未通过内容审核"),
    "throttled": ("create: 429 once", "创建：429 一次"),
    "throttled-poll": ("query: 429 once", "查询：429 一次"),
    "expired-link": ("the link has expired", "链接已过期"),
    "expired-task": ("the task is UNKNOWN", "任务为 UNKNOWN"),
    "new-code": ("a new error code", "新的错误代码"),
    "new-fields": ("new states and fields", "新的状态和字段"),
    "lost-answer": ("the answer to create is lost", "创建的应答丢失"),
}
GROUPS: tuple[tuple[tuple[str, str], tuple[str, ...]], ...] = (
    (
        ("The service works, refuses or changes", "服务正常、拒绝或改变"),
        ("whole", "moderated", "new-code", "new-fields"),
    ),
    (
        ("Throttle, expiry and lost answers", "限流、过期和丢失的应答"),
        ("throttled", "throttled-poll", "expired-link", "expired-task", "lost-answer"),
    ),
)
WORDS: dict[str, tuple[str, str]] = {
    "case": ("case", "情况"),
    "client": ("client", "客户端"),
    "version": ("version", "版本"),
    "day": ("run on", "运行日期"),
    "address": ("how it reached the emulator", "如何连接模拟服务器"),
    "base url": ("its base URL", "它的基础地址"),
    "proxy": ("proxy; its addresses are the vendor's", "代理；地址为服务商的地址"),
    "clip": ("clip", "片段"),
    "again": ("clip, requested twice", "片段，请求了两次"),
    "twice": ("clip, **paid twice**", "片段，**付费两次**"),
    "paid": ("paid", "已付费"),
    "gave up": ("gave up", "放弃"),
}


def english() -> str:
    """The page as it is in docs/guide/."""
    return _page(0)


def chinese() -> str:
    """The page as it is in docs/zh/guide/."""
    return _page(1)


def _page(column: int) -> str:
    record = outcomes.read()
    clients = [client for client in CLIENTS if client.name in record]
    parts = (_versions(clients, record, column), _cases(clients, record, column))
    head = HEADS[column].format(generated=GENERATED)
    return head + "".join("\n" + "\n".join(part) + "\n" for part in parts)


def _versions(clients: list[OutsideClient], record: dict[str, Any], column: int) -> Iterator[str]:
    yield from _head([WORDS[word][column] for word in ("client", "version", "day", "address")])
    for client in clients:
        ran = record[client.name]
        reached = WORDS["proxy" if client.proxied else "base url"][column]
        yield _row([client.titles[column], ran["version"], ran["date"], reached])


def _cases(clients: list[OutsideClient], record: dict[str, Any], column: int) -> Iterator[str]:
    """Some cases a table: all of them are too wide for a page."""
    for titles, trials in GROUPS:
        yield from ("", f"## {titles[column]}", "")
        heads = [WORDS["client"][column], *(TRIAL_TITLES[trial][column] for trial in trials)]
        yield from _head(heads)
        for client in clients:
            ran = record[client.name]
            cells = [_cell(ran["trials"][trial], column) for trial in trials]
            yield _row([f"{client.titles[column]} {ran['version']}", *cells])


def _cell(outcome: dict[str, Any], column: int) -> str:
    """What a client gave its user, and what it cost."""
    if outcome["clip"]:
        name = "twice" if outcome["charged"] > 1 else "again" if outcome["requests"] > 1 else "clip"
        return WORDS[name][column]
    shown = outcome["download"] if outcome["end"] == "SUCCEEDED" else outcome["end"]
    text = WORDS[shown][column] if shown in WORDS else f"`{shown}`"
    paid = (", ", "，")[column] + WORDS["paid"][column]
    return text + (paid if outcome["charged"] else "")


def _head(titles: list[str]) -> Iterator[str]:
    yield _row(titles)
    yield "|" + "---|" * len(titles)


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
