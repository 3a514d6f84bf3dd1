"""Rules about what is asked of the service: models, tiers, durations, pictures, sounds, prompts.

They know the catalog's figures, never a model's name.
"""

from collections.abc import Iterator
from fractions import Fraction

from wanx_render.catalog.capabilities import Model, SoundFile
from wanx_render.diagnostics import Diagnostic, Span, did_you_mean
from wanx_render.media.audio_files import Soundtrack
from wanx_render.media.images import Picture, Repair
from wanx_render.shotlist.model import Shot
from wanx_render.validation.context import Scene, either, is_file, is_url, sound_path


def unknown_model(scene: Scene) -> Iterator[Diagnostic]:
    names = list(scene.catalog.models)
    for index, shot in scene.shots.items():
        if scene.catalog.model(shot.model) is None:
            yield Diagnostic(
                "model-unknown",
                f"there is no model {shot.model!r}",
                scene.at(index, "model"),
                did_you_mean(shot.model, names) or f"known models: {', '.join(names)}",
            )


def model_not_in_region(scene: Scene) -> Iterator[Diagnostic]:
    region = scene.region
    for index, _, model in scene.models:
        if region not in model.region_names.value:
            regions = ", ".join(model.region_names.value)
            yield Diagnostic(
                "model-not-in-region",
                f"{model.name} is not offered in {region}",
                scene.at(index, "model"),
                f"it is offered in {regions}",
            )


def resolution_unsupported(scene: Scene) -> Iterator[Diagnostic]:
    for index, shot, model in scene.models:
        if shot.resolution is not None and shot.resolution not in model.tiers.value:
            yield Diagnostic(
                "resolution-unsupported",
                f"{model.name} cannot make {shot.resolution}",
                scene.at(index, "resolution"),
                f"it makes {', '.join(sorted(model.tiers.value, key=scene.catalog.tier_area))}",
            )


def duration_unsupported(scene: Scene) -> Iterator[Diagnostic]:
    for index, shot, model in scene.models:
        if shot.duration is not None and shot.duration not in model.durations.value:
            durations = sorted(model.durations.value)
            names = [
                candidate.name
                for candidate in scene.catalog.models.values()
                if shot.duration in candidate.durations.value
            ]
            hint = f"use {either(str(seconds) for seconds in durations)}"
            if names:
                hint += f"; {shot.duration} s can be made by {', '.join(names)}"
            yield Diagnostic(
                "duration-unsupported",
                f"{model.name} makes clips of {either(str(s) for s in durations)} s, "
                f"not {shot.duration} s",
                scene.at(index, "duration"),
                hint,
            )


