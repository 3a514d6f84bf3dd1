"""Timelines for editing programs: written, read again by others' code, and equal to the frame."""

import re
import subprocess
import sys
import wave
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import opentimelineio as otio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.support.goldens import is_golden
from wanx_render import manifest
from wanx_render.actions.export import ExportOptions, export
from wanx_render.errors import BadInput
from wanx_render.geometry import Box, Size
from wanx_render.manifest import CaptionRecord, Manifest
from wanx_render.session.environment import Environment
from wanx_render.timelines import edl, formats
from wanx_render.timelines import otio as writer
from wanx_render.timelines.fcpxml import document as fcpxml
from wanx_render.timelines.formats import ExportFormat
from wanx_render.timelines.levels import Levels
from wanx_render.timelines.reading import timeline_of
from wanx_render.timelines.timeline import (
    Clip,
    Crossing,
    Joint,
    OverlayPicture,
    SoundFormat,
    SoundStretch,
    Timeline,
    pieces,
    used,
)
from wanx_render.timing import frames_in

HOSTILE = '一只猫 ]]> "quoted" <b>&amp;\n003  EVIL V C\x1b[2J\x00 \u202etxt.'
NTSC = Fraction(30000, 1001)


def clip(number: int, begin: int, end: int, **fields: Any) -> Clip:
    made = Clip(
        shot=f"shot-{number}", take=1, media=f"clips/shot-{number}-t1-{number:08x}.mp4",
        size=Size(816, 1104), rate=Fraction(24), available=120, first=12, begin=begin, end=end,
        frozen=0, speed=Fraction(1), sound=True, gain="0", caption="",
        facts={"prompt": HOSTILE, "seed": 40 + number},
    )  # fmt: skip
    return replace(made, **fields)


def line(clips: list[Clip], joints: list[Joint], rate: Fraction = Fraction(30)) -> Timeline:
    return Timeline(
        project="fest", name="vertical", size=Size(1080, 1920), rate=rate, fit="crop",
        frames=clips[-1].end, clips=tuple(clips), joints=tuple(joints), sounds=(),
    )  # fmt: skip


def link(media: str) -> str:
    return f"file:///renders/{media}"


CUT = Joint("cut", "", 0)


def words(text: str, start: int, frames: int, **fields: Any) -> CaptionRecord:
    return CaptionRecord(text, start, frames, 62, 120, 1500, 840, 90, **fields)


# 24 and 30 fps, an odd dissolve, a wipe, a cut; one clip is twice as fast and then holds.
MIXED = line(
    [
        clip(1, 0, 100, caption="醒了"),
        clip(
            2,
            85,
            205,
            rate=Fraction(30),
            available=150,
            first=0,
            crop=(Box(98, 0, 612, 1088),),
            format=SoundFormat(44_100, 1, 220_500),
        ),
        clip(3, 196, 250, first=20, speed=Fraction(2), frozen=10, gain="-Infinity"),
        clip(
            4,
            250,
            330,
            rate=Fraction(30),
            sound=False,
            take=0,
            kind="still",
            source="../四.png",
            facts={},
            crop=(Box(0, 8, 612, 1088), Box(204, 8, 612, 1088)),
        ),
    ],
    [Joint("dissolve", "", 15), Joint("wipe", "right", 9), CUT],
)
FALL = ((0, Fraction(0)), (9600, Fraction(-12)), (48_000, Fraction(-12)))
RICH = replace(
    MIXED,
    captions=(
        words("醒了", 0, 90),
        words("Two <lines>\n& more", 60, 60),
        words("AI生成", 0, 330, kind="label"),
    ),
    overlays=(
        OverlayPicture("../logo.png", Box(900, 60, 120, 60), Fraction(9, 10), 0, 150, above=True,
                       size=Size(400, 200)),
        OverlayPicture("../夏.png", Box(40, 60, 200, 100), Fraction(1), 100, 205, above=False),
    ),
    sounds=(
        SoundStretch(
            "music", "../bgm.mp3", 0, 528_000, 24_000, 960_000, "-10", ducked=True,
            levels=Levels(Decimal("-12.5"), 24_000, 48_000, FALL),
            format=SoundFormat(44_100, 2, 882_000),
        ),
        SoundStretch(
            "voice", "../hi.wav", 100_001, 48_000, 0, 48_000, "3", ducked=False,
            levels=Levels(Decimal("0.5")), format=SoundFormat(16_000, 1, 16_000),
        ),
    ),
    fade_in=12, fade_out=20, fade_through=("black", "white"), loudness=Decimal("-2.5"),
    notes=(("fade in", "12 frames"), ("peaks", "held at the end")),
)  # fmt: skip


