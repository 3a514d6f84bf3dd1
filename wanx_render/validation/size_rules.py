"""Rules about the sizes of deliverables: what is enlarged, and what makes a film small."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import pairwise

from wanx_render.diagnostics import Diagnostic, listed
from wanx_render.geometry import Size, crop_unit, enlargement, fit_unit, is_enlarged
from wanx_render.shotlist.model import Deliverable
from wanx_render.validation.context import Scene


def deliverable_enlarges(scene: Scene) -> Iterator[Diagnostic]:
    for number, deliverable in scene.deliverables.items():
        factors = {
            shot.id: enlargement(size, deliverable.size, deliverable.aspect, deliverable.fit)
            for shot, size in scene.clips
            if deliverable.size and crop_unit(size, deliverable.aspect) >= 2
        }
        larger = {
            name: times for name, times in factors.items() if is_enlarged(times, deliverable.fit)
        }
        if larger:
            names = listed(f"{name} {float(times):.2f} times" for name, times in larger.items())
            yield Diagnostic(
                "deliverable-enlarges",
                f"{deliverable.name} enlarges its clips: {names}",
                scene.place(("deliverables", number, "size")),
                "leave size out for the largest that enlarges nothing, or raise the resolution",
                "warning",
            )


def deliverable_shrunk(scene: Scene) -> Iterator[Diagnostic]:
    """A few shots decide the default size of all: the others lose what they could have shown."""
    for number, deliverable in scene.deliverables.items():
        units = {
            shot.id: unit
            for shot, size in scene.clips
            if (unit := fit_unit(size, deliverable.aspect, deliverable.fit)) >= 2
        }
        smaller, without = _what_shrinks(units)
        if deliverable.size or not smaller:
            continue
        size, larger = (deliverable.aspect.size(unit) for unit in (min(units.values()), without))
        yield Diagnostic(
            "deliverable-shrunk",
            f"{deliverable.name} is only {size} because of {listed(smaller)}; "
            f"it would be {larger} without {'it' if len(smaller) == 1 else 'them'}",
            scene.place(("deliverables", number, "aspect")),
            _how_to_grow(deliverable, larger),
            "warning",
        )


_SHRINKS = Fraction(8, 9)  # of the side that the others allow; less is hardly seen


def _what_shrinks(units: Mapping[str, int]) -> tuple[list[str], int]:
    """The few shots that are much smaller than all others, and the unit that these allow.

    The shots are parted where their sizes differ most; at most half of them are "a few".
    """
    sizes = sorted(units.values())
    gaps = [
        (Fraction(smaller, larger), larger)
        for count, (smaller, larger) in enumerate(pairwise(sizes), 1)
        if 2 * count <= len(sizes)
    ]
    ratio, without = min(gaps, default=(Fraction(1), 0))
    if ratio > _SHRINKS:
        return [], 0
    return [name for name, unit in units.items() if unit < without], without


def _how_to_grow(deliverable: Deliverable, larger: Size) -> str:
    ways = f"use a first frame nearer to {deliverable.aspect}, or a higher resolution"
    if deliverable.fit == "crop":
        ways += ", or use fit: blur or pad"
    return f"{ways}; size: {larger} enlarges it instead"
