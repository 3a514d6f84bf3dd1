"""Which part of a shot's picture is sent, and what each deliverable would keep of it.

The page draws what is calculated here: it moves a point and asks again. Boxes are parts of the
picture's width and height, from 0 to 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from wanx_render.board.app import Declined, Malformed
from wanx_render.board.holding import Holding
from wanx_render.catalog.capabilities import Catalog
from wanx_render.geometry import Box, Focus, Move, Size, crop_box, predicted_size
from wanx_render.language import tr
from wanx_render.planning.plan import Plan
from wanx_render.planning.planned import PlannedShot
from wanx_render.preparation import Preparation
from wanx_render.shotlist.inputs import FitImage
from wanx_render.shotlist.model import Deliverable, GeneratedShot, gaze_at
from wanx_render.shotlist.preparing import aims_of, preparing_of


@dataclass(frozen=True)
class Framing:
    """A shot whose first frame is cropped before it is sent, and its picture's size."""

    plan: Plan
    planned_shot: PlannedShot
    catalog: Catalog

    @property
    def shot(self) -> GeneratedShot:
        return self.planned_shot.shot

    @property
    def source(self) -> Size | None:
        image = self.planned_shot.picked.request.image
        return image.size if image else None

    def of(self, focus: Focus | None) -> Mapping[str, Any]:
        """What is sent around ``focus``, or as the list and the choices say.

        Raises Declined where nothing is cropped.
        """
        wish, source = self.shot.fit_image, self.source
        if wish is None or wish.fit != "crop" or source is None:
            raise not_cropped(self.shot.id)
        point = focus or wish.focus
        preparation = self._prepared(wish, source, point)
        clip = predicted_size(preparation.sent if preparation else source, self._area)
        unprepared = predicted_size(source, self._area)
        return {
            "size": [source.width, source.height],
            "focus": [round(point.x * 1000), round(point.y * 1000)],
            "moves": _moves(preparation, source),
            "aspect": str(preparation.aspect) if preparation and preparation.aspect else None,
            "window": _shares(_window(preparation, source), source),
            "sent": str(preparation.sent if preparation else source),
            "clip": str(clip),
            "lost": _percent(preparation.loss(source) if preparation else Fraction(0)),
            "deliverables": [
                self._kept(deliverable, clip, unprepared, preparation, source)
                for deliverable in self.plan.deliverables
            ],
        }

    @property
    def _area(self) -> int:
        return self.catalog.tier_area(self.planned_shot.picked.request.resolution)

    def _prepared(self, wish: FitImage, source: Size, focus: Focus) -> Preparation | None:
        fitted = wish.model_copy(update={"focus": focus})
        shot = self.shot.model_copy(update={"fit_image": fitted})
        model = self.catalog.model(shot.model)
        if model is None:
            raise LookupError(shot.model)
        preparing = preparing_of(shot, model, aims_of(self.plan.deliverables), self.catalog)
        image = self.planned_shot.picked.request.image
        transparent = image is not None and image.transparent
        return preparing.of(source, preparing.aspect(source), transparent=transparent)

    def _kept(
        self,
        deliverable: Deliverable,
        clip: Size,
        unprepared: Size,
        preparation: Preparation | None,
        source: Size,
    ) -> dict[str, Any]:
        """What one deliverable keeps, and what it would keep of the picture as it is."""
        record = {"name": deliverable.name, "fit": deliverable.fit, "box": None}
        if deliverable.fit != "crop":
            return record
        gaze = gaze_at(self.shot, deliverable)
        focus = gaze.start if isinstance(gaze, Move) else gaze
        try:
            box = crop_box(clip, deliverable.aspect, focus)
            before = crop_box(unprepared, deliverable.aspect, focus)
        except ValueError:  # the clip is too small for this aspect
            return record
        inside = _within(_window(preparation, source), box, clip)
        return record | {
            "box": [float(inside[0] / source.width), float(inside[1] / source.height),
                    float(inside[2] / source.width), float(inside[3] / source.height)],
            "keeps": _percent(Fraction(box.size.area, clip.area)),
            "before": _percent(Fraction(before.size.area, unprepared.area)),
        }  # fmt: skip


def window(holding: Holding, asked: Mapping[str, Any]) -> dict[str, Any]:
    """What is sent of the first frame of a shot around ``focus``, in thousandths.

    Raises KeyError, Malformed or Declined.
    """
    planned_shot = holding.generated(asked.get("shot"))
    framing = Framing(holding.outlook.plan, planned_shot, holding.selection.catalog)
    choice = holding.selection.lists[0].loaded.picks.of(planned_shot.shot.id)
    is_chosen = choice.image_focus is not None
    return {**framing.of(point_of(asked)), "chosen": is_chosen}


def point_of(asked: Mapping[str, Any]) -> Focus | None:
    """The point that the page names, in thousandths; None where it names none. Raises Malformed."""
    point = asked.get("focus")
    if point is None:
        return None
    if not (isinstance(point, list) and len(point) == 2 and all(map(_is_thousandth, point))):
        raise Malformed(tr("focus must be two integers from 0 to 1000"))
    return Focus(Fraction(point[0], 1000), Fraction(point[1], 1000))


def _is_thousandth(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 1000


def not_cropped(shot: str) -> Declined:
    """The first frame of ``shot`` has no crop that could be moved."""
    return Declined(tr("the first frame of {shot} is not cropped: see fit_image", shot=shot))


def _window(preparation: Preparation | None, source: Size) -> Box:
    return preparation.window if preparation else Box(0, 0, source.width, source.height)


def _moves(preparation: Preparation | None, source: Size) -> str:
    """The direction in which the window can be moved: x, y or none."""
    aspect = preparation.aspect if preparation else None
    if aspect is None:
        return ""
    across, down = source.width * aspect.height, source.height * aspect.width
    return "x" if across > down else "y" if down > across else ""


def _shares(box: Box, source: Size) -> list[float]:
    return [
        box.x / source.width, box.y / source.height,
        box.width / source.width, box.height / source.height,
    ]  # fmt: skip


def _within(window: Box, box: Box, clip: Size) -> tuple[Fraction, Fraction, Fraction, Fraction]:
    """A box of the clip as a box of the picture: the clip shows the window, a little scaled."""
    across, down = Fraction(window.width, clip.width), Fraction(window.height, clip.height)
    return (
        window.x + box.x * across, window.y + box.y * down, box.width * across, box.height * down,
    )  # fmt: skip


def _percent(share: Fraction) -> str:
    return f"{float(share) * 100:.1f}"
