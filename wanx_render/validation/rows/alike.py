"""Rows of a table that are alike: a rule that would say the same of the next one is asked once.

Two rows are alike where their shots and deliverables differ in no more than words, seeds, and
pictures of one size and kind. Only some rules look at these; what all others find in the first of
alike rows holds for the others. What stands in a cell is never taken over: its place is the row's.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain

from wanx_render.diagnostics import Diagnostic, Span
from wanx_render.media.images import Picture
from wanx_render.shotlist.model import AnyShot, GeneratedShot
from wanx_render.source import yaml_source
from wanx_render.validation import (
    combination_rules,
    effect_rules,
    finishing_rules,
    parameter_rules,
    picture_rules,
    reference_rules,
    registry,
    request_rules,
    size_rules,
    word_rules,
)
from wanx_render.validation.context import Scene, Shared
from wanx_render.validation.registry import Rule
from wanx_render.validation.rules import continuing, made_pictures, offers

# The rules that see no more of a row than ``_facts`` keeps: no words, no bytes of pictures, and not
# whether two shots name the same one. (What is found of a picture stands in its cell, and is asked
# again.) A rule that is not listed is asked about every row.
OF_ALIKE_ROWS: frozenset[Rule] = frozenset(
    {
        request_rules.unknown_model,
        request_rules.unknown_region,
        request_rules.model_not_in_region,
        offers.model_retired,
        request_rules.resolution_unsupported,
        offers.default_dearest,
        request_rules.duration_unsupported,
        request_rules.sound_unsupported,
        request_rules.sound_file_missing,
        request_rules.template_unsupported,
        registry.pick_outside_takes,
        registry.duplicate_names,
        registry.chain_broken,
        continuing.continue_unsupported,
        continuing.continue_still,
        continuing.continue_seconds,
        continuing.continue_short,
        finishing_rules.trim_outside,
        finishing_rules.colour_unknown,
        combination_rules.nothing_to_begin_with,
        request_rules.last_image_unsupported,
        combination_rules.unusual_combination,
        parameter_rules.aspect_unusable,
        parameter_rules.shot_type_unusable,
        parameter_rules.not_sent,
        reference_rules.reference_not_here,
        reference_rules.references_miscounted,
        reference_rules.reference_outside_limits,
        picture_rules.image_not_here,
        picture_rules.image_shape,
        *made_pictures.RULES,
        request_rules.prompt_ignored,
        request_rules.sound_outside_limits,
        finishing_rules.crop_loses_much,
        size_rules.deliverable_enlarges,
        size_rules.deliverable_shrunk,
        finishing_rules.rate_drops_frames,
        finishing_rules.rate_repeats_frames,
        finishing_rules.transition_too_long,
        finishing_rules.focus_without_shot,
        finishing_rules.poster_outside,
        finishing_rules.mix_unusable,
        finishing_rules.mix_unheard,
        finishing_rules.loudness_out_of_reach,
        effect_rules.overlay_not_local,
        effect_rules.overlay_outside,
        effect_rules.overlay_size,
        effect_rules.fade_too_long,
        word_rules.subtitles_outside,
        word_rules.label_unusable,
        word_rules.label_short,
        word_rules.label_among_captions,
        word_rules.label_among_overlays,
        word_rules.watermark_cut,
        word_rules.label_missing,
    }
)
_WORDS = ("prompt", "negative_prompt", "caption")
_MOST = 1000  # kinds of rows; beyond that they have little in common


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of alike rows: findings, and rules that have to be asked about each of them."""

    steps: tuple[tuple[Diagnostic, ...] | Rule, ...]
    shared: Shared


@dataclass(frozen=True, slots=True)
class RowKind:
    """Whether a row has the deliverables of every other, and is one of the first of its table."""

    has_same_films: bool
    is_early: bool


