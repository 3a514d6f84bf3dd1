"""What a request costs at most, and what a task cost by what the service says of it."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from tests.ground.test_task import REQUEST
from wanx_render.catalog.capabilities import Catalog, packaged
from wanx_render.catalog.pricing import billed, impossible, picture_price, price, total
from wanx_render.errors import NeedsApproval
from wanx_render.geometry import Size
from wanx_render.language import verbatim
from wanx_render.money import Money
from wanx_render.session.approval import within
from wanx_render.task import Footage, InputMedia, Reference, TaskRequest
from wanx_render.tasks.budget import SpendingLimit


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return packaged()


def request_for(model: str, *videos: str, seconds: int = 5, tier: str = "720P") -> TaskRequest:
    """A request with reference videos of so many seconds; ``?`` where only the service knows."""
    references = tuple(Reference("video", video(length, n)) for n, length in enumerate(videos))
    asked = replace(REQUEST, model=model, resolution=tier, duration=seconds)
    return replace(asked, references=references, image=None if videos else REQUEST.image)


def video(seconds: str, number: int) -> InputMedia:
    if seconds == "?":
        return InputMedia(f"url:https://example.com/{number}.mp4")
    head = Footage(Size(1280, 720), Fraction(30), Fraction(seconds))
    return InputMedia(f"sha256:{number}", footage=head)


# The usage as answers of each family hold it, and the bill in yuan. A second in 720P costs 0.24
# (wanx2.1-i2v-turbo), 0.60 (2.5, 2.6, 2.7, 3.0) or 0.90 (happyhorse); in 1080P of 3.0 1.20.
BILLS: list[tuple[str, TaskRequest, dict[str, Any], str]] = [
    ("2.1 i2v", request_for("wanx2.1-i2v-turbo"),
     {"video_duration": 5, "video_ratio": "standard", "video_count": 1}, "1.20"),
    ("2.5 i2v", request_for("wan2.5-i2v-preview"),
     {"duration": 5, "SR": 720, "video_count": 1}, "3.00"),
    ("2.6 i2v", request_for("wan2.6-i2v", seconds=10),
     {"duration": 10, "input_video_duration": 0, "output_video_duration": 10, "video_count": 1,
      "SR": 720}, "6.00"),
    ("2.6 flash, silent by the answer", request_for("wan2.6-i2v-flash"),
     {"duration": 5, "output_video_duration": 5, "SR": 720, "video_count": 1, "audio": False},
     "0.75"),
    ("2.6 r2v in floats, input counted up to 5 s", request_for("wan2.6-r2v", "4", "4"),
     {"duration": 10.0, "input_video_duration": 5.0, "output_video_duration": 5.0,
      "video_count": 1, "SR": 720, "size": "1280*720"}, "6.00"),
    ("2.7 i2v", request_for("wan2.7-i2v", seconds=12),
     {"duration": 12, "input_video_duration": 2, "output_video_duration": 12, "video_count": 1,
      "SR": 720, "ratio": "16:9"}, "7.20"),
    ("happyhorse, as captured: the tier that came", request_for("happyhorse-1.1-i2v", seconds=6),
     {"video_count": 1, "duration": 6, "SR": 1080, "output_video_duration": 6,
      "input_video_duration": 0, "ratio": "16:9"}, "9.60"),
    ("3.0 with a reference video", request_for("wan3.0-video", "4"),
     {"duration": 9, "input_video_duration": 4, "output_video_duration": 5, "video_count": 1,
      "SR": 720, "ratio": "9:16", "fps": 30}, "5.40"),
    ("3.0, whose duration is an echo", request_for("wan3.0-video", seconds=5),
     {"duration": 5, "input_video_duration": 0, "output_video_duration": 8, "video_count": 1,
      "SR": 720, "ratio": "9:16", "fps": 30}, "4.80"),
    ("numbers as text", request_for("wan3.0-video", "4"),
     {"duration": "9", "input_video_duration": "4.0", "output_video_duration": "5",
      "video_count": "1", "SR": "1080P"}, "10.80"),
    ("a second that has begun", request_for("wan3.0-video"),
     {"output_video_duration": 5.4, "SR": 720}, "3.60"),
    ("what a container rounds", request_for("wan3.0-video"),
     {"output_video_duration": 5.04, "SR": 720}, "3.00"),
    ("no word of the input: the most it can be", request_for("wan3.0-video", "4"),
     {"output_video_duration": 5, "SR": 720}, "12.00"),
    ("nothing at all", request_for("wan2.7-i2v", seconds=7), {}, "4.20"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("request_", "usage", "amount"), [b[1:] for b in BILLS], ids=[b[0] for b in BILLS]
)
def test_each_family_is_billed_by_what_its_answer_says(
    request_: TaskRequest, usage: dict[str, Any], amount: str, catalog: Catalog
) -> None:
    bill = billed(request_.record(), usage, catalog)
    assert bill is not None
    assert (bill.amount, bill.currency) == (Decimal(amount), "CNY")
    assert impossible(usage) == ()


@pytest.mark.parametrize(
    ("request_", "amount"),
    [
        (request_for("wan3.0-video"), "3.00"),
        (request_for("wan3.0-video", "4"), "5.40"),
        (request_for("wan3.0-video", "4", "3.2"), "7.80"),  # 7.2 s: the eighth has begun
        (request_for("wan3.0-video", "?"), "12.00"),  # a video may last 15 s
        (request_for("wan3.0-video", "?", "?"), "12.00"),  # and all of them together
        (request_for("wan2.7-r2v", "20"), "6.00"),  # of which 5 s are billed
        (request_for("wan2.7-i2v", "4"), "3.00"),  # which bills no input
    ],
)
def test_a_price_is_the_most_that_may_be_billed(
    request_: TaskRequest, amount: str, catalog: Catalog
) -> None:
    most = price(request_, catalog)
    assert most is not None
    assert most.amount == Decimal(amount)


@pytest.mark.parametrize("value", [True, "4 s", "-4", -4, 601, float("inf"), None, [4]])
def test_an_input_that_cannot_be_counts_as_the_longest(value: object, catalog: Catalog) -> None:
    usage = {"output_video_duration": 5, "SR": 720, "input_video_duration": value}
    bill = billed(request_for("wan3.0-video", "4").record(), usage, catalog)
    assert bill is not None
    assert bill.amount == Decimal("12.00")


def test_a_region_without_a_price_has_none(catalog: Catalog) -> None:
    asked = replace(request_for("wan2.2-i2v-plus"), region="singapore", resolution="480P")
    assert price(asked, catalog) is None
    assert billed(asked.record(), {"duration": 5, "SR": 480}, catalog) is None


def test_a_price_is_in_the_money_of_its_region_or_never_fits_a_limit(catalog: Catalog) -> None:
    """Of every video and picture model, in every region and tier that it has."""
    unpriced = 0
    prices = [
        (region, price(replace(REQUEST, model=name, region=region, resolution=tier), catalog))
        for name, model in catalog.models.items()
        for region in model.region_names.value
        for tier in model.tiers.value
    ]
    prices += [
        (region, picture_price(replace(REQUEST, model=model.name, region=region), catalog))
        for model in catalog.pictures.values()
        for region in model.region_names.value
    ]
    for region, amount in prices:
        if amount is None:
            unpriced += 1
            assert not SpendingLimit(Decimal(1_000_000)).reserve("key", amount)
        else:
            assert amount.amount > 0
            assert amount.currency == catalog.service.regions[region].currency
    assert 0 < unpriced < len(prices)


def test_a_run_of_unknown_price_is_refused_under_a_limit() -> None:
    cost = total([None, Money(Decimal(1), "USD")], "USD")
    with pytest.raises(NeedsApproval, match="cannot be checked"):
        within(cost, verbatim("--max-cost"), Money(Decimal(1_000_000), "USD"))
    with pytest.raises(NeedsApproval, match="not comparable"):
        within(total([Money(Decimal(1), "USD")], "USD"), verbatim("it"), Money(Decimal(9), "CNY"))
