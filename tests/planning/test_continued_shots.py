"""A shot that continues a clip: what is asked for, what is used of it, and which end is sent."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from wanx_render.catalog.capabilities import Catalog
from wanx_render.finishing.segment import ClipMedia
from wanx_render.geometry import Size
from wanx_render.media import ffmpeg
from wanx_render.media.ffmpeg import Ffmpeg
from wanx_render.planning.plan import Plan, make
from wanx_render.planning.planned import PlannedShot
from wanx_render.planning.sending.sent_clips import SentClips, cut_of_part, sent_earlier
from wanx_render.shotlist.model import ShotList
from wanx_render.task import ClipPart, Footage, InputMedia, part_seconds
from wanx_render.timing import Cut

SIZE = Size(1280, 720)
MEDIA = {
    "a.png": InputMedia("sha256:" + "a" * 64, path=Path("a.png"), size=SIZE),
    "own.mov": InputMedia(
        "sha256:" + "b" * 64, path=Path("own.mov"), footage=Footage(SIZE, Fraction(24), Fraction(6))
    ),
}
FIRST = {"id": "a", "image": "a.png", "trim": {"end": Fraction(5, 2)}}


def planned(catalog: Catalog, *shots: dict[str, Any]) -> Plan:
    value = {
        "version": 1,
        "project": "on",
        "shots": [
            {"model": "wan2.7-i2v", "resolution": "720P", "duration": 3, "prompt": "x", **shot}
            if "clip" not in shot
            else shot
            for shot in shots
        ],
        "deliverables": ["16:9"],
    }
    return make(ShotList.model_validate(value), "mock", MEDIA, catalog)


def shot_of(plan: Plan, name: str) -> PlannedShot:
    return next(shot for shot in plan.generated if shot.shot.id == name)


def test_the_service_is_asked_for_both_and_the_film_uses_what_is_new(catalog: Catalog) -> None:
    plan = planned(
        catalog, FIRST, {"id": "b", "continue": {"shot": "a"}, "trim": {"start": Fraction(1, 2)}}
    )
    b = shot_of(plan, "b")
    take = b.picked
    assert (take.request.duration, take.request.lead, take.waits_for) == (5, 2, "a")
    assert take.price is not None
    assert take.price.amount == Decimal("3.00")  # all five seconds
    assert b.cut == Cut(75, 75)  # after the two of the other clip, and the half that is cut away
    assert b.cut_at(Fraction(24)) == Cut(60, 60)
    assert take.size == SIZE


def test_what_is_sent_ends_where_the_film_leaves_the_other_clip(catalog: Catalog) -> None:
    plan = planned(
        catalog, FIRST,
        {"id": "b", "continue": {"shot": "a"}, "trim": {"end": Fraction(1)}},
        {"id": "c", "continue": {"shot": "b", "seconds": 3}},
    )  # fmt: skip
    ends = {
        name: clip.part.until
        for name in "bc"
        if (clip := shot_of(plan, name).picked.request.first_clip) and clip.part
    }
    assert ends == {"b": Fraction(5, 2), "c": Fraction(3)}  # of c: after the lead of b


def test_an_own_video_and_a_shot_of_it_are_the_same_end(catalog: Catalog) -> None:
    plan = planned(
        catalog,
        {"id": "f", "clip": "own.mov"},
        {"id": "g", "clip": "own.mov", "trim": {"end": Fraction(4)}},
        {"id": "a", "continue": "own.mov"},
        {"id": "b", "continue": {"shot": "f"}},
        {"id": "c", "continue": {"shot": "g"}},
    )
    a, b, c = (shot_of(plan, name).picked for name in "abc")
    assert a.waits_for is None
    assert b.waits_for == "f"
    assert a.request.key("mock") == b.request.key("mock") != c.request.key("mock")


def test_a_part_is_named_by_its_clip_and_never_by_how_it_is_sent() -> None:
    names = {ClipPart(2, rate).identity("ab") for rate in (Fraction(24), Fraction(30))}
    assert names == {"clip:ab:last:2s"}
    assert ClipPart(3, Fraction(30), Fraction(5, 2)).identity("ab") == "clip:ab:until:5/2:3s"
    assert part_seconds("clip:ab:until:5/2:3s") == 3
    assert part_seconds("clip:ab:last") == part_seconds("None") == 0


@pytest.mark.parametrize(
    ("part", "rate", "frames", "cut"),
    [
        (ClipPart(2, Fraction(30)), Fraction(30), 90, Cut(30, 60)),
        (ClipPart(2, Fraction(30), Fraction(5, 2)), Fraction(30), 90, Cut(15, 60)),
        (ClipPart(3, Fraction(30), Fraction(4)), Fraction(24), 144, Cut(24, 72)),
        (ClipPart(2, Fraction(30), Fraction(9)), Fraction(25), 100, Cut(50, 50)),
        (ClipPart(4, Fraction(30)), Fraction(30), 119, Cut(0, 120)),  # a frame short: it is held
    ],
)
def test_a_part_ends_with_its_last_frame(
    part: ClipPart, rate: Fraction, frames: int, cut: Cut
) -> None:
    media = ClipMedia(Path("a.mp4"), "ab", SIZE, rate, frames, has_sound=True)
    assert cut_of_part(part, media) == cut


def test_what_is_sent_is_found_again_also_where_that_is_a_whole_clip(
    catalog: Catalog, program: Ffmpeg, tmp_path: Path
) -> None:
    """Should the answer be lost, the clip of a task is compared with it."""
    clip = tmp_path / "clip.mp4"
    source = ("-f", "lavfi", "-i", "testsrc2=s=640x360:r=30:d=2", "-c:v", "libx264")
    ffmpeg.run(program, (*source, "-pix_fmt", "yuv420p", "-bf", "0", str(clip)))
    limits = catalog.models["wan2.7-i2v"].clip_file
    assert limits
    request = planned(catalog, FIRST, {"id": "b", "continue": {"shot": "a"}}).takes[1].request
    sent = ClipPart(2, Fraction(30))
    name = sent.identity("ab")
    request = replace(request, first_clip=InputMedia(name, path=clip, size=SIZE, part=sent))
    made = SentClips(program, tmp_path).with_file(request, limits.value).first_clip
    assert made
    assert made.prepared == clip
    found = sent_earlier(name, tmp_path)
    assert found
    assert found.read_bytes() == clip.read_bytes()


def test_requests_of_other_shots_are_what_they_were(catalog: Catalog) -> None:
    record = shot_of(planned(catalog, FIRST), "a").picked.request.record()
    assert "first_clip" not in record
