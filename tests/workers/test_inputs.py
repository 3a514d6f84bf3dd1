"""What a piece is made of besides its clips comes to other machines: logos and looks."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from tests.effects.test_cubes import table, written
from tests.effects.test_overlays import clip, drawn, logo, segment
from wanx_render.effects import cubes
from wanx_render.finishing.jobs import SegmentCall, make_segment
from wanx_render.geometry import Box
from wanx_render.media import ffmpeg
from wanx_render.workers.remote import RemoteWorkers
from wanx_render.workers.store import SharedFolder
from wanx_render.workers.upload_index import UploadIndex


def test_overlays_and_looks_give_the_same_bytes_on_other_machines(
    program: ffmpeg.Ffmpeg, tmp_path: Path
) -> None:
    root, own = tmp_path / "renders", tmp_path / "own"
    (root / ".cache" / "segments").mkdir(parents=True)
    own.mkdir()
    over = drawn(logo(own / "logo.png"), Box(21, 41, 60, 30), Fraction(9, 10))
    shot = replace(over, box=Box(90, 200, 60, 30), start=5, frames=9)
    look = cubes.look(written(own / "warm.cube", table(5)), "x")
    bare = segment(clip(program, own / "clip.mov"), over)
    piece = replace(bare, shot_overlays=(shot,), look=look)
    target = root / ".cache" / "segments" / "piece.mov"
    with ThreadPoolExecutor(1) as executor:
        index = UploadIndex(root, SharedFolder(tmp_path / "shared"))
        workers = RemoteWorkers(program, executor, index)
        asyncio.run(workers.segments((SegmentCall(piece, target),)))
    made = tmp_path / "shared" / ".cache" / "segments" / "piece.mov"
    make_segment(program, piece, tmp_path / "piece.mov")
    assert made.read_bytes() == (tmp_path / "piece.mov").read_bytes()
