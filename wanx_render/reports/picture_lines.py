"""What is sent of pictures, in words: a row for each first frame, lines for references and for what
is kept."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from wanx_render.language import NOTHING, Message, joined, tr, verbatim
from wanx_render.money import Money, show_money
from wanx_render.planning.forecast import ReferenceForecast, TakeForecast
from wanx_render.planning.sending.picture_forecast import (
    PictureForecast,
    SentForecast,
    ShapeForecast,
)
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
    lines = dict.fromkeys(_retakes(takes))
    yield from (line for line in lines if line)


def _retakes(takes: Iterable[TakeForecast]) -> Iterator[Message]:
    for take in takes:
        if take.picture:
            yield _retake(take, take.picture)
        if take.shape and take.shape.retake:
            yield _reshaped(take, take.shape, take.shape.retake)


def reference_lines(takes: Iterable[TakeForecast]) -> Iterator[Message]:
    """A line for each shot with references: what the model calls each of them."""
    lines = dict.fromkeys(_references(take) for take in takes if take.references)
    yield from lines


def _references(take: TakeForecast) -> Message:
    named = (_reference(entry) for entry in take.references)
    return tr("{shot}: {references}", shot=take.shot, references=joined(named, tr(", ")))


def _reference(entry: ReferenceForecast) -> Message:
    if not entry.called:
        return verbatim(_short(entry.file))
    values = {"called": entry.called, "file": _short(entry.file)}
    if entry.name is None:
        return tr("{called} is {file}", **values)
    return tr("{called} is {name} ({file})", name=entry.name, **values)


def _short(file: str) -> str:
    """A file as people know it: of a data URI its beginning."""
    return f"{file[:40]}..." if file.startswith("data:") else file


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
    return tr(
        "{shot}: --retake {shot} sends {sent} and keeps {kept}, for {price}",
        shot=take.shot, sent=new.sent + _aspect(new), kept=_kept(new.kept_percent),
        price=_price(picture.retake_price, take),
    )  # fmt: skip


def _reshaped(take: TakeForecast, shape: ShapeForecast, new: ShapeForecast) -> Message:
    """What one more take would ask for, where this one is kept as it was asked for."""
    return tr(
        "{shot}: --retake {shot} asks for {asked} and keeps {kept}, for {price}",
        shot=take.shot, asked=new.asked, kept=_kept(new.kept_percent),
        price=_price(shape.retake_price, take),
    )  # fmt: skip


def _kept(percents: Mapping[str, float]) -> Message:
    parts = [tr("{name} {kept} %", name=name, kept=kept) for name, kept in percents.items()]
    return joined(parts, tr(", "))


def _price(amount: str | None, take: TakeForecast) -> Message:
    if amount is None:
        return tr("unknown price")
    return show_money(Money(Decimal(amount), take.currency), exactly=True)
