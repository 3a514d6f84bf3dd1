"""Subtitle files as they are found: every format, encoding and slip; pysubs2 writes some."""

import time
from fractions import Fraction
from pathlib import Path

import pysubs2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from wanx_render.captions import subtitles
from wanx_render.captions.cues import BadSubtitles
from wanx_render.captions.drawing import Captions, Cue, save, together, within, write_srt
from wanx_render.captions.fonts import chinese
from wanx_render.catalog.capabilities import packaged
from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput
from wanx_render.finishing.timeline import Body
from wanx_render.frame import Frame
from wanx_render.geometry import Size
from wanx_render.language import shown
from wanx_render.run.layout import Layout
from wanx_render.source import charsets
from wanx_render.validation import load

T, U = "00:00:01,000 --> 00:00:02,000", "00:00:03,000 --> 00:00:04,000"


def texts(content: str) -> list[str]:
    return [cue.text for cue in subtitles.parse(content.encode()).cues]


def notices(content: str) -> list[tuple[str, int]]:
    return [(notice.code, notice.line) for notice in subtitles.parse(content.encode()).notices]


# -- SRT -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        ("", []),
        (f"\ufeff1\r\n{T} X1:0\r\n<i>Hi</i>\r\nyou\r\n\r\n\r\n7\r\n{U}\r\n二", ["Hi\nyou", "二"]),
        (f"1\r{T}\rold\r\r2\r{U}\rmac\r", ["old", "mac"]),
        (f"1\n{T}\nfirst\n2\n{U}\nsecond", ["first", "second"]),
        (f"1\n{T}\nfirst\n{U}\nsecond", ["first", "second"]),
        (f"{T}\nfirst\n\n{U}\nsecond", ["first", "second"]),
        (f"1\n\n{T}\n\nfirst\n\n2\n\n{U}\n\nsecond", ["first", "second"]),
        (f"1\n{T}\n\n2\n{U}\nonly this", ["only this"]),
        (f"1\n{T}\n2024\n\n2\n{U}\n10", ["2024", "10"]),
        (f"1\n{T}\n\n200\n\n2\n{U}\nbet", ["200", "bet"]),
        (f"1\n{T}\n50\n\n{U}\n60\n3\n00:00:05,000 --> 00:00:06,000\nx", ["50", "60", "x"]),
        (f"0\n\n{T}\n\ndoubled\n\n\n5\n\n{U}\n\nlines", ["doubled", "lines"]),
        (f"1\n{T} begins here\nends\n", ["begins here\nends"]),
        (f"{T}\n42\n{U}\n43\n", ["42", "43"]),
        (f"1\n{T}\none\n\ntwo\n\n2\n{U}\nthree", ["one\ntwo", "three"]),
        (f"5\n{U}\nlater\n\n1\n{T}\nearlier", ["earlier", "later"]),
        (f"1\n{T}\nto 3: 10:30 --> 11:00 we go", ["to 3: 10:30 --> 11:00 we go"]),
        (f"1\n{T}\n<FONT\n size='2'>long</font>\n<font color=\"#fff\"open", ["long\nopen"]),
        (f"1\n{T}\n<font color=red><b>{{\\i1}}nested{{\\i0}}</ b></font> < i >x</i>", ["nested x"]),
        (f"1\n{T}\nif x<y and 3 > 2 then <3", ["if x<y and 3 > 2 then <3"]),
        (f"1\n{T}\na<b and c=d>e", ["a<b and c=d>e"]),
        (f"1\n{T}\nAT&amp;T &lt;3 a<br/>b\u200d\x07", ["AT&T <3 a\nb\u200d"]),
        (f"1\n\u200e{T}\u200b\n{{b}}web{{/b}}\n\ufeff\u200e2\n{U}\npage", ["web", "page"]),
    ],
)  # fmt: skip
def test_srt_is_read_as_players_read_it(content: str, wanted: list[str]) -> None:
    assert texts(content) == wanted


@pytest.mark.parametrize(
    ("line", "start", "end"),
    [
        ("0:0:0,5 --> 0:0:2,45", 500, 2450),
        ("00:00:01.5-->00:00:02.25 position:50%", 1500, 2250),
        ("00:00:01 --> 00:00:02", 1000, 2000),
        ("00:01,250 -> 00:02,000", 1250, 2000),
        ("00:00:01,000 00:00:02,000", 1000, 2000),
        ("00:00:01,000 –-> 00:00:02,000", 1000, 2000),
        ("7 00:00:01,000 --> 00:00:02,000", 1000, 2000),
        ("00：00：01，000 －－＞ 00：00：02，000", 1000, 2000),
        ("123:00:00,000 --> 123:59:59,999999", 442_800_000, 446_399_999),
        ("-00:00:01,000 --> 00:00:02,000", 0, 2000),
    ],
)
def test_times_are_read_in_all_their_forms(line: str, start: int, end: int) -> None:
    (cue,) = subtitles.parse(f"1\n{line}\nx\n".encode()).cues
    assert (cue.start, cue.end) == (start, end)


