"""The formats of ``export``, a row for each, which the command, its help and a test of docs read.

A format is added here, with its writer beside this module, in the guide, and as a golden file.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from wanx_render.errors import BadInput
from wanx_render.language import joined, tr

# The command line reads this at every start; what writes and what complains is imported when used.
if TYPE_CHECKING:
    from wanx_render.timelines.timeline import Link, Timeline

Writer = Callable[["Timeline", "Link"], str]


class ExportFormat(NamedTuple):
    """One format for editing programs."""

    name: str  # also the file's suffix
    writer: Callable[[], Writer]  # imports what it needs
    urls: bool  # whether paths are written as URLs


def _otio() -> Writer:
    try:
        from wanx_render.timelines import otio
    except ModuleNotFoundError as error:
        if error.name != "opentimelineio":
            raise
        from wanx_render.diagnostics import Diagnostic

        hint = tr("run pip install 'wanx-render[edit]', or use edl or fcpxml")
        problem = Diagnostic("extra-missing", tr("OpenTimelineIO is not installed"), hint=hint)
        raise BadInput(problem) from None
    return otio.text_of


def _edl() -> Writer:
    from wanx_render.timelines import edl

    return edl.text_of


def _fcpxml() -> Writer:
    from wanx_render.timelines.fcpxml import document

    return document.text_of


_TABLE = (
    ExportFormat(name="otio", writer=_otio, urls=True),
    ExportFormat(name="fcpxml", writer=_fcpxml, urls=True),
    ExportFormat(name="edl", writer=_edl, urls=False),
)
_FORMATS = {row.name: row for row in _TABLE}
NAMES = tuple(_FORMATS)
HELP = tr("Write otio for most programs, fcpxml for Final Cut Pro, or edl for every program.")


def format_of(name: str) -> ExportFormat:
    """The row of the table. Raises BadInput for what no row describes."""
    if name not in _FORMATS:
        from wanx_render.diagnostics import Diagnostic

        message = tr("{name!r} is not a valid export format", name=name)
        hint = tr("use {names}", names=joined(NAMES, tr(", ")))
        raise BadInput(Diagnostic("value-unknown", message, hint=hint))
    return _FORMATS[name]
