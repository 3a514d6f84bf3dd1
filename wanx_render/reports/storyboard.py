"""The storyboard: one HTML page that opens offline; a function of the manifest and its pictures.

It loads nothing: pictures are in the page, the deliverables are files next to it. Its one script
chooses language and time zone. Everything people or services wrote is escaped, and a content policy
protects the page even if that failed.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import cache
from pathlib import Path
from urllib.parse import quote

import jinja2
from markupsafe import Markup

from wanx_render import money
from wanx_render.geometry import Aspect, Focus, Size, crop_box
from wanx_render.language import (
    Message,
    recorded,
    tr,
    verbatim,
)
from wanx_render.manifest import (
    DeliverableRecord,
    FootageRecord,
    Manifest,
    PartRecord,
    ShotRecord,
    TakeRecord,
    WantedRecord,
)
from wanx_render.marks.words import sentence
from wanx_render.reports import gantt, wording
from wanx_render.reports.bilingual import (
    SWITCH,
    PageTexts,
    environment,
    script_source,
    style_source,
)
from wanx_render.reports.states import FITS, out_of_date, recorded_state
from wanx_render.task import source_of
from wanx_render.timing import show_duration

HERE = Path(__file__).parent
_BOX = re.compile(r"(\d+)x(\d+)\+(\d+)\+(\d+)")
_COLOURS = 6  # as many as the style sheet has


@dataclass(frozen=True, slots=True)
class Gallery:
    """The pictures of a page, as the bytes of JPEG files; what is missing is left out."""

    frames: Mapping[str, tuple[bytes, ...]] = field(default_factory=dict)  # by a clip's sha256
    pictures: Mapping[str, bytes] = field(default_factory=dict)  # by a first frame's identity
    sent: Mapping[str, bytes] = field(default_factory=dict)  # of what was prepared, by its file
    made: Mapping[str, bytes] = field(default_factory=dict)  # of models' pictures, by sha256
    posters: Mapping[str, bytes] = field(default_factory=dict)  # by a deliverable's sha256
    references: Mapping[str, bytes] = field(default_factory=dict)  # by identity


def page(manifest: Manifest, gallery: Gallery, base: str = "", *, mark: str = "") -> str:
    """The whole page. ``base`` leads from it to the render folder: empty, or ending in a slash.

    ``mark`` is put in its head: the page is known again by it.
    """
    template = _environment().get_template("storyboard.html")
    style = (HERE / "storyboard.css").read_text(encoding="utf-8")
    spans = {id(t): gantt.spans(t) for t in manifest.takes}
    shots = _shots(manifest)
    scale = gantt.Scale(span for of_take in spans.values() for span in of_take)
    return template.render(
        m=manifest, mark=mark, mock=manifest.backend == "mock", style=style,
        style_source=Markup(style_source(style)),  # noqa: S704  # of letters and digits
        texts=PageTexts(), switch=SWITCH, script_source=script_source(), base=base, gallery=gallery,
        shots=shots, timed=_timed(manifest, shots), bill=_bill(manifest), scale=scale,
        spans=lambda take: spans[id(take)], ticks=scale.ticks(),
    )  # fmt: skip


@cache
def _environment() -> jinja2.Environment:
    templates = environment(HERE)
    templates.filters |= {
        "visible": wording.visible,
        "language": wording.language,
        "jpeg": wording.data_uri,
        "href": _href,
        "duration": show_duration,
        "money": _money,
        "total": _sum,
        "currency": _currency,
        "fit": _fit,
        "amount": _shown_amount,
        "sized": _sized,
        "seconds": _seconds,
    }
    templates.globals |= {
        "difference": wording.difference, "recorded_state": recorded_state,
        "recorded": recorded, "out_of_date": out_of_date, "sentence_of": sentence,
        "source_of": _source, "window": _window,
    }  # fmt: skip
    return templates


def _source(take: TakeRecord) -> str:
    """The identity of the whole picture that a take begins with."""
    return source_of(str(take.request.get("image") or ""))


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a picture that was sent: where it is, in percent of the picture."""

    left: float
    top: float
    width: float
    height: float
    text: str  # the size of what was sent

    @property
    def is_whole(self) -> bool:
        return self.width > 99.99 and self.height > 99.99


def _window(take: TakeRecord) -> Window | None:
    """Which part of its first frame was sent for a take; None where it was sent as it is."""
    frame = (take.prepared or {}).get("image")
    if not frame or not frame.get("size"):
        return None
    (x, y, width, height), (across, down) = frame["window"], frame["size"]
    sent, aspect = "x".join(map(str, frame["sent"])), frame["aspect"]
    return Window(
        left=round(100 * x / across, 3),
        top=round(100 * y / down, 3),
        width=round(100 * width / across, 3),
        height=round(100 * height / down, 3),
        text=f"{sent}, {aspect}" if aspect else sent,
    )


def _href(path: str, base: str) -> str:
    """A relative address, whatever the path holds: never a scheme, never a host."""
    return "./" + quote(str(wording.plain(base + path.lstrip("/"))), errors="replace")


