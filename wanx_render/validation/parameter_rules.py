"""Rules about what a model can be asked for beside its media: a shape, kinds of cuts, switches.

They know the catalog's figures, never a model's name.
"""

from collections.abc import Iterator

from wanx_render.catalog import shapes
from wanx_render.catalog.abilities import Model
from wanx_render.catalog.shapes import Shape
from wanx_render.diagnostics import Diagnostic
from wanx_render.language import Message, tr
from wanx_render.shotlist.model import GeneratedShot
from wanx_render.validation.context import Scene, either

_MOST_NAMES = 6  # of models in a hint


def aspect_unusable(scene: Scene) -> Iterator[Diagnostic]:
    for index, shot, model in scene.models:
        if shot.aspect is None:
            continue
        place = scene.at(index, "aspect")
        if shot.image is not None:
            message = tr("aspect does not go with image: the first frame decides it")
            hint = tr("use fit_image: {aspect}", aspect=shot.aspect.usual)
            yield Diagnostic("aspect-unsupported", message, place, hint)
        elif shot.continues:
            message = tr("aspect does not go with continue: the clip before decides it")
            yield Diagnostic("aspect-unsupported", message, place, tr("leave aspect out"))
        elif problem := _of_aspect(scene, shot, model):
            message = tr(
                "aspect {aspect} is not supported by {model}",
                aspect=shot.aspect.usual, model=model.name,
            )  # fmt: skip
            yield Diagnostic("aspect-unsupported", message, place, problem)


def _of_aspect(scene: Scene, shot: GeneratedShot, model: Model) -> Message | None:
    """What to use instead of an aspect; None where it is well."""
    tier = shot.resolution or model.tiers.value[0]
    if shot.aspect is None or tier not in model.tiers.value:
        return None
    choices = shapes.shapes_of(model, tier, scene.catalog.tier_area(tier))
    if not choices:
        return tr("leave aspect out")
    if shapes.of_aspect(choices, shot.aspect):
        return None
    return tr("use {choices}", choices=either(_named(choice) for choice in choices))


def _named(shape: Shape) -> str:
    """What a shape is written as: its ratio, or the usual one that its size stands for."""
    return shape.ratio or shapes.usual(shape.clip).usual


def shot_type_unusable(scene: Scene) -> Iterator[Diagnostic]:
    for index, shot, model in scene.models:
        if shot.shot_type is None:
            continue
        place, types = scene.at(index, "shot_type"), _shot_types(model)
        if not types:
            able = [m.name for m in scene.catalog.models.values() if _shot_types(m) and not m.base]
            yield Diagnostic(
                "shot-type-unsupported",
                tr("shot_type is not supported by {model}", model=model.name),
                place,
                tr("leave shot_type out, or use {models}", models=either(able[:_MOST_NAMES])),
            )
        elif shot.shot_type not in types:
            message = tr(
                "shot_type {value!r} is not supported by {model}",
                value=shot.shot_type, model=model.name,
            )  # fmt: skip
            hint = tr("use {choices}", choices=either(types))
            yield Diagnostic("shot-type-unsupported", message, place, hint)
        elif shot.shot_type != types[0] and not shot.prompt_extend:
            message = tr("shot_type has no effect with prompt_extend: false")
            hint = tr("remove prompt_extend, or shot_type")
            yield Diagnostic("shot-type-without-effect", message, place, hint, "warning")


def _shot_types(model: Model) -> tuple[str, ...]:
    return model.shot_types.value if model.shot_types else ()


def not_sent(scene: Scene) -> Iterator[Diagnostic]:
    """What is written in the list and has no place in a request to this model."""
    for index, shot, model in scene.models:
        parameters = scene.catalog.parameters(model)
        keys = {
            "negative_prompt": shot.negative_prompt and not model.negative_prompt_characters.value,
            "prompt_extend": not shot.prompt_extend and "prompt_extend" not in parameters,
            "watermark": shot.watermark and "watermark" not in parameters,
            "seed": shot.seed is not None and "seed" not in parameters,
        }
        for key in (key for key, is_lost in keys.items() if is_lost):
            yield Diagnostic(
                "key-not-sent",
                tr("{key} is not sent: {model} does not take it", key=key, model=model.name),
                scene.at(index, key),
                severity="warning",
            )