def moment(time: Any) -> Fraction:
    """The library's time as an exact one, in seconds."""
    rate = Fraction(time.rate).limit_denominator(1001)
    return Fraction(time.value).limit_denominator(10**6) / rate


def read_back(text: str) -> Any:
    return otio.adapters.read_from_string(text, "otio_json")


FILES = [row for row in map(formats.format_of, formats.NAMES) if isinstance(row, ExportFormat)]
WRITERS = {row.name: row.writer() for row in FILES}


@pytest.mark.golden
@pytest.mark.parametrize("name", WRITERS)
def test_the_file_is_the_one_that_was_looked_at(name: str) -> None:
    assert is_golden(f"export.{name}", WRITERS[name](RICH, link))


def test_otio_reads_back_equal_to_the_frame() -> None:
    text = writer.text_of(MIXED, link)
    made = read_back(text)
    assert made.to_json_string(indent=2) + "\n" == text
    track = made.tracks[0]
    assert moment(track.duration()) == Fraction(330, 30)
    laid = list(pieces(MIXED))
    assert len(laid) == len(track) == 7  # five pieces, two joints
    for ours, theirs in zip(laid, track, strict=True):
        if isinstance(ours, Crossing):
            assert moment(theirs.in_offset) * 30 == ours.before
            assert moment(theirs.out_offset) * 30 == ours.after
            assert theirs.name == ours.joint.name
            continue
        place = theirs.range_in_parent()
        assert moment(place.start_time) * 30 == ours.begin
        assert moment(place.duration) * 30 == ours.frames
        assert theirs.source_range.start_time.rate == float(ours.clip.rate)
        assert moment(theirs.source_range.start_time) * ours.clip.rate == ours.first
        assert theirs.media_reference.target_url == link(ours.clip.media)
        assert moment(theirs.media_reference.available_range.duration) * ours.clip.rate == (
            ours.clip.available
        )


def test_otio_has_the_prompt_and_the_seed_as_they_were_written() -> None:
    made = read_back(writer.text_of(MIXED, link))
    first = made.tracks[0][0]
    prompt = HOSTILE.replace("\0", "�")
    assert first.metadata["wanx_render"]["prompt"] == prompt
    assert [(m.name, m.comment, m.color) for m in first.markers] == [
        ("shot-1 take 1, seed 41", prompt, "GREEN"),
        ("caption", "醒了", "YELLOW"),
    ]
    fast, still = made.tracks[0][4], made.tracks[0][5]
    assert [type(item).__name__ for item in (*fast.effects, *still.effects)] == [
        "LinearTimeWarp", "FreezeFrame",
    ]  # fmt: skip
    assert fast.effects[0].time_scalar == 2.0
    assert not list(still.markers)


def test_the_clips_own_sound_is_a_track_beside_the_pictures() -> None:
    made = read_back(writer.text_of(MIXED, link))
    pictures, sound = made.tracks
    assert moment(sound.duration()) == moment(pictures.duration())
    kinds = [type(item).__name__ for item in sound]
    assert kinds == ["Clip", "Transition", "Clip", "Gap", "Gap", "Gap"]  # muted, standing, silent


def test_handles_lie_on_both_sides_of_what_is_used() -> None:
    made = read_back(writer.text_of(MIXED, link)).tracks[0]
    first, joint, second = made[0], made[1], made[2]
    whole = first.media_reference.available_range
    assert first.source_range.start_time > whole.start_time
    after = first.source_range.end_time_exclusive() + joint.out_offset
    assert moment(after) <= moment(whole.end_time_exclusive())
    assert moment(second.source_range.start_time - joint.in_offset) == 0


