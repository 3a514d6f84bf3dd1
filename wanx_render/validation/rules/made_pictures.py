"""Rules about first frames that a picture model makes of words.

They know the catalog's figures, never a model's name.
"""

from collections.abc import Iterator

from wanx_render.catalog import model_names
from wanx_render.catalog.abilities import PictureArea, PictureModel
from wanx_render.diagnostics import Diagnostic
from wanx_render.language import Message, plural, tr
from wanx_render.shotlist.inputs import MadePicture
from wanx_render.shotlist.names import alike
from wanx_render.shotlist.picture_sizes import Sizes, size_of
from wanx_render.source.yaml_source import Path
from wanx_render.validation.context import Scene, either


def unknown_picture_model(scene: Scene) -> Iterator[Diagnostic]:
    for path, picture, model in _pictures(scene):
        if model is not None:
            continue
        names = list(scene.catalog.pictures)
        hint = model_names.hint(picture.model, names)
        if scene.catalog.model(picture.model):
            hint = tr("it makes videos; picture models: {models}", models=either(names))
        message = tr("{name!r} is not a known picture model", name=picture.model)
        yield Diagnostic("picture-model-unknown", message, scene.place((*path, "model")), hint)


def picture_model_not_in_region(scene: Scene) -> Iterator[Diagnostic]:
    region = scene.region
    for path, _, model in _pictures(scene):
        if not model or region not in scene.catalog.service.regions:
            continue
        if region not in model.region_names.value:
            yield Diagnostic(
                "model-not-in-region",
                tr("{model} is not available in {region}", model=model.name, region=region),
                scene.place((*path, "model")),
                tr("use region: {regions}", regions=either(model.region_names.value)),
            )


def picture_size_impossible(scene: Scene) -> Iterator[Diagnostic]:
    for index, shot, video in scene.models:
        picture = shot.image
        if not isinstance(picture, MadePicture):
            continue
        model = scene.catalog.picture_model(picture.model)
        tier = shot.resolution or video.tiers.value[0]
        if model is None or tier not in scene.catalog.service.tier_areas:
            continue
        sizes, films = model.sizes.value, scene.deliverables.values()
        if size_of(picture, sizes, scene.preparing(shot, video), films):
            continue
        key = "size" if picture.size else "aspect" if picture.aspect else "model"
        yield Diagnostic(
            "picture-size",
            tr("{model} makes no picture of {wanted}", model=model.name, wanted=_wanted(picture)),
            scene.place(("shots", index, "image", key)),
            _choices(sizes),
        )


def _wanted(picture: MadePicture) -> Message | str:
    """What size was asked for."""
    aspect = picture.aspect.usual if picture.aspect else ""
    return str(picture.size or "") or aspect or tr("an aspect that the deliverables can use")


def _choices(sizes: Sizes) -> Message:
    """What a picture model makes, as a hint."""
    if not isinstance(sizes, PictureArea):
        return tr("use {choices}", choices=either(sizes))
    low, high = sizes.area
    values = {"step": sizes.multiple, "low": low, "high": high}
    if sizes.sides is None:
        return tr("use sides in multiples of {step}, {low} to {high} pixels in total", **values)
    return tr(
        "use sides of {least} to {most} in multiples of {step}, {low} to {high} pixels in total",
        **values, least=sizes.sides[0], most=sizes.sides[1],
    )  # fmt: skip


def picture_words(scene: Scene) -> Iterator[Diagnostic]:
    """What is said to a picture model: it needs a prompt, and some take no more than that."""
    for path, picture, model in _pictures(scene):
        place = scene.place((*path, "prompt"))
        if not picture.prompt.strip():
            message = tr("a picture that a model makes needs a prompt")
            yield Diagnostic("picture-prompt", message, place, tr("say what is to be seen"))
        if model is None:
            continue
        for key in ("negative_prompt", "prompt_extend"):
            if key in picture.model_fields_set and key in _unsent(scene, model):
                yield Diagnostic(
                    "picture-key-unsent",
                    tr("{key} is not sent: {model} takes none", key=key, model=model.name),
                    scene.place((*path, key)),
                    tr("remove it"),
                    "warning",
                )
        yield from _too_long(scene, path, picture, model)


def _unsent(scene: Scene, model: PictureModel) -> Iterator[str]:
    """The keys of a picture that its model has no field for."""
    if not model.negative_prompt_characters.value:
        yield "negative_prompt"
    if "prompt_extend" not in scene.catalog.parameters(model):
        yield "prompt_extend"


def _too_long(
    scene: Scene, path: Path, picture: MadePicture, model: PictureModel
) -> Iterator[Diagnostic]:
    limits = {
        "prompt": model.prompt_characters.value,
        "negative_prompt": model.negative_prompt_characters.value,
    }
    for key, limit in limits.items():
        length = len(getattr(picture, key))
        if length > limit > 0:
            yield Diagnostic(
                "prompt-cut",
                tr(
                    "{key} has {length} characters; {model} ignores all after {limit}",
                    key=key, length=length, model=model.name, limit=limit,
                ),
                scene.place((*path, key)),
                severity="warning",
            )  # fmt: skip


def picture_pick_outside_takes(scene: Scene) -> Iterator[Diagnostic]:
    for path, picture, _ in _pictures(scene):
        if picture.pick > picture.takes:
            yield Diagnostic(
                "pick-outside-takes",
                plural(
                    "pick {pick} matches no take; the picture has {n} take",
                    "pick {pick} matches no take; the picture has {n} takes",
                    picture.takes, pick=picture.pick,
                ),
                scene.place((*path, "pick")),
                tr("set takes to {pick}", pick=picture.pick),
            )  # fmt: skip


def picture_name_taken(scene: Scene) -> Iterator[Diagnostic]:
    """A picture goes by the name of its shot and .image, which no other shot can have."""
    names = {alike(shot.id): index for index, shot in scene.shots.items()}
    for name in scene.made_pictures.values():
        if (index := names.get(alike(name))) is not None:
            message = tr("the picture of another shot is called {name!r}", name=name)
            hint = tr("rename this shot")
            yield Diagnostic("shot-id-twice", message, scene.at(index, "id"), hint)


def _pictures(scene: Scene) -> Iterator[tuple[Path, MadePicture, PictureModel | None]]:
    """Each first frame that a model makes, where it is written, and its model."""
    for index, shot in scene.generated.items():
        if isinstance(shot.image, MadePicture):
            path: Path = ("shots", index, "image")
            yield path, shot.image, scene.catalog.picture_model(shot.image.model)


RULES = (
    unknown_picture_model,
    picture_model_not_in_region,
    picture_words,
    picture_size_impossible,
    picture_pick_outside_takes,
    picture_name_taken,
)