def sound_unsupported(scene: Scene) -> Iterator[Diagnostic]:
    for index, shot, model in scene.models:
        if model.sound.value == "none" and shot.audio not in (None, "silent"):
            with_sound = [m.name for m in scene.catalog.models.values() if m.sound.value != "none"]
            yield Diagnostic(
                "sound-unsupported",
                f"{model.name} makes silent clips only",
                scene.at(index, "audio"),
                f"leave audio out, or use {either(with_sound)}",
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
        name = sound_path(shot)
        if name and not is_url(name) and not is_file(scene.folder / name):
            yield Diagnostic(
                "sound-missing",
                f"the sound file {name[:100]} does not exist",
                scene.at(index, "audio"),
                did_you_mean(name.lower(), ("silent", "auto"))
                or "audio is silent, auto, or a path that starts at the shot list's folder",
            )


def template_unsupported(scene: Scene) -> Iterator[Diagnostic]:
    for index, shot, model in scene.models:
        if shot.template is None:
            continue
        templates = model.templates.value if model.templates else ()
        regions = model.template_regions.value if model.template_regions else ()
        if shot.template not in templates:
            having = [
                m.name
                for m in scene.catalog.models.values()
                if m.templates and shot.template in m.templates.value
            ]
            hint = f"use {either(having)}" if having else did_you_mean(shot.template, templates)
            yield Diagnostic(
                "template-unsupported",
                f"{model.name} has no template {shot.template!r}",
                scene.at(index, "template"),
                hint or (f"it has {', '.join(templates)}" if templates else "leave template out"),
            )
        elif scene.region not in regions:
            yield Diagnostic(
                "template-not-in-region",
                f"templates are not offered in {scene.region}",
                scene.at(index, "template"),
                f"they are offered in {', '.join(regions)}",
            )


def last_image_unsupported(scene: Scene) -> Iterator[Diagnostic]:
    for index, shot, model in scene.models:
        if shot.last_image is not None and not model.takes_last_image:
            able = [m.name for m in scene.catalog.models.values() if m.takes_last_image]
            yield Diagnostic(
                "last-image-unsupported",
                f"{model.name} takes a first frame only",
                scene.at(index, "last_image"),
                f"leave last_image out, or use {either(able)}",
            )


def image_outside_limits(scene: Scene) -> Iterator[Diagnostic]:
    """Documents disagree by date: outside all of them is an error, outside one a warning."""
    for place, name, picture, model in scene.looks():
        yield from _sides_outside(name, picture, model, place)
        limit, larger = model.image_bytes.value, model.image_bytes.variants
        if picture.bytes > limit:
            yield Diagnostic(
                "image-bytes",
                f"{name} has {_mib(picture.bytes)} MiB; {model.name} takes {_mib(limit)}",
                place,
                "save it smaller, or as JPEG",
                "warning" if any(picture.bytes <= v.value for v in larger) else "error",
            )
        if picture.sent_as not in model.image_formats.value:
            yield Diagnostic(
                "image-format",
                f"{name} is {picture.sent_as}; "
                f"{model.name} takes {either(model.image_formats.value)}",
                place,
            )


def _sides_outside(name: str, picture: Picture, model: Model, place: Span) -> Iterator[Diagnostic]:
    sides = (picture.size.width, picture.size.height)
    (low, high), variants = model.image_sides.value, model.image_sides.variants
    if low <= min(sides) and max(sides) <= high:
        return
    fits_elsewhere = any(v.value[0] <= min(sides) and max(sides) <= v.value[1] for v in variants)
    limits = [f"{v.value[0]} to {v.value[1]} after {v.source}" for v in variants]
    yield Diagnostic(
        "image-sides",
        f"{name} is {picture.size}; {model.name} takes sides of {low} to {high} pixels",
        place,
        f"another document says {', '.join(limits)}" if limits else "",
        "warning" if fits_elsewhere else "error",
    )


def image_shape(scene: Scene) -> Iterator[Diagnostic]:
    for place, name, picture, model in scene.looks():
        long = max(picture.size.width, picture.size.height)
        short = min(picture.size.width, picture.size.height)
        if model.image_aspect and long > model.image_aspect.value * short:
            limit = model.image_aspect.value
            yield Diagnostic(
                "image-aspect",
                f"{name} is {picture.size}; {model.name} takes 1:{limit} to {limit}:1",
                place,
            )
        if picture.transparent:
            yield Diagnostic(
                "image-transparent",
                f"{name} has an alpha channel, which {model.name} does not take",
                place,
                "save it without transparency",
            )


def image_repaired(scene: Scene) -> Iterator[Diagnostic]:
    """What is sent of a picture is not always its file: said once for each picture."""
    names: set[str] = set()
    for place, name, picture, _ in scene.looks():
        if name in names or picture.transparent:
            continue
        names.add(name)
        for code, message, hint in _repairs(picture):
            yield Diagnostic(code, f"{name} {message}", place, hint, "warning")


def _repairs(picture: Picture) -> Iterator[tuple[str, str, str]]:
    """For each thing that is put right in a picture: code, message and hint."""
    for repair in picture.repairs:
        match repair:
            case "animated":
                hint = "save the picture that you want as a file of its own"
                yield "image-animated", "is animated: only its first picture is sent", hint
            case "several":
                hint = "save the other picture as a file of its own if you want that one"
                yield "image-converted", "holds several pictures: only the first is sent", hint
            case "exif":
                message = "has damaged EXIF data: it is left out, and the picture is not turned"
                yield "image-exif", message, "save the picture upright if it appears turned"
            case "turned":
                message = "is turned by its EXIF orientation: a copy that is upright is sent"
                yield "image-turned", message, "save it upright to choose its quality yourself"
            case "depth" | "palette" | "cmyk" | "opaque" | "format":
                pass  # named together, below
    reasons = [_CONVERTED[name] for name in picture.repairs if name in _CONVERTED]
    if reasons and "animated" not in picture.repairs:
        reason = ", ".join(reasons).format(picture.format)
        hint = f"to convert it yourself, save it as {picture.sent_as} in RGB with 8 bits a channel"
        message = f"{reason}: it is converted, and a {picture.sent_as} in 8-bit sRGB is sent"
        yield "image-converted", message, hint


_CONVERTED: dict[Repair, str] = {
    "depth": "has more than 8 bits a channel",
    "palette": "has a palette",
    "cmyk": "is CMYK",
    "opaque": "has an alpha channel that hides nothing",
    "format": "is {}",
}


def prompt_cut(scene: Scene) -> Iterator[Diagnostic]:
    """The service cuts long texts without a word."""
    for index, shot, model in scene.models:
        for key, limit in (
            ("prompt", model.prompt_characters.value),
            ("negative_prompt", model.negative_prompt_characters.value),
        ):
            length = len(getattr(shot, key))
            if length > limit:
                yield Diagnostic(
                    "prompt-cut",
                    f"the {key.replace('_', ' ')} has {length} characters; "
                    f"{model.name} reads {limit} and passes over the rest",
                    scene.at(index, key),
                    severity="warning",
                )


def prompt_ignored(scene: Scene) -> Iterator[Diagnostic]:
    for index, shot, _ in scene.models:
        if shot.template and shot.prompt:
            yield Diagnostic(
                "prompt-ignored",
                f"the prompt is not sent: beside the template {shot.template} "
                "the service ignores it",
                scene.at(index, "prompt"),
                severity="warning",
            )


def sound_outside_limits(scene: Scene) -> Iterator[Diagnostic]:
    for index, shot, model in scene.models:
        name = sound_path(shot) or ""
        track = scene.sounds.get(name)
        if track is None or model.sound_file is None:
            continue
        place = scene.at(index, "audio")
        yield from _file_outside(name, track, model, model.sound_file.value, place)
        yield from _sound_length(shot, model, track, place)


def _file_outside(
    name: str, track: Soundtrack, model: Model, limits: SoundFile, place: Span
) -> Iterator[Diagnostic]:
    if track.format not in limits.formats:
        yield Diagnostic(
            "sound-format",
            f"{name} is {track.format or 'without a suffix'}; "
            f"{model.name} takes {either(limits.formats)}",
            place,
        )
    low, high = limits.seconds
    if not low <= track.seconds <= high:
        yield Diagnostic(
            "sound-seconds",
            f"{name} lasts {float(track.seconds):.1f} s; {model.name} takes {low} to {high} s",
            place,
        )
    if track.bytes > limits.bytes:
        yield Diagnostic(
            "sound-bytes",
            f"{name} has {_mib(track.bytes)} MiB; {model.name} takes {_mib(limits.bytes)}",
            place,
        )


def _sound_length(shot: Shot, model: Model, track: Soundtrack, place: Span) -> Iterator[Diagnostic]:
    seconds = shot.duration or model.durations.value[0]
    if abs(track.seconds - seconds) < Fraction(1, 10):
        return
    lasts = f"the sound lasts {float(track.seconds):.1f} s and the clip {seconds} s"
    then = "its end is cut off" if track.seconds > seconds else "the rest of the clip is silent"
    yield Diagnostic("sound-length", f"{lasts}: {then}", place, severity="warning")


def _mib(size: int) -> str:
    return f"{size / 1024 / 1024:.0f}" if size % 1048576 == 0 else f"{size / 1024 / 1024:.1f}"