@pytest.mark.parametrize("rate", [Fraction(30), Fraction(24), Fraction(25)])
def test_an_edl_is_read_as_it_was_meant(rate: Fraction) -> None:
    clips = [
        clip(1, 0, 100, rate=rate),
        clip(2, 85, 205, rate=rate, first=5),
        clip(3, 205, 250, rate=rate),
    ]
    written = line(clips, [Joint("dissolve", "", 15), CUT], rate)
    text = edl.text_of(written, lambda media: f"/renders/{media}")
    made = otio.adapters.read_from_string(text, "cmx_3600", rate=float(rate))
    (track,) = made.tracks
    assert moment(track.duration()) * rate == 250
    assert [item.name for item in track if isinstance(item, otio.schema.Clip)] == [
        "shot-1", "shot-2", "shot-3",
    ]  # fmt: skip
    joint = next(item for item in track if isinstance(item, otio.schema.Transition))
    assert moment(joint.in_offset + joint.out_offset) * rate == 15
    starts = [moment(c.source_range.start_time) * rate for c in track.find_clips()]
    assert starts == [12, 5, 12]
    assert track[0].markers[0].name.startswith("TAKE 1, SEED 41: 一只猫")


def test_an_edl_has_no_line_that_somebody_else_wrote() -> None:
    text = edl.text_of(MIXED, lambda media: f"/renders/{media}")
    events = [item for item in text.splitlines() if re.match(r"\d{3} ", item)]
    assert not any("EVIL" in item for item in events)
    assert len(events) == 7  # five events, two of them with the clip they take over from
    assert all(item.isprintable() for item in text.splitlines())
    assert events[0].split()[-4:] == ["00:00:00:15", "00:00:03:10", "01:00:00:00", "01:00:02:25"]
    assert "M2   00000003       060.0" in text
    assert "M2   00000003       000.0" in text
    assert "W001 009" in text


def parsed(timeline: Timeline) -> ElementTree.Element:
    return ElementTree.fromstring(fcpxml.text_of(timeline, link))  # noqa: S314  # our own text


def fraction(text: str) -> Fraction:
    return Fraction(text.removesuffix("s"))


def test_fcpxml_has_every_time_as_an_exact_fraction() -> None:
    root = parsed(MIXED)
    spine = root.find(".//spine")
    assert spine is not None
    laid = list(pieces(MIXED))
    assert len(spine) == len(laid)
    formats = {f.get("id"): fraction(f.get("frameDuration", "")) for f in root.iter("format")}
    assert set(formats.values()) == {Fraction(1, 24), Fraction(1, 30)}
    assets = {a.get("id"): a for a in root.iter("asset")}
    for ours, theirs in zip(laid, spine, strict=True):
        if isinstance(ours, Crossing):
            assert fraction(theirs.attrib["duration"]) == Fraction(ours.joint.frames, 30)
            continue
        assert fraction(theirs.attrib["offset"]) == Fraction(ours.begin, 30)
        assert fraction(theirs.attrib["duration"]) == Fraction(ours.frames, 30)
        asset = assets[theirs.get("ref")]
        assert fraction(asset.attrib["duration"]) == ours.clip.available / ours.clip.rate
        assert formats[asset.get("format")] == 1 / ours.clip.rate
        speed = 1 if ours.still else ours.clip.speed
        assert fraction(theirs.attrib["start"]) == ours.first / ours.clip.rate / speed


def test_fcpxml_is_well_formed_whatever_the_prompt_says() -> None:
    root = parsed(replace(RICH, project=HOSTILE))
    note = root.find(".//marker")
    assert note is not None
    assert note.get("note") == '一只猫 ]]> "quoted" <b>&amp; 003  EVIL V C�[2J� �txt.'
    order = [
        "note", "conform-rate", "timeMap", "adjust-conform", "adjust-transform", "adjust-volume",
        "connected", "marker",
    ]  # fmt: skip
    connected = ("asset-clip", "title", "video")
    for item in root.iter("asset-clip"):
        tags = ("connected" if child.tag in connected else child.tag for child in item)
        places = [order.index(tag) for tag in tags]
        assert places == sorted(places)


