"""Rules about words on the picture: captions, subtitles, and labels of AI-generated content."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

from wanx_render.diagnostics import Diagnostic, Span, listed
from wanx_render.geometry import Size, crop_boxes, crop_unit, largest_exact
from wanx_render.language import NOTHING, Message, plural, tr
from wanx_render.shotlist import paths
from wanx_render.shotlist.model import Deliverable, GeneratedShot, Shot, gaze_at
from wanx_render.validation.context import Scene, is_file

if TYPE_CHECKING:
    from wanx_render.captions import fonts, typesetting
    from wanx_render.captions.ass import Script


_FONT_HINT = tr("give the deliverable a font that has them, such as font: fonts/NotoSansThai.ttf")


_NOMINAL = 1080  # pixels of the shorter side; whether words fit depends on the aspect alone


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
            message = tr(
                "the label {label!r} cannot be drawn: {reason}",
                label=label.words[:40], reason=problem,
            )  # fmt: skip
            yield Diagnostic("label-undrawable", message, place, tr("use other words"))
            continue
        size, platform = _nominal_size(deliverable), deliverable.safe_area or ""
        if visible_label.placed(label.words, label.corner, size, 1, platform=platform) is None:
            yield Diagnostic(
                "label-too-long",
                tr(
                    "the label {label!r} does not fit into {name}: "
                    "letters must be 5 % of the shorter side high",
                    label=label.words[:40], name=deliverable.name,
                ),
                place,
                tr("shorten it, or break it into lines"),
            )  # fmt: skip


def _nominal_size(deliverable: Deliverable) -> Size:
    aspect = deliverable.aspect
    unit = 2 * ceil(_NOMINAL / 2 / min(aspect.width, aspect.height))
    return deliverable.size or aspect.size(unit)


def label_short(scene: Scene) -> Iterator[Diagnostic]:
    """A film that is shorter than its label must be visible."""
    seconds = scene.seconds
    if seconds is None or not any(map(_words, scene.deliverables.values())):
        return
    from wanx_render.finishing.visible_label import LEAST_SECONDS

    if seconds < LEAST_SECONDS:
        yield Diagnostic(
            "label-short",
            tr(
                "the film lasts {seconds:g} s; a label must be visible for at least {least} s",
                seconds=float(seconds), least=LEAST_SECONDS,
            ),
            scene.place(("shots",)),
            tr("make the film longer, for example with hold on the last shot"),
            "warning",
        )  # fmt: skip


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
            message = tr("{name}: label and captions overlap at the bottom", name=deliverable.name)
            if edge == "top":
                message = tr("{name}: label and captions overlap at the top", name=deliverable.name)
            hint = tr("use corner: {corner}", corner=label.corner.replace(edge, opposite))
            if opposite in captions:
                hint = tr("captions are at both edges: move some of them, or shorten the label")
            place = scene.place(("deliverables", index, "label"))
            yield Diagnostic("label-among-captions", message, place, hint, "warning")


def label_among_overlays(scene: Scene) -> Iterator[Diagnostic]:
    """A label in the corner of a logo is drawn over it."""
    for index, deliverable in scene.deliverables.items():
        label = deliverable.label
        if not label or not label.words:
            continue
        corners = {overlay.at for overlay in deliverable.overlay}
        if label.corner not in corners:
            continue
        free = [spot for spot in ("top-left", "top-right") if spot not in corners]
        hint = tr("use corner: {corner}", corner=free[0]) if free else tr("move the overlay")
        yield Diagnostic(
            "label-among-overlays",
            tr(
                "{name}: label and overlay are both at {corner}",
                name=deliverable.name, corner=label.corner,
            ),
            scene.place(("deliverables", index, "label")),
            hint,
            "warning",
        )  # fmt: skip


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
        watermarks = [
            (shot, size)
            for shot, size in scene.clips
            if isinstance(shot, GeneratedShot) and shot.watermark
        ]
        cut = [shot.id for shot, size in watermarks if _cuts_corner(shot, size, deliverable)]
        if cut:
            yield Diagnostic(
                "watermark-cut",
                tr(
                    "{name} crops away the service's watermark of {shots}",
                    name=deliverable.name, shots=listed(cut),
                ),
                scene.place(("deliverables", index, "aspect")),
                tr("add label: AI生成, or use fit: pad or blur"),
                "warning",
            )  # fmt: skip


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


LABEL_HINT = tr("add label: AI生成 to the list, or label: none if you label it elsewhere")


def unlabelled(shots: Iterable[Shot], deliverables: Iterable[Deliverable]) -> Message:
    """Which deliverables have generated shots and nothing that says so, as a sentence, or nothing.

    A label in the metadata of clips is not known before they are there.
    """
    names = [deliverable.name for deliverable in deliverables if deliverable.label is None]
    generated = (shot for shot in shots if isinstance(shot, GeneratedShot))
    if not names or all(shot.watermark for shot in generated):
        return NOTHING
    return plural(
        "{names} has no label of AI-generated content",
        "{names} have no label of AI-generated content",
        len(names),
        names=listed(names),
    )


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
            problem = drawing.problem_with(shot.caption, font) if font or not file else NOTHING
            if problem:
                yield Diagnostic(
                    "caption-undrawable",
                    tr(
                        "the caption of {shot} cannot be drawn: {reason}",
                        shot=shot.id, reason=problem,
                    ),
                    scene.at(index, "caption"),
                    _FONT_HINT,
                )  # fmt: skip


def _font_unusable(
    scene: Scene, index: int, deliverable: Deliverable, file: str
) -> Iterator[Diagnostic]:
    from wanx_render.captions import drawing

    font = _font(scene, file)
    if font is None:
        values = {"name": deliverable.name, "file": file[:100]}
        message = tr("{name}: the font file {file} does not exist", **values)
        hint = paths.hint(scene.folder, file)
        if is_file(scene.folder / file):
            message = tr("{name}: {file} is not a font file that can be read", **values)
            hint = tr("use a .ttf, .otf or .ttc file")
        place = scene.place(("deliverables", index, "font"))
        yield Diagnostic("font-unreadable", message, place, hint)
        return
    text = "\n".join(shot.caption for shot in scene.shots.values())
    if deliverable.burns and (letters := drawing.replaced(text, font)):
        yield _font_incomplete(scene, index, deliverable, letters)


def _font_incomplete(
    scene: Scene, index: int, deliverable: Deliverable, letters: Message
) -> Diagnostic:
    return Diagnostic(
        "font-incomplete",
        tr(
            "{name}: {font} has no {letters}",
            name=deliverable.name, font=str(deliverable.font)[:100], letters=letters,
        ),
        scene.place(("deliverables", index, "font")),
        tr("they are drawn in the packaged font; use a font that has them for a uniform look"),
        "warning",
    )  # fmt: skip


def captions_too_long(scene: Scene) -> Iterator[Diagnostic]:
    """What would have to be drawn too small to read, or off the frame, is refused."""
    captions = _captioned(scene)
    burning = {number: d for number, d in scene.deliverables.items() if d.burns}
    if not captions or not burning:
        return
    from wanx_render.captions import typesetting

    for number, deliverable in burning.items():
        sheet = _sheet(scene, number, deliverable)
        for index, shot in captions.items():
            if sheet and not typesetting.fits(shot.caption, _in(sheet, shot.lang)):
                yield Diagnostic(
                    "caption-too-long",
                    tr(
                        "the caption of {shot} is too long for {name} ({size}), "
                        "even at the smallest size",
                        shot=shot.id, name=deliverable.name, size=str(sheet.size),
                    ),
                    scene.at(index, "caption"),
                    tr("shorten it, or spread it over several shots"),
                )  # fmt: skip


def _sheet(scene: Scene, number: int, deliverable: Deliverable) -> "typesetting.Sheet | None":
    """What the words of a deliverable are set on; None where its font cannot be read."""
    sheets = scene.shared.sheets
    if number not in sheets:
        sheets[number] = _new_sheet(scene, deliverable)
    return sheets[number]


def _new_sheet(scene: Scene, deliverable: Deliverable) -> "typesetting.Sheet | None":
    """Where no clip's size is known, a frame of its shape: letters grow with the frame."""
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
        message = tr(
            "line {line} of {file} cannot be drawn: {reason}",
            line=line, file=name[:100], reason=why,
        )  # fmt: skip
        yield Diagnostic("caption-undrawable", message, place, _FONT_HINT)
    elif font and (letters := drawing.replaced(subtitles.words, font)):
        yield _font_incomplete(scene, index, deliverable, letters)
    sheet = _sheet(scene, index, deliverable)
    if sheet and subtitles.script:
        yield from _lines_too_high(subtitles.script, name, sheet, place)
    too_long = [cue for cue in subtitles.cues if sheet and not typesetting.fits(cue.text, sheet)]
    if sheet and too_long:
        lines = listed(str(cue.line) for cue in too_long)
        message = plural(
            "line {lines} of {file} is too long for {size} at the smallest size",
            "lines {lines} of {file} are too long for {size} at the smallest size",
            len(too_long), lines=lines, file=name[:100], size=str(sheet.size),
        )  # fmt: skip
        hint = tr("shorten the text, or divide it into several cues")
        yield Diagnostic("caption-too-long", message, place, hint)


