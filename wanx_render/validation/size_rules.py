"""Rules about the sizes of deliverables: what is enlarged, and what makes a film small."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import pairwise

from wanx_render.diagnostics import Diagnostic, listed
from wanx_render.geometry import Size, crop_unit, enlargement, fit_unit, is_enlarged
from wanx_render.language import Message, plural, tr
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
            clips = listed(f"{name} {float(times):.2f}×" for name, times in larger.items())
            yield Diagnostic(
                "deliverable-enlarges",
                tr("{name} enlarges its clips: {clips}", name=deliverable.name, clips=clips),
                scene.place(("deliverables", number, "size")),
                tr("leave size out, or use a higher resolution"),
                "warning",
            )


def deliverable_shrunk(scene: Scene) -> Iterator[Diagnostic]:
    """A few shots decide the default size of all: the others lose what they could have shown."""
    generated = {shot.id for shot in scene.generated.values()}
    for number, deliverable in scene.deliverables.items():
        units = _units(scene, deliverable)
        smaller, without = what_shrinks(units)
        if deliverable.size or not smaller:
            continue
        size, larger = (deliverable.aspect.size(unit) for unit in (min(units.values()), without))
        yield Diagnostic(
            "deliverable-shrunk",
            plural(
                "{name} is only {size} because of {shots}; without it: {larger}",
                "{name} is only {size} because of {shots}; without them: {larger}",
                len(smaller), name=deliverable.name, size=str(size), shots=listed(smaller),
                larger=str(larger),
            ),
            scene.place(("deliverables", number, "aspect")),
            _how_to_grow(deliverable, larger, all_own=not generated & set(smaller)),
            "warning",
        )  # fmt: skip


_SHRINKS = Fraction(8, 9)  # of the side that the others allow; less is hardly seen


def _units(scene: Scene, deliverable: Deliverable) -> dict[str, int]:
    """What each clip allows of a deliverable; own footage at most what generated clips do.

    A title card is often larger than any clip of the service; that is no reason for a warning.
    """
    units = {
        shot.id: unit
        for shot, size in scene.clips
        if (unit := fit_unit(size, deliverable.aspect, deliverable.fit)) >= 2
    }
    generated = {shot.id for shot in scene.generated.values()}
    largest = max((unit for name, unit in units.items() if name in generated), default=None)
    if largest is None:
        return units
    return {n: unit if n in generated else min(unit, largest) for n, unit in units.items()}


def what_shrinks(units: Mapping[str, int]) -> tuple[list[str], int]:
    """The few shots that are much smaller than all others, and the unit that these allow.

    The shots are divided where their sizes differ most; at most half of them are "a few".
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


def _how_to_grow(deliverable: Deliverable, larger: Size, *, all_own: bool) -> Message:
    values = {"aspect": str(deliverable.aspect), "size": str(larger)}
    if all_own:
        return tr(
            "use footage or pictures that are larger, or closer to {aspect}; "
            "size: {size} enlarges them instead",
            **values,
        )
    if deliverable.fit == "crop":
        return tr(
            "use a first frame closer to {aspect}, a higher resolution, or fit: blur or pad; "
            "size: {size} enlarges it instead",
            **values,
        )
    return tr(
        "use a first frame closer to {aspect}, or a higher resolution; "
        "size: {size} enlarges it instead",
        **values,
    )