@pytest.mark.parametrize(
    ("bad", "code", "line", "kept"),
    [
        ("00:00:01,000 --> 00:00:01,000\nno length", "cue-skipped", 2, 1),
        ("00:00:02,000 --> 00:00:01,000\nreversed", "cue-skipped", 2, 1),
        ("00:00:0x,000 --> 00:00:01,000\nbroken", "cue-skipped", 2, 1),
        (f"{T}\n{'long ' * 300}", "cue-skipped", 2, 1),
        (f"{T}\na\n<blink>b</blink>", "cue-doubtful", 4, 2),
        (f"{T}\nfrom 00:00:01,000 on", "cue-doubtful", 3, 2),
        (f"{T}\na\\Nb", "cue-doubtful", 3, 2),
        (f"{T}\n[b]x[/b]", "cue-doubtful", 3, 2),
        (f"{T}\nx<!-- a note -->", "cue-doubtful", 3, 2),
        (f"{T}\n{{\\pos(10,20)}}there", "cue-doubtful", 2, 2),
        (f"{T}\na\n77\n00:00:02,500 --> 00:00:03,000\nb", "cue-doubtful", 4, 3),
        (f"{T}\na\n00:00:02,500 --> 00:00:03,000\nb", "cue-doubtful", 4, 3),
        (f"{T}\na\n\n2\n", "cue-doubtful", 5, 2),
        (f"{T}\n锟斤拷", "cue-doubtful", 3, 2),
        (f"{T}\nä»Šæ™š", "cue-doubtful", 3, 2),
        (f"{T}\na\n\nIntro", "", 0, 2),
    ],
)
def test_one_bad_cue_is_named_by_its_line_and_the_others_are_read(
    bad: str, code: str, line: int, kept: int
) -> None:
    content = f"1\n{bad}\n\n2\n{U}\ngood\n"
    assert len(texts(content)) == kept
    assert texts(content)[-1] == "good"
    assert notices(content) == ([(code, line)] if code else [])


def test_a_file_without_any_cue_is_named_and_one_with_bad_ones_only_is_refused() -> None:
    assert notices("\n \n") == [("subtitles-empty", 0)]
    with pytest.raises(BadSubtitles, match="line 2: cue skipped: it ends when it starts"):
        texts("1\n00:00:01,000 --> 00:00:01,000\nx")


@pytest.mark.parametrize(
    ("code", "top"), [("an8", True), ("an2", False), ("a6", True), ("fad(1,2)\\an7", True)]
)
def test_a_cue_at_the_top_is_drawn_and_written_there(code: str, top: bool, tmp_path: Path) -> None:
    (cue,) = subtitles.parse(f"1\n{T}\n{{\\{code}}}up\n".encode()).at(Fraction(25))
    assert cue == Cue("up", 25, 25, top=top)
    words = Captions((cue,), chinese(), "packaged")
    (picture,) = save(words, Size(90, 160), tmp_path / "a")
    box = Image.open(picture).getbbox()
    assert box
    assert (box[3] < 80) == top
    assert ("{\\an8}up" in write_srt([cue], Fraction(25))) == top


def test_a_cue_that_is_written_twice_is_seen_once() -> None:
    read = subtitles.parse(f"1\n{T}\ntwice\n\n2\n{T}\ntwice\n".encode())
    assert [cue.text for cue in read.at(Fraction(25))] == ["twice"]


def test_cues_at_the_top_do_not_move_those_at_the_bottom() -> None:
    cues = (Cue("a", 0, 10), Cue("up", 2, 4, top=True), Cue("b", 5, 10))
    assert set(together(cues)) == {
        Cue("a", 0, 5), Cue("up", 2, 4, top=True), Cue("a\nb", 5, 5), Cue("b", 10, 5),
    }  # fmt: skip


