"""A server that ends with the program that started it."""

import json
import signal
import subprocess
import sys
import time

import httpx

from tests.support.places import CLIPS, ROOT

COMMAND = [
    sys.executable, "-m", "mock_server", "--clock", "manual", "--clips", str(CLIPS),
    "--end-with-stdin",
]  # fmt: skip
STARTER = """
import subprocess, sys, time
server = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
print(server.stdout.readline().decode(), end="", flush=True)
time.sleep(60)
"""


def test_it_serves_until_standard_input_is_closed() -> None:
    process = subprocess.Popen(
        COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    )
    assert process.stdin and process.stdout
    address = json.loads(process.stdout.readline())["admin"]
    process.stdin.write(b"ignored\n")
    process.stdin.flush()
    assert httpx.get(f"{address}/health", trust_env=False).json()["status"] == "ok"
    _, errors = process.communicate(timeout=20)  # closes standard input
    assert (process.returncode, errors) == (0, b"")


def test_it_ends_where_its_starter_was_killed() -> None:
    command = [sys.executable, "-c", STARTER, *COMMAND]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as starter:
        assert starter.stdout
        address = json.loads(starter.stdout.readline())["admin"]
        assert httpx.get(f"{address}/health", trust_env=False).status_code == 200
        starter.send_signal(signal.SIGKILL)
    assert _is_gone(address)


def test_it_ends_where_its_shell_keeps_ctrl_c_from_it() -> None:
    process = subprocess.Popen(
        COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )  # fmt: skip
    assert process.stdin and process.stdout
    process.stdin.close()  # before it serves
    assert process.wait(20) in (0, 1, 130)
    process.stdout.close()


def _is_gone(address: str) -> bool:
    for _ in range(200):
        try:
            httpx.get(f"{address}/health", trust_env=False, timeout=1)
            time.sleep(0.05)
        except httpx.TransportError:
            return True
    return False
