"""First frames that a model makes, in the plan: asked for before the clips that begin with them."""

import hashlib
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from wanx_render.catalog.capabilities import packaged
from wanx_render.catalog.pricing import billed
from wanx_render.geometry import Size
from wanx_render.money import Money
from wanx_render.planning.journal import Journal
from wanx_render.planning.origins import Origins
from wanx_render.planning.plan import Plan, make
from wanx_render.planning.retakes import retaken
from wanx_render.planning.sending import sent_pictures
from wanx_render.planning.sending.kept_clips import KeptClips
from wanx_render.planning.take_status import TakeStatus, identities, take_statuses
from wanx_render.planning.truth import ShotTruths
from wanx_render.shotlist.model import ShotList
from wanx_render.task import InputMedia

NOW = datetime(2026, 11, 26, tzinfo=UTC)
CAT = {"model": "qwen-image", "prompt": "A cat"}
BEIJING = {"model": "qwen-image", "region": "beijing"}


def listed(*shots: dict[str, Any], aspect: str = "9:16") -> ShotList:
    defaults = {"model": "wan2.2-i2v-flash", "resolution": "480P", "prompt": "it wakes"}
    return ShotList.model_validate(
        {
            "version": 1,
            "project": "made",
            "shots": [{**defaults, **shot} for shot in shots],
            "deliverables": [{"aspect": aspect}],
        }
    )


def planned(*shots: dict[str, Any], aspect: str = "9:16", **how: Any) -> Plan:
    return make(listed(*shots, aspect=aspect), "mock", {}, packaged(), **how)


def test_a_picture_is_planned_like_a_shot_of_its_own() -> None:
    plan = planned({"id": "wake", "image": {**CAT, "takes": 2, "seed": 7}})
    (picture,) = plan.pictures
    first, second = picture.takes
    assert (first.label, second.label) == ("wake.image take 1", "wake.image take 2")
    assert first.request.record() == {
        "model": "qwen-image", "region": "beijing", "image": None, "last_image": None,
        "prompt": "A cat", "negative_prompt": "", "template": None, "resolution": "",
        "duration": 0, "sound": "none", "sound_file": None, "prompt_extend": True,
        "watermark": False, "seed": 7, "size": "928x1664",
    }  # fmt: skip
    assert first.price == Money(Decimal("0.25"), "CNY")
    (wake,) = plan.generated
    assert (wake.picked.waits_for, str(wake.size)) == ("wake.image", "464x832")
    assert [take.shot for take in plan.takes] == ["wake.image", "wake.image", "wake"]
    assert plan.shots == (wake,)  # no film shows a picture
    assert str(plan.cost(plan.takes)) == "1.00 CNY"


def test_the_same_picture_of_two_shots_is_one_request() -> None:
    plan = planned({"id": "a", "image": CAT}, {"id": "b", "image": CAT})
    statuses = take_statuses(plan, None)
    names = identities(plan, statuses)
    assert names[("a.image", 1)] == names[("b.image", 1)]
    assert names[("a", 1)] == names[("b", 1)]
    other = planned({"id": "a", "image": CAT}, {"id": "b", "image": {**CAT, "seed": 1}})
    names = identities(other, take_statuses(other, None))
    assert names[("a.image", 1)] != names[("b.image", 1)]


def test_renaming_the_shot_keeps_its_further_takes() -> None:
    before, after = (planned({"id": name, "image": CAT}) for name in ("wake", "rise"))
    assert before.pictures[0].basis == after.pictures[0].basis
    assert before.generated[0].basis == after.generated[0].basis


@pytest.mark.parametrize(("count", "amount"), [(1, "0.25"), (2, "0.50"), (None, "0.25")])
def test_pictures_are_billed_by_their_number(count: int | None, amount: str) -> None:
    request = {**BEIJING, "duration": 0, "resolution": "", "sound": "none"}
    usage = {} if count is None else {"image_count": count}
    assert billed(request, usage, packaged()) == Money(Decimal(amount), "CNY")