@settings(max_examples=60)
@given(
    st.lists(
        st.builds(
            Cue, st.sampled_from("ab"), st.integers(0, 30), st.integers(1, 9), top=st.booleans()
        )
    ),
    st.integers(0, 30),
    st.integers(1, 9),
)
def test_a_part_has_every_cue_that_is_seen_in_it(cues: list[Cue], start: int, length: int) -> None:
    whole = together(cues)
    frame = Frame(Size(90, 160), Fraction(30), "crop", "black")
    layout = Layout(frame, [], whole, {}, 0)
    assert layout.cues_at(Body(0, 0, length, start)) == within(whole, start, length)


# -- WebVTT and LRC ------------------------------------------------------------------------------

VTT = """\
WEBVTT - a title
X-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0

STYLE
::cue(b) { color: red }

NOTE two lines
of a note

intro
00:01.000 --> 00:02.000 line:0 align:start
<v.loud Mary Jane>Hi <c.yellow>there</c> &lt;3 &amp;&nbsp;x

NOTE
00 is no time

01:00:03.000 --> 01:00:04.000 line:90%
<01:00:03.500>word <lang ja><ruby>漢<rt>かん</rt></ruby></lang>

00:05.000 --> 00:06.000 vertical:rl
10

lost words
"""


def test_webvtt_is_read_whatever_its_name() -> None:
    read = subtitles.parse(VTT.encode(), "words.srt")
    assert [(cue.text, cue.start, cue.end, cue.top) for cue in read.cues] == [
        ("Hi there <3 &\xa0x", 1000, 2000, True),
        ("10", 5000, 6000, False),
        ("word 漢(かん)", 3_603_000, 3_604_000, False),
    ]
    assert [(notice.code, notice.line) for notice in read.notices] == [
        ("cue-doubtful", 23), ("cue-doubtful", 20),
    ]  # fmt: skip


def test_a_line_of_a_song_is_seen_until_the_next() -> None:
    song = """\
[ti:Song]
[offset:+500]
[00:01.00][01:00.50]la la
[00:30.5]
[00:02.00]<00:02.00> word <00:02.50> by word
[00:02.00]<00:02.00>逐<00:02.50>字
no time
"""
    read = subtitles.parse(song.encode())
    assert [(cue.text, cue.start, cue.end) for cue in read.cues] == [
        ("la la", 500, 1500),
        ("word by word\n逐字", 1500, 11_500),
        ("la la", 60_000, 70_000),
    ]
    assert [(notice.code, notice.line) for notice in read.notices] == [("cue-skipped", 7)]


SSA = """\
[Script Info]
ScriptType: v4.00

[V4 Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, TertiaryColour, BackColour, \
Bold, Italic, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, AlphaLevel, \
Encoding
Style: Top,Arial,28,65535,65535,65535,-2147483640,-1,0,1,1,2,6,30,30,30,0,0

[Events]
Format: Marked, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Comment: Marked=0,0:00:00.00,0:00:01.00,Top,,0000,0000,0000,,note
Dialogue: Marked=0,soon,0:00:02.00,Top,,0000,0000,0000,,bad
Dialogue: Marked=0,0:00:01.00,0:00:02.00,Top,,0000,0000,0000,,Hi, there
Dialogue: Marked=0,0:00:03.00,0:00:03.00,Top,,0000,0000,0000,,short
"""


def test_ssa_is_converted_and_its_lines_keep_their_numbers() -> None:
    read = subtitles.parse(SSA.encode())
    assert read.script
    assert [(line.number, line.words) for line in read.script.lines] == [(12, "Hi, there")]
    assert "Style: Top,any,28,&H0000FFFF," in read.script.head
    assert [(notice.code, notice.line) for notice in read.notices] == [
        ("cue-skipped", 11), ("cue-skipped", 13),
    ]  # fmt: skip


# -- encodings and other files -------------------------------------------------------------------

SAID = {
    "gb18030": ["今晚的月亮", "一只猫醒了", "你好", "琥珀色的瓶子", "夜雨初歇", "谢谢观看"],
    "cp950": ["今晚的月亮", "貓在屋頂上", "你好", "歡迎收看", "他說：「明天見」"],
    "big5hkscs": ["佢哋嘅貓喺屋頂上瞓緊覺"],
    "iso2022_jp": ["今夜の月"],
    "cp932": ["今夜の月", "こんにちは", "猫が目を覚ました"],
    "euc_jp": ["ありがとうございました", "行こう、もう暗い"],
    "cp949": ["오늘 밤의 달", "안녕하세요", "고양이가 깨어났다"],
    "cp1252": ["C’est l’été à Zürich", "El niño está aquí"],
    "cp1251": ["Привет, как дела?", "песочницы"],
    "utf-16-le": ["今晚的月亮", "good night"],
    "utf-16-be": ["今晚的月亮"],
}


