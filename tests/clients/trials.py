"""What each client is put through: faults of the emulator, and what became of task and money.

A client's program does the same in every trial; only the emulator differs. Its report is what it
shows its user. The emulator's ledger and a decoder of video judge the rest.
"""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import av
from PIL import Image

from mock_server.testing import MockAccount, Server
from tests.clients.roster import OutsideClient

TRIALS: dict[str, tuple[str, ...]] = {
    "whole": (),
    "moderated": ("on=create effect=fail code=DataInspectionFailed message=refused",),
    "throttled": ("on=create nth=1 effect=error status=429 code=Throttling.RateQuota",),
    "throttled-poll": ("on=query nth=1 effect=error status=429 code=Throttling.RateQuota",),
    "expired-link": ("on=result effect=expired",),
    "expired-task": ("on=query effect=unknown",),
    "new-code": ("on=create effect=fail code=SceneCutRejected message=new",),
    "nested-error": ("on=create nth=1 effect=error status=400 code=Arrearage form=nested",),
    "new-fields": (
        "on=query nth=1 effect=change set.output.task_status=QUEUED set.output.eta.seconds=12",
        "on=query effect=change set.output.eta=[1] set.tier=gold"
        " drop=output.submit_time+output.scheduled_time+output.orig_prompt",
    ),
    "lost-answer": ("on=create nth=1 effect=reset stage=after",),
}
_SECONDS = 60


@dataclass(frozen=True)
class TrialOutcome:
    """What one client did in one trial."""

    end: str  # what it showed its user: the state of the task, or an error
    download: str  # what the address of the result answered; empty where it was not requested
    clip: bool  # a video or picture that decodes is on the disk
    requests: int  # create calls that it sent
    charged: int  # tasks that succeeded, which is when they are paid

    @property
    def record(self) -> dict[str, object]:
        """The outcome as JSON."""
        return asdict(self)


@contextmanager
def server_of(client: OutsideClient) -> Iterator[Server]:
    """An emulator for ``client``; it is at the vendor's hosts too where the client needs that."""
    server = Server("auto", 0, vendor=client.proxied)
    try:
        yield server
    finally:
        server.close()


def picture_in(folder: Path) -> None:
    """The first frame that the programs upload."""
    Image.new("RGB", (1280, 720), "#305070").save(folder / "first.png")


def try_out(
    client: OutsideClient, trial: str, command: list[str], server: Server, folder: Path
) -> tuple[str, TrialOutcome]:
    """The version of ``client``, and what it did in ``trial``."""
    account = MockAccount(server, f"{client.region}-{client.name}-{trial}")
    account.faults(*TRIALS[trial])
    out = folder / "out.mp4"
    report = report_of(command, _environment(client, server, account.key, folder, out))
    account.clear_faults()
    outcome = TrialOutcome(
        end=report["end"],
        download=report.get("download", ""),
        clip=out.exists() and is_video(out),
        requests=sum(1 for request in account.requests if request.operation == "create"),
        charged=_charged(account),
    )
    return report["version"], outcome


def _environment(
    client: OutsideClient, server: Server, key: str, folder: Path, out: Path
) -> dict[str, str]:
    """What the program reads; a client without a base URL gets the proxy instead."""
    places = {"KEY": key, "PICTURE": str(folder / "first.png"), "OUT": str(out)}
    common = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8"}
    if client.proxied:
        assert server.proxy is not None
        return {**common, **places, **server.proxy.environment}
    return {**common, **places, "BASE_URL": server.base_url, "NO_PROXY": "127.0.0.1"}


def report_of(command: list[str], environment: Mapping[str, str]) -> dict[str, str]:
    """The line that the program printed last."""
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_SECONDS)
    assert ran.stdout.strip(), f"{command} printed nothing\n{ran.stderr[-2000:]}"
    report: dict[str, str] = json.loads(ran.stdout.strip().splitlines()[-1])
    return report


def _charged(account: MockAccount) -> int:
    """How many tasks of the account cost money: those that succeed, and an hour later all did."""
    account.clock.advance(3600)
    return sum(1 for row in account.ledger["submissions"] if row["status"] == "SUCCEEDED")


def is_video(path: Path) -> bool:
    """Whether the file decodes to frames."""
    with av.open(str(path)) as container:
        return any(True for _ in container.decode(video=0))
