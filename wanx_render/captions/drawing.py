"""Words on the picture: cues in frames, an SRT file in or out, and each cue drawn as a picture.

Drawn with Pillow (``typesetting``) and laid over by ffmpeg: no words ever become part of a command.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain, pairwise
from pathlib import Path

from wanx_render import files
from wanx_render.captions.fonts import (
    Font,
    chinese,
    is_packaged,
    lacking,
    must_be_shaped,
    script_of,
    shapes,
    with_packaged,
)
from wanx_render.captions.lettering import has_leftward
from wanx_render.captions.typesetting import DRAWING_VERSION, PLAIN, Sheet, Style, draw
from wanx_render.geometry import Size
from wanx_render.language import NOTHING, Message, joined, tr
from wanx_render.shotlist.model import Deliverable
from wanx_render.timing import nearest


@dataclass(frozen=True, slots=True)
class Cue:
    """Words that are seen from frame ``start`` on, for ``frames`` frames; at the bottom or top."""

    text: str
    start: int
    frames: int
    language: str = ""  # where it was said
    top: bool = False

    @property
    def end(self) -> int:
        return self.start + self.frames


@dataclass(frozen=True, slots=True)
class Captions:
    """The words of one piece, and the font they are drawn in (``font_id`` names its bytes).

    ``script`` is a clean ASS file whose times begin ``at`` frames before the piece.
    """

    cues: tuple[Cue, ...]
    font: Font
    font_id: str
    script: str = ""
    at: int = 0
    style: Style = PLAIN
    drawing: int = DRAWING_VERSION  # so that what was drawn in another way is not taken for this


def within(cues: Iterable[Cue], start: int, frames: int) -> tuple[Cue, ...]:
    """What of ``cues`` falls into these frames, counted from their first."""
    result = []
    for cue in cues:
        first, last = max(cue.start, start), min(cue.end, start + frames)
        if first < last:
            result.append(replace(cue, start=first - start, frames=last - first))
    return tuple(result)


def together(cues: Iterable[Cue]) -> tuple[Cue, ...]:
    """The same words, never two cues in one place at once: they become lines of one cue."""
    ordered = sorted(cues, key=lambda cue: (cue.start, cue.end))
    places = [_merged([cue for cue in ordered if cue.top == top]) for top in (False, True)]
    return tuple(sorted(chain(*places), key=lambda cue: (cue.start, cue.top)))


def _merged(every: list[Cue]) -> list[Cue]:
    """Cues of one place, sorted by their start, without overlaps; each is looked at once."""
    times = sorted({time for cue in every for time in (cue.start, cue.end)})
    cues: list[Cue] = []
    visible: list[Cue] = []
    coming = deque(every)
    for start, end in pairwise(times):
        while coming and coming[0].start <= start:
            visible.append(coming.popleft())
        visible = [cue for cue in visible if cue.end > start]
        text = "\n".join(cue.text for cue in visible)
        language = next((cue.language for cue in visible if cue.language), "")
        top = bool(visible) and visible[0].top
        cue_of_all = Cue(text, start, end - start, language, top)
        before = cues[-1] if cues else None
        if (
            before
            and before.end == start
            and cue_of_all == replace(before, start=start, frames=cue_of_all.frames)
        ):
            cues[-1] = replace(before, frames=end - before.start)
        elif visible:
            cues.append(cue_of_all)
    return cues


# -- SRT -----------------------------------------------------------------------------------------


_AT_TOP = r"{\an8}"  # the code of ASS that players know in SRT too


def write_srt(cues: Iterable[Cue], rate: Fraction) -> str:
    """The cues as an SRT file; ``{\\an8}`` says that one is at the top."""
    blocks = (
        f"{number}\n{_stamp(cue.start, rate)} --> {_stamp(cue.end, rate)}\n"
        f"{_AT_TOP * cue.top}{_without_gaps(cue.text)}\n"
        for number, cue in enumerate(cues, start=1)
    )
    return "\n".join(blocks)


def _without_gaps(text: str) -> str:
    """Without empty lines, which end a cue."""
    return "\n".join(line for line in text.split("\n") if line.strip())


def _stamp(frame: int, rate: Fraction) -> str:
    thousandths = nearest(frame * 1000 / rate)
    seconds, part = divmod(thousandths, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02},{part:03}"


# -- drawing -------------------------------------------------------------------------------------


def problem_with(text: str, font: Font | None = None) -> Message:
    """Why ``text`` cannot be drawn, or nothing."""
    own = font or chinese()
    if missing := lacking(text, *with_packaged(own)):
        letters = named_letters(missing)
        if is_packaged(own):
            return tr("the packaged fonts have no {letters}", letters=letters)
        return tr(
            "{font} and the packaged fonts have no {letters}", font=own.path.name, letters=letters
        )
    for paragraph in filter(has_leftward, text.split("\n")):
        if missing := lacking(paragraph, own):
            return tr(
                "{font} has no {letters}; a right-to-left line must be in one font",
                font=own.path.name, letters=named_letters(missing),
            )  # fmt: skip
    if not shapes() and (wanting := [sign for sign in text if must_be_shaped(sign)]):
        script = script_of(wanting[0])
        return tr("Pillow was built without Raqm, which {script} letters need", script=script)
    return NOTHING


def replaced(text: str, font: Font) -> Message:
    """The letters of ``text`` that are drawn in a packaged font because the user's lacks them."""
    missing = lacking(text, font)
    return named_letters(missing) if missing and not is_packaged(font) else NOTHING


