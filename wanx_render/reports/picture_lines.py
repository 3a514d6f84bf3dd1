"""What is sent of first frames, in words: a row for each picture, a line for what is kept."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from wanx_render.language import NOTHING, Message, joined, tr
from wanx_render.money import Money, show_money
from wanx_render.planning.forecast import TakeForecast
from wanx_render.planning.picture_forecast import PictureForecast, SentForecast
from wanx_render.reports.states import FITS


@dataclass(frozen=True, slots=True)
class PictureRow:
    """A prepared first frame: what is sent of it, and what the deliverables keep of its clip."""

    shot: str
    source: str
    sent: str
    lost: Message
    kept: Message


def picture_rows(takes: Iterable[TakeForecast]) -> tuple[PictureRow, ...]:
    """A row for each prepared first frame; takes of a shot that send the same share one."""
    rows = (_row(take.shot, take.picture) for take in takes if take.picture)
    return tuple(dict.fromkeys(rows))


def retake_lines(takes: Iterable[TakeForecast]) -> Iterator[Message]:
    """A line for each clip that is kept though another part of its picture would be sent now."""
    lines = dict.fromkeys(_retake(take, take.picture) for take in takes if take.picture)
    yield from (line for line in lines if line)


def _row(shot: str, picture: PictureForecast) -> PictureRow:
    sent, whole = picture.sent, picture.whole.kept_percent
    parts = [
        tr("{name} {kept} % ({whole} %)", name=name, kept=kept, whole=whole.get(name, 0.0))
        for name, kept in sent.kept_percent.items()
    ]
    fit = FITS[sent.fit] if sent.fit != "crop" else NOTHING
    lost = tr("{percent} %", percent=sent.lost_percent)
    return PictureRow(
        shot, picture.source, sent.sent + _aspect(sent), fit or lost, joined(parts, tr(", "))
    )


def _aspect(sent: SentForecast) -> str:
    return f" ({sent.aspect})" if sent.aspect else ""


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
