"""What is sent of first frames, in words: a line for each picture, and one for what is kept."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from wanx_render.language import NOTHING, Message, joined, tr
from wanx_render.money import Money, show_money
from wanx_render.planning.forecast import TakeForecast
from wanx_render.planning.picture_forecast import PictureForecast, SentForecast
from wanx_render.reports.states import FITS


def picture_lines(takes: Iterable[TakeForecast]) -> Iterator[Message]:
    """A line for each prepared first frame; takes of a shot that send the same share one."""
    lines: dict[Message, None] = {}
    for take in takes:
        if take.picture:
            lines[_sent(take.shot, take.picture)] = None
            lines[_retake(take, take.picture)] = None
    yield from (line for line in lines if line)


def _sent(shot: str, picture: PictureForecast) -> Message:
    sent = picture.sent
    facts = tr(
        "{shot}: {source} sent as {sent}",
        shot=shot, source=picture.source, sent=sent.sent + _aspect(sent),
    )  # fmt: skip
    parts = [facts, tr("loses {percent} % of the picture", percent=sent.lost_percent)]
    if sent.fit != "crop":
        parts.append(FITS[sent.fit])
    parts += [
        tr("{name} keeps {kept} % of the clip ({whole} % without fit_image)", **values)
        for values in _kept(sent.kept_percent, picture.whole.kept_percent)
    ]
    return joined(parts, tr(", "))


def _aspect(sent: SentForecast) -> str:
    return f" ({sent.aspect})" if sent.aspect else ""


def _kept(now: Mapping[str, float], whole: Mapping[str, float]) -> list[dict[str, object]]:
    return [{"name": n, "kept": kept, "whole": whole.get(n, 0.0)} for n, kept in now.items()]


def _retake(take: TakeForecast, picture: PictureForecast) -> Message:
    """What one more take would be made of, where this one is kept as it was."""
    new = picture.retake
    if new is None:
        return NOTHING
    price = (
        show_money(Money(Decimal(picture.retake_price), take.currency), exactly=True)
        if picture.retake_price
        else tr("unknown price")
    )
    kept = joined(
        [tr("{name} {kept} %", name=name, kept=kept) for name, kept in new.kept_percent.items()],
        tr(", "),
    )
    return tr(
        "{shot}: --retake {shot} sends {sent} and keeps {kept}, for {price}",
        shot=take.shot, sent=new.sent + _aspect(new), kept=kept, price=price,
    )  # fmt: skip
