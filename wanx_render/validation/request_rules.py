"""Rules about what the service is asked for: models, tiers, durations, pictures, sounds, prompts.

They know the catalog's figures, never a model's name.
"""

from collections.abc import Iterator
from fractions import Fraction

from wanx_render.catalog import model_names
from wanx_render.catalog.capabilities import Model, SoundFile
from wanx_render.diagnostics import Diagnostic, Span, did_you_mean
from wanx_render.language import NOTHING, Message, joined, tr
from wanx_render.media.audio_files import Soundtrack
from wanx_render.media.images import Picture, Repair
from wanx_render.shotlist import paths
from wanx_render.shotlist.model import Shot
from wanx_render.validation.context import Scene, either, is_file, is_url, sound_path


def unknown_model(scene: Scene) -> Iterator[Diagnostic]:
    names = list(scene.catalog.models)
    for index, shot in scene.shots.items():
        if scene.catalog.model(shot.model) is None:
            yield Diagnostic(
                "model-unknown",
                tr("{name!r} is not a known model", name=shot.model),
                scene.at(index, "model"),
                model_names.hint(shot.model, names),
            )


def model_not_in_region(scene: Scene) -> Iterator[Diagnostic]:
    region = scene.region
    for index, _, model in scene.models:
        if region not in model.region_names.value:
            regions = either(model.region_names.value)
            yield Diagnostic(
                "model-not-in-region",
                tr("{model} is not available in {region}", model=model.name, region=region),
                scene.at(index, "model"),
                tr("use region: {regions}", regions=regions),
            )


def resolution_unsupported(scene: Scene) -> Iterator[Diagnostic]:
    for index, shot, model in scene.models:
        if shot.resolution is not None and shot.resolution not in model.tiers.value:
            tiers = sorted(model.tiers.value, key=scene.catalog.tier_area)
            yield Diagnostic(
                "resolution-unsupported",
                tr(
                    "resolution {tier} is not supported by {model}",
                    tier=shot.resolution, model=model.name,
                ),
                scene.at(index, "resolution"),
                tr("use {choices}", choices=either(tiers)),
            )  # fmt: skip


def duration_unsupported(scene: Scene) -> Iterator[Diagnostic]:
    for index, shot, model in scene.models:
        if shot.duration is not None and shot.duration not in model.durations.value:
            yield Diagnostic(
                "duration-unsupported",
                tr(
                    "duration {seconds} is not supported by {model}",
                    seconds=shot.duration, model=model.name,
                ),
                scene.at(index, "duration"),
                _other_durations(scene, model, shot.duration),
            )  # fmt: skip


def _other_durations(scene: Scene, model: Model, seconds: int) -> Message:
    """What the model can make, and which models can make clips of so many seconds."""
    able = [m.name for m in scene.catalog.models.values() if seconds in m.durations.value]
    durations = either(map(str, sorted(model.durations.value)))
    if not able:
        return tr("use {choices}", choices=durations)
    return tr(
        "use {durations}, or a model with {seconds} s: {models}",
        durations=durations, seconds=seconds, models=joined(able, tr(", ")),
    )  # fmt: skip


def sound_unsupported(scene: Scene) -> Iterator[Diagnostic]:
    for index, shot, model in scene.models:
        if model.sound.value == "none" and shot.audio not in (None, "silent"):
            with_sound = [m.name for m in scene.catalog.models.values() if m.sound.value != "none"]
            yield Diagnostic(
                "sound-unsupported",
                tr("sound is not supported by {model}", model=model.name),
                scene.at(index, "audio"),
                tr("leave audio out, or use {models}", models=either(with_sound)),
            )
        if model.sound.value == "always" and shot.audio == "silent":
            yield Diagnostic(
                "silence-unsupported",
                tr("audio: silent is not supported by {model}", model=model.name),
                scene.at(index, "audio"),
                tr("leave audio out: the model always makes sound"),
            )


def sound_file_missing(scene: Scene) -> Iterator[Diagnostic]:
    for index, shot in scene.shots.items():
        name = sound_path(shot)
        if name and not is_url(name) and not is_file(scene.folder / name):
            yield Diagnostic(
                "sound-missing",
                tr("the sound file {name} does not exist", name=name[:100]),
                scene.at(index, "audio"),
                did_you_mean(name.lower(), ("silent", "auto")) or paths.hint(scene.folder, name),
            )


