"""What one shot asks of its model, before its pictures are prepared."""

from collections.abc import Mapping
from dataclasses import replace

from wanx_render.catalog.abilities import Model
from wanx_render.catalog.capabilities import Catalog
from wanx_render.planning.planned import AnyPlanned, PlannedFootage
from wanx_render.shotlist.inputs import LastFrame
from wanx_render.shotlist.model import GeneratedShot, seconds_continued
from wanx_render.shotlist.references import references_of, words_of
from wanx_render.task import ClipPart, InputMedia, Reference, SoundMode, TaskRequest


def model_of(shot: GeneratedShot, catalog: Catalog) -> Model:
    model = catalog.model(shot.model)
    if model is None:
        raise LookupError(shot.model)
    return model


def request_of(
    shot: GeneratedShot,
    catalog: Catalog,
    image: InputMedia | None,
    region: str,
    media: Mapping[str, InputMedia],
) -> TaskRequest:
    model = model_of(shot, catalog)
    audio = shot.audio or ("silent" if model.sound.value == "none" else "auto")
    sound: SoundMode = "none" if model.sound.value == "none" else _sound_mode(audio)
    known = catalog.parameters(model)
    return TaskRequest(
        model=model.name,
        region=region,
        image=image,
        last_image=media[shot.last_image] if shot.last_image else None,
        prompt="" if shot.template else _prompt(shot, model),  # ignored beside a template
        negative_prompt=shot.negative_prompt if model.negative_prompt_characters.value else "",
        template=shot.template,
        resolution=shot.resolution or model.tiers.value[0],
        duration=shot.duration or model.durations.value[0],
        sound=sound,
        sound_file=media[audio] if sound == "file" else None,
        # What is not sent makes no other request.
        prompt_extend=shot.prompt_extend or "prompt_extend" not in known,
        watermark=shot.watermark and "watermark" in known,
        seed=0,
        references=tuple(Reference(r.kind, media[r.file]) for r in references_of(shot)),
        shot_type=_shot_type(shot, model),
    )


def _prompt(shot: GeneratedShot, model: Model) -> str:
    return words_of(shot, model.words_for_references)


def _shot_type(shot: GeneratedShot, model: Model) -> str:
    """What is asked of the cuts in a clip; nothing where it is what the model does by itself."""
    types = model.shot_types.value if model.shot_types else ()
    return "" if not types or shot.shot_type in (None, types[0]) else str(shot.shot_type)


def _sound_mode(asked: str) -> SoundMode:
    words: dict[str, SoundMode] = {"silent": "silent", "auto": "auto"}
    return words.get(asked, "file")


def first_frame(
    shot: GeneratedShot, media: Mapping[str, InputMedia], planned: Mapping[str, AnyPlanned]
) -> InputMedia | None:
    if shot.image is None:
        return None
    if isinstance(shot.image, str):
        return media[shot.image]
    if not isinstance(shot.image, LastFrame):
        raise LookupError(shot.id)
    before = planned[shot.image.shot]
    if isinstance(before, PlannedFootage):
        return before.last_frame
    return InputMedia(f"last frame of {shot.image.shot}", size=before.size)


def first_clip(
    shot: GeneratedShot,
    catalog: Catalog,
    media: Mapping[str, InputMedia],
    planned: Mapping[str, AnyPlanned],
) -> InputMedia | None:
    """The end of the clip that a shot continues; without a path while that is still to come."""
    if shot.continues is None:
        return None
    model = model_of(shot, catalog)
    least = model.clip_file.value.seconds[0] if model.clip_file else 1
    part = ClipPart(seconds_continued(shot, least), model.fps.value)
    if shot.continues.clip:
        file = media[shot.continues.clip]
        size = file.footage.size if file.footage else None
        identity = part.identity(file.identity.removeprefix("sha256:"))
        return InputMedia(identity, path=file.path, size=size, part=part)
    before = planned[shot.continues.shot or ""]
    part = replace(part, until=before.used_until)
    if isinstance(before, PlannedFootage):
        return before.continued(part)
    return InputMedia(part.identity(f"of {before.shot.id}"), size=before.size, part=part)


def continued(request: TaskRequest, clip: InputMedia | None) -> TaskRequest:
    """The request for a clip that goes on from ``clip``, whose seconds the service counts in."""
    if clip is None or clip.part is None:
        return request
    return replace(request, first_clip=clip, duration=request.duration + clip.part.seconds)
