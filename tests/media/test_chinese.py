"""What is wrong with media, in Chinese."""

from pathlib import Path

import pytest

from wanx_render.captions import drawing
from wanx_render.errors import FfmpegError
from wanx_render.finishing import ingest
from wanx_render.finishing.verify import Check
from wanx_render.language import shown, tr
from wanx_render.media import audio_files, ffmpeg, images
from wanx_render.media.audio_files import BadSoundtrack
from wanx_render.media.images import BadPicture


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "为空"),
        (b"GIF89a", "的类型不受支持：GIF 图片；应为 JPEG、PNG、BMP、WEBP"),
        (b"\x89PNG", "已损坏或不完整：无法读取文件头"),
    ],
)
def test_why_a_picture_cannot_be_used_is_said_in_chinese(data: bytes, sentence: str) -> None:
    with pytest.raises(BadPicture) as caught:
        images.inspect(data)
    assert shown(caught.value.sentence, "zh") == sentence


def test_why_a_sound_or_video_cannot_be_used_is_said_in_chinese(
    program: ffmpeg.Ffmpeg, tmp_path: Path
) -> None:
    file = tmp_path / "a.mp3"
    file.write_bytes(b"")
    with pytest.raises(BadSoundtrack) as sound:
        audio_files.inspect(file)
    assert shown(sound.value.sentence, "zh") == "不是可读取的音频文件"
    with pytest.raises(FfmpegError) as video:
        ingest.look(program, file)
    assert shown(video.value.sentence, "zh") == "a.mp3 为空"


def test_letters_that_no_font_has_are_named_in_chinese() -> None:
    problem = drawing.problem_with("🎉")
    assert problem == "the packaged fonts have no 🎉 (U+1F389)"
    assert shown(problem, "zh") == "自带字体缺少 🎉 (U+1F389)"


def test_a_check_that_fails_is_said_in_chinese() -> None:
    check = Check(tr("constant rate"), tr("yes"), tr("no"))
    assert check.difference == "constant rate: no, expected yes"
    assert shown(check.difference, "zh") == "恒定帧率：否，应为 是"