def test_sounds_lie_where_they_are_heard() -> None:
    first_levels, last_levels = Levels(Decimal(-10), 24_000), Levels(Decimal(-10), 0, 48_000)
    music = SoundStretch(
        "music", "../bgm.wav", 0, 96_000, 24_000, 120_000, "-10", ducked=True, levels=first_levels
    )
    again = replace(music, begin=96_000, frames=120_000, skip=0, levels=last_levels)
    voice = SoundStretch(
        "voice", "../你好.wav", 144_000, 48_000, 0, 48_000, "3", ducked=False,
        levels=Levels(Decimal(3)),
    )  # fmt: skip
    both = replace(MIXED, sounds=(music, again, voice))
    made = read_back(writer.text_of(both, link))
    assert [track.name for track in made.tracks] == ["shots", "clip sound", "music", "voice"]
    first, second = made.tracks[2]
    assert moment(first.source_range.start_time) == Fraction(1, 2)
    assert moment(second.range_in_parent().start_time) == 2
    assert moment(made.tracks[3][1].range_in_parent().start_time) == 3
    root = parsed(both)
    hosts = {c.get("name"): h for h in root.iter("asset-clip") for c in h.findall("asset-clip")}
    child = next(c for c in root.iter("asset-clip") if c.get("name") == "你好.wav")
    host = hosts["你好.wav"]
    inside = fraction(child.attrib["offset"]) - fraction(host.attrib["start"])
    assert fraction(host.attrib["offset"]) + inside == 3


RATES = st.sampled_from([Fraction(24), Fraction(30), Fraction(25), NTSC])


