"""What neither the answer nor the result of a task shows is left to a person."""

import asyncio
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from PIL import Image

from tests.support.programs import PROGRAMS
from tests.tasks.test_reconcile import ATTEMPT, done
from wanx_render.backends.base import Recipient
from wanx_render.catalog.capabilities import packaged
from wanx_render.media import ffmpeg
from wanx_render.tasks.recognition import ClipJudge
from wanx_render.tasks.reconcile import Judgement
from wanx_render.tasks.tools import Tools

WORDS: dict[str, Any] = {
    "model": "wan2.6-t2v", "prompt": "a ship", "image": None, "last_image": None, "duration": 1,
    "resolution": "720P", "size": "720x1280",
}  # fmt: skip
PICTURE = {**WORDS, "model": "wan2.2-t2i-flash", "duration": 0, "size": "640x480"}


class Judged:
    """A judge over a service that has one result."""

    recipient = Recipient("another")

    def __init__(self, folder: Path, result: Path) -> None:
        self.folder, self.result = folder, result

    def serving(self, _recipient: object) -> "Judged":
        return self

    async def download(self, _task: object, target: Path) -> None:
        shutil.copy(self.result, target)

    def of(self, request: dict[str, Any]) -> Judgement:
        with ThreadPoolExecutor(1) as pool:
            tools = Tools(
                backend=cast(Any, self), catalog=packaged(), clock=cast(Any, None),
                wall=cast(Any, None), program=PROGRAMS["wheel"], executor=pool,
                chance=cast(Any, None),
            )  # fmt: skip
            judge = ClipJudge(tools=tools, folder=self.folder, pictures=lambda _: None)
            attempt = replace(ATTEMPT, request=request, model=request["model"])
            return asyncio.run(judge.clip(attempt, done("t1")))


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    source = ("-f", "lavfi", "-i", "testsrc2=s=720x1280:r=30:d=1", "-c:v", "libx264")
    ffmpeg.run(PROGRAMS["wheel"], (*source, "-pix_fmt", "yuv420p", str(path)))
    return path


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({}, None),
        ({"references": [["image", "sha256:a"]]}, "references"),
        ({"shot_type": "multi"}, "shot_type"),
        ({"negative_prompt": "dogs"}, "negative_prompt"),
        ({"sound_file": "sha256:b", "shot_type": "multi"}, "shot_type, audio"),
    ],
)
def test_a_clip_of_words_is_known_unless_more_was_asked_for(
    tmp_path: Path, clip: Path, asked: dict[str, Any], named: str | None
) -> None:
    judgement = Judged(tmp_path, clip).of({**WORDS, **asked})
    assert judgement.verdict == ("doubtful" if named else "same")
    assert named is None or f"does not show its {named};" in judgement.reason
    assert (tmp_path / "doubtful" / "t1.mp4").is_file() is bool(named)


@pytest.mark.parametrize(
    ("size", "verdict"),
    [((640, 480), "same"), ((640, 464), "doubtful"), ((480, 640), "other"), ((800, 600), "other")],
)
def test_a_made_picture_of_nearly_the_size_is_left_to_a_person(
    tmp_path: Path, size: tuple[int, int], verdict: str
) -> None:
    path = tmp_path / "picture.png"
    Image.new("RGB", size, "#305070").save(path)
    assert Judged(tmp_path, path).of(PICTURE).verdict == verdict


def test_what_a_made_picture_should_not_show_is_nowhere_to_be_seen(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    Image.new("RGB", (640, 480), "#305070").save(path)
    assert Judged(tmp_path, path).of({**PICTURE, "negative_prompt": "dogs"}).verdict == "doubtful"
