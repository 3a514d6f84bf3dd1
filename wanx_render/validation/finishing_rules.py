"""Rules about what is made of the clips: trims, crops, sizes, transitions, sounds, words."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING

from wanx_render.catalog.capabilities import Model
from wanx_render.diagnostics import Diagnostic, Span, did_you_mean, listed
from wanx_render.geometry import (
    Size,
    crop_boxes,
    crop_unit,
    cropped_away,
    largest_exact,
)
from wanx_render.media import paint
from wanx_render.media.paint import BadColour
from wanx_render.shotlist.model import Deliverable, Music, Shot, Voice, gaze_at
from wanx_render.timing import frames_in
from wanx_render.validation.context import Scene, is_file, is_url

if TYPE_CHECKING:
    from wanx_render.captions import fonts, typesetting
    from wanx_render.captions.ass import Script

_FONT_HINT = "give the deliverable a font that has it, such as font: fonts/NotoSansThai.ttf"


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
        left = _used(shot, model) - before
        if seconds > min(left, _used(after, following)):
            shorter = shot if left < seconds else after
            room = left if left < seconds else _used(after, following)
            yield Diagnostic(
                "transition-too-long",
                f"the transition of {float(seconds):g} s is longer than "
                f"the {float(max(room, Fraction(0))):g} s that are left of {shorter.id}",
                scene.place(("shots", index, "transition")),
                "shorten it, or the one before it, or trim less",
            )
        before = seconds


def _used(shot: Shot, model: Model) -> Fraction:
    """The seconds for which the shot is seen."""
    seconds = Fraction(shot.duration or model.durations.value[0])
    end = seconds if shot.trim.end is None else min(shot.trim.end, seconds)
    return max(end - shot.trim.start, Fraction(0)) / shot.speed + shot.hold


def _length(scene: Scene) -> Fraction | None:
    """The seconds that the whole lasts; None where no shot has a known model."""
    return _begins(scene).end or None


def poster_outside(scene: Scene) -> Iterator[Diagnostic]:
    whole = _length(scene)
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


_NOMINAL = 1080  # pixels of the shorter side; whether words fit hangs on the aspect alone


def label_unusable(scene: Scene) -> Iterator[Diagnostic]:
    """A label of AI-generated content must be drawable, fit, and be seen for long enough."""
    for index, deliverable in scene.deliverables.items():
        label = deliverable.label
        if label is None or not label.words:
            continue
        # Drawing words takes a tenth of a start; lists without any do without it.
        from wanx_render.finishing import visible_label

        place = scene.place(("deliverables", index, "label"))
        if problem := visible_label.problem_with(label.words):
            message = f"the label {label.words[:40]!r} cannot be shown: {problem}"
            yield Diagnostic("label-undrawable", message, place, "use other words")
            continue
        aspect = deliverable.aspect
        size = deliverable.size or aspect.size(
            2 * ceil(_NOMINAL / 2 / min(aspect.width, aspect.height))
        )
        platform = deliverable.safe_area or ""
        if visible_label.placed(label.words, label.corner, size, 1, platform=platform) is None:
            yield Diagnostic(
                "label-too-long",
                f"the label {label.words[:40]!r} does not fit into {deliverable.name}: its letters "
                "must be 5 % of the shorter side high",
                place,
                "shorten it, or divide it into lines",
            )


def label_short(scene: Scene) -> Iterator[Diagnostic]:
    """A film that is shorter than its label must be seen."""
    seconds = _length(scene)
    if seconds is None or not any(map(_words, scene.deliverables.values())):
        return
    from wanx_render.finishing.visible_label import LEAST_SECONDS

    if seconds < LEAST_SECONDS:
        yield Diagnostic(
            "label-short",
            f"the whole lasts {float(seconds):g} s; "
            f"a label must be seen for {LEAST_SECONDS} s at least",
            scene.place(("shots",)),
            "make the film longer: hold of the last shot does",
            "warning",
        )


def label_among_captions(scene: Scene) -> Iterator[Diagnostic]:
    """A label at the edge where captions are may be covered by them, or cover them."""
    captioned = _captioned(scene)
    for index, deliverable in scene.deliverables.items():
        label = deliverable.label
        if not label or not label.words or not deliverable.burns:
            continue
        if not captioned and not deliverable.subtitles:
            continue
        edge = label.corner.partition("-")[0]
        opposite = "bottom" if edge == "top" else "top"
        captions = _edges(scene, deliverable)
        if edge in captions:
            corner = label.corner.replace(edge, opposite)
            yield Diagnostic(
                "label-among-captions",
                f"{deliverable.name}: label and captions are both at the {edge}",
                scene.place(("deliverables", index, "label")),
                "captions are at both edges: move some of them, or shorten the label"
                if opposite in captions
                else f"use corner: {corner}",
                "warning",
            )


def _edges(scene: Scene, deliverable: Deliverable) -> set[str]:
    """Where captions are drawn: the style's place, and the top for cues that say so."""
    subtitles = scene.subtitles.get(deliverable.subtitles or "")
    top = {"top"} if subtitles and any(cue.top for cue in subtitles.cues) else set()
    return {deliverable.caption_style.position} | top


