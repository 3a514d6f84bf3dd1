"""Bundles as files: their size, what is in them and what is not, judged by PyAV and zipfile."""

import base64
import json
import re
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

from tests.support.pages import only_its_own_script
from wanx_render.bundle.bundle_file import Bundler
from wanx_render.bundle.content import BundleContent, content_of
from wanx_render.bundle.page import SCRIPT
from wanx_render.errors import BadInput
from wanx_render.files import sha256
from wanx_render.manifest import (
    DeliverableRecord,
    LabelRecord,
    Manifest,
    PartRecord,
    ShotRecord,
    TakeRecord,
)
from wanx_render.media import ffmpeg
from wanx_render.reports.storyboard_files import PictureSource

LABEL = '{"Label":"1","ContentProducer":"厂商","ProduceID":"p=1;2"}'
SECRETS = (
    "sk-0123456789abcdef", "NEGATIVE", "task-77", "seed-4711", "wan2.5-i2v-preview", "6.60",
    "secret-host", "clips/", "THE PROMPT",
)  # fmt: skip
HOSTILE = "<img src=x onerror=alert(1)>{{ 7 * 7 }}\u202e"


def video(path: Path, size: str, seconds: float) -> None:
    """Moving noise, which no encoder makes small, with a tone."""
    ffmpeg.run(
        ffmpeg.find({}),
        (
            "-f", "lavfi", "-i", f"testsrc2=s={size}:r=30:d={seconds},noise=alls=40:allf=t",
            "-f", "lavfi", "-i", f"sine=r=48000:d={seconds}", "-c:v", "libx264", "-preset",
            "ultrafast", "-crf", "20", "-pix_fmt", "yuv420p", "-c:a", "aac", ffmpeg.file_url(path),
        ),
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("render")
    (folder / "clips").mkdir()
    video(folder / "tall.mp4", "360x640", 2)
    video(folder / "clips" / "wake-t1.mp4", "360x640", 1)
    video(folder / "clips" / "late-t2.mp4", "640x360", 1)
    return folder


def take(folder: Path, name: str, number: int, width: int, height: int) -> TakeRecord:
    path = folder / "clips" / name
    request = {
        "model": "wan2.5-i2v-preview", "prompt": "THE PROMPT", "negative_prompt": "NEGATIVE",
        "seed": "seed-4711", "image": "sha256:aa",
    }  # fmt: skip
    return TakeRecord(
        take=number, state="succeeded", request=request, task_id="task-77", cost="6.60 CNY",
        clip=f"clips/{name}", sha256=sha256(path), width=width, height=height, fps="30", frames=30,
        host="secret-host.example", message="sk-0123456789abcdef",
        labels=(LabelRecord("AIGC", LABEL),),
    )  # fmt: skip


def manifest_in(folder: Path) -> Manifest:
    wake, late = take(folder, "wake-t1.mp4", 1, 360, 640), take(folder, "late-t2.mp4", 2, 640, 360)
    film = DeliverableRecord(
        name="tall", path="tall.mp4", width=360, height=640, aspect="9:16", fit="crop", fps="30",
        frames=60, duration="2", sha256=sha256(folder / "tall.mp4"), loudness=None, key="k",
        parts=(PartRecord("wake", 0, 30, None, "1", 0), PartRecord("late", 30, 30, None, "1", 0)),
        checks=(), labels=(LabelRecord("AIGC", LABEL),),
        shots=(ShotRecord("late", 1, (replace(late, take=1, sha256="f" * 64),)),),
    )  # fmt: skip
    return Manifest(
        project="屋顶", backend="dashscope", region="beijing", program="p", ffmpeg="f",
        finished_at="2026-11-27T10:00:00+00:00", complete=True, cost="6.60 CNY",
        shots=(
            ShotRecord("wake", 1, (wake,), cut_start=6, cut_frames=24, caption=HOSTILE),
            ShotRecord("late", 2, (late,), cut_start=15, cut_frames=15),
        ),
        deliverables=(film,),
    )  # fmt: skip


@pytest.fixture
def content(folder: Path) -> BundleContent:
    return content_of(manifest_in(folder))


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


@pytest.fixture
def write(folder: Path, executor: ThreadPoolExecutor, tmp_path: Path) -> Any:
    source = PictureSource(folder, ffmpeg.find({}))

    def written(content: BundleContent, name: str, limit: int) -> Path:
        path = tmp_path / name
        result = Bundler(content, source, executor, limit).write(path)
        assert result.missing == ()
        assert result.size == path.stat().st_size
        return path

    return written


def videos(page: bytes) -> list[bytes]:
    return [base64.b64decode(data) for data in re.findall(rb"data:video/mp4;base64,([^\"]*)", page)]


def data_of(page: str) -> Any:
    match = re.search(r'id="bundle">(.*?)</script>', page)
    assert match
    return json.loads(match[1])


def test_a_shot_is_as_long_as_its_film_shows_it(content: BundleContent) -> None:
    # A second of the film. No film shows the clip picked for the other: 15 of its frames are used.
    assert [shot.seconds for shot in content.shots] == [1, Fraction(1, 2)]


def test_a_shot_is_taken_from_its_film_unless_another_clip_was_picked_since(
    content: BundleContent,
) -> None:
    wake, late = content.shots
    assert wake.media is None
    assert late.media and late.media.start == Fraction(1, 2)
    (film,) = content.films
    assert [part.clip for part in film.stretches] == [wake.clip, "f" * 16]
    assert film.stretches[0].clip_start == Fraction(1, 5)
    assert content.generated


def test_proxies_play_on_phones_and_keep_the_label_of_their_film(
    content: BundleContent, write: Any
) -> None:
    page = write(content, "review.html", 14_000_000).read_bytes()
    proxies = videos(page)
    assert len(proxies) == 2
    for proxy, seconds in zip(proxies, (2, 0.5), strict=True):
        assert proxy.index(b"moov") < proxy.index(b"mdat")
        with av.open(BytesIO(proxy)) as media:
            picture, sound = media.streams.video[0], media.streams.audio[0]
            assert (picture.codec_context.name, picture.profile) == ("h264", "Main")
            assert picture.codec_context.pix_fmt == "yuv420p"
            assert (sound.codec_context.name, sound.codec_context.channels) == ("aac", 2)
            assert media.metadata["AIGC"] == LABEL
            frames = sum(1 for _ in media.decode(video=0))
            assert frames == seconds * 30
    pictures = re.findall(rb'src="data:image/jpeg;base64,([^"]*)"', page)
    for picture in map(base64.b64decode, pictures):
        assert b"TC260:AIGC" in picture
        with Image.open(BytesIO(picture)) as image:
            image.load()


def test_nothing_of_the_work_is_in_a_bundle(content: BundleContent, write: Any) -> None:
    path = write(content, "review.html", 14_000_000)
    page = re.sub(r"base64,[A-Za-z0-9+/=]*", "", path.read_text(encoding="utf-8"))
    assert [word for word in SECRETS if word in page] == []
    assert "<img src=x" not in page and "\u202e" not in page
    only_its_own_script(path.read_text(encoding="utf-8"), SCRIPT)


def test_prompts_are_shown_where_they_were_asked_for(folder: Path, write: Any) -> None:
    content = content_of(manifest_in(folder), prompts=True)
    page = write(content, "review.html", 14_000_000).read_text(encoding="utf-8")
    assert page.count("THE PROMPT") == 2 and "NEGATIVE" not in page


@pytest.mark.parametrize("name", ["review.html", "review.zip"])
def test_a_bundle_is_within_its_size_down_to_the_least_that_the_error_names(
    name: str, content: BundleContent, write: Any
) -> None:
    free = write(content, name, 14_000_000).stat().st_size
    half = free // 2
    assert half * 0.7 < write(content, name, half).stat().st_size <= half
    with pytest.raises(BadInput) as caught:
        write(content, name, 20_000)
    (problem,) = caught.value.diagnostics
    match = re.search(r"--max-size ([\d.]+)kB", problem.hint)
    assert problem.code == "bundle-too-large" and match
    least = int(float(match[1]) * 1000)
    assert write(content, name, least).stat().st_size <= least


def test_a_zip_has_plain_names_and_a_page_that_finds_its_videos(
    content: BundleContent, write: Any
) -> None:
    first = write(content, "a.zip", 14_000_000)
    with zipfile.ZipFile(first) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["index.html", "videos/1.mp4", "videos/2.mp4"]
        page = archive.read("index.html").decode()
    assert re.findall(r'src="(videos/[^"]*)"', page) == ["videos/1.mp4", "videos/2.mp4"]
    assert data_of(page)["project"] == "屋顶"
    assert write(content, "b.zip", 14_000_000).read_bytes() == first.read_bytes()
