"""What becomes of tasks and money, in Chinese."""

from datetime import UTC, datetime, timedelta

from tests.support.sentences import english_in, kept_english, lost_in_files
from wanx_render.errors import UnknownHost
from wanx_render.language import recorded, shown, tr
from wanx_render.tasks.outcome import permission, waiting
from wanx_render.tasks.submit import EXPIRED


def test_every_sentence_of_the_room_is_chinese_also_where_it_comes_out_of_a_file() -> None:
    assert kept_english("tasks") == {}
    assert lost_in_files("tasks") == []


def test_a_sentence_within_another_is_chinese_too() -> None:
    error = tr("{code}: {message}", code="Expired", message=EXPIRED)
    assert english_in(error) == []
    assert shown(recorded(str(error)), "zh") == shown(error, "zh")


def test_a_clip_at_another_host_is_explained_in_chinese() -> None:
    error = UnknownHost("results.example.com", "https://results.example.com/a.mp4")
    now = datetime(2026, 1, 1, tzinfo=UTC)
    text = waiting(error, now + timedelta(hours=2.5), now)
    assert text == (
        "the clip is at https://results.example.com/a.mp4, which is not known as the service's "
        "storage; 2.5 h left to fetch it"
    )
    assert shown(text, "zh").endswith("不在已知的服务存储之列；还可下载 2.5 小时")
    assert shown(recorded(str(text)), "zh") == shown(text, "zh")
    assert "如果信任该主机：wanx-render rescue FILE" in shown(permission(error), "zh")


def test_a_question_for_a_person_is_chinese_when_it_comes_out_of_the_journal() -> None:
    question = (
        "it may be one of these: task a: cannot compare its clip: the file is not an MP4; "
        "task b: it has 5 s instead of 10 s; its clip is kept as doubtful/b.mp4"
    )
    assert shown(recorded(question), "zh") == (
        "可能是以下任务之一：任务 a：无法比对其片段：文件不是 MP4；"
        "任务 b：时长为 5 秒，应为 10 秒；其片段保存为 doubtful/b.mp4"
    )