def _words(deliverable: Deliverable) -> str:
    """The words of its label, or nothing."""
    return deliverable.label.words if deliverable.label else ""


def watermark_cut(scene: Scene) -> Iterator[Diagnostic]:
    """The service draws its label at the lower right; a crop may cut it away."""
    for index, deliverable in scene.deliverables.items():
        if deliverable.fit != "crop" or _words(deliverable):
            continue
        watermarks = [(shot, size) for shot, size in scene.clips if shot.watermark]
        cut = [shot.id for shot, size in watermarks if _cuts_corner(shot, size, deliverable)]
        if cut:
            yield Diagnostic(
                "watermark-cut",
                f"{deliverable.name} cuts off the lower right of {listed(iter(cut))}, "
                "where the service draws its label",
                scene.place(("deliverables", index, "aspect")),
                "set label: AI生成 for the finished film, or use fit: pad or blur",
                "warning",
            )


_MARGIN = Fraction(2, 100)  # of a side: how far from the edge the service's words are at least


def _cuts_corner(shot: Shot, size: Size, deliverable: Deliverable) -> bool:
    if crop_unit(size, deliverable.aspect) < 2:
        return False
    boxes = crop_boxes(size, deliverable.aspect, gaze_at(shot, deliverable))
    margins = ((size.width - b.x - b.width, size.height - b.y - b.height) for b in boxes)
    return any(x > size.width * _MARGIN or y > size.height * _MARGIN for x, y in margins)


def label_missing(scene: Scene) -> Iterator[Diagnostic]:
    """Clips of a real service that go out without any label; the mock's are no such content."""
    if scene.backend == "mock":
        return
    if message := unlabelled(scene.shots.values(), scene.deliverables.values()):
        place = scene.place(("shots",))
        yield Diagnostic("label-missing", message, place, LABEL_HINT, "warning")


LABEL_HINT = "add label: AI生成 to the list, or label: none where you label elsewhere"


def unlabelled(shots: Iterable[Shot], deliverables: Iterable[Deliverable]) -> str:
    """Which deliverables have generated shots and nothing that says so, as a sentence, or nothing.

    A label in the metadata of clips is not known before they are there.
    """
    names = [deliverable.name for deliverable in deliverables if deliverable.label is None]
    if not names or all(shot.watermark for shot in shots):
        return ""
    verb = "is" if len(names) == 1 else "are"
    return f"nothing says that {listed(iter(names))} {verb} AI-generated"


_SOFTEST = -60  # dBFS; what is never louder is not heard


def mix_unheard(scene: Scene) -> Iterator[Diagnostic]:
    """Music and voices that nobody would hear, measured before anything is spent."""
    begins = _begins(scene)
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
    begins = _begins(scene)
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


@dataclass(frozen=True)
class _Begins:
    """Seconds at which the shots begin, by their ids, and at which the last one ends."""

    of: Mapping[str, Fraction]
    end: Fraction


def _begins(scene: Scene) -> _Begins:
    of, at, overlap = {}, Fraction(0), Fraction(0)
    for _, shot, model in scene.models:
        of[shot.id] = at - overlap
        at = of[shot.id] + _used(shot, model)
        overlap = shot.transition.seconds
    return _Begins(of, at)


