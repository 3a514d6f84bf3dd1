"""Which clips the emulator makes with what is installed."""

from pathlib import Path

import pytest

from mock_server.service import clips
from mock_server.service.clips import Clips, find_program
from tests.support.emulator import BODY, Twin
from tests.support.media import facts

LIBRARIES = ("ffmpeg", "fontpkg_noto_sans", "noto_cjk_sans_otc")


@pytest.mark.parametrize("missing", LIBRARIES)
def test_no_ffmpeg_is_looked_for_where_clips_cannot_be_drawn(
    missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clips, "find_spec", lambda name: None if name == missing else name)
    assert find_program({"WANX_FFMPEG": "/does/not/exist"}) is None


def test_without_ffmpeg_a_clip_has_the_length_of_its_request(tmp_path: Path) -> None:
    twin = Twin(clock="auto")
    twin.service.clips = Clips(twin.service.catalog, None, tmp_path)
    task = twin.create(json=BODY).json()["output"]["task_id"]
    for _ in range(3):
        output = twin.call("GET", f"/api/v1/tasks/{task}").json()["output"]
    clip = tmp_path / "result.mp4"
    clip.write_bytes(twin.call("GET", output["video_url"], headers={}).content)
    seen = facts(clip)
    assert len(seen.times) == 3 * 30
    assert clip.stat().st_size < 100_000
