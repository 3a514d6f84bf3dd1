"""What is begun of a deliverable on this machine: it may fail, and nothing else fails with it."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from wanx_render.errors import Damaged
from wanx_render.finishing import decode_record
from wanx_render.finishing.decode_record import DecodeRecord
from wanx_render.finishing.jobs import BeginCall
from wanx_render.media.ffmpeg import Ffmpeg
from wanx_render.workers.base import LocalWorkers


@pytest.fixture
def workers(program: Ffmpeg, tmp_path: Path) -> Iterator[LocalWorkers]:
    with ThreadPoolExecutor(1) as executor:
        yield LocalWorkers(program, executor, tmp_path)


def call_of(folder: Path, piece: Path) -> BeginCall:
    return BeginCall(folder / "film.mp4", 3000, Fraction(30), (piece,))


def test_a_damaged_piece_is_dropped_and_said_to_be(workers: LocalWorkers, tmp_path: Path) -> None:
    piece = tmp_path / "piece.mov"
    piece.write_bytes(b"damaged")
    with pytest.raises(Damaged):
        asyncio.run(workers.begin(call_of(tmp_path, piece)))
    assert not piece.exists()
    assert not list(tmp_path.glob(".*.part"))


def test_a_deliverable_that_could_not_be_begun_is_not_begun_with_every_clip(
    workers: LocalWorkers, tmp_path: Path
) -> None:
    piece = tmp_path / "piece.mov"
    piece.write_bytes(b"no tables of packets")
    decode_record.keep(piece, DecodeRecord("", (), "", "", "", (), ()), piece.name)
    asyncio.run(workers.begin(call_of(tmp_path, piece)))
    piece.write_bytes(b"damaged, and dropped by the first reader")
    asyncio.run(workers.begin(call_of(tmp_path, piece)))
    assert piece.exists()
    assert not list(tmp_path.glob(".*.part"))


def test_a_film_for_which_awaited_clips_leave_no_room_is_not_begun(
    workers: LocalWorkers, tmp_path: Path
) -> None:
    piece = tmp_path / "piece.mov"
    piece.write_bytes(b"damaged, and dropped by the first reader")
    call = replace(call_of(tmp_path, piece), size=1000, reserve=1 << 60)
    asyncio.run(workers.begin(call))
    assert piece.exists()
    with pytest.raises(Damaged):
        asyncio.run(workers.begin(replace(call, reserve=1)))


def test_what_is_begun_counts_as_a_job(program: Ffmpeg, tmp_path: Path) -> None:
    """A pool of one thread, which is busy: nothing is read before that thread is free."""
    piece = tmp_path / "piece.mov"
    piece.write_bytes(b"damaged, and dropped by the first reader")

    async def work() -> None:
        with ThreadPoolExecutor(1) as executor:
            workers = LocalWorkers(program, executor, tmp_path)
            is_free = asyncio.Event()
            loop = asyncio.get_running_loop()
            busy = loop.run_in_executor(executor, lambda: asyncio.run(_until(loop, is_free)))
            begun = asyncio.ensure_future(workers.begin(call_of(tmp_path, piece)))
            await asyncio.sleep(0.2)
            assert piece.exists()
            is_free.set()
            await busy
            with pytest.raises(Damaged):
                await begun

    asyncio.run(work())


async def _until(loop: asyncio.AbstractEventLoop, event: asyncio.Event) -> None:
    await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(event.wait(), loop))
