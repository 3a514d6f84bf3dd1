"""What a shot list may ask for, one function for each rule; nothing is sent that breaks one.

Each rule takes the whole ``Scene`` and yields its findings. Rules know the catalog's figures, never
a model's name.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path

from PIL import ImageColor

from wanx_render.capabilities import Catalog, Model
from wanx_render.diagnostics import Diagnostic, Span, did_you_mean
from wanx_render.pictures import Picture
from wanx_render.shotlist import Deliverable, LastFrame, Shot
from wanx_render.timing import frames_in

Place = Callable[[tuple[str | int, ...]], Span]


@dataclass(frozen=True)
class Scene:
    """Everything a rule may look at."""

    shots: Mapping[int, Shot]  # by index; only those that are well-formed
    deliverables: Mapping[int, Deliverable]
    region: str
    ids: tuple[str, ...]  # of all shots, also of those that are not well-formed
    catalog: Catalog
    folder: Path
    pictures: Mapping[int, Picture]  # by the shot's index; only those that could be read
    place: Place

    def models(self) -> Iterator[tuple[int, Shot, Model]]:
        """Each shot with its model, where there is such a model."""
        for index, shot in self.shots.items():
            model = self.catalog.model(shot.model)
            if model:
                yield index, shot, model

    def at(self, index: int, key: str) -> Span:
        return self.place(("shots", index, key))


def sound_path(shot: Shot) -> str | None:
    """The custom soundtrack a shot names, or None for ``silent``, ``auto`` and nothing."""
    return shot.audio if shot.audio not in (None, "silent", "auto") else None


def findings(scene: Scene) -> tuple[Diagnostic, ...]:
    """What every rule says."""
    return tuple(chain.from_iterable(rule(scene) for rule in RULES))


def unknown_model(scene: Scene) -> Iterator[Diagnostic]:
    known = list(scene.catalog.models)
    for index, shot in scene.shots.items():
        if scene.catalog.model(shot.model) is None:
            yield Diagnostic(
                "model-unknown",
                f"there is no model {shot.model!r}",
                scene.at(index, "model"),
                did_you_mean(shot.model, known) or f"known models: {', '.join(known)}",
            )


def model_not_in_region(scene: Scene) -> Iterator[Diagnostic]:
    region = scene.region
    for index, _, model in scene.models():
        if region not in model.region_names.value:
            offered = ", ".join(model.region_names.value)
            yield Diagnostic(
                "model-not-in-region",
                f"{model.name} is not offered in {region}",
                scene.at(index, "model"),
                f"it is offered in {offered}",
            )


def resolution_unsupported(scene: Scene) -> Iterator[Diagnostic]:
    for index, shot, model in scene.models():
        if shot.resolution is not None and shot.resolution not in model.tiers.value:
            yield Diagnostic(
                "resolution-unsupported",
                f"{model.name} cannot make {shot.resolution}",
                scene.at(index, "resolution"),
                f"it makes {', '.join(sorted(model.tiers.value, key=scene.catalog.tier_area))}",
            )


def duration_unsupported(scene: Scene) -> Iterator[Diagnostic]:
    for index, shot, model in scene.models():
        if shot.duration is not None and shot.duration not in model.durations.value:
            allowed = sorted(model.durations.value)
            others = [
                other.name
                for other in scene.catalog.models.values()
                if shot.duration in other.durations.value
            ]
            hint = f"use {_or(str(seconds) for seconds in allowed)}"
            if others:
                hint += f"; {shot.duration} s can be made by {', '.join(others)}"
            yield Diagnostic(
                "duration-unsupported",
                f"{model.name} makes clips of {_or(str(s) for s in allowed)} s, "
                f"not {shot.duration} s",
                scene.at(index, "duration"),
                hint,
            )


def sound_unsupported(scene: Scene) -> Iterator[Diagnostic]:
    for index, shot, model in scene.models():
        if model.sound.value == "none" and shot.audio not in (None, "silent"):
            with_sound = [m.name for m in scene.catalog.models.values() if m.sound.value != "none"]
            yield Diagnostic(
                "sound-unsupported",
                f"{model.name} makes silent clips only",
                scene.at(index, "audio"),
                f"leave audio out, or use {_or(with_sound)}",
            )
        if model.sound.value == "always" and shot.audio == "silent":
            yield Diagnostic(
                "silence-unsupported",
                f"{model.name} always makes sound",
                scene.at(index, "audio"),
                "leave audio out",
            )


def sound_file_missing(scene: Scene) -> Iterator[Diagnostic]:
    for index, shot in scene.shots.items():
        named = sound_path(shot)
        if named and "://" not in named and not (scene.folder / named).is_file():
            yield Diagnostic(
                "sound-missing",
                f"the sound file {named} does not exist",
                scene.at(index, "audio"),
                "audio is silent, auto, or a path that starts at the shot list's folder",
            )


def template_unsupported(scene: Scene) -> Iterator[Diagnostic]:
    for index, shot, model in scene.models():
        if shot.template is None:
            continue
        offered = model.templates.value if model.templates else ()
        regions = model.template_regions.value if model.template_regions else ()
        if shot.template not in offered:
            having = [
                m.name
                for m in scene.catalog.models.values()
                if m.templates and shot.template in m.templates.value
            ]
            hint = f"use {_or(having)}" if having else did_you_mean(shot.template, offered)
            yield Diagnostic(
                "template-unsupported",
                f"{model.name} has no template {shot.template!r}",
                scene.at(index, "template"),
                hint or (f"it has {', '.join(offered)}" if offered else "leave template out"),
            )
        elif scene.region not in regions:
            yield Diagnostic(
                "template-not-in-region",
                f"templates are not offered in {scene.region}",
                scene.at(index, "template"),
                f"they are offered in {', '.join(regions)}",
            )


def pick_outside_takes(scene: Scene) -> Iterator[Diagnostic]:
    for index, shot in scene.shots.items():
        if shot.pick > shot.takes:
            yield Diagnostic(
                "pick-outside-takes",
                f"take {shot.pick} is picked, but the shot has {shot.takes}",
                scene.at(index, "pick"),
                f"pick one of 1 to {shot.takes}, or raise takes",
            )


def duplicate_names(scene: Scene) -> Iterator[Diagnostic]:
    """Ids and names become file names, and on many disks Shot and shot are one file."""
    groups = (
        ("shot-id-twice", "shot id", ("shots", "id"), {i: s.id for i, s in scene.shots.items()}),
        (
            "deliverable-twice",
            "deliverable name",
            ("deliverables", "name"),
            {i: d.name for i, d in scene.deliverables.items()},
        ),
    )
    for code, what, (group, key), names in groups:
        seen: dict[str, int] = {}
        for index, name in names.items():
            first = seen.setdefault(name.casefold(), index)
            if first != index:
                other = names[first]
                same = "twice" if other == name else f"beside {other}, the same file on many disks"
                place = scene.place((group, index, key))
                yield Diagnostic(code, f"the {what} {name} is used {same}", place)


def chain_broken(scene: Scene) -> Iterator[Diagnostic]:
    """Chained first frames must lead to a shot that exists and never back to themselves."""
    before = {
        shot.id: shot.image.shot
        for shot in scene.shots.values()
        if isinstance(shot.image, LastFrame)
    }
    for index, shot in scene.shots.items():
        if shot.id not in before:
            continue
        place = scene.place(("shots", index, "image", "shot"))
        if before[shot.id] not in scene.ids:
            hint = did_you_mean(before[shot.id], scene.ids)
            yield Diagnostic("shot-unknown", f"there is no shot {before[shot.id]!r}", place, hint)
        elif shot.id in (loop := _ancestors(shot.id, before)):
            route = " -> ".join([shot.id, *loop[: loop.index(shot.id) + 1]])
            yield Diagnostic(
                "chain-cycle", f"the first frame of {shot.id} waits for itself: {route}", place
            )


def _ancestors(shot: str, before: Mapping[str, str]) -> list[str]:
    found: list[str] = []
    while (shot := before.get(shot, "")) and shot not in found:
        found.append(shot)
    return found


def trim_outside(scene: Scene) -> Iterator[Diagnostic]:
    for index, shot, model in scene.models():
        seconds = shot.duration or model.durations.value[0]
        for key, value in (("start", shot.trim.start), ("end", shot.trim.end)):
            if value is not None and value > seconds:
                yield Diagnostic(
                    "trim-outside",
                    f"the trim's {key} of {float(value):g} s lies outside the clip of {seconds} s",
                    scene.place(("shots", index, "trim", key)),
                )
        rate = model.fps.value
        last = shot.trim.end if shot.trim.end is not None else Fraction(seconds)
        if frames_in(shot.trim.start, rate) >= frames_in(min(last, Fraction(seconds)), rate):
            yield Diagnostic(
                "trim-empty", "the trim leaves no frame of the clip", scene.at(index, "trim")
            )


def colour_unknown(scene: Scene) -> Iterator[Diagnostic]:
    for index, deliverable in scene.deliverables.items():
        try:
            ImageColor.getrgb(deliverable.background)
        except ValueError:
            yield Diagnostic(
                "colour-unknown",
                f"{deliverable.background!r} is not a colour",
                scene.place(("deliverables", index, "background")),
                "use a name such as black or white, or #RRGGBB",
            )


def not_built_yet(scene: Scene) -> Iterator[Diagnostic]:
    """What the language has and this version cannot do is refused, never passed over."""
    for index, shot in scene.shots.items():
        if shot.transition.type != "cut":
            yield Diagnostic(
                "not-built-yet",
                f"transitions other than cut are not built yet, {shot.transition.type} among them",
                scene.at(index, "transition"),
            )
    for index, deliverable in scene.deliverables.items():
        sound = deliverable.audio
        if sound.music or sound.duck or sound.loudness is not None:
            yield Diagnostic(
                "not-built-yet",
                "music, ducking and loudness are not built yet",
                scene.place(("deliverables", index, "audio")),
            )


RULES = (
    unknown_model,
    model_not_in_region,
    resolution_unsupported,
    duration_unsupported,
    sound_unsupported,
    sound_file_missing,
    template_unsupported,
    pick_outside_takes,
    duplicate_names,
    chain_broken,
    trim_outside,
    colour_unknown,
    not_built_yet,
)


def _or(words: Iterator[str] | list[str]) -> str:
    listed = list(words)
    if len(listed) < 2:
        return "".join(listed)
    return f"{', '.join(listed[:-1])} or {listed[-1]}"