def subtitles_outside(scene: Scene) -> Iterator[Diagnostic]:
    """Cues after the end are never seen: often all are an hour late, as editing programs count."""
    whole = scene.seconds
    for index, deliverable in scene.deliverables.items():
        subtitles = scene.subtitles.get(deliverable.subtitles or "")
        late = [cue for cue in subtitles.starts if whole and cue[1] >= whole] if subtitles else []
        if subtitles and whole and late and deliverable.captions != "none":
            place = scene.place(("deliverables", index, "subtitles"))
            yield _late(late, len(subtitles.starts), deliverable.subtitles or "", whole, place)


def _late(
    late: list[tuple[int, Fraction]], cues: int, file: str, end: Fraction, place: Span
) -> Diagnostic:
    """``late`` are the lines and seconds of cues after the end."""
    line, start = min(late, key=lambda cue: cue[1])
    message = plural(
        "{n} of {cues} cues of {file} begins after the end at {end:g} s: line {line}, {start:g} s",
        "{n} of {cues} cues of {file} begin after the end at {end:g} s; "
        "first: line {line}, {start:g} s",
        len(late), cues=cues, file=file, end=float(end), line=line, start=float(start),
    )  # fmt: skip
    hint = tr("remove them, or make the video longer")
    if start >= 3600:
        hint = tr("if the file counts from one hour, run: pysubs2 --shift-back 1h FILE")
    return Diagnostic("subtitles-outside", message, place, hint, "warning")


def _lines_too_high(
    script: "Script", name: str, sheet: "typesetting.Sheet", place: Span
) -> Iterator[Diagnostic]:
    """Lines of an ASS file are broken where they are too wide; what is then too high is refused."""
    from wanx_render.captions import ass_layout

    script = ass_layout.fitted(script, sheet.size, sheet.font, sheet.style.language)
    for line in ass_layout.too_tall(script, sheet.size):
        message = tr(
            "a line of {file} at {time:g} s does not fit on {size}",
            file=name[:100], time=float(line.start), size=str(sheet.size),
        )  # fmt: skip
        hint = tr("use smaller letters, or shorten it")
        yield Diagnostic("caption-too-long", message, place, hint)
    if outside := ass_layout.outside(script, sheet.size):
        message = plural(
            "{n} of {lines} lines of {file} is outside the frame: at {time:g} s",
            "{n} of {lines} lines of {file} are outside the frame: the first at {time:g} s",
            len(outside), lines=len(script.lines), file=name[:100], time=float(outside[0].start),
        )  # fmt: skip
        hint = tr("correct {tag}; it counts in the file's PlayResX and PlayResY", tag=r"\pos")
        yield Diagnostic("subtitles-outside", message, place, hint, "warning")
