"""How the pictures of a shot are prepared: what the list says, for one model, tier and film.

A shot, its model and the deliverables in; for each size of picture the preparation out. Without a
first frame it is the shape of the clip that follows from them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from wanx_render.catalog import shapes
from wanx_render.catalog.abilities import Model
from wanx_render.catalog.capabilities import Catalog
from wanx_render.catalog.shapes import Shape
from wanx_render.geometry import Aspect, Size, predicted_size
from wanx_render.preparation import FREELY_ENLARGED, Fitting, Limits, Preparation, best_aspect
from wanx_render.preparation import prepare as prepared
from wanx_render.shotlist.inputs import FitImage
from wanx_render.shotlist.model import Deliverable, GeneratedShot
from wanx_render.shotlist.values import MATCH
from wanx_render.task import TaskRequest


@dataclass(frozen=True, slots=True)
class Aims:
    """The aspects of the deliverables that decide what is asked for."""

    crops: tuple[Aspect, ...] = ()  # of those that crop, each once
    first: Aspect | None = None  # of the first, which decides where none crops

    @property
    def every(self) -> tuple[Aspect, ...]:
        """Those that the shape of a clip is chosen for."""
        return self.crops or ((self.first,) if self.first else ())


@dataclass(frozen=True, slots=True)
class Preparing:
    """All that decides how a picture of a shot is sent, but for the picture itself.

    ``shape`` is what is asked for outright where there is no picture to begin with, and ``choices``
    are the other shapes that the deliverables could decide for; none where the list says it.
    """

    wish: FitImage | None  # None: as it is, as far as the model accepts that
    crops: tuple[Aspect, ...]  # of the deliverables that crop
    area: int  # of the tier, in pixels
    limits: Limits
    shape: Shape | None = None
    choices: tuple[Shape, ...] = ()
    following: str = ""  # the ratio to ask for where there is a first frame

    @property
    def matches(self) -> bool:
        """Whether the aspect follows from the deliverables."""
        return bool(self.choices) or (self.wish is not None and self.wish.aspect == MATCH)

    @property
    def of_references(self) -> "Preparing":
        """How references are prepared: repaired, but never cut to an aspect."""
        wish = FitImage(background=self.wish.background) if self.wish else None
        return replace(self, wish=wish)

    def clip(self, request: TaskRequest) -> Size | None:
        """The clip that ``request`` gives; None where what it begins with is not known."""
        if first := request.first_clip or request.image:
            size = first.sent_size
            return predicted_size(size, self.area) if size else None
        choices = self.choices or ((self.shape,) if self.shape else ())
        return shapes.clip_of(request.size, request.ratio, choices, self.area)

    @property
    def name(self) -> str:
        """What is asked for, whichever aspect follows from it; empty where nothing is."""
        if self.wish is None:
            return ""
        focus, colour = self.wish.focus, self.wish.background or ""
        return f"{self.wish.aspect or ''} {self.wish.fit} {focus.x},{focus.y} {colour}"

    def aspect(self, first: Size) -> Aspect | None:
        """The aspect of what is sent where the first frame has this size; None: each its own.

        Of a mapping with ``aspect: match`` the best one for the deliverables.
        """
        match self.wish:
            case None:
                return None
            case FitImage(aspect="match", fit=fit):
                return best_aspect(first, self.area, self.crops, fit, self.limits)
            case FitImage(aspect=aspect):
                return aspect if isinstance(aspect, Aspect) else None

    def of(self, size: Size, aspect: Aspect | None, *, transparent: bool) -> Preparation | None:
        """How a picture of this size is sent in ``aspect``; None: as it is.

        Raises ValueError where it cannot be sent.
        """
        if self.wish is None:
            return self._repaired(size)
        fitting = Fitting(aspect, self.wish.fit, self.wish.focus, self.wish.background)
        result = prepared(size, fitting, self.area, self.limits, transparent=transparent)
        return result if result.name or result.sent != size else None

    def _repaired(self, size: Size) -> Preparation | None:
        """Sides that the model does not accept are scaled, but hardly enlarged without a word."""
        if self.limits.accept(size):
            return None
        try:
            preparation = prepared(size, Fitting(), self.area, self.limits)
        except ValueError:
            return None  # a rule says so
        return preparation if preparation.enlargement <= FREELY_ENLARGED else None


def aims_of(deliverables: Iterable[Deliverable]) -> Aims:
    """What the deliverables want of clips."""
    films = list(deliverables)
    crops = dict.fromkeys(film.aspect for film in films if film.fit == "crop")
    return Aims(tuple(crops), films[0].aspect if films else None)


def preparing_of(shot: GeneratedShot, model: Model, aims: Aims, catalog: Catalog) -> Preparing:
    """How the pictures of ``shot`` are prepared for ``model``; KeyError for an unknown tier."""
    tier = shot.resolution or model.tiers.value[0]
    area = catalog.tier_area(tier)
    wish, crops, limits = shot.fit_image, aims.crops, model.limits
    if shot.image is not None or shot.continues:
        return Preparing(wish, crops, area, limits, following=shapes.following(model))
    preparing = Preparing(wish, crops, area, limits)
    choices = shapes.shapes_of(model, tier, area)
    if not choices:
        return preparing
    if shot.aspect is None:
        best = shapes.best(choices, aims.every)
        return replace(preparing, shape=best, choices=choices)
    written = shapes.of_aspect(choices, shot.aspect) or shapes.best(choices, (shot.aspect,))
    return replace(preparing, shape=written)
