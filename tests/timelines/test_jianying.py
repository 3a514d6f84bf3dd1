"""Drafts for Jianying: what they say, held to what is published about such files.

The sources are named beside each law; nobody here has the program.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.goldens import is_golden
from wanx_render.geometry import Box, Size
from wanx_render.manifest import CaptionRecord
from wanx_render.timelines.jianying.draft import CONTENTS, REGISTRY, Draft, draft_of
from wanx_render.timelines.jianying.placement import placed
from wanx_render.timelines.jianying.programs import CAPCUT, JIANYING, Program
from wanx_render.timelines.levels import Levels
from wanx_render.timelines.timeline import Clip, Joint, OverlayPicture, SoundStretch, Timeline

NTSC = Fraction(30000, 1001)
NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
# Both drafts of CapCut that users published, 2.2 on macOS and 7.8 on Windows, have this one.
HERE = "##_draftpath_placeholder_0E685133-18CE-45ED-8CB8-2904A212EC80_##"


def clip(number: int, begin: int, end: int, **fields: Any) -> Clip:
    plain = Clip(
        shot=f"shot-{number}", take=1, media=f"clips/shot-{number}-t1-{number:08x}.mp4",
        size=Size(816, 1104), rate=Fraction(24), available=120, first=12, begin=begin, end=end,
        frozen=0, speed=Fraction(1), sound=True, gain="0", caption="", facts={},
        crop=(Box(96, 0, 620, 1104),),
    )  # fmt: skip
    return replace(plain, **fields)


def film(clips: list[Clip], joints: list[Joint], **fields: Any) -> Timeline:
    plain = Timeline(
        project="fest", name="vertical", size=Size(1080, 1920), rate=Fraction(30), fit="crop",
        frames=clips[-1].end, clips=tuple(clips), joints=tuple(joints), sounds=(),
    )  # fmt: skip
    return replace(plain, **fields)


CUT = Joint("cut", "", 0)
# 24 beside 30 fps, an odd dissolve, a wipe, a cut; one clip is twice as fast and then holds.
MIXED = film(
    [
        clip(1, 0, 100),
        clip(2, 85, 205, rate=Fraction(30), available=150, first=0),
        clip(3, 196, 250, first=20, speed=Fraction(2), frozen=10, gain="-Infinity"),
        clip(4, 250, 330, rate=Fraction(30), sound=False),
    ],
    [Joint("dissolve", "", 15), Joint("wipe", "right", 9), CUT],
)


def drafted(timeline: Timeline, name: str = "fest-vertical", **options: Any) -> Draft:
    return draft_of(timeline, name, **{"program": JIANYING, "finished": NOON, **options})


def content(draft: Draft) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(draft.texts["draft_content.json"])
    return record


def track(record: dict[str, Any], name: str) -> list[dict[str, Any]]:
    segments: list[dict[str, Any]] = next(
        item["segments"] for item in record["tracks"] if item["name"] == name
    )
    return segments


def material(record: dict[str, Any], identity: str) -> dict[str, Any]:
    items = (item for items in record["materials"].values() for item in items)
    return next(item for item in items if item["id"] == identity)


def micro(seconds: Fraction) -> int:
    """Half up, in integers, as a reader would round."""
    return (2 * seconds.numerator * 1_000_000 + seconds.denominator) // (2 * seconds.denominator)


def assert_laws(record: dict[str, Any]) -> None:
    """What capcut-cli 0.23.0 and jianying-tool 0.5.0 check of any draft."""
    materials = {item["id"]: item for items in record["materials"].values() for item in items}
    identities = list(_identities(record["tracks"]))
    assert len(set(identities)) == len(identities)
    for row in record["tracks"]:
        end = 0
        for segment in row["segments"]:
            target, source = segment["target_timerange"], segment["source_timerange"]
            assert target["start"] >= end and target["duration"] > 0
            end = target["start"] + target["duration"]
            assert segment["material_id"] in materials
            assert all(ref in materials for ref in segment["extra_material_refs"])
            if row["type"] == "text":
                continue
            media = materials[segment["material_id"]]
            assert 0 <= source["start"] < source["start"] + source["duration"] <= media["duration"]
            speed = next(
                materials[ref]["speed"]
                for ref in segment["extra_material_refs"]
                if materials[ref].get("type") == "speed"
            )
            assert segment["speed"] == speed
            assert abs(source["duration"] - target["duration"] * speed) <= 1 + speed
        assert end <= record["duration"]


def _identities(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (value[key] for key in ("id",) if key in value)
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _identities(item)


@pytest.mark.golden
@pytest.mark.parametrize("program", [JIANYING, CAPCUT])
def test_the_draft_is_the_one_that_other_tools_have_read(program: Program) -> None:
    text = drafted(MIXED, program=program).texts["draft_content.json"]
    assert is_golden(f"export.{program.name}", text)


def test_clips_lie_from_cut_to_cut_to_the_microsecond() -> None:
    record = content(drafted(MIXED))
    assert_laws(record)
    ranges = [segment["target_timerange"] for segment in track(record, "picture")]
    # The cuts: in the middle of the dissolve and the wipe, where clip 3 begins to stand, the cut.
    cuts = [0, 92, 200, 240, 250, 330]
    assert [span["start"] for span in ranges] == [micro(Fraction(n, 30)) for n in cuts[:-1]]
    ends = [span["start"] + span["duration"] for span in ranges]
    assert ends == [micro(Fraction(n, 30)) for n in cuts[1:]]
    assert record["duration"] == micro(Fraction(330, 30))
    assert (record["fps"], record["canvas_config"]["width"]) == (30.0, 1080)


def test_each_piece_shows_what_the_film_shows_there() -> None:
    record = content(drafted(MIXED))
    first, second, fast, standing, last = track(record, "picture")
    assert first["source_timerange"]["start"] == micro(Fraction(12, 24))
    # The second clip has been seen for seven frames of the dissolve when the cut comes.
    assert second["source_timerange"]["start"] == micro(Fraction(7, 30))
    assert fast["speed"] == 2.0
    assert fast["source_timerange"] == {
        "start": micro(Fraction(20, 24) + Fraction(4, 30) * 2),
        "duration": micro(Fraction(20, 24) + Fraction(44, 30) * 2)
        - micro(Fraction(20, 24) + Fraction(4, 30) * 2),
    }
    still = material(record, standing["material_id"])
    assert still["type"] == "photo"
    assert still["path"].endswith("/shot-3-t1-00000003-frame-89.png")  # 20 + 44/30 * 2 * 24 - 1
    assert [fast["volume"], standing["volume"], first["volume"]] == [0.0, 0.0, 1.0]
    assert last["source_timerange"]["start"] == micro(Fraction(12, 30))


def test_joints_have_the_names_and_lengths_that_the_program_knows() -> None:
    for program, numbers in ((JIANYING, ["322577", "2917284"]), (CAPCUT, None)):
        record = content(drafted(MIXED, program=program))
        joints = record["materials"]["transitions"]
        assert [(item["name"], item["duration"]) for item in joints] == [
            ("叠化", 500_000),
            ("向右擦除", 300_000),
        ]
        resources = ["6724845717472416269", "6724849898857959950"]
        assert [item["resource_id"] for item in joints] == resources
        assert [item["effect_id"] for item in joints] == (numbers or resources)


def test_what_has_no_name_becomes_a_dissolve_and_is_said() -> None:
    strange = replace(MIXED, joints=(Joint("dissolve", "", 15), Joint("wipe", "inward", 9), CUT))
    draft = drafted(strange)
    assert [item["name"] for item in content(draft)["materials"]["transitions"]] == ["叠化"] * 2
    note = "shot-2: its transition wipe inward became a dissolve"
    assert [str(note) for note in draft.notes] == [note]
    assert f"- {note}\n" in draft.texts["NOTES.txt"]


def test_every_file_is_registered_under_the_identity_that_the_draft_names() -> None:
    # pyCapCut #13 and #14: CapCut 9.1 asks for files again that are not registered.
    draft = drafted(MIXED)
    record, registry = content(draft), json.loads(draft.texts[REGISTRY])
    imported = {item["file_Path"]: item for item in registry["draft_materials"][0]["value"]}
    media = [*record["materials"]["videos"], *record["materials"]["audios"]]
    assert {item["path"] for item in media} == set(imported)
    for item in media:
        assert item["local_material_id"] == imported[item["path"]]["id"]
        assert imported[item["path"]]["metetype"] == item["type"]
        assert item["path"].startswith(f"{HERE}/materials/")
    assert registry["draft_id"] == record["id"]
    assert registry["tm_draft_modified"] == 1_795_780_800_000_000
    names = [item["path"].rpartition("/")[2] for item in media]
    assert names == [item.name for item in draft.materials]


def test_windows_and_macos_each_find_their_file() -> None:
    draft = drafted(MIXED)
    assert draft.texts[CONTENTS[0]] == draft.texts[CONTENTS[1]]
    assert CONTENTS == ("draft_content.json", "draft_info.json")


def test_a_folder_of_drafts_gives_whole_paths() -> None:
    draft = drafted(MIXED, drafts="D:\\JianyingPro Drafts\\")
    path = content(draft)["materials"]["videos"][0]["path"]
    assert path == "D:/JianyingPro Drafts/fest-vertical/materials/shot-1-t1-00000001.mp4"
    assert json.loads(draft.texts[REGISTRY])["draft_root_path"] == "D:/JianyingPro Drafts"


def test_the_same_film_gives_the_same_bytes_and_another_one_another_identity() -> None:
    assert drafted(MIXED) == drafted(MIXED)
    other = drafted(replace(MIXED, joints=(Joint("fade", "black", 15), *MIXED.joints[1:])))
    assert content(other)["id"] != content(drafted(MIXED))["id"]
    assert content(drafted(MIXED, "copy"))["id"] != content(drafted(MIXED))["id"]


def test_names_that_differ_in_case_alone_stay_apart() -> None:
    pair = film(
        [
            clip(1, 0, 24, media="clips/A.mp4", available=60),
            clip(2, 24, 48, media="../own/a.MP4", available=60),
        ],
        [CUT],
    )
    assert [item.name for item in drafted(pair).materials] == ["A.mp4", "a-2.MP4"]


def test_words_keep_their_times_their_place_and_their_emoji() -> None:
    words = CaptionRecord(
        "醒了 🐈🐈\nwake", 30, 45, pixels=54, x=290, y=1500, width=500, height=150
    )
    label = CaptionRecord("AI", 0, 330, 40, x=40, y=40, width=80, height=50, kind="label")
    record = content(drafted(replace(MIXED, captions=(words, label))))
    assert_laws(record)
    segment = track(record, "words-1")[0]
    assert segment["target_timerange"] == {"start": 1_000_000, "duration": 1_500_000}
    assert segment["clip"]["transform"] == {"x": 0.0, "y": pytest.approx(1 - 2 * 1575 / 1920)}
    text = json.loads(material(record, segment["material_id"])["content"])
    assert text["text"] == "醒了 🐈🐈\nwake"
    # capcut-cli #85: counted in UTF-16 in 211 texts of 38 drafts that the app wrote.
    assert [style["range"] for style in text["styles"]] == [[0, 12]]
    assert text["styles"][0]["size"] == 5.0
    assert track(record, "words-2")[0]["target_timerange"]["duration"] == record["duration"]


def test_sounds_have_their_levels_and_abut_where_music_begins_again() -> None:
    def stretch(begin: int, frames: int, levels: Levels) -> SoundStretch:
        return SoundStretch("music", "../bgm.mp3", begin, frames, 0, 100_001, "0", False, levels)

    dip = ((0, Fraction(0)), (4800, Fraction(-12)), (100_001, Fraction(-12)))
    record = content(
        drafted(
            replace(
                MIXED,
                sounds=(
                    stretch(0, 100_001, Levels(Decimal(-6), fade_in=48_000)),
                    stretch(100_001, 100_001, Levels(Decimal("-6.5"), points=dip)),
                ),
            )
        )
    )
    assert_laws(record)
    first, second = track(record, "music-1")
    end = micro(Fraction(100_001, 48_000))
    assert first["target_timerange"] == {"start": 0, "duration": end}
    assert second["target_timerange"]["start"] == end
    assert first["volume"] == pytest.approx(0.501, abs=1e-3)
    assert record["materials"]["audio_fades"][0]["fade_in_duration"] == 1_000_000
    (curve,) = second["common_keyframes"]
    assert curve["property_type"] == "KFTypeVolume"
    points = [(item["time_offset"], item["values"][0]) for item in curve["keyframe_list"]]
    assert points == [
        (0, pytest.approx(0.473, abs=1e-3)),
        (100_000, pytest.approx(0.1189, abs=1e-3)),
        (end, pytest.approx(0.1189, abs=1e-3)),
    ]


def test_a_film_that_fades_has_its_opacity_over_all_pieces() -> None:
    pair = film([clip(1, 0, 20), clip(2, 20, 90)], [CUT], fade_in=30, fade_out=15)
    curves = [
        {
            (segment["target_timerange"]["start"] + point["time_offset"]): point["values"][0]
            for line in segment["common_keyframes"]
            if line["property_type"] == "KFTypeAlpha"
            for point in line["keyframe_list"]
        }
        for segment in track(content(drafted(pair)), "picture")
    ]
    assert curves == [
        {0: 0.0, 666_667: pytest.approx(2 / 3)},
        {666_667: pytest.approx(2 / 3), 1_000_000: 1.0, 2_500_000: 1.0, 3_000_000: 0.0},
    ]


def test_pictures_over_the_film_lie_above_it_where_they_are() -> None:
    logo = OverlayPicture(
        "../logo.png", Box(880, 60, 160, 80), Fraction(9, 10), 0, 150, True, Size(400, 200)
    )
    record = content(drafted(replace(MIXED, overlays=(logo, replace(logo, above=False)))))
    assert_laws(record)
    names = [row["name"] for row in record["tracks"]]
    assert names == ["picture", "overlay-1", "top-1"]
    place = track(record, "top-1")[0]["clip"]
    # 400 x 200 is contained as 1080 x 540; 160 wide is 160 / 1080 of it.
    assert place["scale"]["x"] == pytest.approx(160 / 1080)
    assert place["transform"] == {
        "x": pytest.approx(960 / 540 - 1),
        "y": pytest.approx(1 - 100 / 960),
    }
    assert place["alpha"] == 0.9


sides = st.integers(min_value=16, max_value=4000)


@given(sides, sides, sides, sides, st.data())
def test_a_box_of_the_picture_comes_to_lie_on_its_box_of_the_canvas(
    width: int, height: int, across: int, down: int, data: st.DataObject
) -> None:
    wide = data.draw(st.integers(1, width))
    left = data.draw(st.integers(0, width - wide))
    top = data.draw(st.integers(0, height - 1))
    seen = Box(left, top, wide, height - top)
    inset = Box(0, 0, across, down)
    place = placed(Size(width, height), seen, inset, Size(across, down))
    # What the program does: the whole picture as large as fits, then scaled and moved.
    scale = place.scale * min(Fraction(across, width), Fraction(down, height))
    middle = Fraction(across, 2) * (1 + place.x), Fraction(down, 2) * (1 - place.y)
    corner = middle[0] - width * scale / 2, middle[1] - height * scale / 2
    assert corner[0] + seen.x * scale == inset.x
    assert corner[1] + seen.y * scale == inset.y
    assert wide * scale == across


@st.composite
def films(draw: st.DrawFn) -> Timeline:
    rate = draw(st.sampled_from([Fraction(24), Fraction(25), NTSC, Fraction(30), Fraction(60)]))
    clips: list[Clip] = []
    joints: list[Joint] = []
    begin = 0
    for number in range(draw(st.integers(1, 12))):
        own = draw(st.sampled_from([Fraction(24), NTSC, Fraction(30), Fraction(16)]))
        speed = draw(st.sampled_from([Fraction(1), Fraction(3, 2), Fraction(1, 3), Fraction(2)]))
        frames = draw(st.integers(20, 90))
        frozen = draw(st.sampled_from([0, 0, 7]))
        first = draw(st.integers(0, 9))
        played = (frames - frozen) / rate * speed * own
        clips.append(
            clip(
                number, begin, begin + frames, rate=own, speed=speed, frozen=frozen, first=first,
                available=first + int(played) + draw(st.integers(1, 3)),
            )
        )  # fmt: skip
        shared = draw(st.sampled_from([0, 0, 3, 9]))
        joints.append(Joint("dissolve", "", shared) if shared else CUT)
        begin += frames - shared
    return film(clips, joints[:-1], rate=rate)


@settings(deadline=None, max_examples=40)
@given(films())
def test_rounding_to_microseconds_never_adds_up(timeline: Timeline) -> None:
    record = content(drafted(timeline))
    assert_laws(record)
    end = 0
    for segment in track(record, "picture"):
        target = segment["target_timerange"]
        assert target["start"] == end  # without gap or overlap: the main track is magnetic
        end += target["duration"]
        frames = Fraction(end, 1_000_000) * timeline.rate
        assert abs(frames - round(frames)) < Fraction(1, 10_000)
    assert end == record["duration"] == micro(timeline.frames / timeline.rate)


def test_the_library_reads_what_it_was_made_to_write(tmp_path: Any) -> None:
    from pyJianYingDraft import DraftFolder

    draft = drafted(MIXED)
    folder = tmp_path / draft.name
    folder.mkdir()
    for name, text in draft.texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    script = DraftFolder(str(tmp_path)).load_template(draft.name)
    assert (script.duration, script.fps) == (11_000_000, 30.0)
    assert [len(row.segments) for row in script.imported_tracks] == [5]


def test_without_the_library_a_sentence_says_how_to_get_it() -> None:
    program = (
        "import sys; sys.modules['pyJianYingDraft'] = None\n"
        "from wanx_render.errors import BadInput\n"
        "from wanx_render.timelines.formats import format_of\n"
        "try: format_of('jianying').drafter()\n"
        "except BadInput as error: print(error.diagnostics[0].code, error.diagnostics[0].hint)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "extra-missing run pip install 'wanx-render[edit]'" in done.stdout, done.stderr
