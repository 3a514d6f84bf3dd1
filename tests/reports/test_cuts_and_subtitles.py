"""Cuts as CSV and words as subtitle files: read again by others' code, and drawn by libass."""

import csv
import io
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pysubs2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.reports.test_export import CUT, HOSTILE, MIXED, NTSC, clip, line, link
from wanx_render.captions.drawing import Captions, Cue, sheet_of
from wanx_render.captions.fonts import chinese, latin
from wanx_render.captions.typesetting import Style, draw, placement
from wanx_render.files import link as linked
from wanx_render.geometry import Size
from wanx_render.manifest import CaptionRecord, CaptionStyleRecord
from wanx_render.media import ffmpeg
from wanx_render.timelines import cuts, subtitles
from wanx_render.timelines.timeline import Joint, Timeline

SIZE = Size(360, 640)
TWO = "第二句，分成两行\nand a line of Latin"


def words(text: str, start: int, frames: int, style: Style | None = None, **more: Any) -> Any:
    """Words as a film's record has them, and how they are drawn."""
    cue = Cue(text, start, frames, **more)
    sheet = sheet_of(cue, Captions((cue,), chinese(), "", style=style or Style()), SIZE)
    where = placement(text, sheet)
    box = where.box
    record = CaptionRecord(
        where.text, start, frames, where.pixels, box.x, box.y, box.width, box.height
    )
    return record, draw(text, sheet)


def film(captions: list[CaptionRecord], rate: Fraction = NTSC, **more: Any) -> Timeline:
    return replace(line([clip(1, 0, 300)], [], rate), size=SIZE, captions=tuple(captions), **more)


LABEL = CaptionRecord("AI生成", 0, 90, 40, 10, 10, 80, 30, kind="label")
SAID = film([words("一 & <二> {三}", 0, 60)[0], words("up", 30, 30, top=True)[0],
             words(TWO, 66, 51)[0], LABEL])  # fmt: skip


@pytest.mark.parametrize("kind", ["srt", "vtt", "ass"])
def test_another_reader_finds_every_cue_at_its_frames(kind: str) -> None:
    text = getattr(subtitles, f"{kind}_of")(SAID, link)
    with_signs = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    read = pysubs2.SSAFile.from_string(with_signs if kind == "vtt" else text, keep_html_tags=True)
    assert len(read) == 3
    for event, frames in zip(sorted(read, key=lambda e: e.start), ((0, 60), (30, 60), (66, 117)),
                             strict=True):  # fmt: skip
        for at, frame in zip((event.start, event.end), frames, strict=True):
            exact = float(frame * 1000 / NTSC)
            # A hundredth of a second is all that ASS has: the frame is there, the last one is not.
            assert (0 <= exact - at < 10) if kind == "ass" else abs(exact - at) <= 0.5
    assert [event.plaintext for event in read][2] == TWO
    assert "AI生成" not in text


def test_webvtt_is_read_by_ffmpeg_with_signs_and_places(
    program: ffmpeg.Ffmpeg, tmp_path: Path
) -> None:
    path, target = tmp_path / "a.vtt", tmp_path / "b.srt"
    text = subtitles.vtt_of(SAID, link)
    path.write_text(text, encoding="utf-8")
    ffmpeg.run(program, ("-f", "webvtt", "-i", f"file:{path}", "-f", "srt", f"file:{target}"))
    shown = target.read_text(encoding="utf-8")
    assert "一 & <二> {三}" in shown.replace("\\{{}", "{").replace("{{}", "{")  # as it escapes them
    assert TWO in shown
    assert text.count("line:10%") == 1


STYLES = {
    "bottom": Style(),
    "top": Style(position="top", outline="#800000", colour="#FFDD00"),
    "middle": Style(position="middle"),
}


@pytest.mark.parametrize("place", STYLES)
def test_libass_draws_the_words_where_the_film_has_them(
    program: ffmpeg.Ffmpeg, tmp_path: Path, place: str
) -> None:
    """The centre within a hundredth of the frame, the size within a twentieth of the words."""
    style = STYLES[place]
    record, drawn = words(TWO, 0, 30, style)
    look = CaptionStyleRecord(style.colour, style.outline, style.box)
    script = tmp_path / "a.ass"
    script.write_text(subtitles.ass_of(film([record], caption_style=look), link), "utf-8")
    for font in {chinese().path, latin().path}:
        linked(font, tmp_path / font.name)
    pixels = tmp_path / "pixels"
    ffmpeg.run(program, (
        "-f", "lavfi", "-i", f"color=black:s={SIZE}:r=30,format=gray,"
        f"subtitles=filename={script}:fontsdir={tmp_path}",
        "-frames:v", "1", "-pix_fmt", "gray", "-f", "rawvideo", f"file:{pixels}",
    ))  # fmt: skip
    theirs = np.fromfile(pixels, np.uint8).reshape(SIZE.height, SIZE.width) > 100
    black = Image.new("RGBA", (SIZE.width, SIZE.height), "black")
    ours = np.asarray(Image.alpha_composite(black, drawn).convert("L")) > 100
    a, b = (np.array([(axis.min(), axis.max()) for axis in np.nonzero(m)]) for m in (ours, theirs))
    assert abs(a.mean(axis=1) - b.mean(axis=1)).max() < SIZE.height / 100
    assert (abs(np.diff(a) - np.diff(b)) < 0.05 * np.diff(a) + 3).all()