def captions_unusable(scene: Scene) -> Iterator[Diagnostic]:
    """Every word must be one that the font can draw: never a box in a finished video."""
    if not _captioned(scene) and not any(
        d.subtitles or d.font for d in scene.deliverables.values()
    ):
        return
    yield from _captions_undrawable(scene)
    for index, deliverable in scene.deliverables.items():
        if deliverable.font:
            yield from _font_unusable(scene, index, deliverable, deliverable.font)
        if deliverable.subtitles:
            yield from _subtitles_undrawable(scene, index, deliverable, deliverable.subtitles)


def _captioned(scene: Scene) -> dict[int, Shot]:
    """The shots that have a caption, by index."""
    return {index: shot for index, shot in scene.shots.items() if shot.caption.strip()}


def _captions_undrawable(scene: Scene) -> Iterator[Diagnostic]:
    # Drawing words takes a tenth of a start; lists without any do without it.
    from wanx_render.captions import drawing

    fonts = sorted({d.font for d in scene.deliverables.values() if d.burns}, key=str)
    for index, shot in _captioned(scene).items():
        for file in fonts:
            font = _font(scene, file)
            problem = drawing.problem_with(shot.caption, font) if font or not file else ""
            if problem:
                yield Diagnostic(
                    "caption-undrawable",
                    f"the caption of {shot.id} cannot be shown: {problem}",
                    scene.at(index, "caption"),
                    f"leave it out, or {_FONT_HINT}",
                )


def _font_unusable(
    scene: Scene, index: int, deliverable: Deliverable, file: str
) -> Iterator[Diagnostic]:
    from wanx_render.captions import drawing

    font = _font(scene, file)
    if font is None:
        exists = is_file(scene.folder / file)
        reason = "is no font file that can be read" if exists else "does not exist"
        message = f"{deliverable.name}: {file[:100]} {reason}"
        hint = "such as fonts/Inter.ttf; paths start at the shot list's folder"
        place = scene.place(("deliverables", index, "font"))
        yield Diagnostic("font-unreadable", message, place, hint)
        return
    text = "\n".join(shot.caption for shot in scene.shots.values())
    if deliverable.burns and (letters := drawing.replaced(text, font)):
        yield _font_incomplete(scene, index, deliverable, letters)


def _font_incomplete(
    scene: Scene, index: int, deliverable: Deliverable, letters: str
) -> Diagnostic:
    return Diagnostic(
        "font-incomplete",
        f"{deliverable.name}: {str(deliverable.font)[:100]} has no {letters}",
        scene.place(("deliverables", index, "font")),
        "they are drawn in the packaged font; give a font that has them for one look",
        "warning",
    )


def captions_too_long(scene: Scene) -> Iterator[Diagnostic]:
    """What would have to be drawn too small to read, or off the frame, is refused."""
    captions = _captioned(scene)
    burning = [d for d in scene.deliverables.values() if d.burns]
    if not captions or not burning:
        return
    from wanx_render.captions import typesetting

    for deliverable in burning:
        sheet = _sheet(scene, deliverable)
        for index, shot in captions.items():
            if sheet and not typesetting.fits(shot.caption, _in(sheet, shot.lang)):
                yield Diagnostic(
                    "caption-too-long",
                    f"the caption of {shot.id} does not fit on {deliverable.name} "
                    f"({sheet.size}), even at the smallest size",
                    scene.at(index, "caption"),
                    "shorten it, or show it over several shots",
                )


def _sheet(scene: Scene, deliverable: Deliverable) -> "typesetting.Sheet | None":
    """What the words of a deliverable are set on; None where its font cannot be read.

    Where no clip's size is known, a frame of its shape: letters grow with the frame.
    """
    from wanx_render.captions import drawing, fonts, typesetting

    font = _font(scene, deliverable.font) if deliverable.font else fonts.chinese()
    size = deliverable.size
    if size is None:
        clips = tuple(dict.fromkeys(clip for _, clip in scene.clips))
        try:
            size = largest_exact(clips, deliverable.aspect, deliverable.fit)
        except ValueError:
            short = min(deliverable.aspect.width, deliverable.aspect.height)
            size = deliverable.aspect.size(max(2 * round(360 / short), 2))
    return typesetting.Sheet(size, font, drawing.style_of(deliverable)) if font else None


