"""What a shot list may ask for, one function for each rule; nothing is sent that breaks one.

Each rule takes the whole ``Scene`` and yields its findings. Rules know the catalog's figures, never
a model's name.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import chain, pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import ImageColor

from wanx_render.capabilities import Catalog, Model
from wanx_render.diagnostics import Diagnostic, Span, did_you_mean
from wanx_render.geometry import Size, crop_unit, cropped_away, enlargement, predicted_size
from wanx_render.pictures import Picture
from wanx_render.shotlist import Deliverable, LastFrame, Shot
from wanx_render.soundtracks import Soundtrack
from wanx_render.timing import frames_in

if TYPE_CHECKING:
    from wanx_render import fonts

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
    pictures: Mapping[str, Picture]  # by the words the list uses; only those that could be read
    sounds: Mapping[str, Soundtrack]
    place: Place

    def models(self) -> list[tuple[int, Shot, Model]]:
        """Each shot with its model, where there is such a model."""
        return self._with_models

    @cached_property
    def _with_models(self) -> list[tuple[int, Shot, Model]]:
        found = (
            (index, shot, self.catalog.model(shot.model)) for index, shot in self.shots.items()
        )
        return [(index, shot, model) for index, shot, model in found if model]

    def looks(self) -> Iterator[tuple[Span, str, Picture, Model]]:
        """Each picture of each shot: its place, what it is called, and the model it is for."""
        for index, shot, model in self.models():
            for key in ("image", "last_image"):
                named = getattr(shot, key)
                if isinstance(named, str) and named in self.pictures:
                    called = "the data URI" if named.startswith("data:") else named
                    yield self.at(index, key), called, self.pictures[named], model

    def size(self, shot: Shot, model: Model) -> Size | None:
        """The clip the shot will give, where its first frame is known."""
        picture = self.pictures.get(shot.image) if isinstance(shot.image, str) else None
        tier = shot.resolution or model.tiers.value[0]
        if picture is None or tier not in model.tiers.value:
            return None
        return predicted_size(picture.size, self.catalog.tier_area(tier))

    def clips(self) -> list[tuple[Shot, Size]]:
        """The shots whose clip's size is known beforehand."""
        return self._clips

    @cached_property
    def _clips(self) -> list[tuple[Shot, Size]]:
        found = ((shot, self.size(shot, model)) for _, shot, model in self.models())
        return [(shot, size) for shot, size in found if size]

    def at(self, index: int, key: str) -> Span:
        return self.place(("shots", index, key))


def sound_path(shot: Shot) -> str | None:
    """The custom soundtrack a shot names, or None for ``silent``, ``auto`` and nothing."""
    return shot.audio if shot.audio not in (None, "silent", "auto") else None


def is_url(named: str) -> bool:
    """Whether a picture or sound is named by an address that the service can fetch."""
    return named.lower().startswith(("http://", "https://"))