def named_letters(missing: list[str]) -> Message:
    """Characters with their code points, and the scripts they belong to."""
    letters = joined((f"{sign} (U+{ord(sign):04X})" for sign in missing[:5]), tr(", "))
    scripts = dict.fromkeys(filter(None, map(script_of, missing)))
    if not scripts:
        return letters
    scripts_named = joined(scripts, tr(", "))
    return tr("{scripts} letters: {letters}", scripts=scripts_named, letters=letters)


def style_of(deliverable: Deliverable, usual: str = "") -> Style:
    """How the words of a deliverable look; ``usual`` is the language most of them are in."""
    return Style(
        **dict(deliverable.caption_style),
        safe_area=deliverable.safe_area or "",
        language=deliverable.lang or "",
        usual=usual,
    )


def save(captions: Captions, size: Size, target: Path) -> list[Path]:
    """Draw every cue beside ``target``, and write its script there; everything that was made."""
    paths = cue_paths(captions, target)
    for cue, path in zip(captions.cues, paths, strict=True):
        picture = draw(cue.text, sheet_of(cue, captions, size))
        picture.save(path, "PNG", compress_level=1)
    if not captions.script:
        return paths
    script, fonts = script_paths(target)
    script.write_text(captions.script, encoding="utf-8")
    fonts.mkdir(exist_ok=True)
    copies: list[Path] = []
    for number, path in enumerate(dict.fromkeys(f.path for f in with_packaged(captions.font))):
        copies.append(fonts / f"font{number}{path.suffix}")
        files.link(path, copies[-1])
    return [*paths, script, *copies, fonts]


def sheet_of(cue: Cue, captions: Captions, size: Size) -> Sheet:
    """What a cue is set on, in a frame of ``size``."""
    style = replace(captions.style, language=cue.language or captions.style.language)
    return Sheet(size, captions.font, replace(style, position="top") if cue.top else style)


def discard(paths: Iterable[Path]) -> None:
    """Remove what was made."""
    for path in paths:
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)


def script_paths(target: Path) -> tuple[Path, Path]:
    """Where the script of ``target`` stands, and the folder with nothing but its font."""
    return target.with_name(f".{target.name}.ass"), target.with_name(f".{target.name}.fonts")


def cue_paths(captions: Captions, target: Path) -> list[Path]:
    return [
        target.with_name(f".{target.name}.{number}.png") for number in range(len(captions.cues))
    ]