def _in(sheet: "typesetting.Sheet", language: str | None) -> "typesetting.Sheet":
    """The sheet for words of which somebody said what language they are in."""
    return replace(sheet, style=replace(sheet.style, language=language)) if language else sheet


def _font(scene: Scene, file: str | None) -> "fonts.Font | None":
    from wanx_render.captions import fonts

    try:
        return fonts.named(scene.folder / file) if file else None
    except OSError:
        return None


def _subtitles_undrawable(
    scene: Scene, index: int, deliverable: Deliverable, name: str
) -> Iterator[Diagnostic]:
    from wanx_render.captions import drawing, typesetting

    subtitles = scene.subtitles.get(name)
    if subtitles is None or not deliverable.burns:
        return
    place, font = scene.place(("deliverables", index, "subtitles")), _font(scene, deliverable.font)
    if why := drawing.problem_with(subtitles.words, font):
        line = next((n for n, words in subtitles.numbered if drawing.problem_with(words, font)), 0)
        message = f"line {line} of {name[:100]} cannot be shown: {why}"
        yield Diagnostic("caption-undrawable", message, place, _FONT_HINT)
    elif font and (letters := drawing.replaced(subtitles.words, font)):
        yield _font_incomplete(scene, index, deliverable, letters)
    sheet = _sheet(scene, deliverable)
    if sheet and subtitles.script:
        yield from _lines_too_high(subtitles.script, name, sheet, place)
    too_long = [cue for cue in subtitles.cues if sheet and not typesetting.fits(cue.text, sheet)]
    if sheet and too_long:
        lines = listed(f"line {cue.line}" for cue in too_long)
        message = f"{lines} of {name[:100]}: too long for {sheet.size}, even at the smallest size"
        hint = "shorten the words, or make several cues of them"
        yield Diagnostic("caption-too-long", message, place, hint)


def subtitles_outside(scene: Scene) -> Iterator[Diagnostic]:
    """Cues after the end are never seen: often all are an hour late, as editing programs count."""
    whole = _length(scene)
    for index, deliverable in scene.deliverables.items():
        subtitles = scene.subtitles.get(deliverable.subtitles or "")
        late = [cue for cue in subtitles.starts if whole and cue[1] >= whole] if subtitles else []
        if subtitles and whole and late and deliverable.captions != "none":
            line, start = min(late, key=lambda cue: cue[1])
            count = f"{len(late)} of {len(subtitles.starts)} cues of {deliverable.subtitles}"
            hour = "if they count from one hour: pysubs2 --shift-back 1h FILE"
            yield Diagnostic(
                "subtitles-outside",
                f"{count} begin after the end at {float(whole):g} s: the first is line {line}, "
                f"at {float(start):g} s",
                scene.place(("deliverables", index, "subtitles")),
                hour if start >= 3600 else "leave them out, or make the video longer",
                "warning",
            )


def _lines_too_high(
    script: "Script", name: str, sheet: "typesetting.Sheet", place: Span
) -> Iterator[Diagnostic]:
    """Lines of an ASS file are broken where they are too wide; what is then too high is refused."""
    from wanx_render.captions import ass_layout

    script = ass_layout.fitted(script, sheet.size, sheet.font, sheet.style.language)
    for line in ass_layout.too_tall(script, sheet.size):
        message = f"a line of {name[:100]} at {float(line.start):g} s does not fit on {sheet.size}"
        yield Diagnostic(
            "caption-too-long", message, place, "make its letters smaller, or shorten it"
        )
    if outside := ass_layout.outside(script, sheet.size):
        yield Diagnostic(
            "subtitles-outside",
            f"{len(outside)} of {len(script.lines)} lines of {name[:100]} are placed outside the "
            f"frame: the first at {float(outside[0].start):g} s",
            place,
            r"correct its \pos: it counts in the file's PlayResX and PlayResY",
            "warning",
        )
