"""Words on the picture: cues in frames, an SRT file in or out, and each cue drawn as a picture.

Drawn with Pillow (``typesetting``) and laid over by ffmpeg: no words ever become part of a command.
"""

import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from wanx_render.fonts import (
    Font,
    chinese,
    is_packaged,
    lacking,
    latin,
    must_be_shaped,
    script_of,
    shapes,
)
from wanx_render.geometry import Size
from wanx_render.shotlist import Deliverable
from wanx_render.timing import nearest
from wanx_render.typesetting import DRAWING_VERSION, PLAIN, Sheet, Style, draw


class BadSubtitles(ValueError):
    """The subtitles cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Cue:
    """Words that are seen from frame ``start`` on, for ``frames`` frames."""

    text: str
    start: int
    frames: int
    language: str = ""  # where it was said

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
    found = []
    for cue in cues:
        first, last = max(cue.start, start), min(cue.end, start + frames)
        if first < last:
            found.append(replace(cue, start=first - start, frames=last - first))
    return tuple(found)


def together(cues: Iterable[Cue]) -> tuple[Cue, ...]:
    """The same words, never two cues at once: what is seen together becomes lines of one cue."""
    every = sorted(cues, key=lambda cue: (cue.start, cue.end))
    times = sorted({time for cue in every for time in (cue.start, cue.end)})
    found: list[Cue] = []
    for start, end in pairwise(times):
        seen = [cue for cue in every if cue.start <= start and end <= cue.end]
        text = "\n".join(cue.text for cue in seen)
        language = next((cue.language for cue in seen if cue.language), "")
        whole = Cue(text, start, end - start, language)
        before = found[-1] if found else None
        if (
            before
            and before.end == start
            and whole == replace(before, start=start, frames=whole.frames)
        ):
            found[-1] = replace(before, frames=end - before.start)
        elif seen:
            found.append(whole)
    return tuple(found)


# -- SRT -----------------------------------------------------------------------------------------

_TIME = r"(\d{1,3}):([0-5]\d):([0-5]\d)[,.](\d{1,3})"
_LINE = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}.*")
_TAGS = re.compile(r"</?[a-zA-Z][^>]{0,40}>|\{\\[^}]{0,60}\}")


def read_srt(text: str, rate: Fraction) -> tuple[Cue, ...]:
    """The cues of an SRT file, in frames at ``rate``. Raises BadSubtitles."""
    found: list[Cue] = []
    for number, block in enumerate(_blocks(text), start=1):
        lines = block if "-->" in block[0] else block[1:]
        times = _LINE.fullmatch(lines[0]) if lines else None
        if times is None:
            raise BadSubtitles(f"its cue {number} has no line of times such as 00:00:01,000 -->")
        start, end = (_frame(times.groups()[n : n + 4], rate) for n in (0, 4))
        words = _TAGS.sub("", "\n".join(lines[1:])).strip()
        if end <= start:
            raise BadSubtitles(f"its cue {number} ends before it begins")
        if words:
            found.append(Cue(words, start, end - start))
    return tuple(found)


def _blocks(text: str) -> Iterator[list[str]]:
    text = text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")
    for block in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").replace("\r", "\n")):
        lines = [line for line in block.split("\n") if line.strip()]
        if lines:
            yield lines


def _frame(groups: tuple[str, ...], rate: Fraction) -> int:
    hours, minutes, seconds, part = groups
    whole = int(hours) * 3600 + int(minutes) * 60 + int(seconds)
    return nearest((whole + Fraction(int(part.ljust(3, "0")), 1000)) * rate)


def write_srt(cues: Iterable[Cue], rate: Fraction) -> str:
    """The cues as an SRT file."""
    blocks = (
        f"{number}\n{_stamp(cue.start, rate)} --> {_stamp(cue.end, rate)}\n{cue.text}\n"
        for number, cue in enumerate(cues, start=1)
    )
    return "\n".join(blocks)


def _stamp(frame: int, rate: Fraction) -> str:
    thousandths = nearest(frame * 1000 / rate)
    seconds, part = divmod(thousandths, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02},{part:03}"


# -- drawing -------------------------------------------------------------------------------------


def problem_with(text: str, font: Font | None = None) -> str:
    """Why ``text`` cannot be drawn, or nothing."""
    drawn_in = font or chinese()
    missing = lacking(text, drawn_in)
    if missing:
        listed = ", ".join(f"{each} (U+{ord(each):04X})" for each in missing[:5])
        scripts = " and ".join(dict.fromkeys(filter(None, map(script_of, missing))))
        which = "packaged fonts have" if is_packaged(drawn_in) else "font has"
        return (
            f"the {which} no {scripts} letters: {listed}" if scripts else f"the {which} no {listed}"
        )
    if not shapes() and (wanting := [each for each in text if must_be_shaped(each)]):
        name = script_of(wanting[0]) or "such"
        return f"{name} letters must be joined, and this Pillow was built without Raqm"
    return ""


def style_of(deliverable: Deliverable, usual: str = "") -> Style:
    """How the words of a deliverable look; ``usual`` is the language most of them are in."""
    style = deliverable.caption_style
    return Style(
        size=style.size,
        colour=style.colour,
        outline=style.outline,
        position=style.position,
        box=style.box,
        safe_area=deliverable.safe_area or "",
        language=deliverable.lang or "",
        usual=usual,
    )


def save(captions: Captions, size: Size, target: Path) -> list[Path]:
    """Draw every cue beside ``target``, and write its script there; everything that was made."""
    paths = cue_paths(captions, target)
    for cue, path in zip(captions.cues, paths, strict=True):
        language = cue.language or captions.style.language
        style = replace(captions.style, language=language)
        picture = draw(cue.text, Sheet(size, captions.font, style))
        picture.save(path, "PNG", compress_level=1)
    if not captions.script:
        return paths
    script, fonts = script_paths(target)
    script.write_text(captions.script, encoding="utf-8")
    fonts.mkdir(exist_ok=True)
    used = dict.fromkeys((captions.font.path, latin().path))
    copies = [_copied(path, fonts / f"font{n}{path.suffix}") for n, path in enumerate(used)]
    return [*paths, script, *copies, fonts]


def _copied(path: Path, copy: Path) -> Path:
    try:
        copy.hardlink_to(path)
    except FileExistsError:
        pass
    except OSError:  # another disk, or one that knows no links
        shutil.copyfile(path, copy)
    return copy


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
