"""What decoding a segment showed: kept in it, and compared with the file it is joined into."""

import hashlib
import json
import struct
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.support import damage
from tests.support.media import facts
from tests.tiers import sample
from wanx_render import integrity
from wanx_render.errors import Broken, Damaged, FfmpegError
from wanx_render.finishing.codecs import ENCODERS
from wanx_render.finishing.decode_record import (
    DecodeRecord,
    Tap,
    confirm,
    examine,
    hear,
    kept,
    kept_sound,
    stretches,
)
from wanx_render.finishing.jobs import (
    JoinCall,
    SegmentCall,
    SoundCall,
    make_deliverable,
    make_segment,
    make_sound,
    taps,
)
from wanx_render.finishing.mix import NO_MIX
from wanx_render.finishing.segment import ClipMedia, Segment, pieces_arguments
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


def test_a_segment_says_what_checking_it_showed(each_program: ffmpeg.Ffmpeg, segment: Path) -> None:
    record = kept(segment)
    assert record is not None
    decoded = examine(each_program, [segment])[0]
    assert (record.head, record.packets) == (decoded.head, decoded.packets)
    assert (len(record.packets), record.looks) == (30, "." * 30)
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
    with pytest.raises(Broken, match="pictures: not in part 1, expected as checked"):
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
    call = JoinCall("out", (segment, segment), FRAME, 60, tmp_path / "out.mp4", sounds=(sound,))
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


PIECES = {
    "h264": replace(FRAME, quality="standard"),
    "h265": replace(FRAME, codec="h265", quality="draft"),
    "av1": replace(FRAME, codec="av1", quality="draft"),
}


def tapped(
    program: ffmpeg.Ffmpeg,
    folder: Path,
    source: str = "testsrc2=s=90x160:r=30",
    frame: Frame = FRAME,
    *,
    whole: bool = False,
    more: tuple[str, ...] = (),
) -> tuple[Path, Tap]:
    """A segment of two seconds as the encoder wrote it, and what was noted beside it."""
    path = folder / "clip.mp4"
    ffmpeg.run(
        program,
        ("-f", "lavfi", "-i", source, "-f", "lavfi", "-i", "sine=r=48000", "-t", "2", "-c:v",
         "libx264", "-qp", "4", "-pix_fmt", "yuv420p", "-c:a", "aac", "-f", "mp4", "-y", str(path)),
    )  # fmt: skip
    take = ClipMedia(path, "ab", Size(90, 160), Fraction(30), 60, has_sound=True)
    form = ENCODERS[frame.codec].form
    assert form
    tap = Tap(folder / "tap", frame.rate, form.written, whole=whole)
    target = folder / "part.mov"
    piece = Segment.whole(take, Cut(0, 60), Focus(), frame)
    arguments = pieces_arguments([(piece, target)], [tap])
    at = arguments.index("tee") - 1
    ffmpeg.run(program, [*arguments[:at], *more, *arguments[at:]])
    return target, tap


@pytest.mark.parametrize("codec", sample(1, PIECES))
def test_a_piece_is_to_the_byte_what_it_is_without_being_watched(
    each_program: ffmpeg.Ffmpeg, tmp_path: Path, codec: str
) -> None:
    """In a folder whose name means something to the muxer that writes both."""
    folder = tmp_path / "it's|a [f=mov] \\: folder"
    folder.mkdir()
    frame = PIECES[codec]
    target, tap = tapped(each_program, folder, frame=frame)
    clip = ClipMedia(folder / "clip.mp4", "ab", Size(90, 160), Fraction(30), 60, has_sound=True)
    alone = folder / "alone.mov"
    piece = Segment.whole(clip, Cut(0, 60), Focus(), frame)
    ffmpeg.run(each_program, pieces_arguments([(piece, alone)]))
    assert target.read_bytes() == alone.read_bytes()
    record = confirm(each_program, [target], [replace(tap, whole=True)])[0]
    assert (record.decoded, len(record.packets), len(record.looks)) == ("whole", 60, 60)
    given = tap.file("luma").read_bytes()
    for number, shown in enumerate(decoded_by_another(target)):
        points = np.frombuffer(given[number * 2304 :][:2304], np.uint8).reshape(48, 48)
        assert np.abs(blocks(shown) - blocks(points)).mean() < 10


def decoded_by_another(path: Path) -> "list[np.ndarray]":
    """The luma of each frame."""
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="yuv420p")[:160] for frame in container.decode(video=0)]


def blocks(luma: "np.ndarray") -> "np.ndarray":
    """The means of 5 rows of 3."""
    high, wide = luma.shape[0] // 5, luma.shape[1] // 3
    return luma[: 5 * high, : 3 * wide].reshape(5, high, 3, wide).mean(axis=(1, 3))


NOT_THOSE = "the pictures in the file are not those that were encoded"
# What may happen between an encoder and its file, and what is said of it.
FAULTS: dict[str, tuple[damage.Damage, str]] = {
    "key frame": (damage.in_packet(0, 0.7), "ffmpeg failed|not those that were encoded"),
    "late bit of another frame": (damage.in_packet(31, 0.95), NOT_THOSE),
    "swapped": (damage.rewritten(damage.swapped), NOT_THOSE),
    "repeated": (damage.rewritten(damage.repeated), NOT_THOSE),
    "dropped": (damage.rewritten(damage.dropped), NOT_THOSE),
    "head": (damage.in_head, "ffmpeg failed|not those that were encoded"),
    "times": (damage.in_box("ctts", -9), NOT_THOSE),
    "sizes": (damage.in_box("stsz", -9), "ffmpeg failed|not those that were encoded"),
    "sound": (damage.in_sound, "the sound in the file is not the one that was encoded"),
    "truncated": (damage.cut_off, "ffmpeg failed"),
}


