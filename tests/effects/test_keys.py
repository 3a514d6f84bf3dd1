"""Keys of pieces and sounds without overlays, looks and fades are what they were before these."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from wanx_render.finishing.mix import NO_MIX, Mix, MusicTrack, Track
from wanx_render.finishing.segment import ClipMedia, Seam, Segment, sound_key
from wanx_render.frame import Frame
from wanx_render.geometry import Focus, Size
from wanx_render.media.ffmpeg import Ffmpeg
from wanx_render.shotlist.model import Transition
from wanx_render.timing import Cut

PROGRAM = Ffmpeg(Path("x"), "v", (1, 2, 3), "o")
TAKE = ClipMedia(Path("a"), "sha", Size(720, 1280), Fraction(30), 150, has_sound=True)
FRAME = Frame(Size(540, 960), Fraction(30), "blur", "black")
SEGMENT = Segment(
    TAKE, Cut(0, 150), Focus(Fraction(1, 2), Fraction(1, 3)), FRAME, 0, 150, Decimal(-3)
)
SEAM = Seam(SEGMENT, SEGMENT, Transition(type="dissolve"))
MIX = Mix(
    MusicTrack(Path("m"), "d", 0, Decimal(0), 0, 48000),
    duck=True,
    voices=(Track(Path("v"), "e", 3, Decimal(0)),),
    loudness=Decimal(-14),
)


def test_an_upgrade_makes_nothing_again() -> None:
    """The keys were written down by the version before overlays, looks and fades."""
    sounds = [
        sound_key([SEGMENT, SEAM], PROGRAM, mix=mix, samples=9, version=6) for mix in (MIX, NO_MIX)
    ]
    assert [SEGMENT.key(PROGRAM), SEAM.key(PROGRAM), *sounds] == [
        "56f6afb2dbd2470c4809d10c1f54ae0f5d766d0dd68216cffc458686072ad276",
        "57c0678a01ce4a1ff7eff68e591b946fdd45e962694a38f2b1455d5541b7caea",
        "b53874d68677e2589fd89c17e4fb40054083cb7cbc4dafc71458042ee40dd3ed",
        "01774c30283c14d481d855404458c18b6b02e824493c24827ca6d235480c9e43",
    ]