def _sized(text: str) -> str:
    return text.replace("x", "\u2009×\u2009")


def _seconds(text: str) -> str:
    try:
        return f"{Decimal(text):.2f} s"
    except InvalidOperation:
        return text


@dataclass(frozen=True, slots=True)
class Crop:
    """What a deliverable shows of a clip: rectangles in the clip's pixels; two where it moves."""

    name: str
    style: int  # which colour and dash
    text: Message
    boxes: tuple[tuple[int, int, int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """A shot as the page shows it."""

    number: int
    record: ShotRecord
    picked: TakeRecord | None  # nothing of a shot of own footage
    others: tuple[TakeRecord, ...]
    width: int
    height: int
    crops: tuple[Crop, ...]
    warnings: tuple[Message, ...]
    parameters: tuple[tuple[Message, str], ...]


def _shots(manifest: Manifest) -> tuple[Shown, ...]:
    shots = (shot for shot in manifest.shots if shot.takes or shot.footage)
    return tuple(_shot(manifest, number, shot) for number, shot in enumerate(shots, start=1))


@dataclass(frozen=True, slots=True)
class Timed:
    """A shot or picture in the table of times and prices, and where the page shows it."""

    id: str
    place: str
    picked: int
    takes: tuple[TakeRecord, ...]


def _timed(manifest: Manifest, shots: Iterable[Shown]) -> tuple[Timed, ...]:
    """All that has takes: pictures come before the clips that begin with them."""
    pictures = (Timed(p.id, "pictures", p.picked, p.takes) for p in manifest.pictures)
    of_shots = (Timed(s.record.id, f"s{s.number}", s.record.picked, s.record.takes) for s in shots)
    return (*pictures, *of_shots)


def _of_footage(manifest: Manifest, number: int, shot: ShotRecord, footage: FootageRecord) -> Shown:
    size = Size(footage.width, footage.height)
    return Shown(
        number=number,
        record=shot,
        picked=None,
        others=(),
        width=size.width,
        height=size.height,
        crops=_crops(manifest, shot, size),
        warnings=(),
        parameters=tuple(_uses(shot)),
    )


def _shot(manifest: Manifest, number: int, shot: ShotRecord) -> Shown:
    if shot.footage:
        return _of_footage(manifest, number, shot, shot.footage)
    choice = next((t for t in shot.takes if t.take == shot.picked), shot.takes[0])
    size = _size(choice)
    return Shown(
        number=number,
        record=shot,
        picked=choice,
        others=tuple(take for take in shot.takes if take is not choice),
        width=size.width,
        height=size.height,
        crops=_crops(manifest, shot, size),
        warnings=tuple(_warnings(shot)),
        parameters=tuple(_parameters(shot, choice)),
    )


def _size(take: TakeRecord) -> Size:
    if take.width and take.height:
        return Size(take.width, take.height)
    match = re.fullmatch(r"(\d+)x(\d+)", take.predicted or "")
    return Size(int(match[1]), int(match[2])) if match else Size(16, 9)


def _crops(manifest: Manifest, shot: ShotRecord, size: Size) -> tuple[Crop, ...]:
    """What each deliverable takes: as it was made, or as it would be."""
    records = {film.name: film for film in manifest.made}
    deliverables = manifest.wanted or tuple(
        WantedRecord(deliverable.name, deliverable.aspect, deliverable.fit)
        for deliverable in manifest.deliverables
    )
    crops = []
    for number, deliverable in enumerate(deliverables):
        part = _part(records.get(deliverable.name), shot.id)
        crops.append(_crop(deliverable, part, shot, size, number % _COLOURS))
    return tuple(crops)


def _part(made: DeliverableRecord | None, shot: str) -> PartRecord | None:
    return next((part for part in made.parts if part.shot == shot), None) if made else None


def _crop(
    wanted: WantedRecord, part: PartRecord | None, shot: ShotRecord, size: Size, style: int
) -> Crop:
    if wanted.fit != "crop":
        whole = (
            tr("whole picture on a blurred copy")
            if wanted.fit == "blur"
            else tr("whole picture with bars")
        )
        return Crop(wanted.name, style, _grown(whole, part))
    boxes = _boxes(part.crop if part else None) or _expected(wanted, shot, size)
    if not boxes:
        return Crop(wanted.name, style, tr("not known yet"))
    _, _, width, height = boxes[0]
    share = 100 * width * height / size.area
    text = tr("{size}, keeps {share:.0f} %", size=_sized(f"{width}x{height}"), share=share)
    if len(boxes) > 1:
        text = tr("{crop}, moving", crop=text)
    return Crop(wanted.name, style, _grown(text, part), boxes)


def _grown(crop: Message, part: PartRecord | None) -> Message:
    if part is None or Decimal(part.enlarged) <= Decimal("1.001"):
        return crop
    return tr("{crop}, enlarged {factor}", crop=crop, factor=part.enlarged)


def _boxes(text: str | None) -> tuple[tuple[int, int, int, int], ...]:
    """Corner and size of each box in the words of a manifest, ``WxH+X+Y``."""
    numbers = (tuple(map(int, match)) for match in _BOX.findall(text or ""))
    return tuple((x, y, width, height) for width, height, x, y in numbers)


def _expected(
    wanted: WantedRecord, shot: ShotRecord, size: Size
) -> tuple[tuple[int, int, int, int], ...]:
    points = (shot.focus, shot.focus_to) if shot.focus_to else (shot.focus,)
    try:
        aspect = Aspect.parse(wanted.aspect)
        boxes = [crop_box(size, aspect, Focus(*map(Fraction, point))) for point in points]
    except (ValueError, ZeroDivisionError):
        return ()
    return tuple((box.x, box.y, box.width, box.height) for box in boxes)


def _warnings(shot: ShotRecord) -> Iterable[Message]:
    """What of a shot differs from what was predicted; failures are shown with their takes."""
    for take in shot.takes:
        real = f"{take.width}x{take.height}"
        if take.width and take.predicted and take.predicted != real:
            yield tr(
                "take {n} is {size}; predicted {predicted}",
                n=take.take,
                size=real,
                predicted=take.predicted,
            )
        if take.cost and take.price and _amount(take.cost) != _amount(take.price):
            cost, price = _money(take.cost), _money(take.price)
            yield tr("take {n} cost {cost}; estimated {price}", n=take.take, cost=cost, price=price)


def _parameters(shot: ShotRecord, take: TakeRecord) -> Iterable[tuple[Message, str]]:
    """What was requested besides prompt and seed, and how the clip is used."""
    request = take.request
    yield tr("Model"), str(request.get("model", ""))
    tier, seconds = request.get("resolution", ""), request.get("duration", "")
    yield tr("Requested"), tr("{tier}, {seconds} s", tier=tier, seconds=seconds)
    yield tr("Sound"), str(request.get("sound", ""))
    if request.get("template"):
        yield tr("Effect template"), str(request["template"])
    yield tr("Prompt extension"), tr("on") if request.get("prompt_extend") else tr("off")
    if asked := request.get("ratio") or request.get("size"):
        yield tr("Frame asked for"), str(asked)
    if request.get("shot_type"):
        yield tr("Cuts in the clip"), str(request["shot_type"])
    if request.get("watermark"):
        yield tr("Watermark"), tr("on")
    if take.frames:
        yield tr("Clip"), tr("{n} frames at {fps} fps", n=take.frames, fps=take.fps)
    yield from _uses(shot)


def _uses(shot: ShotRecord) -> Iterable[tuple[Message, str]]:
    """How the clip of a shot is used."""
    if shot.cut_frames is not None:
        last = shot.cut_start + shot.cut_frames - 1
        yield tr("Used"), tr("frames {first} to {last}", first=shot.cut_start, last=last)
    if shot.speed != "1":
        yield tr("Speed"), shot.speed
    if shot.transition != "cut":
        length = _fraction(shot.transition_seconds)
        yield (
            tr("Transition to the next shot"),
            tr("{kind}, {seconds} s", kind=shot.transition, seconds=length),
        )
    if shot.caption:
        yield tr("Caption"), shot.caption


def _fraction(text: str) -> str:
    try:
        return f"{float(Fraction(text)):g}"
    except (ValueError, ZeroDivisionError):
        return text


@dataclass(frozen=True, slots=True)
class Bill:
    """What was expected and billed, in one currency, and how much of the budget that is."""

    currency: str
    estimated: Decimal
    settled: Decimal
    budget: Decimal | None
    share: float | None  # of the budget, 0 to 1 or more


def _bill(manifest: Manifest) -> Bill:
    """The totals; two takes that asked for the very same thing were paid once."""
    once = {str(sorted(t.request.items())): t for t in manifest.takes}
    cost = money.read_money(manifest.cost)
    budget = _amount(manifest.budget) if manifest.budget else None
    return Bill(
        currency=cost.currency if cost else "",
        estimated=sum((_amount(take.price) for take in once.values()), Decimal(0)),
        settled=_amount(manifest.cost),
        budget=budget,
        share=float(_amount(manifest.cost) / budget) if budget else None,
    )


def _amount(text: str | None) -> Decimal:
    value = money.read_money(text or "")
    return value.amount if value else Decimal(0)


def _shown_amount(value: Decimal | str) -> str:
    """An amount without its currency, which is next to it in smaller letters."""
    return money.show_amount(value if isinstance(value, Decimal) else _amount(value))


def _money(text: str | None) -> Message:
    """What a manifest says, such as ``0.72 CNY``; None is an unknown price."""
    return tr("unknown") if text is None else money.show_written(text, exactly=True)


def _sum(amount: Decimal, currency: str) -> Message:
    return money.show_money(money.Money(amount, currency))


def _currency(name: str) -> Message:
    return tr("CNY") if name == "CNY" else verbatim(name)


def _fit(name: str) -> Message:
    return FITS.get(name) or verbatim(name)
