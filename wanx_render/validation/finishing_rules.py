"""Rules about what is made of the clips: trims, crops, sizes, transitions, sounds."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import pairwise

from wanx_render.diagnostics import Diagnostic, Span, did_you_mean, listed
from wanx_render.geometry import crop_unit, cropped_away
from wanx_render.language import NOTHING, Message, joined, tr
from wanx_render.media import paint
from wanx_render.media.paint import BadColour
from wanx_render.shotlist import paths
from wanx_render.shotlist.model import (
    AnyShot,
    ClipShot,
    Deliverable,
    GeneratedShot,
    Music,
    StillShot,
    Voice,
)
from wanx_render.timing import frames_in
from wanx_render.validation.context import Scene, is_file, is_url, used


def trim_outside(scene: Scene) -> Iterator[Diagnostic]:
    for index, shot, source in scene.sources:
        seconds = source.seconds
        for key, value in (("start", shot.trim.start), ("end", shot.trim.end)):
            if value is not None and value > seconds:
                yield Diagnostic(
                    "trim-outside",
                    tr(
                        "trim {key} {time:g} s is after the end of the clip at {seconds:g} s",
                        key=key, time=float(value), seconds=float(seconds),
                    ),
                    scene.place(("shots", index, "trim", key)),
                )  # fmt: skip
        rate = source.rate or Fraction(30)
        last = shot.trim.end if shot.trim.end is not None else seconds
        if frames_in(shot.trim.start, rate) >= frames_in(min(last, seconds), rate):
            message = tr("the trim leaves no frame of the clip")
            yield Diagnostic("trim-empty", message, scene.at(index, "trim"))


def colour_unknown(scene: Scene) -> Iterator[Diagnostic]:
    for index, deliverable in scene.deliverables.items():
        try:
            paint.read(deliverable.background)
        except BadColour as error:
            place = scene.place(("deliverables", index, "background"))
            yield Diagnostic("colour-unknown", error.sentence, place, error.hint)


LOSES_MUCH = Fraction(1, 4)  # of a clip, by a crop


def crop_loses_much(scene: Scene) -> Iterator[Diagnostic]:
    for number, deliverable in scene.deliverables.items():
        aspect, losses = deliverable.aspect, dict[str, Fraction]()
        place = scene.place(("deliverables", number, "aspect"))
        for shot, size in scene.clips:
            if crop_unit(size, aspect) < 2:
                message = tr(
                    "the clip of {shot} ({size}) is too small for an exact {aspect} frame",
                    shot=shot.id, size=str(size), aspect=str(aspect),
                )  # fmt: skip
                yield Diagnostic("aspect-impossible", message, place)
            elif not isinstance(shot, GeneratedShot):
                continue  # nothing was paid for it
            elif deliverable.fit == "crop" and cropped_away(size, aspect) > LOSES_MUCH:
                losses[shot.id] = cropped_away(size, aspect)
        if losses:
            shots = listed(f"{name} {float(part):.0%}" for name, part in losses.items())
            yield Diagnostic(
                "crop-loses-much",
                tr(
                    "{name} crops away more than a quarter: {shots}",
                    name=deliverable.name, shots=shots,
                ),
                place,
                _how_to_keep(scene, deliverable, losses),
                "warning",
            )  # fmt: skip


def _how_to_keep(scene: Scene, deliverable: Deliverable, losses: Mapping[str, Fraction]) -> Message:
    """What to do against a crop that loses much, and how much of the clips would be kept then."""
    begun = [s for s in scene.generated.values() if s.id in losses and (s.image or s.continues)]
    others = tr("use fit: blur or pad, or a first frame of that aspect")
    if not begun:
        return tr("use fit: blur or pad, or another aspect of the shot")
    kept = {
        name: 1 - cropped_away(size, deliverable.aspect)
        for name, size in scene.matched_sizes.items()
        if name in losses and crop_unit(size, deliverable.aspect) >= 2
    }
    if not kept or any(kept[name] <= 1 - losses[name] for name in kept):
        return others
    least, now = min(kept.values()), min(1 - losses[name] for name in kept)
    word = tr(
        "use fit_image: match, which keeps {kept:.0%} instead of {now:.0%}",
        kept=float(least), now=float(now),
    )  # fmt: skip
    return joined((word, others), tr("; "))


def rate_drops_frames(scene: Scene) -> Iterator[Diagnostic]:
    for number, deliverable in scene.deliverables.items():
        rate = deliverable.fps if deliverable.motion in (None, "repeat") else None
        rates = ((shot.id, source.rate) for _, shot, source in scene.sources)
        faster = [name for name, own in rates if rate and own and own > rate]
        if rate and faster:
            yield Diagnostic(
                "fps-below-clip",
                tr(
                    "{name} at {rate:g} fps drops frames of {shots}",
                    name=deliverable.name, rate=float(rate), shots=listed(faster),
                ),
                scene.place(("deliverables", number, "fps")),
                severity="warning",
            )  # fmt: skip


def rate_repeats_frames(scene: Scene) -> Iterator[Diagnostic]:
    """24 frames a second in 30 show every fourth twice, which is visible where something moves."""
    own = {source.rate for _, _, source in scene.sources if source.rate}
    rates = {shot.id: source.rate * shot.speed for _, shot, source in scene.sources if source.rate}
    for number, deliverable in scene.deliverables.items():
        rate = deliverable.fps or max(own, default=Fraction(1))
        uneven = {pace for pace in set(rates.values()) if repeats(pace, rate)}
        slower = [name for name, pace in rates.items() if pace in uneven] if uneven else []
        if not slower or deliverable.motion:
            continue
        place = ("deliverables", number, "fps") if deliverable.fps else ("deliverables", number)
        yield Diagnostic(
            "fps-repeats-frames",
            tr(
                "{name} at {rate:g} fps repeats frames of {shots}",
                name=deliverable.name, rate=float(rate), shots=listed(slower),
            ),
            scene.place(place),
            _without_repeats(own if len({*own, *rates.values()}) == 1 else set()),
            "warning",
        )  # fmt: skip


def _without_repeats(own: set[Fraction]) -> Message:
    """What to do against repeated frames; ``own`` is the one rate of all clips, if there is one."""
    if own:
        return tr(
            "use fps: {rate}, motion: blend or flow, or accept it with motion: repeat",
            rate=str(min(own)),
        )
    return tr("use motion: blend or flow, or accept it with motion: repeat")


def repeats(own: Fraction, rate: Fraction) -> bool:
    """Whether frames are shown unevenly; not for one in 200, as from 29.97 to 30."""
    return own * 201 < rate * 200 and rate % own != 0


def transition_too_long(scene: Scene) -> Iterator[Diagnostic]:
    before = Fraction(0)  # what the transition into a shot has taken of it
    for (index, shot, source), (_, after, following) in pairwise(scene.sources):
        seconds = shot.transition.seconds
        left = used(shot, source.seconds) - before
        if seconds > min(left, used(after, following.seconds)):
            shorter = shot if left < seconds else after
            room = left if left < seconds else used(after, following.seconds)
            yield Diagnostic(
                "transition-too-long",
                tr(
                    "the transition of {seconds:g} s is longer than the {room:g} s left of {shot}",
                    seconds=float(seconds), room=float(max(room, Fraction(0))), shot=shorter.id,
                ),
                scene.place(("shots", index, "transition")),
                tr("shorten it or the one before it, or trim less"),
            )  # fmt: skip
        before = seconds


def poster_outside(scene: Scene) -> Iterator[Diagnostic]:
    whole = scene.seconds
    for index, deliverable in scene.deliverables.items():
        if deliverable.poster is not None and whole is not None and deliverable.poster >= whole:
            yield Diagnostic(
                "poster-outside",
                tr(
                    "{name}: the poster at {time:g} s is after the end at {end:g} s",
                    name=deliverable.name, time=float(deliverable.poster), end=float(whole),
                ),
                scene.place(("deliverables", index, "poster")),
                tr("use an earlier time, or leave poster out for a frame of the first shot"),
            )  # fmt: skip


def focus_without_shot(scene: Scene) -> Iterator[Diagnostic]:
    for index, deliverable in scene.deliverables.items():
        for name in deliverable.focus:
            if name not in scene.ids:
                yield Diagnostic(
                    "focus-without-shot",
                    tr(
                        "{name}: focus names {shot!r}, which is not a shot",
                        name=deliverable.name, shot=name,
                    ),
                    scene.place(("deliverables", index, "focus", name)),
                    did_you_mean(name, scene.ids[:500]),
                )  # fmt: skip


def mix_unusable(scene: Scene) -> Iterator[Diagnostic]:
    """Music and voices must be files here, and begin where the deliverable has a shot."""
    for index, deliverable in scene.deliverables.items():
        title, place = deliverable.name, scene.place(("deliverables", index, "audio"))
        for file in deliverable.audio.files:
            if is_url(file):
                message = tr("{name}: music and voices must be local files, not URLs", name=title)
                yield Diagnostic("mix-file-missing", message, place, tr("download the file first"))
            elif not is_file(scene.folder / file):
                message = tr(
                    "{name}: the sound file {file} does not exist", name=title, file=file[:100]
                )
                hint = paths.hint(scene.folder, file)
                yield Diagnostic("mix-file-missing", message, place, hint)
        for voice in deliverable.audio.voices:
            if voice.shot and voice.shot not in scene.ids:
                message = tr(
                    "{name}: a voice begins with {shot!r}, which is not a shot",
                    name=title, shot=voice.shot,
                )  # fmt: skip
                hint = did_you_mean(voice.shot, scene.ids)
                yield Diagnostic("voice-without-shot", message, place, hint)
        if deliverable.audio.duck and deliverable.audio.music is None:
            message = tr("{name}: duck needs music", name=title)
            hint = tr("add music, or leave duck out")
            yield Diagnostic("duck-without-music", message, place, hint, "warning")


_SOFTEST = -60  # dBFS; what is never louder is not heard


def mix_unheard(scene: Scene) -> Iterator[Diagnostic]:
    """Music and voices that nobody would hear, measured before anything is spent."""
    begins = scene.begins
    for index, deliverable in scene.deliverables.items():
        place = scene.place(("deliverables", index, "audio"))
        if music := deliverable.audio.music:
            title = tr("{name}: the music {file}", name=deliverable.name, file=music.file[:100])
            yield from _too_soft(scene, title, music, (music.start, begins.end), place)
        for voice in deliverable.audio.voices:
            title = tr("{name}: the voice {file}", name=deliverable.name, file=voice.file[:100])
            start = voice.at + (begins.of.get(voice.shot, Fraction(0)) if voice.shot else 0)
            if start < begins.end:
                yield from _too_soft(scene, title, voice, (Fraction(0), begins.end - start), place)
            elif begins.end:
                message = tr(
                    "{sound} begins at {start:g} s, after the end at {end:g} s",
                    sound=title, start=float(start), end=float(begins.end),
                )  # fmt: skip
                hint = tr("use an earlier time")
                yield Diagnostic("sound-unheard", message, place, hint, "warning")


def _too_soft(
    scene: Scene, title: Message, sound: Music | Voice, part: tuple[Fraction, Fraction], place: Span
) -> Iterator[Diagnostic]:
    """``part`` is the second at which the sound begins, and for how many it is heard."""
    if message := _unheard(scene, title, sound, *part):
        hint = tr("use another part of it (start), or raise its gain")
        yield Diagnostic("sound-unheard", message, place, hint, "warning")


def loudness_out_of_reach(scene: Scene) -> Iterator[Diagnostic]:
    """A loudness that music and voices cannot have below -1 dBTP, where clips are silent."""
    loud = [(i, d) for i, d in scene.deliverables.items() if d.audio.loudness is not None]
    if not all(_is_silent(shot, scene) for shot in scene.shots.values()):
        return
    begins = scene.begins
    for index, deliverable in loud:
        audio = deliverable.audio
        if not audio.files or not begins.end:
            continue
        if (reach := scene.loudest(audio, begins.of, begins.end)) is not None:
            yield Diagnostic(
                "loudness-out-of-reach",
                tr(
                    "{name}: its sound reaches {reach} LUFS, not {loudness}, "
                    "with peaks below -1 dBTP",
                    name=deliverable.name, reach=reach, loudness=audio.loudness,
                ),
                scene.place(("deliverables", index, "audio")),
                tr("set loudness to {reach} or less", reach=round(reach)),
                "warning",
            )  # fmt: skip


def _is_silent(shot: AnyShot, scene: Scene) -> bool:
    """Whether nothing is heard of the shot's own clip."""
    match shot:
        case GeneratedShot():
            model = scene.catalog.model(shot.model)
            is_mute = model is None or model.sound.value == "none" or shot.audio == "silent"
        case StillShot():
            is_mute = True
        case ClipShot():
            is_mute = False  # its head does not say whether anything is heard
    return is_mute or not shot.sound.is_finite()


def _unheard(
    scene: Scene, title: Message, sound: Music | Voice, start: Fraction, seconds: Fraction
) -> Message:
    """Why nobody would hear that part of a sound file, or nothing."""
    if sound.file not in scene.sounds or not sound.gain.is_finite() or seconds <= 0:
        return NOTHING
    highest = scene.highest(sound.file, start, seconds)
    if highest is None or highest + float(sound.gain) > _SOFTEST:
        return NOTHING
    if highest <= _SOFTEST:
        values = {"sound": title, "seconds": float(seconds)}
        return tr("{sound} is silent in the {seconds:g} s that are used", **values)
    peak = highest + float(sound.gain)
    return tr("{sound} is too quiet to hear: peak {peak:.0f} dBFS", sound=title, peak=peak)
