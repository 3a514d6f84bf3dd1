"""Uploaded clips, sounds and references: what is looked at, and what is refused."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.mock_server.test_forms import VIDEO
from tests.support.emulator import KEY, Twin, picture_uri
from tests.support.media import facts
from tests.support.programs import PROGRAMS
from wanx_render.media import ffmpeg


@pytest.fixture
def twin() -> Twin:
    return Twin(clock="auto")


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Makes a clip or a sound: ``media("a.mp4", 3)``."""
    folder = tmp_path_factory.mktemp("media")

    def make(name: str, seconds: float, size: str = "320x256") -> Path:
        path = folder / f"{seconds}-{size}-{name}"
        if path.exists():
            return path
        source = f"testsrc=s={size}:r=25:d={seconds}"
        if path.suffix == ".wav":
            source = f"sine=d={seconds}:r=8000"
        more = [] if path.suffix == ".wav" else ["-pix_fmt", "yuv420p", "-preset", "ultrafast"]
        arguments = ["-f", "lavfi", "-i", source, *more, "-y", str(path)]
        ffmpeg.run(PROGRAMS["wheel"], tuple(arguments))
        return path

    return make


def uploaded(twin: Twin, path: Path, model: str) -> str:
    """The address of an uploaded file."""
    query = {"action": "getPolicy", "model": model}
    data = twin.call("GET", "/api/v1/uploads", params=query).json()["data"]
    key = f"{data['upload_dir']}/{path.name}"
    form = {"Signature": data["signature"], "policy": data["policy"], "key": key}
    file = {"file": (path.name, path.read_bytes())}
    answer = twin.call("POST", data["upload_host"], headers={}, data=form, files=file)
    assert answer.status_code == 200, answer.text
    return f"oss://{key}"


def entry(kind: str, url: str) -> dict[str, str]:
    return {"type": kind, "url": url}


def test_a_clip_is_continued_and_its_own_frames_come_first(
    twin: Twin, media: Callable[..., Path], tmp_path: Path
) -> None:
    url = uploaded(twin, media("a.mp4", 2), "wan2.7-i2v")
    content = {"prompt": "it goes on", "media": [entry("first_clip", url)]}
    answer = twin.outcome(VIDEO, "wan2.7-i2v", content, resolution="720P", duration=3)
    assert answer["usage"]["input_video_duration"] == 2
    assert answer["usage"]["output_video_duration"] == 3
    assert answer["usage"]["ratio"] == "5:4"
    target = tmp_path / "result.mp4"
    target.write_bytes(twin.call("GET", answer["output"]["video_url"], headers={}).content)
    clip = facts(target)
    assert (clip.width, clip.height, clip.frames) == (1072, 848, 90)


def test_clips_and_pictures_may_share_one_list(
    twin: Twin, media: Callable[..., Path], picture: Callable[..., Path]
) -> None:
    model = "wan2.6-r2v"
    urls = [uploaded(twin, path, model) for path in (media("a.mp4", 2), picture("a.png"))]
    answer = twin.outcome(VIDEO, model, {"prompt": "they meet", "reference_urls": urls}, duration=5)
    assert answer["usage"]["input_video_duration"] == 2
    (task,) = [task for task, _ in twin.service.tasks.all()]
    assert [reference.kind for reference in task.request.references] == ["video", "image"]


FLAWS: list[tuple[str, str, tuple[str, float, str], str]] = [
    ("wan2.7-i2v", "first_clip", ("a.mp4", 1, "320x256"), "InvalidFile.Duration"),
    ("wan2.7-i2v", "first_clip", ("a.mp4", 11, "320x256"), "InvalidFile.Duration"),
    ("wan2.7-i2v", "first_clip", ("a.mp4", 2, "128x128"), "InvalidFile.Resolution"),
    ("wan2.7-i2v", "first_clip", ("a.mkv", 2, "320x256"), "InvalidFile.Openerror"),
    ("wan2.7-i2v", "first_clip", ("a.wav", 3, "320x256"), "InvalidFile.Openerror"),
    ("wan3.0-video", "reference_audio", ("a.wav", 16, "320x256"), "InvalidFile.Duration"),
]