def template_unsupported(scene: Scene) -> Iterator[Diagnostic]:
    for index, shot, model in scene.models:
        if shot.template is None:
            continue
        place, region = scene.at(index, "template"), scene.region
        regions = model.template_regions.value if model.template_regions else ()
        if not model.templates or shot.template not in model.templates.value:
            yield Diagnostic(
                "template-unsupported",
                tr(
                    "template {template!r} is not supported by {model}",
                    template=shot.template, model=model.name,
                ),
                place,
                _other_templates(scene, model, shot.template),
            )  # fmt: skip
        elif region not in regions:
            message = tr("templates are not available in {region}", region=region)
            hint = tr("use region: {regions}", regions=either(regions))
            yield Diagnostic("template-not-in-region", message, place, hint)


def _other_templates(scene: Scene, model: Model, template: str) -> Message:
    """Which models have the template, or which templates the model has."""
    able = [
        m.name
        for m in scene.catalog.models.values()
        if m.templates and template in m.templates.value
    ]
    if able:
        return tr("use {choices}", choices=either(able))
    templates = model.templates.value if model.templates else ()
    if not templates:
        return tr("leave template out")
    return did_you_mean(template, templates) or tr("use {choices}", choices=either(templates))


def last_image_unsupported(scene: Scene) -> Iterator[Diagnostic]:
    for index, shot, model in scene.models:
        if shot.last_image is not None and not model.takes_last_image:
            able = [m.name for m in scene.catalog.models.values() if m.takes_last_image]
            yield Diagnostic(
                "last-image-unsupported",
                tr("last_image is not supported by {model}", model=model.name),
                scene.at(index, "last_image"),
                tr("leave last_image out, or use {models}", models=either(able)),
            )


def image_outside_limits(scene: Scene) -> Iterator[Diagnostic]:
    """Documents disagree by date: outside all of them is an error, outside one a warning."""
    for place, name, picture, model in scene.looks():
        yield from _sides_outside(name, picture, model, place)
        limit, larger = model.image_bytes.value, model.image_bytes.variants
        if picture.bytes > limit:
            yield Diagnostic(
                "image-bytes",
                tr(
                    "{name} has {size} MiB; {model} accepts at most {limit} MiB",
                    name=name, size=_mib(picture.bytes), model=model.name, limit=_mib(limit),
                ),
                place,
                tr("save it smaller, or as JPEG"),
                "warning" if any(picture.bytes <= v.value for v in larger) else "error",
            )  # fmt: skip
        if picture.sent_as not in model.image_formats.value:
            yield Diagnostic(
                "image-format",
                tr(
                    "{name} is {format}; {model} accepts {formats}",
                    name=name, format=picture.sent_as, model=model.name,
                    formats=either(model.image_formats.value),
                ),
                place,
            )  # fmt: skip


def _sides_outside(name: str, picture: Picture, model: Model, place: Span) -> Iterator[Diagnostic]:
    sides = (picture.size.width, picture.size.height)
    (low, high), variants = model.image_sides.value, model.image_sides.variants
    if low <= min(sides) and max(sides) <= high:
        return
    fits_elsewhere = any(v.value[0] <= min(sides) and max(sides) <= v.value[1] for v in variants)
    limits = [
        tr("{low} to {high} ({source})", low=v.value[0], high=v.value[1], source=v.source)
        for v in variants
    ]
    documents = joined(limits, tr(", "))
    yield Diagnostic(
        "image-sides",
        tr(
            "{name} is {size}; {model} accepts sides of {low} to {high} pixels",
            name=name, size=str(picture.size), model=model.name, low=low, high=high,
        ),
        place,
        tr("another document says {limits}", limits=documents) if limits else NOTHING,
        "warning" if fits_elsewhere else "error",
    )  # fmt: skip


def image_shape(scene: Scene) -> Iterator[Diagnostic]:
    for place, name, picture, model in scene.looks():
        long = max(picture.size.width, picture.size.height)
        short = min(picture.size.width, picture.size.height)
        if model.image_aspect and long > model.image_aspect.value * short:
            limit = model.image_aspect.value
            yield Diagnostic(
                "image-aspect",
                tr(
                    "{name} is {size}; {model} accepts shapes of 1:{limit} to {limit}:1",
                    name=name, size=str(picture.size), model=model.name, limit=limit,
                ),
                place,
            )  # fmt: skip
        if picture.transparent:
            yield Diagnostic(
                "image-transparent",
                tr("{name} has transparency; {model} accepts none", name=name, model=model.name),
                place,
                tr("save it without transparency"),
            )


