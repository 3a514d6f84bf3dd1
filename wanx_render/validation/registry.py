"""What a shot list may ask for, one function for each rule; nothing is sent that breaks one.

Each rule takes the whole ``Scene`` and yields its findings. Here are all of them in the order in
which they are shown, and those about how the shots hang together.
"""

from collections.abc import Iterator, Mapping
from itertools import chain

from wanx_render.diagnostics import Diagnostic, did_you_mean
from wanx_render.shotlist.model import LastFrame
from wanx_render.shotlist.names import alike
from wanx_render.validation import finishing_rules, request_rules, size_rules, word_rules
from wanx_render.validation.context import Scene, either


def findings(scene: Scene) -> tuple[Diagnostic, ...]:
    """What every rule says."""
    return tuple(chain.from_iterable(rule(scene) for rule in RULES))


def pick_outside_takes(scene: Scene) -> Iterator[Diagnostic]:
    for index, shot in scene.shots.items():
        if shot.pick > shot.takes:
            yield Diagnostic(
                "pick-outside-takes",
                f"take {shot.pick} is picked, but the shot has {shot.takes}",
                scene.at(index, "pick"),
                f"raise takes to {shot.pick}, "
                f"or pick {either(str(n + 1) for n in range(shot.takes))}",
            )


def duplicate_names(scene: Scene) -> Iterator[Diagnostic]:
    """Ids and names become file names; ``alike`` says which of them cannot be side by side."""
    groups = (
        ("shot-id-twice", "shot id", ("shots", "id"), {i: s.id for i, s in scene.shots.items()}),
        (
            "deliverable-twice",
            "deliverable name",
            ("deliverables", "name"),
            {i: d.name for i, d in scene.deliverables.items()},
        ),
    )
    for code, noun, (group, key), names in groups:
        indexes: dict[str, int] = {}
        for index, name in names.items():
            first = indexes.setdefault(alike(name), index)
            if first == index:
                continue
            place, first_place = (scene.place((group, i, key)) for i in (index, first))
            message, hint = f"duplicate {noun} {name!r} (first at {first_place})", ""
            if names[first] != name:
                message = f"{noun} {name!r} is too close to {names[first]!r} (at {first_place})"
                hint = "names must differ in more than case, width or composition of letters"
            yield Diagnostic(code, message, place, hint)


def chain_broken(scene: Scene) -> Iterator[Diagnostic]:
    """Chained first frames must lead to a shot that exists and never back to themselves."""
    ids = set(scene.ids)
    before = {
        shot.id: shot.image.shot
        for shot in scene.shots.values()
        if isinstance(shot.image, LastFrame)
    }
    loops = _loops(before)
    for index, shot in scene.shots.items():
        if shot.id not in before:
            continue
        place = scene.place(("shots", index, "image", "shot"))
        if before[shot.id] not in ids:
            hint = did_you_mean(before[shot.id], scene.ids[:500])
            yield Diagnostic("shot-unknown", f"there is no shot {before[shot.id]!r}", place, hint)
        elif loop := loops.get(shot.id):
            start = loop.index(shot.id)
            route = [*loop[start : start + 6], *loop[: max(start + 6 - len(loop), 0)]]
            rest = ["..."] if len(loop) > 6 else []
            chain = " -> ".join([*route[: len(loop)], *rest, shot.id])
            yield Diagnostic(
                "chain-cycle", f"the first frame of {shot.id} waits for itself: {chain}", place
            )


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


RULES = (
    request_rules.unknown_model,
    request_rules.model_not_in_region,
    request_rules.resolution_unsupported,
    request_rules.duration_unsupported,
    request_rules.sound_unsupported,
    request_rules.sound_file_missing,
    request_rules.template_unsupported,
    pick_outside_takes,
    duplicate_names,
    chain_broken,
    finishing_rules.trim_outside,
    finishing_rules.colour_unknown,
    request_rules.last_image_unsupported,
    request_rules.image_outside_limits,
    request_rules.image_shape,
    request_rules.image_repaired,
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
    word_rules.captions_unusable,
    word_rules.captions_too_long,
    word_rules.subtitles_outside,
    word_rules.label_unusable,
    word_rules.label_short,
    word_rules.label_among_captions,
    word_rules.watermark_cut,
    word_rules.label_missing,
)