class Folder:
    """A render folder without a service: what is asked for gets its picture at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.journal = Journal(path / "journal.sqlite")
        (path / "clips").mkdir()

    def make(self, plan: Plan, *names: str) -> None:
        for status in self.stand(plan):
            take = status.take
            if status.state == "new" and take.shot in names:
                key, made = take.request.key("mock"), f"{take.shot}-{take.number}-{take.size}.png"
                number = self.journal.intend(key, take.label, take.request, NOW)
                self.journal.submitted(number, f"task {key[:12]}", "r")
                (self.path / "clips" / made).write_bytes(b"x")
                sha256 = key  # any digits that are its own
                self.journal.stored(number, sha256, made, 1)
                size = take.size
                assert size
                self.journal.probed(sha256, {"width": size.width, "height": size.height})

    def stand(self, plan: Plan) -> tuple[TakeStatus, ...]:
        plan = KeptClips(self.journal, "mock").plan(plan)
        return take_statuses(plan, Origins(self.journal, self.path))

    def retaken(self, name: str, aspect: str = "9:16") -> Plan:
        def with_retakes(retakes: Any) -> Plan:
            plan = planned({"id": "wake", "image": CAT}, aspect=aspect, retakes=retakes)
            return KeptClips(self.journal, "mock").plan(plan)

        plan, counts = retaken(with_retakes, {name}, Origins(self.journal, self.path))
        for basis, takes in counts.items():
            self.journal.retake(basis, takes)
        return plan


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def states(statuses: tuple[TakeStatus, ...]) -> dict[str, str]:
    return {status.take.label: status.state for status in statuses}


def test_a_clip_begins_with_the_bytes_of_the_picture_that_is_picked(folder: Folder) -> None:
    plan = planned({"id": "wake", "image": {**CAT, "takes": 2}})
    assert states(folder.stand(plan)) == dict.fromkeys(
        ("wake.image take 1", "wake.image take 2", "wake take 1"), "new"
    )
    folder.make(plan, "wake.image")
    first, second, wake = folder.stand(plan)
    assert (first.state, second.state, wake.state, wake.complete) == (
        "cached",
        "cached",
        "new",
        True,
    )
    assert wake.take.request.image
    assert wake.take.request.image.identity == f"sha256:{first.take.request.key('mock')}"
    folder.make(plan, "wake")
    picked = planned({"id": "wake", "image": {**CAT, "takes": 2}}, picks={"wake.image": 2})
    *_, stale = folder.stand(picked)
    assert (stale.state, stale.cause, stale.cascade) == ("new", "chain", True)
    truth = ShotTruths(picked, folder.stand(picked), packaged()).of("wake")
    assert str(truth.why) == "it begins with take 1 of wake.image, and take 2 is picked"


def test_a_changed_deliverable_keeps_the_picture_that_was_paid_for(folder: Folder) -> None:
    folder.make(planned({"id": "wake", "image": CAT}), "wake.image")
    wide = planned({"id": "wake", "image": CAT}, aspect="16:9")
    picture, wake = folder.stand(wide)
    assert (picture.state, str(picture.take.request.size)) == ("cached", "928x1664")
    assert "--retake wake.image makes one for 1664x928" in str(picture.reason)
    assert str(wake.take.size) == "464x832"
    again = folder.stand(folder.retaken("wake.image", "16:9"))
    assert [(s.take.label, s.state, str(s.take.request.size)) for s in again[:2]] == [
        ("wake.image take 1", "cached", "928x1664"),
        ("wake.image take 2", "new", "1664x928"),
    ]
    written = planned({"id": "wake", "image": {**CAT, "size": "1664x928"}}, aspect="16:9")
    assert folder.stand(written)[0].state == "new"  # who writes a size wants that size


def test_what_making_a_shot_costs_includes_its_picture(folder: Folder) -> None:
    plan = planned({"id": "wake", "image": CAT}, {"id": "leap", "image": {"shot": "wake"}})
    truths = ShotTruths(plan, folder.stand(plan), packaged())
    assert str(truths.of("wake.image").price) == "1.25 CNY with wake, leap"
    assert str(truths.of("wake").price) == "1.25 CNY with leap"
    assert str(truths.of("leap").price) == "0.50 CNY"


def test_a_picture_too_large_for_the_next_model_is_encoded_again(tmp_path: Path) -> None:
    noise = np.random.default_rng(3).integers(0, 255, (500, 400, 3), dtype=np.uint8)
    path = tmp_path / "clips" / "wake.image-t1-00000000.png"
    path.parent.mkdir()
    Image.fromarray(noise).save(path)
    digits = hashlib.sha256(path.read_bytes()).hexdigest()
    frame = InputMedia(f"sha256:{digits}", path=path, size=Size(400, 500))
    (shot,) = planned({"id": "wake", "image": CAT}).generated
    request = shot.picked.with_first_frame(frame).request
    most = 300_000
    assert path.stat().st_size > most
    sent = sent_pictures.with_files(sent_pictures.within(request, tmp_path, most), tmp_path, most)
    assert sent.image
    assert sent.image.prepared
    assert sent.image.prepared.stat().st_size <= most
    with Image.open(sent.image.prepared) as image:
        assert image.size == (400, 500)
    assert sent.key("mock") == request.key("mock")  # it is the same picture
    assert sent_pictures.within(request, tmp_path, 10_000_000) == request