@pytest.mark.parametrize(
    ("codec", "words"), [(codec, words) for codec, listed in SAID.items() for words in listed]
)
def test_an_encoding_is_recognised_by_few_words_and_named(codec: str, words: str) -> None:
    read = subtitles.parse(f"1\n{T}\n{words}\n".encode(codec), "a.srt")
    assert [cue.text for cue in read.cues] == [words]
    (notice,) = read.notices
    assert notice.code == "subtitles-encoding"
    assert words in notice.message
    assert f"iconv -f {codec} -t utf-8 a.srt" in notice.hint


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "gb18030"])
def test_a_byte_order_mark_decides(codec: str) -> None:
    mark = "\ufeff" if codec == "gb18030" else ""
    read = subtitles.parse(f"{mark}1\n{T}\n夜雨初歇\n".encode(codec))
    assert [cue.text for cue in read.cues] == ["夜雨初歇"]
    assert read.notices == ()


def test_a_broken_character_does_not_make_utf8_another_encoding() -> None:
    content = f"1\n{T}\n今晚的月亮在屋顶上今晚的月亮\n".encode()
    read = subtitles.parse(content[:-3] + b"\n")
    assert read.cues[0].text.startswith("今晚的月亮在屋顶上")
    assert [(notice.code, notice.line) for notice in read.notices] == [("subtitles-encoding", 3)]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"PK\x03\x04" + b"x" * 40, "ZIP archive, such as .docx"),
        (b"\x00\x00\x01\xba" + b"\x01" * 40, "subtitles as pictures"),
        (b"\x00\x00\x00\x20ftypisom", "MP4 video"),
        (b"\x00" * 64, "binary data"),
        (bytes(range(256)) * 8, "binary data"),
        (b"{0}{25}hi", "MicroDVD"),
        (b"<?xml version='1.0'?>\n<tt xmlns='http://www.w3.org/ns/ttml'/>", "TTML"),
        (b"0:00:01.000,0:00:02.000\nhi", "SBV"),
        (b"[00:00:00.000 --> 00:00:02.000]  Hi", "Whisper"),
        (b"<SAMI><BODY></BODY></SAMI>", "SAMI"),
        (b'{"segments": []}', "JSON"),
        (b"hello", "no line of times"),
    ],
)
def test_another_kind_of_file_is_named_with_what_is_read(data: bytes, what: str) -> None:
    with pytest.raises(BadSubtitles, match=what) as caught:
        subtitles.parse(data)
    assert "supported are SRT" in str(caught.value)
    assert caught.value.hint
    for message in (caught.value.message, caught.value.hint):
        assert shown(message, "zh") != message


# -- hostile files -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        "a" * subtitles.MOST_BYTES,
        f"1\n{T}\n" + "<font " * 100_000,
        f"1\n{T}\n" + "{\\" * 200_000,
        f"1\n{T}\n" + "<b>" * 200_000,
        "1:" * 500_000,
        f"1\n{T}\n" + "&" * 500_000,
        f"1\n{T}\n" + " \n" * 300_000 + "x",
        "[00:01.00]" * 60_000 + "x",
        f"{T}\nx\n" * 20_000,
        f"{T}\n" + "\n" * 100_000 + "1\n\n" * 100_000,
        f"{T}\n" + ("1:1" + " " * 290 + "x\n") * 3000,
        f"{T}\n" + ("1:1" + "-" * 290 + ":1\n") * 3000,
    ],
    ids=range(12),
)
def test_a_hostile_file_ends_quickly(content: str) -> None:
    began = time.process_time()
    try:
        read = subtitles.parse(content.encode()[: subtitles.MOST_BYTES])
    except BadSubtitles:
        pass
    else:
        together(read.at(Fraction(30)))
    assert time.process_time() - began < 5


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "1",
                "2",
                "10",
                T,
                U,
                "",
                " ",
                "words",
                "{\\an8}a",
                "<b",
                "WEBVTT",
                "NOTE",
                "-->",
                "&lt;",
            ]
            + [
                "00:00:01,000",
                "[00:01.00]x",
                "[Events]",
                "[V4+ Styles]",
                "[V4 Styles]",
                "Format: a",
            ]
            + ["Dialogue: 1", "Style: a", "\ufeff", "\0", "Format: Start, End, Text"]
        ),
        max_size=12,
    ).map("\n".join)
    | st.binary(max_size=40).map(lambda data: data.decode("latin-1"))
)
def test_any_text_is_read_or_refused(content: str) -> None:
    for codec in ("utf-8", "latin-1", "utf-16"):
        try:
            read = subtitles.parse(content.encode(codec, "ignore"))
        except BadSubtitles:
            continue
        for cue in read.cues:
            assert 0 <= cue.start < cue.end
            assert all(line.strip() for line in cue.text.split("\n"))


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "a.srt").open("wb") as stream:
        stream.truncate(subtitles.MOST_BYTES + 1)
    with pytest.raises(BadSubtitles, match="larger than 4 MiB"):
        subtitles.read(tmp_path / "a.srt")


