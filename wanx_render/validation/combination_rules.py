"""Rules about what goes together in one request: frames, clips, references, sound, or words alone.

They know the catalog's figures, never a model's name.
"""

from collections.abc import Iterator, Sequence
from itertools import chain

from wanx_render.catalog.abilities import Model
from wanx_render.catalog.model_names import begin_alike
from wanx_render.diagnostics import Diagnostic
from wanx_render.language import Message, joined, tr, verbatim
from wanx_render.shotlist.model import GeneratedShot
from wanx_render.shotlist.references import references_of
from wanx_render.task import Role, role_of
from wanx_render.validation.context import Scene, either, sound_path

BEGINS: tuple[Role, ...] = ("first_frame", "first_clip")


def roles_of(shot: GeneratedShot) -> frozenset[Role]:
    """What kinds of media a shot gives to its model."""
    named: tuple[tuple[Role, object], ...] = (
        ("first_frame", shot.image),
        ("first_clip", shot.continues),
        ("last_frame", shot.last_image),
        ("soundtrack", sound_path(shot)),
    )
    references = (role_of(reference.kind) for reference in references_of(shot))
    return frozenset(chain((role for role, value in named if value), references))


def nothing_to_begin_with(scene: Scene) -> Iterator[Diagnostic]:
    """A shot without a picture on a model that needs one, or without words on one that does not."""
    for index, shot, model in scene.models:
        if _is_bare(roles_of(shot)) and not model.takes_words_alone:
            needs_frame = not _needs_references(model)
            key = "image" if needs_frame else "references"
            yield Diagnostic(
                "missing-key",
                tr("{where} has no {key!r}", where=tr("this shot"), key=key),
                scene.place(("shots", index)),
                _what_to_begin_with(scene, model)
                if needs_frame
                else tr("say who or what is seen, such as references: [amy.png]"),
            )
        elif not shot.prompt.strip() and not shot.template and _is_without_frame(roles_of(shot)):
            yield Diagnostic(
                "missing-key",
                tr("{where} has no {key!r}", where=tr("this shot"), key="prompt"),
                scene.place(("shots", index)),
                tr("without a first frame the prompt says what is seen"),
            )


def _is_without_frame(roles: frozenset[Role]) -> bool:
    return not any(role in BEGINS for role in roles)


def _is_bare(roles: frozenset[Role]) -> bool:
    """Whether a clip would be made of words alone."""
    return _is_without_frame(roles) and not any(role.startswith("reference_") for role in roles)


def _needs_references(model: Model) -> bool:
    """Whether every clip of the model shows something that a list names as a reference."""
    return all(
        any(role.startswith("reference_") and not role.endswith("?") for role in roles)
        for roles in model.combinations.value
    )


def _what_to_begin_with(scene: Scene, model: Model) -> Message:
    hint = tr("use image, clip or still: a first frame, own footage or a picture")
    able = _nearest(scene, model, frozenset())
    if not able:
        return hint
    return joined((hint, tr("{models} need none", models=either(able))), tr("; "))


_FEW = 3


def _nearest(scene: Scene, model: Model, roles: frozenset[Role]) -> list[str]:
    """A few models of the region that take just these media, its own family first."""
    able = [
        other.name
        for other in scene.catalog.models.values()
        if other.accepts(roles)
        and (roles or other.takes_words_alone)
        and not other.base  # a snapshot; its model is named
        and scene.region in other.region_names.value
    ]
    able.sort(key=lambda name: -begin_alike(name, model.name))
    return able[:_FEW]


def unusual_combination(scene: Scene) -> Iterator[Diagnostic]:
    """Media that the model takes, but not together; and those that no other rule speaks of."""
    for index, shot, model in scene.models:
        roles = roles_of(shot)
        if model.accepts(roles) or (_is_bare(roles) and not model.takes_words_alone):
            continue
        foreign = {role for role in roles if role not in model.roles}
        if foreign and foreign <= _spoken_of(model):
            continue
        named = [role for role in _KEYS if role in roles]
        yield Diagnostic(
            "combination-unsupported",
            tr(
                "{model} does not take {things} together",
                model=model.name, things=_together(named),
            )
            if len(named) > 1
            else tr("{model} does not take {things}", model=model.name, things=_together(named)),
            scene.place(("shots", index)),
            _of_this_model_or_others(scene, model, roles),
        )  # fmt: skip


def _of_this_model_or_others(scene: Scene, model: Model, roles: frozenset[Role]) -> Message:
    hint = tr("it takes {choices}", choices=combinations(model))
    able = _nearest(scene, model, roles)
    if not able:
        return hint
    others = tr("models that take this: {models}", models=joined(able, tr(", ")))
    return joined((hint, others), tr("; "))


def _spoken_of(model: Model) -> set[Role]:
    """What other rules say that a model does not take."""
    spoken_of: set[Role] = {"first_clip", "last_frame"}
    return spoken_of | {"soundtrack"} if model.sound.value == "none" else spoken_of


_KEYS: dict[str, Message] = {
    "first_frame": verbatim("image"),
    "first_clip": verbatim("continue"),
    "last_frame": verbatim("last_image"),
    "soundtrack": tr("a sound file"),
    "reference_image": tr("pictures in references"),
    "reference_video": tr("videos in references"),
    "reference_sound": tr("sounds in references"),
}


def combinations(model: Model) -> Message:
    """What a model takes together, in words."""
    return joined((_combination(roles) for roles in model.combinations.value), tr("; or "))


def _combination(roles: tuple[str, ...]) -> Message:
    required = [role for role in roles if not role.endswith("?")]
    optional = [role.removesuffix("?") for role in roles if role.endswith("?")]
    if not optional:
        return _together(required) if required else tr("a prompt alone")
    if not required:
        return tr("a prompt, optionally with {optional}", optional=_together(optional))
    return tr(
        "{required}, optionally with {optional}",
        required=_together(required), optional=_together(optional),
    )  # fmt: skip


def _together(roles: Sequence[str]) -> Message:
    """``a, b and c``."""
    words = [_KEYS[role] for role in roles]
    if len(words) < 2:
        return joined(words)
    return joined((joined(words[:-1], tr(", ")), words[-1]), tr(" and "))
