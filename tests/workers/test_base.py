"""What is begun of a deliverable on this machine: it may fail, and nothing else fails with it."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

from wanx_render.finishing.jobs import BeginCall
from wanx_render.media.ffmpeg import Ffmpeg
from wanx_render.workers.base import LocalWorkers


def test_a_deliverable_that_could_not_be_begun_is_not_begun_with_every_clip(
    program: Ffmpeg, tmp_path: Path
) -> None:
    piece = tmp_path / "piece.mov"
    call = BeginCall(tmp_path / "film.mp4", 3000, Fraction(30), (piece,))
    with ThreadPoolExecutor(1) as executor:
        workers = LocalWorkers(program, executor, tmp_path)
        asyncio.run(workers.begin(call))  # the piece is not there
        piece.write_bytes(b"damaged, and dropped by the first reader")
        asyncio.run(workers.begin(call))
        assert piece.exists()
        other = BeginCall(tmp_path / "other.mp4", 3000, Fraction(30), (piece,))
        asyncio.run(workers.begin(other))
        assert not piece.exists()
    assert not list(tmp_path.glob(".*.part"))