class AlikeRows:
    """What rules say of the rows of one list, whose variables are at ``paths``."""

    def __init__(self, paths: Iterable[yaml_source.Path]) -> None:
        paths = tuple(paths)
        of_all = {str(path[1]) for path in paths if path[0] == "defaults" and len(path) > 1}
        of_shots = [path for path in paths if path[0] == "shots" and len(path) > 2]
        self._keys = {
            int(index): tuple({str(path[2]) for path in of_shots if path[1] == index})
            for index in {path[1] for path in of_shots}
        }
        self._of_all = of_all
        self._fields: dict[tuple[int, type[AnyShot]], tuple[str, ...]] = {}
        self._known: dict[Hashable, _Known] = {}

    def findings(self, scene: Scene, of: RowKind) -> Iterator[Diagnostic]:
        """What every rule says, in the order of the rules."""
        kind = self._kind(scene, of) if of.has_same_films else None
        if kind is None:
            scene = replace(scene, figures_hints=of.is_early)
            yield from chain.from_iterable(rule(scene) for rule in registry.RULES)
        elif known := self._known.get(kind):
            scene = replace(scene, figures_hints=of.is_early, shared=known.shared)
            for step in known.steps:
                yield from step if isinstance(step, tuple) else step(scene)
        else:
            yield from self._first(replace(scene, figures_hints=of.is_early), kind)

    def _first(self, scene: Scene, kind: Hashable) -> Iterator[Diagnostic]:
        """What the rules say of the first row of its kind, which is noted for the others."""
        watched = _Watched(scene.place)
        scene = replace(scene, place=watched)
        steps: list[tuple[Diagnostic, ...] | Rule] = []
        for rule in registry.RULES:
            watched.cells = False
            findings = tuple(rule(scene))
            yield from findings
            if rule not in OF_ALIKE_ROWS or (findings and watched.cells):
                steps.append(rule)
            elif findings:
                steps.append(findings)
        if len(self._known) < _MOST:
            self._known[kind] = _Known(tuple(steps), scene.shared)

    def _kind(self, scene: Scene, of: RowKind) -> Hashable:
        """All of a row that is in common with those like it; None where that cannot be compared."""
        shots = tuple(
            (index, type(shot), *self._facts(shot, self._names(index, type(shot)), scene.pictures))
            for index, shot in scene.shots.items()
        )
        kind = (
            of, scene.ids, scene.region, scene.backend, tuple(scene.deliverables), shots,
        )  # fmt: skip
        try:
            hash(kind)
        except TypeError:
            return None
        return kind

    def _names(self, index: int, kind: type[AnyShot]) -> tuple[str, ...]:
        """The fields of a shot that a variable is in."""
        if (index, kind) not in self._fields:
            keys = {*self._of_all, *self._keys.get(index, ())}
            fields = kind.model_fields.items()
            names = tuple(name for name, field in fields if (field.alias or name) in keys)
            self._fields[(index, kind)] = names
        return self._fields[(index, kind)]

    @staticmethod
    def _facts(
        shot: AnyShot, names: tuple[str, ...], pictures: Mapping[str, Picture]
    ) -> Iterator[Hashable]:
        """What the rules ``OF_ALIKE_ROWS`` see of those fields of a shot."""
        for name in names:
            value = getattr(shot, name)
            yield name in shot.model_fields_set
            if name == "prompt" and isinstance(shot, GeneratedShot) and shot.references:
                yield value  # it says in which order references are sent
            elif name in _WORDS:
                yield bool(value), bool(value.strip())
            elif name == "seed":
                yield value is None
            elif name == "image" and isinstance(value, str) and value in pictures:
                picture = pictures[value]
                yield picture.size, picture.format, picture.transparent, picture.repairs
            else:
                yield value


class _Watched:
    """Gives the places of a scene, and notes whether one of them was a cell of a table."""

    def __init__(self, place: Callable[[yaml_source.Path], Span]) -> None:
        self._place = place
        self.cells = False

    def __call__(self, path: yaml_source.Path) -> Span:
        span = self._place(path)
        self.cells = self.cells or span.via is not None
        return span