def table(timeline: Timeline) -> list[dict[str, str]]:
    text = cuts.text_of(timeline, link)
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def test_the_cuts_abut_and_end_with_the_film() -> None:
    rows = table(MIXED)
    assert [row["number"] for row in rows] == ["1", "2", "3", "4", "5"]
    assert rows[0]["record_in"] == "0"
    assert all(a["record_out"] == b["record_in"] for a, b in pairwise(rows))
    assert rows[-1]["record_out"] == "330"
    assert (rows[-1]["record_out_timecode"], rows[0]["record_in_timecode"]) == (
        "00:00:11:00", "00:00:00:00",
    )  # fmt: skip
    # 92 frames of 30 until the middle of the dissolve are 73.6 of 24, from its frame 12 on.
    assert (rows[0]["source_in"], rows[0]["source_out"]) == ("12", "85.6")
    assert (rows[0]["source_in_timecode"], rows[0]["source_out_timecode"]) == (
        "00:00:00:12", "00:00:03:14",
    )  # fmt: skip
    assert [(row["transition"], row["transition_frames"], row["speed"]) for row in rows] == [
        ("dissolve", "15", "1"), ("wipe right", "9", "1"), ("cut", "0", "2"), ("cut", "0", "0"),
        ("", "0", "1"),
    ]  # fmt: skip
    assert rows[0]["file"] == link(MIXED.clips[0].media)


FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1+1", "\r=cmd|' /C calc'!A0", "＝1+1", " =1")


@pytest.mark.parametrize("text", FORMULAS)
def test_no_words_become_a_formula(text: str) -> None:
    (row,) = table(line([clip(1, 0, 30, caption=text, facts={"prompt": text})], []))
    for key in ("caption", "prompt"):
        assert row[key].startswith("'")


def test_hostile_words_stay_one_cell() -> None:
    (row,) = table(line([clip(1, 0, 30, caption=HOSTILE)], []))
    assert "\x1b" not in row["caption"]
    assert "\n" not in row["caption"]
    assert '"quoted"' in row["prompt"]


RATES = st.sampled_from([Fraction(24), Fraction(25), NTSC, Fraction(30), Fraction(60)])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(20, 90), st.integers(0, 9), RATES), min_size=1, max_size=6),
       RATES, st.sampled_from([Fraction(1), Fraction(3, 2), Fraction(1, 2)]))  # fmt: skip
def test_whatever_the_rates_no_frame_is_lost(
    shots: list[tuple[int, int, Fraction]], rate: Fraction, speed: Fraction
) -> None:
    """What rows use of their sources lasts as long as they are seen, to a thousandth of a frame."""
    clips, joints, at = [], [], 0
    for number, (frames, shared, own) in enumerate(shots, 1):
        clips.append(clip(number, at, at + frames, rate=own, available=10_000, speed=speed))
        joints.append(Joint("dissolve", "", shared) if shared else CUT)
        at += frames - shared
    rows = table(line(clips, joints[:-1], rate))
    assert [int(row["record_in"]) for row in rows][1:] == [int(r["record_out"]) for r in rows][:-1]
    assert int(rows[-1]["record_out"]) == clips[-1].end
    for row, shot in zip(rows, clips, strict=True):
        used = Decimal(row["source_out"]) - Decimal(row["source_in"])
        seen = Fraction(int(row["record_out"]) - int(row["record_in"])) / rate * speed * shot.rate
        assert abs(Fraction(used) - seen) <= Fraction(1, 500)


def test_av_reads_the_ass_file(tmp_path: Path) -> None:
    path = tmp_path / "a.ass"
    path.write_text(subtitles.ass_of(SAID, link), "utf-8")
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux() if packet.size]
    assert [round(float(packet.pts * packet.time_base), 2) for packet in packets] == [0, 1.0, 2.2]
