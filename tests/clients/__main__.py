"""Run clients against the emulator and write what they did: `uv run python -m tests.clients`.

    python -m tests.clients [NAME...]    all clients, or those named; WANX_CLIENTS=FOLDER keeps them

Then look at `git diff tests/clients/outcomes.json`, and run `python -m tests.regenerate`.
"""

import os
import sys
import tempfile
from pathlib import Path

from tests.clients import outcomes
from tests.clients.installs import NotHere, installed
from tests.clients.roster import CLIENTS, OutsideClient
from tests.clients.trials import TRIALS, TrialOutcome, picture_in, server_of, try_out


def run(client: OutsideClient, folder: Path) -> None:
    """Every trial of one client; what it did is written."""
    command = installed(client, folder)
    done: dict[str, TrialOutcome] = {}
    version = ""
    with server_of(client) as server:
        for trial in TRIALS:
            with tempfile.TemporaryDirectory() as place:
                picture_in(Path(place))
                version, done[trial] = try_out(client, trial, command, server, Path(place))
            sys.stdout.write(f"{client.name} {version} {trial}: {done[trial].record}\n")
            sys.stdout.flush()
    outcomes.write(client.name, version, done)


def main(names: list[str]) -> None:
    """Run the clients; those that this machine cannot run are named."""
    folder = Path(os.environ.get("WANX_CLIENTS") or tempfile.mkdtemp(prefix="wanx-clients-"))
    for client in CLIENTS:
        if not names or client.name in names:
            try:
                run(client, folder)
            except NotHere as error:
                sys.stdout.write(f"{client.name}: {error}\n")


main(sys.argv[1:])