@st.composite
def timelines(draw: st.DrawFn) -> Timeline:
    rate, at, clips, joints = draw(RATES), 0, [], []
    shared = 0
    for number in range(draw(st.integers(1, 5))):
        own, speed = draw(RATES), draw(st.sampled_from([Fraction(1), Fraction(2), Fraction(1, 3)]))
        frames = draw(st.integers(max(shared, 1) + 1, 90))
        frozen = draw(st.integers(0, frames // 2))
        first = draw(st.integers(0, 20))
        end = at + frames
        shown = frames_in((frames - frozen) / rate * speed, own)
        clips.append(
            clip(number, at, end, rate=own, speed=speed, frozen=frozen, first=first,
                 available=first + max(shown, 1) + draw(st.integers(0, 9)))
        )  # fmt: skip
        shared = draw(st.integers(0, (frames - shared) // 2))
        joints.append(Joint("dissolve", "", shared) if shared else CUT)
        at = end - shared
    return line(clips, joints[:-1], rate)


@settings(deadline=None, max_examples=60)
@given(timelines())
def test_pieces_fill_the_timeline_and_stay_within_what_was_used(timeline: Timeline) -> None:
    at = 0
    for piece in pieces(timeline):
        if isinstance(piece, Crossing):
            assert piece.before >= 0
            assert piece.after >= 0
            assert piece.before + piece.after == piece.joint.frames
            continue
        assert piece.begin == at
        assert piece.frames > 0
        at += piece.frames
        assert piece.clip.first <= piece.first
        end = piece.first + (
            0 if piece.still else piece.frames / timeline.rate * piece.clip.speed
        ) * (piece.clip.rate)
        assert end <= piece.clip.first + used(piece.clip, piece.clip.end, timeline) + 1
    assert at == timeline.frames
    assert moment(read_back(writer.text_of(timeline, link)).tracks[0].duration()) == (
        timeline.frames / timeline.rate
    )
    parsed(timeline)


LIST = """\
version: 1
project: cut
defaults: {resolution: 480P, model: wanx2.1-i2v-turbo, duration: 3, image: a.png}
shots:
  - {id: one, prompt: '一只猫 ]]> "q"', seed: 5, trim: {start: 0.5, end: 2.7},
     transition: {type: dissolve, duration: 0.5}}
  - {id: two, prompt: second}
deliverables:
  - name: vertical
    aspect: 9:16
    size: 90x160
    fps: 24
    audio: {music: {file: 音乐.wav, gain: -10, start: 0.5},
            voices: [{file: hi.wav, shot: two, at: 0.25}]}
  - {name: square, aspect: 1:1, size: 90x90}
"""


def tone(path: Path, seconds: float) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes((b"\x00\x10" * 10 + b"\x00\xf0" * 10) * int(8000 * seconds / 20))


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a list that was rendered."""
    folder = tmp_path_factory.mktemp("export 一")
    Image.new("RGB", (450, 800), "#884422").save(folder / "a.png")
    tone(folder / "音乐.wav", 2.0)
    tone(folder / "hi.wav", 0.5)
    (folder / "list.yaml").write_text(LIST, encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "wanx_render", "list.yaml"],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    return folder


Run = Callable[..., list[Path]]


@pytest.fixture
def run(rendered: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def start(style: str, **options: Any) -> list[Path]:
        made = ExportOptions(rendered / "list.yaml", style, **options)
        assert export(made, Environment({}, sys.stdout, sys.stderr)) == 0
        return [Path(item) for item in capsys.readouterr().out.splitlines()]

    return start


def record(rendered: Path) -> Manifest:
    return manifest.read(rendered / "renders" / "cut" / "manifest.json")


def test_a_rendered_list_becomes_a_file_for_each_deliverable(run: Run, rendered: Path) -> None:
    folder = rendered / "renders" / "cut"
    assert run("otio") == [folder / "vertical.otio", folder / "square.otio"]
    made = otio.adapters.read_from_file(str(folder / "vertical.otio"))
    film = record(rendered).deliverables[0]
    assert moment(made.tracks[0].duration()) == Fraction(film.frames, 24)
    for track in made.tracks:
        for item in track.find_clips():
            path = Path(unquote(urlsplit(item.media_reference.target_url).path))
            assert path.is_file(), path
    assert [track.name for track in made.tracks] == ["shots", "music", "voice"]
    music = made.tracks[1]
    assert moment(music.duration()) == moment(made.tracks[0].duration())
    assert [moment(item.source_range.start_time) for item in music][:2] == [Fraction(1, 2), 0]
    seam = film.parts[1].start
    spoken = made.tracks[2][1].range_in_parent().start_time
    assert moment(spoken) == Fraction(seam, 24) + Fraction(1, 4)


def test_a_timeline_can_name_files_from_where_it_lies(run: Run, rendered: Path) -> None:
    out = rendered / "for the editor.fcpxml"
    assert run("fcpxml", out=out, deliverable="square", relative=True) == [out]
    root = ElementTree.fromstring(out.read_text(encoding="utf-8"))  # noqa: S314  # our own text
    sources = [item.get("src", "") for item in root.iter("media-rep")]
    assert sources
    for item in sources:
        assert item.startswith("renders/cut/clips/")
        assert (rendered / unquote(item)).is_file()


def test_nothing_that_was_not_made_is_exported(run: Run, rendered: Path) -> None:
    with pytest.raises(BadInput, match="unknown deliverable 'squar'"):
        run("edl", deliverable="squar")
    with pytest.raises(BadInput, match="there are 2 deliverables"):
        run("edl", out=rendered / "x.edl")
    with pytest.raises(BadInput, match="nothing was rendered here yet"):
        run("edl", folder=rendered / "elsewhere")


def test_an_unknown_format_or_transition_is_an_error(run: Run) -> None:
    with pytest.raises(BadInput, match="'xml' is not a valid export format"):
        run("xml")
    for name in ("otio", "fcpxml", "edl"):
        with pytest.raises(BadInput, match="'morph' is not a valid transition"):
            WRITERS[name](replace(MIXED, joints=(Joint("morph", "", 15), *MIXED.joints[1:])), link)


def test_without_the_library_a_sentence_says_how_to_get_it(rendered: Path) -> None:
    program = (
        "import sys; sys.modules['opentimelineio'] = None; from wanx_render.cli import main; "
        "main(['export', 'list.yaml', '--format', 'otio'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=rendered, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "pip install 'wanx-render[edit]'" in done.stderr


def test_an_unchanged_deliverable_keeps_its_sounds_in_the_record(rendered: Path) -> None:
    before = record(rendered).deliverables[0].sounds
    ran = subprocess.run(
        [sys.executable, "-m", "wanx_render", "list.yaml"], cwd=rendered, capture_output=True
    )
    assert ran.returncode == 0
    assert record(rendered).deliverables[0].sounds == before
    assert [(item.kind, item.file) for item in before] == [
        ("music", "../../音乐.wav"), ("voice", "../../hi.wav"),
    ]  # fmt: skip
    assert timeline_of(record(rendered), record(rendered).deliverables[0]).sounds
