"""A folder, an account, and the real program run there in a process of its own."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.canary import SECRETS
from tests.support import forking

PACE = 200  # the clocks of program and emulator run so much faster than real


@dataclass
class Shop:
    """A folder, an account, and the program run in them."""

    folder: Path
    origin: str
    account: str

    @property
    def environment(self) -> dict[str, str]:
        """What the program is started with."""
        key = f"sk-mock-{self.account}"
        SECRETS.add(key)
        return {
            **forking.at_start(os.environ),
            "PATH": "/usr/bin:/bin",
            "HOME": os.environ["HOME"],
            "NO_PROXY": "127.0.0.1",
            "DASHSCOPE_API_KEY": key,
            "DASHSCOPE_HTTP_BASE_URL": f"{self.origin}/api/v1",
            "WANX_CLOCK_PACE": str(PACE),
        }

    def run(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        environ = {**self.environment, **environment}
        ran = forking.run_text(arguments, self.folder, environ, timeout=90)
        assert "Traceback" not in ran.stderr
        assert f"sk-mock-{self.account}" not in ran.stdout + ran.stderr
        return ran

    def killed(self, *arguments: str, tasks: int) -> None:
        """Start the program, and kill it once the account has so many tasks.

        It is killed where no request is on its way: the outcome of such a one nobody could know.
        """
        process = subprocess.Popen(
            [sys.executable, "-m", "wanx_render", *arguments], cwd=self.folder,
            env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + 80
        while time.monotonic() < deadline:
            time.sleep(0.02)
            if len(self.ledger()) < tasks:
                continue
            process.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
            if not self._on_the_way():
                break
            process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait(20)
        assert len(self.ledger()) >= tasks

    def _on_the_way(self) -> bool:
        """Whether a request may have been sent and was not answered, as the journals have it."""
        query = "SELECT COUNT(*) FROM attempt WHERE state IN ('submitting', 'uncertain')"
        for path in self.folder.rglob("journal.sqlite"):
            with closing(sqlite3.connect(path, timeout=0)) as journal:
                try:
                    (count,) = journal.execute(query).fetchone()
                except sqlite3.OperationalError:  # stopped while it writes
                    return True
            if count:
                return True
        return False

    def faults(self, *faults: dict[str, Any]) -> None:
        with httpx.Client(trust_env=False) as client:
            ours = [{**fault, "account": self.account} for fault in faults]
            assert client.put(f"{self.origin}/_mock/faults", json=ours).status_code == 200

    def sent(self, operation: str = "create") -> int:
        query = {"account": self.account, "operation": operation}
        with httpx.Client(trust_env=False) as client:
            record = client.get(f"{self.origin}/_mock/requests", params=query).json()
        return len(record["requests"])

    def ledger(self) -> list[dict[str, Any]]:
        with httpx.Client(trust_env=False) as client:
            response = client.get(f"{self.origin}/_mock/ledger", params={"account": self.account})
        return list(response.json()["submissions"])