def is_file(path: Path) -> bool:
    """Whether there is such a file; a name that no file can have is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


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
        if named and not is_url(named) and not is_file(scene.folder / named):
            yield Diagnostic(
                "sound-missing",
                f"the sound file {named[:100]} does not exist",
                scene.at(index, "audio"),
                did_you_mean(named.lower(), ("silent", "auto"))
                or "audio is silent, auto, or a path that starts at the shot list's folder",
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
                f"raise takes to {shot.pick}, or pick {_or(str(n + 1) for n in range(shot.takes))}",
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
    known = set(scene.ids)
    before = {
        shot.id: shot.image.shot
        for shot in scene.shots.values()
        if isinstance(shot.image, LastFrame)
    }
    loops = _loops(before)
    for index, shot in scene.shots.items():
        if shot.id not in before:
            continue
        place = scene.place(("shots", index, "image", "shot"))
        if before[shot.id] not in known:
            hint = did_you_mean(before[shot.id], scene.ids[:500])
            yield Diagnostic("shot-unknown", f"there is no shot {before[shot.id]!r}", place, hint)
        elif loop := loops.get(shot.id):
            start = loop.index(shot.id)
            route = [*loop[start : start + 6], *loop[: max(start + 6 - len(loop), 0)]]
            rest = ["..."] if len(loop) > 6 else []
            told = " -> ".join([*route[: len(loop)], *rest, shot.id])
            yield Diagnostic(
                "chain-cycle", f"the first frame of {shot.id} waits for itself: {told}", place
            )


def _loops(before: Mapping[str, str]) -> dict[str, list[str]]:
    """The shots that wait for themselves, each with the whole loop; every shot is walked once."""
    found: dict[str, list[str]] = {}
    seen: set[str] = set()
    for start in before:
        line: dict[str, None] = {}
        shot = start
        while shot in before and shot not in seen and shot not in line:
            line[shot] = None
            shot = before[shot]
        if shot in line:
            walked = list(line)
            loop = walked[walked.index(shot) :]
            found |= dict.fromkeys(loop, loop)
        seen |= set(line)
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


_HEX_COLOUR = re.compile("#[0-9a-fA-F]{6}")


def colour_unknown(scene: Scene) -> Iterator[Diagnostic]:
    for index, deliverable in scene.deliverables.items():
        colour = deliverable.background
        if colour.lower() not in ImageColor.colormap and not _HEX_COLOUR.fullmatch(colour):
            yield Diagnostic(
                "colour-unknown",
                f"{colour[:40]!r} is not a colour",
                scene.place(("deliverables", index, "background")),
                did_you_mean(colour, ImageColor.colormap)
                or 'use a name such as black or white, or "#RRGGBB" in quotation marks',
            )


def last_image_unsupported(scene: Scene) -> Iterator[Diagnostic]:
    for index, shot, model in scene.models():
        if shot.last_image is not None and not model.takes_last_image:
            able = [m.name for m in scene.catalog.models.values() if m.takes_last_image]
            yield Diagnostic(
                "last-image-unsupported",
                f"{model.name} takes a first frame only",
                scene.at(index, "last_image"),
                f"leave last_image out, or use {_or(able)}",
            )


def image_outside_limits(scene: Scene) -> Iterator[Diagnostic]:
    """Documents disagree by date: outside all of them is an error, outside one a warning."""
    for place, name, picture, model in scene.looks():
        sides = (picture.size.width, picture.size.height)
        (low, high), wider = model.image_sides.value, model.image_sides.variants
        if min(sides) < low or max(sides) > high:
            allowed = any(v.value[0] <= min(sides) and max(sides) <= v.value[1] for v in wider)
            others = [f"{v.value[0]} to {v.value[1]} after {v.source}" for v in wider]
            yield Diagnostic(
                "image-sides",
                f"{name} is {picture.size}; {model.name} takes sides of {low} to {high} pixels",
                place,
                f"another document says {', '.join(others)}" if others else "",
                "warning" if allowed else "error",
            )
        limit, larger = model.image_bytes.value, model.image_bytes.variants
        if picture.bytes > limit:
            yield Diagnostic(
                "image-bytes",
                f"{name} has {_mib(picture.bytes)} MiB; {model.name} takes {_mib(limit)}",
                place,
                "save it smaller, or as JPEG",
                "warning" if any(picture.bytes <= v.value for v in larger) else "error",
            )
        if picture.format not in model.image_formats.value:
            yield Diagnostic(
                "image-format",
                f"{name} is {picture.format}; {model.name} takes {_or(model.image_formats.value)}",
                place,
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
        if picture.turned:
            yield Diagnostic(
                "image-turned",
                f"{name} is turned by its EXIF orientation; whether the service turns it too "
                "is not documented",
                place,
                "save it upright to be sure",
                "warning",
            )


def prompt_cut(scene: Scene) -> Iterator[Diagnostic]:
    """The service cuts long texts without a word."""
    for index, shot, model in scene.models():
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
    for index, shot, _ in scene.models():
        if shot.template and shot.prompt:
            yield Diagnostic(
                "prompt-ignored",
                f"the prompt is not sent: beside the template {shot.template} "
                "the service ignores it",
                scene.at(index, "prompt"),
                severity="warning",
            )


def sound_outside_limits(scene: Scene) -> Iterator[Diagnostic]:
    for index, shot, model in scene.models():
        named = sound_path(shot)
        track = scene.sounds.get(named) if named else None
        if track is None or model.sound_file is None:
            continue
        limits, place = model.sound_file.value, scene.at(index, "audio")
        if track.format not in limits.formats:
            yield Diagnostic(
                "sound-format",
                f"{named} is {track.format or 'without a suffix'}; "
                f"{model.name} takes {_or(limits.formats)}",
                place,
            )
        low, high = limits.seconds
        if not low <= track.seconds <= high:
            yield Diagnostic(
                "sound-seconds",
                f"{named} lasts {float(track.seconds):.1f} s; {model.name} takes {low} to {high} s",
                place,
            )
        if track.bytes > limits.bytes:
            yield Diagnostic(
                "sound-bytes",
                f"{named} has {_mib(track.bytes)} MiB; {model.name} takes {_mib(limits.bytes)}",
                place,
            )
        yield from _sound_length(shot, model, track, place)


def _sound_length(shot: Shot, model: Model, track: Soundtrack, place: Span) -> Iterator[Diagnostic]:
    seconds = shot.duration or model.durations.value[0]
    if abs(track.seconds - seconds) < Fraction(1, 10):
        return
    lasts = f"the sound lasts {float(track.seconds):.1f} s and the clip {seconds} s"
    then = "its end is cut off" if track.seconds > seconds else "the rest of the clip is silent"
    yield Diagnostic("sound-length", f"{lasts}: {then}", place, severity="warning")


def crop_loses_much(scene: Scene) -> Iterator[Diagnostic]:
    for number, deliverable in scene.deliverables.items():
        aspect, lost = deliverable.aspect, dict[str, Fraction]()
        for shot, size in scene.clips():
            if crop_unit(size, aspect) < 2:
                yield Diagnostic(
                    "aspect-impossible",
                    f"the clip of {shot.id}, {size}, is too small for an exact {aspect} frame",
                    scene.place(("deliverables", number, "aspect")),
                )
            elif deliverable.fit == "crop" and cropped_away(size, aspect) > Fraction(1, 4):
                lost[shot.id] = cropped_away(size, aspect)
        if lost:
            told = _listed(f"{name} loses {float(part):.0%}" for name, part in lost.items())
            yield Diagnostic(
                "crop-loses-much",
                f"{deliverable.name} cuts off more than a quarter: {told}",
                scene.place(("deliverables", number, "aspect")),
                "fit: blur or pad shows the whole picture; a first frame of that shape "
                "loses nothing",
                "warning",
            )


def deliverable_enlarges(scene: Scene) -> Iterator[Diagnostic]:
    for number, deliverable in scene.deliverables.items():
        grown = {
            shot.id: enlargement(size, deliverable.size, deliverable.aspect, deliverable.fit)
            for shot, size in scene.clips()
            if deliverable.size and crop_unit(size, deliverable.aspect) >= 2
        }
        larger = {name: times for name, times in grown.items() if times > 1}
        if larger:
            told = _listed(f"{name} {float(times):.2f} times" for name, times in larger.items())
            yield Diagnostic(
                "deliverable-enlarges",
                f"{deliverable.name} enlarges its clips: {told}",
                scene.place(("deliverables", number, "size")),
                "leave size out for the largest that enlarges nothing, or raise the resolution",
                "warning",
            )


def rate_drops_frames(scene: Scene) -> Iterator[Diagnostic]:
    for number, deliverable in scene.deliverables.items():
        rate = deliverable.fps
        faster = [s.id for _, s, m in scene.models() if rate and m.fps.value > rate]
        if rate and faster:
            yield Diagnostic(
                "fps-below-clip",
                f"{deliverable.name} at {float(rate):g} fps leaves out frames of "
                f"{_listed(iter(faster))}",
                scene.place(("deliverables", number, "fps")),
                severity="warning",
            )


def _listed(parts: Iterator[str], most: int = 5) -> str:
    listed = list(parts)
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more


def transition_too_long(scene: Scene) -> Iterator[Diagnostic]:
    shots = [(i, shot, model) for i, shot, model in scene.models()]
    before = Fraction(0)  # what the transition into a shot has taken of it
    for (index, shot, model), (_, after, following) in pairwise(shots):
        seconds = shot.transition.seconds
        left = _used(shot, model) - before
        if seconds > min(left, _used(after, following)):
            whose = shot if left < seconds else after
            room = left if left < seconds else _used(after, following)
            yield Diagnostic(
                "transition-too-long",
                f"the transition of {float(seconds):g} s is longer than "
                f"the {float(max(room, Fraction(0))):g} s that are left of {whose.id}",
                scene.place(("shots", index, "transition")),
                "shorten it, or the one before it, or trim less",
            )
        before = seconds


def _used(shot: Shot, model: Model) -> Fraction:
    """The seconds for which the shot is seen."""
    seconds = Fraction(shot.duration or model.durations.value[0])
    end = seconds if shot.trim.end is None else min(shot.trim.end, seconds)
    return max(end - shot.trim.start, Fraction(0)) / shot.speed + shot.hold


def poster_outside(scene: Scene) -> Iterator[Diagnostic]:
    shots = [(shot, _used(shot, model)) for _, shot, model in scene.models()]
    whole = sum((used for _, used in shots), Fraction(0))
    whole -= sum((shot.transition.seconds for shot, _ in shots[:-1]), Fraction(0))
    for index, deliverable in scene.deliverables.items():
        if deliverable.poster is not None and shots and deliverable.poster >= whole:
            yield Diagnostic(
                "poster-outside",
                f"{deliverable.name}: the poster at {float(deliverable.poster):g} s lies behind "
                f"the end at {float(whole):g} s",
                scene.place(("deliverables", index, "poster")),
                "leave poster out for a frame of the first shot",
            )


def focus_without_shot(scene: Scene) -> Iterator[Diagnostic]:
    for index, deliverable in scene.deliverables.items():
        for named in deliverable.focus:
            if named not in scene.ids:
                yield Diagnostic(
                    "focus-without-shot",
                    f"{deliverable.name}: a focus is given for {named}, which is no shot",
                    scene.place(("deliverables", index, "focus", named)),
                    did_you_mean(named, scene.ids[:500]),
                )


def _mib(size: int) -> str:
    return f"{size / 1024 / 1024:.0f}" if size % 1048576 == 0 else f"{size / 1024 / 1024:.1f}"


def mix_unusable(scene: Scene) -> Iterator[Diagnostic]:
    """Music and voices must be files here, and lie where the deliverable has a shot."""
    for index, deliverable in scene.deliverables.items():
        place = scene.place(("deliverables", index, "audio"))
        for named in deliverable.audio.files:
            if is_url(named):
                told = f"{deliverable.name}: music and voices must be files here, not URLs"
                yield Diagnostic("mix-file-missing", told, place, "download it first")
            elif not is_file(scene.folder / named):
                told = f"{deliverable.name}: the sound file {named[:100]} does not exist"
                hint = "paths start at the shot list's folder"
                yield Diagnostic("mix-file-missing", told, place, hint)
        for voice in deliverable.audio.voices:
            if voice.shot and voice.shot not in scene.ids:
                told = f"{deliverable.name}: a voice begins with {voice.shot}, which is no shot"
                hint = did_you_mean(voice.shot, scene.ids)
                yield Diagnostic("voice-without-shot", told, place, hint)
        if deliverable.audio.duck and deliverable.audio.music is None:
            told = f"{deliverable.name}: there is no music that could duck"
            yield Diagnostic(
                "duck-without-music", told, place, "add music, or leave duck out", "warning"
            )


def captions_unusable(scene: Scene) -> Iterator[Diagnostic]:
    """Every word must be one that the font can draw: never a box in a finished video."""
    worded = any(shot.caption.strip() for shot in scene.shots.values())
    if not worded and not any(d.subtitles or d.font for d in scene.deliverables.values()):
        return
    # Drawing words takes a tenth of a start; lists without any do without it.
    from wanx_render import captions

    burning = [d for d in scene.deliverables.values() if d.captions in ("burn", "both")]
    for index, shot in scene.shots.items():
        if not shot.caption.strip():
            continue
        for named in sorted({each.font for each in burning}, key=str):
            font = _font(scene, named)
            problem = captions.problem_with(shot.caption, font) if font or not named else ""
            if problem:
                yield Diagnostic(
                    "caption-undrawable",
                    f"the caption of {shot.id} cannot be shown: {problem}",
                    scene.at(index, "caption"),
                    "leave it out, or give the deliverable a font that has it",
                )
    for index, deliverable in scene.deliverables.items():
        if deliverable.font and _font(scene, deliverable.font) is None:
            told = f"{deliverable.name}: {deliverable.font[:100]} is no font file that can be read"
            place = scene.place(("deliverables", index, "font"))
            yield Diagnostic("font-unreadable", told, place, "such as fonts/Inter.ttf")
        if deliverable.subtitles:
            yield from _subtitles_unusable(scene, index, deliverable, deliverable.subtitles)


def _font(scene: Scene, named: str | None) -> "fonts.Font | None":
    from wanx_render import fonts

    try:
        return fonts.named(scene.folder / named) if named else None
    except OSError:
        return None


def _subtitles_unusable(
    scene: Scene, index: int, deliverable: Deliverable, named: str
) -> Iterator[Diagnostic]:
    from wanx_render import captions, styled

    place = scene.place(("deliverables", index, "subtitles"))
    try:
        text = (scene.folder / named).read_text(encoding="utf-8")
        if styled.is_styled(named):
            words = styled.read(text, "any").words
        else:
            words = "".join(cue.text for cue in captions.read_srt(text, Fraction(30)))
    except (OSError, UnicodeError):
        told = f"the subtitles {named[:100]} cannot be read as UTF-8 text"
        yield Diagnostic("subtitles-unreadable", told, place, "paths start at the list's folder")
        return
    except captions.BadSubtitles as problem:
        yield Diagnostic("subtitles-unreadable", f"{named[:100]}: {problem}", place)
        return
    if deliverable.captions in ("sidecar", "none"):
        return
    if why := captions.problem_with(words, _font(scene, deliverable.font)):
        told = f"a cue of {named[:100]} cannot be shown: {why}"
        yield Diagnostic("caption-undrawable", told, place, "give a font that has it")


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
    last_image_unsupported,
    image_outside_limits,
    image_shape,
    prompt_cut,
    prompt_ignored,
    sound_outside_limits,
    crop_loses_much,
    deliverable_enlarges,
    rate_drops_frames,
    transition_too_long,
    focus_without_shot,
    poster_outside,
    mix_unusable,
    captions_unusable,
)


def _or(words: Iterable[str]) -> str:
    listed = list(words)
    if len(listed) < 2:
        return "".join(listed)
    return f"{', '.join(listed[:-1])} or {listed[-1]}"