@pytest.mark.parametrize(
    "fault",
    sample(
        4,
        [
            "late bit of another frame",
            "dropped",
            "sound",
            *sorted(set(FAULTS) - {"late bit of another frame", "dropped", "sound"}),
        ],
    ),
)
def test_a_file_that_is_not_what_the_encoder_gave_is_noticed(
    program: ffmpeg.Ffmpeg, tmp_path: Path, fault: str
) -> None:
    target, tap = tapped(program, tmp_path)
    change, message = FAULTS[fault]
    change(target)
    with pytest.raises(FfmpegError, match=message):
        confirm(program, [target], [tap])


def test_a_frame_that_is_decoded_as_another_is_noticed_where_it_is_decoded(
    program: ffmpeg.Ffmpeg, tmp_path: Path
) -> None:
    target, tap = tapped(program, tmp_path)
    luma = tap.file("luma").read_bytes()
    for number, whole, noticed in ((0, False, True), (31, False, False), (31, True, True)):
        at = number * 2304
        inverted = bytes(255 - value for value in luma[at : at + 2304])
        tap.file("luma").write_bytes(luma[:at] + inverted + luma[at + 2304 :])
        if noticed:
            with pytest.raises(FfmpegError, match=f"frame {number} is decoded as another picture"):
                confirm(program, [target], [replace(tap, whole=whole)])
        else:
            confirm(program, [target], [tap])


def test_an_encoder_that_does_not_agree_with_the_decoder_is_noticed_in_a_sample(
    program: ffmpeg.Ffmpeg, tmp_path: Path
) -> None:
    """What is not looked for in every frame: packets that were wrong when they were encoded."""
    wrong = ("-bsf:v", "noise=amount=if(eq(n\\,31)\\,40\\,0)")
    target, tap = tapped(program, tmp_path, more=wrong)
    assert confirm(program, [target], [tap])[0].decoded == "keys"
    with pytest.raises(FfmpegError):
        confirm(program, [target], [replace(tap, whole=True)])


@pytest.mark.proof
@pytest.mark.parametrize("codec", PIECES)
def test_nothing_but_noise_in_the_worst_quality_is_no_other_picture(
    each_program: ffmpeg.Ffmpeg, tmp_path: Path, codec: str
) -> None:
    noise = "color=gray:s=90x160:r=30,format=yuv420p,geq=random(1)*255:128:128"
    frame = replace(PIECES[codec], quality="draft")
    target, tap = tapped(each_program, tmp_path, noise, frame, whole=True)
    assert len(confirm(each_program, [target], [tap])[0].looks) == 60


def test_which_segments_are_decoded_whole_hangs_on_their_names_and_quality() -> None:
    """Those of the best quality, and one of 16 of the others: SHA-256 of a name, its first bits."""
    take = ClipMedia(Path("a.mp4"), "ab", Size(90, 160), Fraction(30), 30, has_sound=False)

    def chosen(frame: Frame) -> list[int]:
        piece = Segment.whole(take, Cut(0, 30), Focus(), frame)
        calls = [SegmentCall(piece, Path(f"{number}.mov")) for number in range(100)]
        return [number for number, tap in enumerate(taps(calls, Path("t"))) if tap.whole]

    by_hand = [
        number
        for number in range(100)
        if hashlib.sha256(f"{number}.mov".encode()).hexdigest()[7] == "0"
    ]
    assert chosen(FRAME) == by_hand
    assert 1 < len(by_hand) < 12
    assert chosen(replace(FRAME, quality="master")) == list(range(100))
    assert not taps(
        [
            SegmentCall(
                Segment.whole(take, Cut(0, 30), Focus(), replace(FRAME, codec="h264_nvenc")),
                Path("a"),
            )
        ],
        Path("t"),
    )


def test_a_segment_of_an_earlier_version_was_decoded_whole(
    each_program: ffmpeg.Ffmpeg, segment: Path, tmp_path: Path
) -> None:
    """Its record does not say so; it is joined as ever."""
    record = kept(segment)
    assert record is not None
    body = segment.read_bytes()[: -integrity.SEAL]
    (length,) = struct.unpack(">I", body[-4:])
    fields = json.loads(body[-4 - length : -4])
    del fields["decoded"]
    text = json.dumps(fields).encode()
    size = struct.pack(">I", 8 + len(text) + 4 + integrity.SEAL)
    media = body[: -4 - length - 8]
    segment.write_bytes(media + size + b"skip" + text + struct.pack(">I", len(text)))
    integrity.seal(segment, segment.name)
    assert kept(segment) == replace(record, decoded="whole")
    call = JoinCall("out", (segment, segment), FRAME, 60, tmp_path / "out.mp4")
    make_deliverable(each_program, call)
    assert facts(call.target).frames == 60


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
