"""What a shot list may ask for, one function for each rule; nothing is sent that breaks one.

Each rule takes the whole ``Scene`` and yields its findings. Here are all of them in the order in
which they are shown, and those about how the shots hang together.
"""

from collections.abc import Callable, Iterator, Mapping

from wanx_render.diagnostics import Diagnostic, Span, did_you_mean
from wanx_render.language import plural, tr
from wanx_render.shotlist.inputs import LastFrame
from wanx_render.shotlist.model import GeneratedShot
from wanx_render.shotlist.names import alike
from wanx_render.validation import (
    combination_rules,
    effect_rules,
    finishing_rules,
    parameter_rules,
    picture_rules,
    reference_rules,
    request_rules,
    size_rules,
    word_rules,
)
from wanx_render.validation.context import Scene, either
from wanx_render.validation.rules import continuing, made_pictures, offers

Rule = Callable[[Scene], Iterator[Diagnostic]]


def pick_outside_takes(scene: Scene) -> Iterator[Diagnostic]:
    for index, shot in scene.generated.items():
        if shot.pick > shot.takes:
            yield Diagnostic(
                "pick-outside-takes",
                plural(
                    "pick {pick} matches no take; the shot has {n} take",
                    "pick {pick} matches no take; the shot has {n} takes",
                    shot.takes, pick=shot.pick,
                ),
                scene.at(index, "pick"),
                tr(
                    "set takes to {pick}, or pick {choices}",
                    pick=shot.pick, choices=either(str(n + 1) for n in range(shot.takes)),
                ),
            )  # fmt: skip


def duplicate_names(scene: Scene) -> Iterator[Diagnostic]:
    """Ids and names become file names; ``alike`` says which of them cannot be side by side."""
    groups = (
        ("shot-id-twice", ("shots", "id"), {i: s.id for i, s in scene.shots.items()}),
        ("deliverable-twice", ("deliverables", "name"),
         {i: d.name for i, d in scene.deliverables.items()}),
    )  # fmt: skip
    for code, (group, key), names in groups:
        indexes: dict[str, int] = {}
        for index, name in names.items():
            first = indexes.setdefault(alike(name), index)
            if first != index:
                places = (scene.place((group, i, key)) for i in (index, first))
                yield _duplicate(code, key, (name, names[first]), *places)


def _duplicate(code: str, key: str, names: tuple[str, str], place: Span, first: Span) -> Diagnostic:
    """``names`` are the name at ``place``, and the one at ``first`` that it is not unlike."""
    name, earlier = names
    values = {"key": key, "name": name, "first": earlier, "place": str(first)}
    if name == earlier:
        message = tr("duplicate {key} {name!r} (first at {place})", **values)
        return Diagnostic(code, message, place)
    return Diagnostic(
        code,
        tr("{key} {name!r} is too close to {first!r} (at {place})", **values),
        place,
        tr("use names that differ in more than case, width or composition of letters"),
    )


def chain_broken(scene: Scene) -> Iterator[Diagnostic]:
    """Chained shots must lead to a shot that exists and never back to themselves."""
    ids = set(scene.ids)
    before = {shot.id: name for shot in scene.generated.values() if (name := _source(shot))}
    loops = _loops(before)
    for index, shot in scene.generated.items():
        if shot.id not in before:
            continue
        place = scene.place(("shots", index, "continue" if shot.continues else "image", "shot"))
        if before[shot.id] not in ids:
            hint = did_you_mean(before[shot.id], scene.ids[:500])
            message = tr("{name!r} is not a shot of this list", name=before[shot.id])
            yield Diagnostic("shot-unknown", message, place, hint)
        elif loop := loops.get(shot.id):
            message = tr(
                "the beginning of {shot} depends on itself: {chain}",
                shot=shot.id, chain=_route(loop, shot.id),
            )  # fmt: skip
            yield Diagnostic("chain-cycle", message, place)


def _source(shot: GeneratedShot) -> str | None:
    """The shot that ``shot`` waits for: it begins with the last frame, or continues the clip."""
    if shot.continues:
        return shot.continues.shot
    return shot.image.shot if isinstance(shot.image, LastFrame) else None


def _route(loop: list[str], shot: str) -> str:
    """``a -> b -> a``; of a long loop the beginning."""
    start = loop.index(shot)
    route = [*loop[start : start + 6], *loop[: max(start + 6 - len(loop), 0)]]
    rest = ["..."] if len(loop) > 6 else []
    return " -> ".join([*route[: len(loop)], *rest, shot])


def _loops(before: Mapping[str, str]) -> dict[str, list[str]]:
    """The shots that wait for themselves, each with the whole loop; every shot is walked once."""
    cycles: dict[str, list[str]] = {}
    visited_ids: set[str] = set()
    for start in before:
        line: dict[str, None] = {}
        shot = start
        while shot in before and shot not in visited_ids and shot not in line:
            line[shot] = None
            shot = before[shot]
        if shot in line:
            path = list(line)
            loop = path[path.index(shot) :]
            cycles |= dict.fromkeys(loop, loop)
        visited_ids |= set(line)
    return cycles


RULES: tuple[Rule, ...] = (
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
    pick_outside_takes,
    duplicate_names,
    chain_broken,
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
    reference_rules.reference_unknown,
    reference_rules.reference_unmarked,
    reference_rules.reference_outside_limits,
    picture_rules.image_not_here,
    picture_rules.image_outside_limits,
    picture_rules.image_shape,
    picture_rules.image_scaled,
    picture_rules.image_repaired,
    *made_pictures.RULES,
    request_rules.prompt_cut,
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
    word_rules.captions_unusable,
    word_rules.captions_too_long,
    word_rules.subtitles_outside,
    word_rules.label_unusable,
    word_rules.label_short,
    word_rules.label_among_captions,
    word_rules.label_among_overlays,
    word_rules.watermark_cut,
    word_rules.label_missing,
)
