"""What was seen as a catalog file that users can lay over the packaged one, and what differs.

It holds figures that answers settled, and nothing else. Hosts of results are not in it: to allow
one is a decision. Prices are not either: no answer shows them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from wanx_render.catalog.capabilities import Catalog
from wanx_render.catalog.figures import Evidence, Figure
from wanx_render.conformance.bodies import name_at
from wanx_render.conformance.clip import PICTURE, USAGE_NAMES, ClipSeen
from wanx_render.conformance.probe import ProbeFinding
from wanx_render.geometry import predicted_size

_GONE = ("404 ",)  # of a create call: the region does not have the model
_SILENT = ("403 ", "401 ", "429 ", "5")  # says nothing of the model


@dataclass(frozen=True)
class Probed:
    """Where and when the answers were given."""

    host: str
    region: str
    day: date

    @property
    def source(self) -> str:
        return f"probed-{self.day}"

    @property
    def evidence(self) -> dict[str, Any]:
        title = f"Answers of {self.host} to wanx-render doctor --service"
        day = str(self.day)
        return {"title": title, "date": day, "read": day, "kind": "captured"}


def seen_catalog(
    findings: Sequence[ProbeFinding], clip: ClipSeen | None, catalog: Catalog, probed: Probed
) -> dict[str, Any]:
    """The figures that were seen, in the form of a user's catalog file."""
    models: dict[str, dict[str, Any]] = {}
    for finding in findings:
        if finding.probe in ("empty-input", "other-region") and not finding.reason:
            names = _region_names(finding, catalog, probed)
            if names is not None:
                figure = _figure(names, probed, f"only {probed.region} was asked")
                models.setdefault(finding.model, {})["region_names"] = figure
    areas = {}
    if clip:
        models.setdefault(clip.request.model, {}).update(_of_clip(clip, catalog, probed))
        areas[clip.request.resolution] = _area(clip, catalog, probed)
    parts = {"sources": {probed.source: probed.evidence}, "models": models, "tier_areas": areas}
    return {name: part for name, part in parts.items() if part}


def _figure(value: Any, probed: Probed, note: str = "") -> dict[str, Any]:
    figure = {"value": value, "source": probed.source}
    return {**figure, "note": note} if note else figure


def _region_names(finding: ProbeFinding, catalog: Catalog, probed: Probed) -> dict[str, str] | None:
    """In which regions a model is, now that one was asked; None where the answer says nothing."""
    model = catalog.models[finding.model]
    names = dict(model.region_names.value)
    if finding.seen.startswith(_SILENT):
        return None
    if finding.seen.startswith(_GONE):
        names.pop(probed.region, None)
        return names
    return {**names, probed.region: name_at(model, probed.region)}


def _of_clip(clip: ClipSeen, catalog: Catalog, probed: Probed) -> Iterator[tuple[str, Any]]:
    model = catalog.models[clip.request.model]
    one_clip = "one clip"
    yield "fps", _figure(_plain(clip.rate), probed, one_clip)
    shapes = [shape for shape, names in USAGE_NAMES.items() if names == clip.usage_names]
    if shapes:
        shape = model.usage.value if model.usage.value in shapes else shapes[0]
        yield "usage", _figure(shape, probed, one_clip)
    yield "returns_actual_prompt", _figure(clip.has_actual_prompt, probed, one_clip)
    low, high = model.task_seconds.value
    if clip.run_seconds is not None and not low <= clip.run_seconds <= high:
        seconds = round(clip.run_seconds)
        bounds = [min(low, seconds), max(high, seconds)]
        yield "task_seconds", _figure(bounds, probed, "widened by one clip")


def _plain(rate: Fraction) -> int | str:
    return rate.numerator if rate.denominator == 1 else str(rate)


def _area(clip: ClipSeen, catalog: Catalog, probed: Probed) -> dict[str, Any]:
    """The area of a tier, of those that documents name, or the pixels that were seen."""
    figure = catalog.service.tier_areas[clip.request.resolution]
    areas = (figure.value, *(variant.value for variant in figure.variants))
    fitting = (area for area in areas if predicted_size(PICTURE, area) == clip.size)
    note = f"{PICTURE} gave {clip.size}"
    return _figure(next(fitting, clip.size.area), probed, note)


# -- what differs --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FigureDifference:
    """A figure of the catalogue that was seen to be another."""

    name: str  # ``wan2.2-i2v-flash fps``
    catalog: Any
    evidence: Evidence
    seen: Any


def differences(seen: Mapping[str, Any], catalog: Catalog) -> Iterator[FigureDifference]:
    """The figures of a catalog file that differ from the catalogue's."""
    for name, figure, own in _pairs(seen, catalog):
        value = figure.value
        if isinstance(value, tuple | Fraction):
            value = list(value) if isinstance(value, tuple) else _plain(value)
        if value != own["value"]:
            yield FigureDifference(name, value, catalog.sources[figure.source], own["value"])


def _pairs(
    seen: Mapping[str, Any], catalog: Catalog
) -> Iterator[tuple[str, Figure[Any], Mapping[str, Any]]]:
    """Each figure of the catalogue with the one that was seen."""
    for name, fields in seen.get("models", {}).items():
        for field, figure in fields.items():
            yield f"{name} {field}", getattr(catalog.models[name], field), figure
    for tier, figure in seen.get("tier_areas", {}).items():
        yield f"tier_areas {tier}", catalog.service.tier_areas[tier], figure