@pytest.mark.parametrize(("model", "kind", "file", "code"), FLAWS)
def test_files_beyond_the_model_s_limits_fail(
    twin: Twin,
    media: Callable[..., Path],
    model: str,
    kind: str,
    file: tuple[str, float, str],
    code: str,
) -> None:
    url = uploaded(twin, media(*file), model)
    answer = twin.outcome(VIDEO, model, {"prompt": "x", "media": [entry(kind, url)]}, duration=5)
    assert (answer["output"]["task_status"], answer["output"]["code"]) == ("FAILED", code)
    assert twin.ledger()["totals"]["amounts"] == {"CNY": "0.00"}


def test_references_have_a_length_that_they_share(twin: Twin, media: Callable[..., Path]) -> None:
    urls = [uploaded(twin, media(name, 8), "wan3.0-video") for name in ("a.mp4", "b.mp4")]
    both = {"prompt": "x", "media": [entry("reference_video", url) for url in urls]}
    one = {"prompt": "x", "media": both["media"][:1]}
    assert twin.outcome(VIDEO, "wan3.0-video", one, duration=5)["usage"]["duration"] == 13
    answer = twin.outcome(VIDEO, "wan3.0-video", both, duration=5)
    assert answer["output"]["code"] == "InvalidFile.Duration"


@pytest.mark.parametrize("kind", ["first_clip", "reference_audio"])
def test_clips_and_sounds_never_come_as_base64(twin: Twin, kind: str) -> None:
    model = "wan2.7-i2v" if kind == "first_clip" else "wan3.0-video"
    content = {"prompt": "x", "media": [entry(kind, "data:video/mp4;base64,AAAA")]}
    assert twin.outcome(VIDEO, model, content)["output"]["code"] == "InvalidURL"


def test_a_small_picture_fails_in_the_words_that_were_seen(
    twin: Twin, picture: Callable[..., Path]
) -> None:
    for size, status in (((260, 320), "SUCCEEDED"), ((200, 320), "FAILED")):
        uri = picture_uri(picture(f"{size[0]}.png", size))
        output = twin.outcome(VIDEO, "wan2.2-i2v-flash", {"img_url": uri})["output"]
        assert output["task_status"] == status
    assert output["message"] == "Image height or width is too small than 240"


def test_tasks_with_all_kinds_of_media_outlive_the_server(
    media: Callable[..., Path], picture: Callable[..., Path], tmp_path: Path
) -> None:
    twin = Twin(clock="auto", state=tmp_path / "state")
    url = uploaded(twin, media("a.mp4", 2), "wan2.7-i2v")
    clip = {"prompt": "x", "media": [entry("first_clip", url)]}
    twin.outcome(VIDEO, "wan2.7-i2v", clip, resolution="720P", duration=4)
    urls = [uploaded(twin, path, "wan2.6-r2v") for path in (media("a.mp4", 2), picture("a.png"))]
    twin.outcome(VIDEO, "wan2.6-r2v", {"prompt": "y", "reference_urls": urls}, size="720*1280")
    before, paid = [task for task, _ in twin.service.tasks.all()], twin.ledger()["totals"]
    twin.service.close()
    again = Twin(clock="auto", state=tmp_path / "state")
    assert [task for task, _ in again.service.tasks.all()] == before
    assert again.ledger()["totals"] == paid
    assert again.call("GET", "/api/v1/tasks", headers=KEY).json()["total"] == 2


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (("a.mp4", 2, "128x128"), None),  # its sides are not seen
        (("a.mp4", 11, "320x256"), "InvalidFile.Duration"),
        (("a.mkv", 2, "320x256"), "InvalidFile.Openerror"),
    ],
)
def test_without_ffmpeg_a_video_is_known_by_its_length(
    twin: Twin, media: Callable[..., Path], file: tuple[str, float, str], code: str | None
) -> None:
    twin.service.program = None
    content = {
        "prompt": "x",
        "media": [entry("first_clip", uploaded(twin, media(*file), "wan2.7-i2v"))],
    }
    answer = twin.outcome(VIDEO, "wan2.7-i2v", content, resolution="720P", duration=3)
    assert answer["output"].get("code") == code
    if code is None:
        assert answer["usage"]["input_video_duration"] == 2
