"""What decoding a segment showed: kept in it, and compared with the file it is joined into."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from tests.support.media import facts
from wanx_render import integrity
from wanx_render.errors import Broken, Damaged, FfmpegError
from wanx_render.finishing.decode_record import (
    DecodeRecord,
    examine,
    hear,
    kept,
    kept_sound,
    stretches,
)
from wanx_render.finishing.jobs import (
    JoinCall,
    SoundCall,
    make_deliverable,
    make_segment,
    make_sound,
)
from wanx_render.finishing.mix import NO_MIX
from wanx_render.finishing.segment import ClipMedia, Segment
from wanx_render.frame import Frame
from wanx_render.geometry import Focus, Size
from wanx_render.media import ffmpeg
from wanx_render.timing import Cut

FRAME = Frame(Size(90, 160), Fraction(30), "crop", "black")
WHITE, BLACK = "eb" * 2304, "10" * 2304


@pytest.fixture
def segment(each_program: ffmpeg.Ffmpeg, tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    ffmpeg.run(
        each_program,
        ("-f", "lavfi", "-i", "testsrc2=s=90x160:r=30:d=1", "-c:v", "libx264", "-pix_fmt",
         "yuv420p", "-f", "mp4", "-y", str(path)),
    )  # fmt: skip
    take = ClipMedia(path, "ab", Size(90, 160), Fraction(30), 30, has_sound=False)
    target = tmp_path / "segment.mov"
    make_segment(each_program, Segment.whole(take, Cut(0, 30), Focus(), FRAME), target)
    return target


def test_a_segment_says_what_decoding_it_showed(each_program: ffmpeg.Ffmpeg, segment: Path) -> None:
    record = kept(segment)
    assert record is not None
    assert record == examine(each_program, [segment])[0]
    assert (len(record.packets), len(record.looks)) == (30, 30)
    assert facts(segment).frames == 30  # what is written behind it disturbs nobody


def test_what_was_written_behind_a_segment_and_changed_since_is_not_believed(
    segment: Path,
) -> None:
    whole = segment.read_bytes()
    at = whole.rindex(b'"looks": "') + 12
    segment.write_bytes(whole[:at] + b"b" + whole[at + 1 :])
    assert kept(segment) is None


def test_other_files_tell_nothing(tmp_path: Path) -> None:
    path = tmp_path / "short"
    path.write_bytes(b"")
    assert kept(path) is None


def test_one_changed_bit_in_a_segment_is_noticed_and_the_segment_dropped(
    each_program: ffmpeg.Ffmpeg, segment: Path, tmp_path: Path
) -> None:
    """One that decodes without a complaint: only the packets' hashes tell."""
    target = tmp_path / "out.mp4"
    call = JoinCall("out", (segment, segment), FRAME, 60, target)
    make_deliverable(each_program, call)
    before = target.read_bytes()
    whole = bytearray(segment.read_bytes())
    at = whole.index(b"mdat") + 1200
    whole[at] ^= 1
    segment.write_bytes(whole)
    with pytest.raises(Damaged, match=r"segment\.mov"):
        make_deliverable(each_program, call)
    assert target.read_bytes() == before
    assert not segment.exists()


def test_packets_that_are_not_those_that_were_decoded_are_noticed_behind_a_good_seal(
    each_program: ffmpeg.Ffmpeg, segment: Path, tmp_path: Path
) -> None:
    whole = bytearray(segment.read_bytes()[: -integrity.SEAL])
    whole[whole.index(b"mdat") + 1200] ^= 1
    segment.write_bytes(whole)
    integrity.seal(segment, segment.name)
    call = JoinCall("out", (segment, segment), FRAME, 60, tmp_path / "out.mp4")
    with pytest.raises(Broken, match="pictures: not in part 1, expected as decoded"):
        make_deliverable(each_program, call)
    assert not call.target.exists()


@pytest.mark.parametrize(
    "damage",
    [
        lambda data, at: data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :],
        lambda data, at: data[: at + 40],
        lambda data, _: bytes(200) + data[200:],
    ],
    ids=["bit", "cut off", "no head"],
)
def test_a_sound_that_was_damaged_since_is_noticed_and_dropped(
    each_program: ffmpeg.Ffmpeg,
    segment: Path,
    tmp_path: Path,
    damage: Callable[[bytes, int], bytes],
) -> None:
    sound = tmp_path / "sound.mov"
    spoken = SoundCall((segment, segment), 96_000, NO_MIX, sound)
    make_sound(each_program, spoken)
    whole = sound.read_bytes()
    assert kept_sound(sound) == hear(each_program, sound, peaks=False)
    call = JoinCall("out", (segment, segment), FRAME, 60, tmp_path / "out.mp4", sound=sound)
    make_deliverable(each_program, call)
    before = call.target.read_bytes()
    sound.write_bytes(damage(whole, whole.index(b"mdat") + 5))
    with pytest.raises(Damaged, match=r"sound\.mov"):
        make_deliverable(each_program, call)
    assert call.target.read_bytes() == before
    assert not sound.exists()
    make_sound(each_program, spoken)
    assert sound.read_bytes() == whole


def test_damage_is_an_error(each_program: ffmpeg.Ffmpeg, segment: Path) -> None:
    whole = segment.read_bytes()
    at = whole.index(b"mdat") + 400
    segment.write_bytes(whole[:at] + bytes(1500) + whole[at + 1500 :])
    with pytest.raises(FfmpegError):
        examine(each_program, [segment])


def seen(looks: str, first: str = WHITE, last: str = WHITE) -> DecodeRecord:
    return DecodeRecord("head", ("1 a",) * len(looks), looks, first, last)


# Looks of pieces at ten frames a second, and what is reported of them.
STRETCHES = [
    (["." * 40], []),
    (["...bBBB...."], []),  # 0.4 s are no fault
    (["...bBBBB..."], [("black", 3, 8)]),
    (["....." + "s" * 19], [("still", 4, 24)]),
    (["....." + "s" * 18], []),
    (["b" + "B" * 30], [("black", 0, 31), ("still", 0, 31)]),
]


@pytest.mark.parametrize(("looks", "expected"), STRETCHES)
def test_stretches_are_reported_from_their_length_on(
    looks: list[str], expected: list[tuple[str, int, int]]
) -> None:
    found = list(stretches([seen(look) for look in looks], Fraction(10)))
    assert [(word, start * 10, end * 10) for word, start, end in found] == expected


def test_a_stretch_goes_on_in_the_next_piece_where_the_picture_does() -> None:
    one = seen("....." + "s" * 9)
    two = seen("." + "s" * 9 + "...")
    assert list(stretches([one, two], Fraction(10))) == [
        ("still", Fraction(4, 10), Fraction(24, 10))
    ]
    assert not list(stretches([one, replace(two, first=BLACK)], Fraction(10)))
    dark = seen("..." + "bBB", last=BLACK), seen("bB...", first=BLACK)
    assert list(stretches(dark, Fraction(10))) == [("black", Fraction(3, 10), Fraction(8, 10))]
