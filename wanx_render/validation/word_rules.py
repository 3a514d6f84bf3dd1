"""Rules about words on the picture: captions, subtitles, and labels of AI-generated content."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

from wanx_render.diagnostics import Diagnostic, Span, listed
from wanx_render.geometry import Size, crop_boxes, crop_unit, largest_exact
from wanx_render.shotlist.model import Deliverable, Shot, gaze_at
from wanx_render.validation.context import Scene, is_file

if TYPE_CHECKING:
    from wanx_render.captions import fonts, typesetting
    from wanx_render.captions.ass import Script


_FONT_HINT = "give the deliverable a font that has it, such as font: fonts/NotoSansThai.ttf"


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
    seconds = scene.seconds
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
    whole = scene.seconds
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
