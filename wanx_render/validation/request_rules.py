"""Rules about what the service is asked for: models, tiers, durations, pictures, sounds, prompts.

They know the catalog's figures, never a model's name.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction

from wanx_render.catalog import model_names
from wanx_render.catalog.abilities import Model, SoundFile
from wanx_render.diagnostics import Diagnostic, Span, did_you_mean, listed
from wanx_render.language import Message, joined, tr
from wanx_render.media.audio_files import Soundtrack
from wanx_render.shotlist import paths
from wanx_render.shotlist.model import GeneratedShot
from wanx_render.validation.context import Scene, either, is_file, is_url, lengths, mib, sound_path


def unknown_model(scene: Scene) -> Iterator[Diagnostic]:
    names = list(scene.catalog.models)
    for index, shot in scene.generated.items():
        if scene.catalog.model(shot.model) is None:
            hint = model_names.hint(shot.model, names)
            if scene.catalog.picture_model(shot.model):
                hint = tr(
                    "it makes pictures: use image: {{model: {model}, prompt: WORDS}}",
                    model=shot.model,
                )
            yield Diagnostic(
                "model-unknown",
                tr("{name!r} is not a known model", name=shot.model),
                scene.at(index, "model"),
                hint,
            )


_REGIONS_IN_CHINESE = {
    "北京": "beijing", "华北2": "beijing", "新加坡": "singapore", "弗吉尼亚": "virginia",
    "美国": "virginia", "法兰克福": "frankfurt", "德国": "frankfurt", "东京": "tokyo",
    "日本": "tokyo", "香港": "hongkong", "中国香港": "hongkong",
}  # fmt: skip


def unknown_region(scene: Scene) -> Iterator[Diagnostic]:
    regions = list(scene.catalog.service.regions)
    if scene.region not in regions:
        names = listed(regions, len(regions))
        message = tr("{key} must be one of {names}", key="region", names=names)
        meant = _REGIONS_IN_CHINESE.get(scene.region, scene.region)
        hint = did_you_mean(meant, regions)
        yield Diagnostic("value-unknown", message, scene.place(("region",)), hint)


def model_not_in_region(scene: Scene) -> Iterator[Diagnostic]:
    region = scene.region
    if region not in scene.catalog.service.regions:
        return
    for index, _, model in scene.models:
        if region not in model.region_names.value:
            regions = either(model.region_names.value)
            yield Diagnostic(
                "model-not-in-region",
                tr("{model} is not available in {region}", model=model.name, region=region),
                scene.at(index, "model"),
                _here_or_there(scene, model, regions),
            )


def _here_or_there(scene: Scene, model: Model, regions: Message) -> Message:
    """The regions that have the model, and models of this region."""
    able = _instead(scene, model, lambda _: True)[:_MODELS_OF_REGION]
    if not able:
        return tr("use region: {regions}", regions=regions)
    return tr("use region: {regions}; or {models}", regions=regions, models=joined(able, tr(", ")))


_MODELS_OF_REGION = 3


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
        if shot.continues or shot.duration is None:
            continue  # of a continued clip the service counts other seconds too
        if shot.duration not in model.durations.value:
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
    able = _instead(scene, model, lambda other: seconds in other.durations.value)
    durations = lengths(sorted(model.durations.value))
    if not able:
        return tr("use {choices}", choices=durations)
    return tr(
        "use {durations}, or a model with {seconds} s: {models}",
        durations=durations, seconds=seconds, models=joined(able, tr(", ")),
    )  # fmt: skip


_FEW = 6


def _instead(scene: Scene, model: Model, is_able: Callable[[Model], bool]) -> list[str]:
    """Models to use in place of ``model``: of its kind and its region, its family first."""
    able = [
        other.name
        for other in scene.catalog.models.values()
        if is_able(other)
        and not other.base  # a snapshot; its model is named
        and scene.region in other.region_names.value
        and ("first_frame" in other.roles or "first_frame" not in model.roles)
        and (other.takes_words_alone or "first_frame" in model.roles)
    ]
    able.sort(key=lambda name: -model_names.begin_alike(name, model.name))
    return able[:_FEW]


def sound_unsupported(scene: Scene) -> Iterator[Diagnostic]:
    for index, shot, model in scene.models:
        if model.sound.value == "none" and shot.audio not in (None, "silent"):
            with_sound = _instead(scene, model, lambda other: other.sound.value != "none")
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
    for index, shot in scene.generated.items():
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
        elif region not in regions and region in scene.catalog.service.regions:
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
            able = _instead(scene, model, lambda other: other.takes_last_image)
            yield Diagnostic(
                "last-image-unsupported",
                tr("last_image is not supported by {model}", model=model.name),
                scene.at(index, "last_image"),
                tr("leave last_image out, or use {models}", models=either(able)),
            )


def prompt_cut(scene: Scene) -> Iterator[Diagnostic]:
    """The service cuts long texts without a word."""
    for index, shot, model in scene.models:
        for key, limit in (
            ("prompt", model.prompt_characters.value),
            ("negative_prompt", model.negative_prompt_characters.value),
        ):
            length = len(getattr(shot, key))
            if limit and length > limit:
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
                name=name, size=mib(track.bytes), model=model.name, limit=mib(limits.bytes),
            ),
            place,
        )  # fmt: skip


def _sound_length(
    shot: GeneratedShot, model: Model, track: Soundtrack, place: Span
) -> Iterator[Diagnostic]:
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
