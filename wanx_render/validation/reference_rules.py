"""Rules about references: how many a model takes, what their files may be, and their names.

They know the catalog's figures, never a model's name. Pictures among them have the rules of all
pictures.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from wanx_render.catalog.abilities import MediaFile, Model
from wanx_render.catalog.figures import Figure
from wanx_render.diagnostics import Diagnostic, Span, did_you_mean
from wanx_render.geometry import Size
from wanx_render.language import Message, tr
from wanx_render.shotlist import paths
from wanx_render.shotlist.model import GeneratedShot
from wanx_render.shotlist.paths import Kind
from wanx_render.shotlist.references import Reference, names_in
from wanx_render.task import role_of
from wanx_render.validation.context import Scene, either, is_file, is_url, mib

Placed = tuple[int, GeneratedShot, Model, tuple[Reference, ...]]


def _with_references(scene: Scene) -> Iterator[Placed]:
    for index, shot, model in scene.models if scene.references else ():
        if references := scene.references.get(index):
            yield index, shot, model, references


def reference_not_here(scene: Scene) -> Iterator[Diagnostic]:
    """Sounds that are not there, and videos or sounds that are written into the list."""
    for index, _, _, references in _with_references(scene):
        for reference in references:
            name, place = reference.file, scene.at(index, "references", reference.key)
            if reference.kind == "image" or is_url(name):
                continue
            if name.startswith("data:"):
                message = tr("a video or sound cannot be a data URI")
                yield Diagnostic("reference-invalid", message, place, tr("use a file or a URL"))
            elif reference.kind == "sound" and not is_file(scene.folder / name):
                yield Diagnostic(
                    "sound-missing",
                    tr("the sound file {name} does not exist", name=name[:100]),
                    place,
                    paths.hint(scene.folder, name),
                )


def references_miscounted(scene: Scene) -> Iterator[Diagnostic]:
    """More or fewer references than the model takes, of a kind or of all together."""
    for index, shot, model in scene.models:
        of_kinds = Counter(reference.kind for reference in scene.references.get(index, ()))
        number, (low, high) = sum(of_kinds.values()), model.counts_of_references
        if not number and (not low or shot.image is None):
            continue  # of a shot that has nothing at all another rule speaks
        place = scene.at(index, "references")
        if number < low or (high is not None and number > high):
            yield _miscounted(model, number, (low, high or number), tr("references"), place)
            continue
        for kind, n in of_kinds.items():
            least, most = model.allowed(role_of(kind))
            if role_of(kind) in model.roles and not least <= n <= most:
                yield _miscounted(model, n, (least, most), _THINGS[kind], place)


_THINGS: Mapping[Kind, Message] = {
    "image": tr("pictures"),
    "video": tr("videos"),
    "sound": tr("sounds"),
}


def _miscounted(
    model: Model, number: int, limits: tuple[int, int], things: Message, place: Span
) -> Diagnostic:
    message = tr(
        "{model} takes {low} to {high} {things}; this shot has {n}",
        model=model.name, low=limits[0], high=limits[1], things=things, n=number,
    )  # fmt: skip
    return Diagnostic("references-count", message, place)


def reference_unknown(scene: Scene) -> Iterator[Diagnostic]:
    """A name in the prompt that no reference has, or that the model has no word for."""
    for index, shot, model, references in _with_references(scene):
        if not isinstance(shot.references, Mapping):
            continue
        kinds = {str(reference.key): reference.kind for reference in references}
        words = model.words_for_references
        for name in dict.fromkeys(names_in(shot.prompt)):
            place = scene.at(index, "prompt")
            if name not in kinds:
                message = tr("{name!r} is not a reference of this shot", name=name)
                hint = did_you_mean(name, list(kinds)) or tr("use {choices}", choices=either(kinds))
                yield Diagnostic("reference-unknown", message, place, hint)
            elif kinds[name] not in words and role_of(kinds[name]) in model.roles:
                message = tr(
                    "no document says what {model} calls {name!r}", model=model.name, name=name
                )
                hint = tr("write references as a list, and the prompt in the words of the model")
                yield Diagnostic("reference-unknown", message, place, hint)


def reference_unmarked(scene: Scene) -> Iterator[Diagnostic]:
    """The name of a reference that the prompt has as a plain word: the model would not know it."""
    for index, shot, _, references in _with_references(scene):
        if not isinstance(shot.references, Mapping):
            continue
        marked = set(names_in(shot.prompt))
        for name in (str(reference.key) for reference in references):
            if name not in marked and _is_word_of(name, shot.prompt):
                message = tr("{name!r} in the prompt is a plain word, not the reference", name=name)
                hint = tr("write {{{name}}} to name the reference", name=name)
                place = scene.at(index, "prompt")
                yield Diagnostic("reference-unmarked", message, place, hint, "warning")


def _is_word_of(name: str, text: str) -> bool:
    """Whether a name is a word of the text; Chinese has no blanks between words."""
    edge = r"(?<![A-Za-z0-9_]){}(?![A-Za-z0-9_])" if name.isascii() else "{}"
    return re.search(edge.format(re.escape(name)), text) is not None


@dataclass(frozen=True, slots=True)
class MediaFacts:
    """What is known of the file of a video or sound."""

    name: str
    seconds: Fraction
    bytes: int
    size: Size | None = None  # of a video

    @property
    def format(self) -> str:
        return Path(self.name).suffix.lower().lstrip(".")


def reference_outside_limits(scene: Scene) -> Iterator[Diagnostic]:
    for index, _, model, references in _with_references(scene):
        figures: tuple[tuple[Kind, Figure[MediaFile] | None], ...] = (
            ("video", model.reference_video_file),
            ("sound", model.reference_sound_file),
        )
        for kind, figure in figures:
            facts = {r.key: facts_of(scene, r) for r in references if r.kind == kind}
            known = {key: fact for key, fact in facts.items() if fact}
            if figure is None or not known:
                continue
            for key, fact in known.items():
                place = scene.at(index, "references", key)
                yield from media_outside(fact, figure.value, model, place)
            place = scene.at(index, "references")
            yield from _too_long_together([*known.values()], figure.value, model, place)


def facts_of(scene: Scene, reference: Reference) -> MediaFacts | None:
    """What is known of a local video or sound."""
    name = reference.file
    if track := scene.sounds.get(name):
        return MediaFacts(name, track.seconds, track.bytes)
    if head := scene.footage.get(name):
        return MediaFacts(name, head.seconds, (scene.folder / name).stat().st_size, head.size)
    return None


def media_outside(
    facts: MediaFacts, limits: MediaFile, model: Model, place: Span
) -> Iterator[Diagnostic]:
    """What a model does not accept of a video or sound."""
    values = {"name": facts.name, "model": model.name}
    if facts.format not in limits.formats:
        kind = facts.format or tr("without a suffix")
        message = tr(
            "{name} is {format}; {model} accepts {formats}",
            format=kind, formats=either(limits.formats), **values,
        )  # fmt: skip
        yield Diagnostic("reference-format", message, place)
    low, high = limits.seconds
    if not low <= facts.seconds <= high:
        message = tr(
            "{name} lasts {seconds:.1f} s; {model} accepts {low} to {high} s",
            seconds=float(facts.seconds), low=low, high=high, **values,
        )  # fmt: skip
        yield Diagnostic("reference-seconds", message, place)
    if facts.bytes > limits.bytes:
        message = tr(
            "{name} has {size} MiB; {model} accepts at most {limit} MiB",
            size=mib(facts.bytes), limit=mib(limits.bytes), **values,
        )  # fmt: skip
        yield Diagnostic("reference-bytes", message, place)
    yield from _sides_outside(facts, limits, model, place)


def _sides_outside(
    facts: MediaFacts, limits: MediaFile, model: Model, place: Span
) -> Iterator[Diagnostic]:
    if facts.size is None or limits.sides is None:
        return
    (low, high), sides = limits.sides, (facts.size.width, facts.size.height)
    if min(sides) < low or max(sides) > high:
        message = tr(
            "{name} is {size}; {model} accepts sides of {low} to {high} pixels",
            name=facts.name, size=str(facts.size), model=model.name, low=low, high=high,
        )  # fmt: skip
        yield Diagnostic("reference-sides", message, place)


def _too_long_together(
    facts: list[MediaFacts], limits: MediaFile, model: Model, place: Span
) -> Iterator[Diagnostic]:
    seconds = sum((entry.seconds for entry in facts), Fraction(0))
    if len(facts) > 1 and limits.together is not None and seconds > limits.together:
        message = tr(
            "they last {seconds:.1f} s together; {model} accepts {limit} s",
            seconds=float(seconds), model=model.name, limit=limits.together,
        )  # fmt: skip
        yield Diagnostic("reference-seconds", message, place)
