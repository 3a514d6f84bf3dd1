"""Start the emulator on loopback: one JSON line on stdout says where it is."""

import json
import os
import socket

import click
import uvicorn

from mock_server.app import BASE, Emulator
from wanx_render import ffmpeg
from wanx_render.backends.simulator import Simulator
from wanx_render.capabilities import packaged
from wanx_render.clock import RealClock
from wanx_render.errors import BadInput

_PACES = {"real": 1, "x60": 60}


@click.command()
@click.option("--port", default=0, show_default=True, help="0 takes a free one.")
@click.option("--clock", "pace", type=click.Choice(list(_PACES)), default="x60", show_default=True)
@click.option("--seed", default=0, show_default=True, help="The same seed tells the same story.")
def main(port: int, pace: str, seed: int) -> None:
    """An emulator of DashScope's video synthesis on 127.0.0.1."""
    try:
        program = ffmpeg.find(os.environ)
    except BadInput as error:
        raise click.ClickException(str(error)) from None
    catalog = packaged()
    emulator = Emulator(Simulator(catalog, RealClock(_PACES[pace]).now, seed), catalog, program)
    with socket.create_server(("127.0.0.1", port)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}{BASE}"
        click.echo(json.dumps({"base_url": address, "clock": pace, "seed": seed}))
        config = uvicorn.Config(emulator.app(), log_level="warning", lifespan="off")
        uvicorn.Server(config).run(sockets=[listener])
