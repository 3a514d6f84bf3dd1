"""Rules about clips that go on where another one ends.

They know the catalog's figures, never a model's name.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from wanx_render.catalog.abilities import MediaFile, Model
from wanx_render.diagnostics import Diagnostic, Span
from wanx_render.geometry import Size
from wanx_render.language import tr
from wanx_render.shotlist.model import AnyShot, GeneratedShot, StillShot, seconds_continued
from wanx_render.validation.context import KnownClip, Scene, either, lengths

Continuing = tuple[int, GeneratedShot, Model, MediaFile]


def _continuing(scene: Scene) -> Iterator[Continuing]:
    """Each shot that continues a clip on a model that can, with what that accepts."""
    for index, shot, model in scene.models:
        if shot.continues and model.clip_file and "first_clip" in model.roles:
            yield index, shot, model, model.clip_file.value


def continue_unsupported(scene: Scene) -> Iterator[Diagnostic]:
    for index, shot, model in scene.models:
        if shot.continues and not (model.clip_file and "first_clip" in model.roles):
            able = [
                other.name
                for other in scene.catalog.models.values()
                if "first_clip" in other.roles
                and not other.base
                and scene.region in other.region_names.value
            ]
            yield Diagnostic(
                "continue-unsupported",
                tr("continue is not supported by {model}", model=model.name),
                scene.at(index, "continue"),
                tr("use image: {{shot: ID, frame: last}}, or {models}", models=either(able))
                if able
                else tr("use image: {{shot: ID, frame: last}}"),
            )


def continue_still(scene: Scene) -> Iterator[Diagnostic]:
    """A picture that is held has nothing that could go on; an animated one is no video yet."""
    stills = {shot.id for shot in scene.shots.values() if isinstance(shot, StillShot)}
    for index, shot, _ in scene.models:
        if shot.continues and shot.continues.shot in stills:
            yield Diagnostic(
                "continue-still",
                tr("{shot} is a still: it has no movement to continue", shot=shot.continues.shot),
                scene.at(index, "continue"),
                tr("use the picture as image"),
            )
        own = shot.continues.clip if shot.continues else None
        if own in scene.footage and _is_picture(scene.folder / (own or "")):
            yield Diagnostic(
                "continue-still",
                tr("{file} is an animated picture, not a video", file=own),
                scene.at(index, "continue"),
                tr("use it as clip of a shot, and continue: {{shot: ID}}"),
            )


def _is_picture(path: Path) -> bool:
    from wanx_render.media import animation  # what makes graphs takes a tenth of a start

    return animation.is_picture(path)


def continue_seconds(scene: Scene) -> Iterator[Diagnostic]:
    """The model sees some whole seconds, and its clip holds them and the new ones."""
    for index, shot, model, limits in _continuing(scene):
        shown, (low, high) = seconds_continued(shot, limits.seconds[0]), limits.seconds
        if not low <= shown <= high:
            yield Diagnostic(
                "continue-seconds",
                tr(
                    "{model} continues {low} to {high} s of a clip, not {seconds}",
                    model=model.name, low=low, high=high, seconds=shown,
                ),
                scene.at(index, "continue"),
            )  # fmt: skip
        new = shot.duration or model.durations.value[0]
        if shown + new not in model.durations.value:
            yield _unlike_durations(model, shown, new, _place(scene, index, shot))


def _place(scene: Scene, index: int, shot: GeneratedShot) -> Span:
    return scene.at(index, "continue" if shot.duration is None else "duration")


def _unlike_durations(model: Model, shown: int, new: int, place: Span) -> Diagnostic:
    durations = [seconds - shown for seconds in sorted(model.durations.value) if seconds > shown]
    return Diagnostic(
        "continue-duration",
        tr(
            "{new} new s and {shown} s of the continued clip are {total} s, which {model} cannot "
            "make",
            new=new, shown=shown, total=new + shown, model=model.name,
        ),
        place,
        tr("use duration: {choices}", choices=lengths(durations)),
    )  # fmt: skip


def continue_short(scene: Scene) -> Iterator[Diagnostic]:
    """What is continued must last as long as what the model is shown of it."""
    known = {shot.id: (shot, clip) for _, shot, clip in scene.sources}
    for index, shot, _, limits in _continuing(scene):
        if source := _source(scene, shot, known):
            shown = seconds_continued(shot, limits.seconds[0])
            yield from _outside(source, limits, shown, scene.at(index, "continue"))


@dataclass(frozen=True, slots=True)
class _Source:
    """A clip that is continued: what people call it, how long it is used, and its size."""

    name: str
    seconds: Fraction
    size: Size | None


def _source(
    scene: Scene, shot: GeneratedShot, known: Mapping[str, tuple[AnyShot, KnownClip]]
) -> _Source | None:
    """What is known of the clip that a shot continues."""
    own = shot.continues.clip if shot.continues else None
    if own:
        head = scene.footage.get(own)
        return _Source(own, head.seconds, head.size) if head else None
    pair = known.get((shot.continues.shot if shot.continues else None) or "")
    if pair is None:
        return None
    before, clip = pair
    end = clip.seconds if before.trim.end is None else min(before.trim.end, clip.seconds)
    return _Source(before.id, end + _lead(scene, before), clip.size)


def _lead(scene: Scene, shot: AnyShot) -> int:
    """The seconds of a clip that come before those that are its shot's own."""
    if not isinstance(shot, GeneratedShot) or shot.continues is None:
        return 0
    model = scene.catalog.model(shot.model)
    least = model.clip_file.value.seconds[0] if model and model.clip_file else 0
    return seconds_continued(shot, least)


def _outside(source: _Source, limits: MediaFile, shown: int, place: Span) -> Iterator[Diagnostic]:
    if source.seconds < shown:
        yield Diagnostic(
            "continue-short",
            tr(
                "{name} lasts {seconds:.2f} s; the model must see {shown} s of it",
                name=source.name, seconds=float(source.seconds), shown=shown,
            ),
            place,
        )  # fmt: skip
    size, shortest = source.size, limits.sides[0] if limits.sides else 1
    if size and min(size.width, size.height) < shortest:
        yield Diagnostic(
            "continue-sides",
            tr(
                "{name} is {size}; sides of at least {low} pixels are needed",
                name=source.name, size=str(size), low=shortest,
            ),
            place,
        )  # fmt: skip
