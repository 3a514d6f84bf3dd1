"""How the pictures of a shot are prepared: what the list says, for one model, tier and film.

A shot, its model and the deliverables in; for each size of picture the preparation out.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from wanx_render.catalog.abilities import Model
from wanx_render.catalog.capabilities import Catalog
from wanx_render.geometry import Aspect, Size
from wanx_render.preparation import FREELY_ENLARGED, Fitting, Limits, Preparation, best_aspect
from wanx_render.preparation import prepare as prepared
from wanx_render.shotlist.model import Deliverable, FitImage, GeneratedShot
from wanx_render.shotlist.values import MATCH


@dataclass(frozen=True, slots=True)
class Preparing:
    """All that decides how a picture of a shot is sent, but for the picture itself."""

    wish: FitImage | None  # None: as it is, as far as the model accepts that
    crops: tuple[Aspect, ...]  # of the deliverables that crop
    area: int  # of the tier, in pixels
    limits: Limits

    @property
    def matches(self) -> bool:
        """Whether the aspect follows from the deliverables."""
        return self.wish is not None and self.wish.aspect == MATCH

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


def crops_of(deliverables: Iterable[Deliverable]) -> tuple[Aspect, ...]:
    """The aspects of the deliverables that crop, each once."""
    return tuple(dict.fromkeys(d.aspect for d in deliverables if d.fit == "crop"))


def preparing_of(
    shot: GeneratedShot, model: Model, crops: tuple[Aspect, ...], catalog: Catalog
) -> Preparing:
    """How the pictures of ``shot`` are prepared for ``model``; KeyError for an unknown tier."""
    return Preparing(
        wish=shot.fit_image,
        crops=crops,
        area=catalog.tier_area(shot.resolution or model.tiers.value[0]),
        limits=model.limits,
    )
