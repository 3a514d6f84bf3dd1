"""The formats of ``export``, a row for each, which the command, its help and a test of docs read.

A format is added here, with its writer beside this module, in the guide, and as a golden file.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol

from wanx_render.errors import BadInput
from wanx_render.language import Message, joined, tr

# The command line reads this at every start; what writes and what complains is imported when used.
if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from wanx_render.media.ffmpeg import Ffmpeg
    from wanx_render.timelines.jianying.draft import Draft
    from wanx_render.timelines.timeline import Link, Timeline

Writer = Callable[["Timeline", "Link"], str]


class Drafter(Protocol):
    """Makes the draft of a timeline; see ``jianying.draft.draft_of``."""

    def __call__(
        self, timeline: "Timeline", name: str, *, finished: "datetime", drafts: str
    ) -> "Draft": ...


FolderWriter = Callable[["Draft", "Path", "Path", "Callable[[], Ffmpeg]"], None]


class ExportFormat(NamedTuple):
    """One format for editing programs."""

    name: str  # also the file's suffix
    writer: Callable[[], Writer]  # imports what it needs
    urls: bool  # whether paths are written as URLs
    words: bool = False  # whether nothing but the words of the film is in it


class DraftFormat(NamedTuple):
    """A format that is a folder, with the media in it."""

    name: str  # also that of the folder in which drafts are written

    def drafter(self) -> "tuple[Drafter, FolderWriter]":
        """What makes the draft, and what writes its folder; ``jianying.folder.write_folder``.

        Raises BadInput where the library is missing.
        """
        try:
            from wanx_render.timelines.jianying import draft, folder, programs
        except ModuleNotFoundError as error:
            message = tr("pyJianYingDraft is not installed")
            raise _missing(error, "pyJianYingDraft", message) from None
        program = programs.NAMED[self.name]
        return partial(draft.draft_of, program=program), folder.write_folder


def _otio() -> Writer:
    try:
        from wanx_render.timelines import otio
    except ModuleNotFoundError as error:
        raise _missing(error, "opentimelineio", tr("OpenTimelineIO is not installed")) from None
    return otio.text_of


def _missing(error: ModuleNotFoundError, module: str, message: Message) -> Exception:
    """What to raise where ``module``, which an extra brings, may be missing."""
    if (error.name or "").partition(".")[0] != module:
        return error
    from wanx_render.diagnostics import Diagnostic

    hint = tr("run pip install 'wanx-render[edit]', or use edl or fcpxml")
    return BadInput(Diagnostic("extra-missing", message, hint=hint))


def _edl() -> Writer:
    from wanx_render.timelines import edl

    return edl.text_of


def _fcpxml() -> Writer:
    from wanx_render.timelines.fcpxml import document

    return document.text_of


def _csv() -> Writer:
    from wanx_render.timelines import cuts

    return cuts.text_of


def _srt() -> Writer:
    from wanx_render.timelines import subtitles

    return subtitles.srt_of


def _vtt() -> Writer:
    from wanx_render.timelines import subtitles

    return subtitles.vtt_of


def _ass() -> Writer:
    from wanx_render.timelines import subtitles

    return subtitles.ass_of


_TABLE = (
    ExportFormat(name="otio", writer=_otio, urls=True),
    ExportFormat(name="fcpxml", writer=_fcpxml, urls=True),
    ExportFormat(name="edl", writer=_edl, urls=False),
    DraftFormat(name="jianying"),
    DraftFormat(name="capcut"),
    ExportFormat(name="csv", writer=_csv, urls=False),
    ExportFormat(name="srt", writer=_srt, urls=False, words=True),
    ExportFormat(name="vtt", writer=_vtt, urls=False, words=True),
    ExportFormat(name="ass", writer=_ass, urls=False, words=True),
)
_FORMATS = {row.name: row for row in _TABLE}
NAMES = tuple(_FORMATS)
HELP = tr(
    "Write otio for most programs, fcpxml for Final Cut Pro, edl for every program, a draft for"
    " jianying or capcut, csv for a list of the cuts, or srt, vtt or ass for the words."
)


def format_of(name: str) -> ExportFormat | DraftFormat:
    """The row of the table. Raises BadInput for what no row describes."""
    if name not in _FORMATS:
        from wanx_render.diagnostics import Diagnostic

        message = tr("{name!r} is not a valid export format", name=name)
        hint = tr("use {names}", names=joined(NAMES, tr(", ")))
        raise BadInput(Diagnostic("value-unknown", message, hint=hint))
    return _FORMATS[name]
