"""The cuts of a film as a table: CSV for spreadsheets, one row for what stands between two cuts.

Rows abut: each begins where the one before it ends, and the last ends with the film. A transition
is named in the row that it leads out of; its frames lie around the end of that row.
"""

import csv
import io
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

from wanx_render.diagnostics import one_line
from wanx_render.timelines.timeline import Crossing, Link, Piece, Timeline, pieces
from wanx_render.timing import nearest, timecode

COLUMNS = (
    "number", "shot", "take", "file", "rate",
    "source_in", "source_out", "source_in_timecode", "source_out_timecode",
    "record_in", "record_out", "record_in_timecode", "record_out_timecode",
    "speed", "transition", "transition_frames", "caption", "prompt",
)  # fmt: skip
_MARK = "\ufeff"  # without it Excel takes UTF-8 for the code page of its machine
# What spreadsheets take for a formula (OWASP, "CSV Injection"), also in full-width forms.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def text_of(timeline: Timeline, link: Link) -> str:
    """The timeline as the text of a .csv file; ends are those of the frame after the last one."""
    stream = io.StringIO()
    table = csv.writer(stream, lineterminator="\r\n")
    table.writerow(COLUMNS)
    table.writerows(_rows(timeline, link))
    return _MARK + stream.getvalue()


def _rows(timeline: Timeline, link: Link) -> Iterator[tuple[object, ...]]:
    number = 0
    for item, following in pairwise([*pieces(timeline), None]):
        if isinstance(item, Piece):
            number += 1
            joint = following.joint if isinstance(following, Crossing) else None
            yield (
                number, *_source(item, timeline, link), *_record(item, timeline.rate),
                "0" if item.still else _number(item.clip.speed),
                joint.name if joint else "cut" if following else "", joint.frames if joint else 0,
                _words(item.clip.caption), _words(item.clip.facts.get("prompt", "")),
            )  # fmt: skip


def _source(piece: Piece, timeline: Timeline, link: Link) -> Iterator[object]:
    clip = piece.clip
    seconds = Fraction(0) if piece.still else piece.frames / timeline.rate * clip.speed
    last = piece.first + (1 if piece.still else seconds * clip.rate)
    yield from (_words(clip.shot), clip.take or "", _words(link(clip.media)), _number(clip.rate))
    yield from (_number(at) for at in (piece.first, last))
    yield from (timecode(nearest(at), clip.rate) for at in (piece.first, last))


def _record(piece: Piece, rate: Fraction) -> Iterator[object]:
    ends = piece.begin, piece.begin + piece.frames
    yield from ends
    yield from (timecode(at, rate) for at in ends)


def _number(value: Fraction) -> str:
    """A number with at most three decimals: a clip at another rate begins within a frame."""
    return f"{float(value):.3f}".rstrip("0").rstrip(".")


def _words(text: str) -> str:
    """Words in one line that no spreadsheet takes for a formula."""
    line = one_line(str(text).replace("\t", " "))
    return f"'{line}" if line.lstrip().startswith(_FORMULA) else line
