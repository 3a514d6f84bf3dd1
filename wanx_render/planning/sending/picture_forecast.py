"""What is sent of a first frame, or asked for without one, and what deliverables keep of its clip:
known before paying."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from wanx_render.geometry import Aspect, Size, crop_unit, cropped_away, predicted_size
from wanx_render.money import write_amount
from wanx_render.planning.planned import Take
from wanx_render.preparation import Preparation
from wanx_render.shotlist.model import Deliverable
from wanx_render.shotlist.preparing import Preparing
from wanx_render.task import InputMedia, TaskRequest


@dataclass(frozen=True, slots=True)
class SentForecast:
    """What is sent of a picture, in one way, and the percent of the clip that each crop keeps."""

    aspect: str | None  # that was chosen; null: its own
    fit: str
    background: str | None
    window: str  # the part of the source that is used
    sent: str
    lost_percent: float  # of the picture
    clip: str
    kept_percent: dict[str, float]  # by the name of each deliverable that crops


@dataclass(frozen=True, slots=True)
class PictureForecast:
    """A first frame that the list has prepared: as it is sent, next to the whole picture."""

    source: str
    sent: SentForecast
    whole: SentForecast
    retake: SentForecast | None = None  # of a kept clip: as --retake would send it
    retake_price: str | None = None


@dataclass(frozen=True, slots=True)
class ShapeForecast:
    """The frame that is asked for outright, and the percent of it that each crop keeps."""

    asked: str  # a size or a ratio
    clip: str
    kept_percent: dict[str, float]  # by the name of each deliverable that crops
    retake: "ShapeForecast | None" = None  # of a kept clip: as --retake would ask
    retake_price: str | None = None


def shape_forecast(take: Take, deliverables: Iterable[Deliverable]) -> ShapeForecast | None:
    """What ``take`` asks for outright; None where it begins with a picture."""
    request = take.request
    if request.image or not (request.size or request.ratio) or take.preparing is None:
        return None
    crops = {d.name: d.aspect for d in deliverables if d.fit == "crop"}
    now = _shape(request, take.preparing, crops)
    if now is None or take.instead is None:
        return now
    price = write_amount(take.price.amount) if take.price else None
    return replace(now, retake=_shape(take.instead, take.preparing, crops), retake_price=price)


def _shape(
    request: TaskRequest, preparing: Preparing, crops: Mapping[str, Aspect]
) -> ShapeForecast | None:
    clip = preparing.clip(request)
    asked = request.ratio or str(request.size)
    return ShapeForecast(asked, str(clip), _kept(clip, crops)) if clip else None


def _kept(clip: Size, crops: Mapping[str, Aspect]) -> dict[str, float]:
    """The percent of a clip that each deliverable keeps of it."""
    return {
        name: round(float(1 - cropped_away(clip, aspect)) * 100, 1)
        for name, aspect in crops.items()
        if crop_unit(clip, aspect) >= 2
    }


def picture_forecast(take: Take, deliverables: Iterable[Deliverable]) -> PictureForecast | None:
    """What ``take`` sends of its first frame; None where the list does not prepare it."""
    picture = take.request.image
    if picture is None or picture.size is None:
        return None
    if take.preparing is None or take.preparing.wish is None:
        return None
    crops = {d.name: d.aspect for d in deliverables if d.fit == "crop"}
    view = _SentView(take.preparing.area, crops)
    instead = take.instead.image if take.instead else None
    price = write_amount(take.price.amount) if instead and take.price else None
    return PictureForecast(
        source=str(picture.size),
        sent=view.of(picture, picture.preparation),
        whole=view.of(picture, None),
        retake=view.of(instead, instead.preparation) if instead else None,
        retake_price=price,
    )


@dataclass(frozen=True)
class _SentView:
    area: int
    crops: dict[str, Aspect]

    def of(self, picture: InputMedia, preparation: Preparation | None) -> SentForecast:
        size = picture.size or Size(1, 1)
        sent = preparation.sent if preparation else size
        clip = predicted_size(sent, self.area)
        lost = float(preparation.loss(size)) if preparation else 0.0
        return SentForecast(
            aspect=str(preparation.aspect) if preparation and preparation.aspect else None,
            fit=preparation.fit if preparation else "crop",
            background=preparation.background if preparation else None,
            window=str(preparation.window) if preparation else f"{size}+0+0",
            sent=str(sent),
            lost_percent=round(lost * 100, 1),
            clip=str(clip),
            kept_percent=_kept(clip, self.crops),
        )
