"""The totals of a run name what no source knows the price of."""

from dataclasses import replace

from tests.reports.test_storyboard import manifest, take
from wanx_render.session.summary import _of_unknown_price


def test_what_has_no_known_price_is_named() -> None:
    unknown = replace(take(), cost=None, price=None)
    never_made = replace(unknown, clip=None)
    expected = replace(unknown, price="1.00 CNY")
    said = _of_unknown_price(manifest(unknown, never_made, expected, take()))
    assert [str(line) for line in said] == ["1 take has no known price; it is not in the total"]
    assert list(_of_unknown_price(manifest(take()))) == []
