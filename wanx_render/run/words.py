"""The words of deliverables: burnt into their pieces, and as files beside them."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from wanx_render.captions.ass import Script
from wanx_render.captions.ass_layout import fitted
from wanx_render.captions.drawing import Captions, Cue, sheet_of, style_of, write_srt
from wanx_render.captions.fonts import Font, chinese, named
from wanx_render.captions.typesetting import Placement, placement
from wanx_render.errors import Broken
from wanx_render.files import write_atomically
from wanx_render.finishing.timeline import Part, frames_of
from wanx_render.geometry import Size
from wanx_render.language import tr
from wanx_render.manifest import CaptionRecord, CaptionStyleRecord
from wanx_render.planning.plan import Plan
from wanx_render.run.effects import drawn_label
from wanx_render.run.layout import Layout, file_of, subtitles_of
from wanx_render.shotlist.model import Deliverable
from wanx_render.timing import frames_in


class DeliverableTexts:
    """Captions and subtitles of the deliverables of one plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._scripts: dict[str, Script | None] = {}  # by deliverable and size

    def captions(self, deliverable: Deliverable, part: Part, layout: Layout) -> Captions | None:
        """How words are burnt into a part, where there are any to be."""
        if deliverable.captions == "sidecar":
            return None
        cues, rate = layout.cues_at(part), layout.frame.rate
        script = self._script(deliverable, layout.frame.size)
        lines = script and script.within(part.start / rate, (part.start + part.frames) / rate)
        style = style_of(deliverable, layout.language)
        if lines and lines.lines:
            font = self._font(deliverable)
            return Captions(cues, *font, lines.text(), part.start, style)
        return Captions(cues, *self._font(deliverable), style=style) if cues else None

    def write(self, deliverable: Deliverable, layout: Layout, folder: Path) -> None:
        """The words as files beside the deliverable: ASS where they are, and SRT.

        One of an earlier run, in the other format, is removed: players load what has the name.
        Raises Broken.
        """
        ass, srt = (folder / f"{deliverable.name}.{ending}" for ending in ("ass", "srt"))
        script = self._script(deliverable, layout.frame.size)
        if script:
            end = frames_of(layout.parts) / layout.frame.rate
            write_beside(ass, script.within(Fraction(0), end).text().encode())
        else:
            _remove(ass)
        if layout.cues or not script:
            write_beside(srt, write_srt(layout.cues, layout.frame.rate).encode())
        else:
            _remove(srt)

    def records(self, deliverable: Deliverable, layout: Layout) -> tuple[CaptionRecord, ...]:
        """The words of a deliverable, and its visible label, where they are seen. Raises Broken.

        The lines of an ASS script are as its words would be without their effects.
        """
        script = self._script(deliverable, layout.frame.size)
        cues = (*layout.cues, *(_lines_as_cues(script, layout) if script else ()))
        font, font_id = self._font(deliverable)
        style = style_of(deliverable, layout.language)
        captions = Captions(cues, font, font_id, style=style)
        records = [
            _record(cue, placement(cue.text, sheet_of(cue, captions, layout.frame.size)))
            for cue in cues
            if cue.text.strip()
        ]
        if label := drawn_label(deliverable, layout):
            words = Placement(label.text, label.pixels, label.box)
            label_record = _record(Cue(label.text, label.start, label.frames), words)
            records.append(replace(label_record, kind="label"))
        return tuple(sorted(records, key=lambda record: record.start))

    def _script(self, deliverable: Deliverable, size: Size) -> Script | None:
        """The ASS subtitles of the whole, clean, in known typefaces, and broken for the frame."""
        if deliverable.captions == "none" or not deliverable.subtitles:
            return None
        name = f"{deliverable.name} {size}"
        if name not in self._scripts:
            font, _ = self._font(deliverable)
            script = subtitles_of(self._plan, deliverable.subtitles, font.family).script
            language = deliverable.lang or ""
            self._scripts[name] = fitted(script, size, font, language) if script else None
        return self._scripts[name]

    def _font(self, deliverable: Deliverable) -> tuple[Font, str]:
        """The font words are drawn in, and what names its bytes."""
        if deliverable.font is None:
            return chinese(), "packaged"
        path, digest = file_of(self._plan, deliverable.font)
        return named(path), digest


def _lines_as_cues(script: Script, layout: Layout) -> Iterator[Cue]:
    """The words of a script in frames, those that are seen."""
    rate, whole = layout.frame.rate, frames_of(layout.parts)
    for line in script.within(Fraction(0), whole / rate).lines:
        start, end = (min(frames_in(time, rate), whole) for time in (line.start, line.end))
        if start < end:
            yield Cue(line.words, start, end - start)


def _record(cue: Cue, words: Placement) -> CaptionRecord:
    box = words.box
    return CaptionRecord(
        text=words.text, start=cue.start, frames=cue.frames, pixels=words.pixels,
        x=box.x, y=box.y, width=box.width, height=box.height,
    )  # fmt: skip


def style_record(deliverable: Deliverable) -> CaptionStyleRecord:
    """How the words of a deliverable look."""
    style, way = deliverable.caption_style, deliverable.captions
    return CaptionStyleRecord(
        colour=style.colour, outline=style.outline, box=style.box, burnt=way in ("burn", "both")
    )


def write_beside(path: Path, data: bytes) -> None:
    """Put a small file beside the deliverables, whole or not at all. Raises Broken.

    Without fsync: words are written at every run, pictures are compared by their hash.
    """
    try:
        write_atomically(path, data, durable=False)
    except OSError as error:
        raise Broken(
            tr("cannot write {file}: {reason}", file=path, reason=error.strerror)
        ) from None


def _remove(path: Path) -> None:
    with suppress(OSError):  # a folder of that name, or one that is read only
        path.unlink(missing_ok=True)