def image_repaired(scene: Scene) -> Iterator[Diagnostic]:
    """What is sent of a picture is not always its file: said once for each picture."""
    names: set[str] = set()
    for place, name, picture, _ in scene.looks():
        if name in names or picture.transparent:
            continue
        names.add(name)
        for code, message, hint in _repairs(name, picture):
            yield Diagnostic(code, message, place, hint, "warning")


def _repairs(name: str, picture: Picture) -> Iterator[tuple[str, Message, Message]]:
    """For each thing that is put right in a picture: code, message and hint."""
    for repair in picture.repairs:
        match repair:
            case "animated":
                message = tr("{name} is animated: only its first picture is sent", name=name)
                yield "image-animated", message, tr("save the picture you want as its own file")
            case "several":
                message = tr("{name} holds several pictures: only the first is sent", name=name)
                hint = tr("to use another picture, save it as its own file")
                yield "image-converted", message, hint
            case "exif":
                message = tr("{name} has damaged EXIF data, which is not sent", name=name)
                hint = tr("if the picture appears turned, save it upright")
                yield "image-exif", message, hint
            case "turned":
                message = tr(
                    "{name} is turned by its EXIF data: an upright copy is sent", name=name
                )
                hint = tr("to choose its quality yourself, save it upright")
                yield "image-turned", message, hint
            case "depth" | "palette" | "cmyk" | "opaque" | "format":
                pass  # named together, below
    reasons = [_CONVERTED[name] for name in picture.repairs if name in _CONVERTED]
    if reasons and "animated" not in picture.repairs:
        yield "image-converted", *_conversion(name, picture, reasons)


def _conversion(name: str, picture: Picture, reasons: list[Message]) -> tuple[Message, Message]:
    """What is said where another file than the picture's own is sent, and the hint."""
    message = tr(
        "{name} is converted to 8-bit sRGB and sent as {format}; the file has: {reasons}",
        name=name, format=picture.sent_as, reasons=joined(reasons, tr(", ")),
    )  # fmt: skip
    hint = tr(
        "to convert it yourself, save it as {format} in RGB with 8 bits per channel",
        format=picture.sent_as,
    )
    return message, hint


_CONVERTED: dict[Repair, Message] = {
    "depth": tr("more than 8 bits per channel"),
    "palette": tr("a palette"),
    "cmyk": tr("CMYK colours"),
    "opaque": tr("an opaque alpha channel"),
    "format": tr("a format that is not sent as it is"),
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
                    tr(
                        "{key} has {length} characters; {model} ignores all after {limit}",
                        key=key, length=length, model=model.name, limit=limit,
                    ),
                    scene.at(index, key),
                    severity="warning",
                )  # fmt: skip


def prompt_ignored(scene: Scene) -> Iterator[Diagnostic]:
    for index, shot, _ in scene.models:
        if shot.template and shot.prompt:
            yield Diagnostic(
                "prompt-ignored",
                tr(
                    "the prompt is not sent: the service ignores it with template {template}",
                    template=shot.template,
                ),
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
            tr(
                "{name} is {format}; {model} accepts {formats}",
                name=name, format=track.format or tr("without a suffix"), model=model.name,
                formats=either(limits.formats),
            ),
            place,
        )  # fmt: skip
    low, high = limits.seconds
    if not low <= track.seconds <= high:
        yield Diagnostic(
            "sound-seconds",
            tr(
                "{name} lasts {seconds:.1f} s; {model} accepts {low} to {high} s",
                name=name, seconds=float(track.seconds), model=model.name, low=low, high=high,
            ),
            place,
        )  # fmt: skip
    if track.bytes > limits.bytes:
        yield Diagnostic(
            "sound-bytes",
            tr(
                "{name} has {size} MiB; {model} accepts at most {limit} MiB",
                name=name, size=_mib(track.bytes), model=model.name, limit=_mib(limits.bytes),
            ),
            place,
        )  # fmt: skip


def _sound_length(shot: Shot, model: Model, track: Soundtrack, place: Span) -> Iterator[Diagnostic]:
    seconds = shot.duration or model.durations.value[0]
    if abs(track.seconds - seconds) < Fraction(1, 10):
        return
    lengths = {"sound": float(track.seconds), "clip": seconds}
    if track.seconds > seconds:
        message = tr("the sound lasts {sound:.1f} s, the clip {clip} s: its end is cut", **lengths)
    else:
        message = tr(
            "the sound lasts {sound:.1f} s, the clip {clip} s: the rest is silent", **lengths
        )
    yield Diagnostic("sound-length", message, place, severity="warning")


def _mib(size: int) -> str:
    return f"{size / 1024 / 1024:.0f}" if size % 1048576 == 0 else f"{size / 1024 / 1024:.1f}"
