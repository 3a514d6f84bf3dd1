"""Rules about what is made of the clips: trims, crops, sizes, transitions, sounds."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

from wanx_render.catalog.capabilities import Model
from wanx_render.diagnostics import Diagnostic, Span, did_you_mean, listed
from wanx_render.geometry import crop_unit, cropped_away
from wanx_render.media import paint
from wanx_render.media.paint import BadColour
from wanx_render.shotlist.model import Music, Shot, Voice
from wanx_render.timing import frames_in
from wanx_render.validation.context import Scene, is_file, is_url, used


def trim_outside(scene: Scene) -> Iterator[Diagnostic]:
    for index, shot, model in scene.models:
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


def colour_unknown(scene: Scene) -> Iterator[Diagnostic]:
    for index, deliverable in scene.deliverables.items():
        try:
            paint.read(deliverable.background)
        except BadColour as error:
            place = scene.place(("deliverables", index, "background"))
            yield Diagnostic("colour-unknown", str(error), place, error.hint)


def crop_loses_much(scene: Scene) -> Iterator[Diagnostic]:
    for number, deliverable in scene.deliverables.items():
        aspect, losses = deliverable.aspect, dict[str, Fraction]()
        for shot, size in scene.clips:
            if crop_unit(size, aspect) < 2:
                yield Diagnostic(
                    "aspect-impossible",
                    f"the clip of {shot.id}, {size}, is too small for an exact {aspect} frame",
                    scene.place(("deliverables", number, "aspect")),
                )
            elif deliverable.fit == "crop" and cropped_away(size, aspect) > Fraction(1, 4):
                losses[shot.id] = cropped_away(size, aspect)
        if losses:
            shots = listed(f"{name} loses {float(part):.0%}" for name, part in losses.items())
            yield Diagnostic(
                "crop-loses-much",
                f"{deliverable.name} cuts off more than a quarter: {shots}",
                scene.place(("deliverables", number, "aspect")),
                "fit: blur or pad shows the whole picture; a first frame of that shape "
                "loses nothing",
                "warning",
            )


def rate_drops_frames(scene: Scene) -> Iterator[Diagnostic]:
    for number, deliverable in scene.deliverables.items():
        rate = deliverable.fps if deliverable.motion in (None, "repeat") else None
        faster = [s.id for _, s, m in scene.models if rate and m.fps.value > rate]
        if rate and faster:
            yield Diagnostic(
                "fps-below-clip",
                f"{deliverable.name} at {float(rate):g} fps leaves out frames of "
                f"{listed(iter(faster))}",
                scene.place(("deliverables", number, "fps")),
                severity="warning",
            )


def rate_repeats_frames(scene: Scene) -> Iterator[Diagnostic]:
    """24 frames a second in 30 show every fourth twice, which is seen where something moves."""
    own = {model.fps.value for _, _, model in scene.models}
    rates = {shot.id: model.fps.value * shot.speed for _, shot, model in scene.models}
    for number, deliverable in scene.deliverables.items():
        rate = deliverable.fps or max(own, default=Fraction(1))
        slower = [name for name, pace in rates.items() if _repeats(pace, rate)]
        if not slower or deliverable.motion:
            continue
        place = ("deliverables", number, "fps") if deliverable.fps else ("deliverables", number)
        keep = f"fps: {min(own)} repeats none; " if len({*own, *rates.values()}) == 1 else ""
        yield Diagnostic(
            "fps-repeats-frames",
            f"{deliverable.name} at {float(rate):g} fps repeats frames of {listed(iter(slower))}",
            scene.place(place),
            f"{keep}motion: blend or flow makes the missing ones, motion: repeat accepts it",
            "warning",
        )


def _repeats(own: Fraction, rate: Fraction) -> bool:
    """Whether frames are shown unevenly; not for one in 200, as from 29.97 to 30."""
    return own * 201 < rate * 200 and rate % own != 0


def transition_too_long(scene: Scene) -> Iterator[Diagnostic]:
    before = Fraction(0)  # what the transition into a shot has taken of it
    for (index, shot, model), (_, after, following) in pairwise(scene.models):
        seconds = shot.transition.seconds
        left = used(shot, model) - before
        if seconds > min(left, used(after, following)):
            shorter = shot if left < seconds else after
            room = left if left < seconds else used(after, following)
            yield Diagnostic(
                "transition-too-long",
                f"the transition of {float(seconds):g} s is longer than "
                f"the {float(max(room, Fraction(0))):g} s that are left of {shorter.id}",
                scene.place(("shots", index, "transition")),
                "shorten it, or the one before it, or trim less",
            )
        before = seconds


def poster_outside(scene: Scene) -> Iterator[Diagnostic]:
    whole = scene.seconds
    for index, deliverable in scene.deliverables.items():
        if deliverable.poster is not None and whole is not None and deliverable.poster >= whole:
            yield Diagnostic(
                "poster-outside",
                f"{deliverable.name}: the poster at {float(deliverable.poster):g} s lies behind "
                f"the end at {float(whole):g} s",
                scene.place(("deliverables", index, "poster")),
                "leave poster out for a frame of the first shot",
            )


def focus_without_shot(scene: Scene) -> Iterator[Diagnostic]:
    for index, deliverable in scene.deliverables.items():
        for name in deliverable.focus:
            if name not in scene.ids:
                yield Diagnostic(
                    "focus-without-shot",
                    f"{deliverable.name}: a focus is given for {name}, which is no shot",
                    scene.place(("deliverables", index, "focus", name)),
                    did_you_mean(name, scene.ids[:500]),
                )


def mix_unusable(scene: Scene) -> Iterator[Diagnostic]:
    """Music and voices must be files here, and lie where the deliverable has a shot."""
    for index, deliverable in scene.deliverables.items():
        place = scene.place(("deliverables", index, "audio"))
        for name in deliverable.audio.files:
            if is_url(name):
                message = f"{deliverable.name}: music and voices must be files here, not URLs"
                yield Diagnostic("mix-file-missing", message, place, "download it first")
            elif not is_file(scene.folder / name):
                message = f"{deliverable.name}: the sound file {name[:100]} does not exist"
                hint = "paths start at the shot list's folder"
                yield Diagnostic("mix-file-missing", message, place, hint)
        for voice in deliverable.audio.voices:
            if voice.shot and voice.shot not in scene.ids:
                message = f"{deliverable.name}: a voice begins with {voice.shot}, which is no shot"
                hint = did_you_mean(voice.shot, scene.ids)
                yield Diagnostic("voice-without-shot", message, place, hint)
        if deliverable.audio.duck and deliverable.audio.music is None:
            message = f"{deliverable.name}: there is no music that could duck"
            yield Diagnostic(
                "duck-without-music", message, place, "add music, or leave duck out", "warning"
            )


_SOFTEST = -60  # dBFS; what is never louder is not heard


def mix_unheard(scene: Scene) -> Iterator[Diagnostic]:
    """Music and voices that nobody would hear, measured before anything is spent."""
    begins = scene.begins
    for index, deliverable in scene.deliverables.items():
        place = scene.place(("deliverables", index, "audio"))
        if music := deliverable.audio.music:
            name = f"{deliverable.name}: the music {music.file[:100]}"
            yield from _too_soft(scene, name, music, (music.start, begins.end), place)
        for voice in deliverable.audio.voices:
            name = f"{deliverable.name}: the voice {voice.file[:100]}"
            start = voice.at + (begins.of.get(voice.shot, Fraction(0)) if voice.shot else 0)
            if start < begins.end:
                yield from _too_soft(scene, name, voice, (Fraction(0), begins.end - start), place)
            elif begins.end:
                end = f"after the end at {float(begins.end):g} s"
                message = f"{name} begins at {float(start):g} s, {end}"
                hint = "give it an earlier time"
                yield Diagnostic("sound-unheard", message, place, hint, "warning")


def _too_soft(
    scene: Scene, name: str, sound: Music | Voice, part: tuple[Fraction, Fraction], place: Span
) -> Iterator[Diagnostic]:
    """``part`` is the second at which the sound begins, and for how many it is heard."""
    if problem := _unheard(scene, sound, *part):
        hint = "use another part of it (start), or raise its gain"
        yield Diagnostic("sound-unheard", f"{name} {problem}", place, hint, "warning")


def loudness_out_of_reach(scene: Scene) -> Iterator[Diagnostic]:
    """A loudness that music and voices cannot have below -1 dBTP, where clips are silent."""
    loud = [(i, d) for i, d in scene.deliverables.items() if d.audio.loudness is not None]
    if not all(_is_silent(shot, model) for _, shot, model in scene.models):
        return
    begins = scene.begins
    for index, deliverable in loud:
        audio = deliverable.audio
        if not audio.files or not begins.end:
            continue
        if (reach := scene.loudest(audio, begins.of, begins.end)) is not None:
            yield Diagnostic(
                "loudness-out-of-reach",
                f"{deliverable.name}: its sound reaches about {reach} LUFS, not {audio.loudness}, "
                "with peaks of at most -1 dBTP",
                scene.place(("deliverables", index, "audio")),
                f"it is delivered that loud; set loudness to {round(reach)} or less",
                "warning",
            )


def _is_silent(shot: Shot, model: Model) -> bool:
    """Whether nothing is heard of the shot's own clip."""
    return model.sound.value == "none" or shot.audio == "silent" or not shot.sound.is_finite()


def _unheard(scene: Scene, sound: Music | Voice, start: Fraction, seconds: Fraction) -> str:
    """Why nobody would hear that part of a sound file, or nothing."""
    if sound.file not in scene.sounds or not sound.gain.is_finite() or seconds <= 0:
        return ""
    highest = scene.highest(sound.file, start, seconds)
    if highest is None or highest + float(sound.gain) > _SOFTEST:
        return ""
    if highest <= _SOFTEST:
        return f"is silent in the {float(seconds):g} s that are used"
    return f"is too soft to be heard: {highest + float(sound.gain):.0f} dBFS at most"