# -- what pysubs2 writes -------------------------------------------------------------------------

WORDS = st.text(st.sampled_from("xy1 猫。,.!?'-:&><\\"), min_size=1, max_size=20).map(str.strip)
CUES = st.lists(
    st.tuples(WORDS.filter(bool), st.integers(0, 35_000_000), st.integers(1, 10_000)),
    min_size=1, max_size=6,
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(CUES, st.sampled_from(["srt", "vtt", "ass"]))
def test_what_pysubs2_writes_is_read_back(cues: list[tuple[str, int, int]], kind: str) -> None:
    written = pysubs2.SSAFile()
    for words, start, length in cues:
        start, length = (start // 10 * 10, length * 10) if kind == "ass" else (start, length)
        written.events.append(pysubs2.SSAEvent(start, start + length, words.replace("\\", "/")))
    read = subtitles.parse(written.to_string(kind).encode())
    if read.script:
        times = [(line.start * 1000, line.end * 1000, line.words) for line in read.script.lines]
    else:
        times = [(cue.start, cue.end, cue.text) for cue in read.cues]
    wanted = [(event.start, event.end, event.text) for event in written.events]
    assert sorted(times) == sorted(wanted)


# -- a list --------------------------------------------------------------------------------------

LIST = """\
version: 1
project: p
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3}
shots:
  - {id: one, image: a.png, prompt: hi}
deliverables:
  - {name: o, aspect: 9:16, size: 90x160, quality: draft, captions: both, subtitles: words.srt}
"""


def problems(folder: Path, content: bytes | None, more: str = "") -> list[Diagnostic]:
    Image.new("RGB", (480, 640), "teal").save(folder / "a.png")
    (folder / "list.yaml").write_text(LIST + more, encoding="utf-8")
    if content is not None:
        (folder / "words.srt").write_bytes(content)
    try:
        diagnostics = load.load(folder / "list.yaml", packaged()).warnings
    except BadInput as refusal:
        diagnostics = refusal.diagnostics
    return [problem for problem in diagnostics if problem.code != "crop-loses-much"]


def test_a_warning_names_the_subtitle_file_and_its_line(tmp_path: Path) -> None:
    bad = "2\n00:00:02,000 --> 00:00:02,000\nno length\n"
    warnings = problems(tmp_path, f"1\n{T}\n今晚的月亮\n\n{bad}".encode("gb18030"))
    spans = [(warning.code, warning.span) for warning in warnings if warning.span]
    assert [(code, span.line, Path(span.file).name) for code, span in spans] == [
        ("subtitles-encoding", 7, "list.yaml"), ("cue-skipped", 6, "words.srt"),
    ]  # fmt: skip
    assert {warning.severity for warning in warnings} == {"warning"}


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (None, "paths are relative to"),
        (b"PK\x03\x04", "export the words"),
        (b"x", "start each cue with"),
    ],
)
def test_the_hint_fits_the_fault(tmp_path: Path, content: bytes | None, hint: str) -> None:
    (problem,) = problems(tmp_path, content)
    assert (problem.code, problem.severity) == ("subtitles-unreadable", "error")
    assert hint in problem.hint


def test_the_encodings_that_are_ranked_are_of_their_languages() -> None:
    assert charsets.decode("今晚的月亮".encode("gbk")).encoding == "GBK (GB18030)"


@pytest.mark.parametrize(("effect", "times"), [("{\\an8}", 1), ("", 0)])
def test_a_label_beside_words_at_the_top_is_warned_of(
    tmp_path: Path, effect: str, times: int
) -> None:
    content = f"1\n{T}\n{effect}above\n".encode()
    codes = [problem.code for problem in problems(tmp_path, content, "label: AI生成\n")]
    assert codes.count("label-among-captions") == times
