"""What a list needs of ffmpeg beyond the ordinary, tried before anything is spent.

Every usable ffmpeg has x264, AAC and the common filters (``ffmpeg.find`` sees to that); other
codecs, a moving crop and another speed are used by few lists.
"""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from wanx_render.captions.subtitles import is_styled
from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput
from wanx_render.finishing.codecs import ENCODERS
from wanx_render.frame import Codec
from wanx_render.geometry import Move
from wanx_render.language import Message, joined, tr, verbatim
from wanx_render.media import ffmpeg
from wanx_render.shotlist.model import Deliverable, Shot, gaze_at, look_at
from wanx_render.task import InputMedia

_OTHER = tr("set WANX_FFMPEG to a full build of ffmpeg, or unset it")


# Filters that only some lists need, and what for.
OPTIONAL = {
    "perspective": tr("a moving focus"), "rubberband": tr("speed"),
    "subtitles": verbatim("ASS"), "lut3d": verbatim("look"), "framerate": verbatim("motion: blend"),
    "minterpolate": verbatim("motion: flow"),
}  # fmt: skip
_MOTIONS = {"blend": "framerate", "flow": "minterpolate"}


_NONE: Mapping[str, InputMedia] = MappingProxyType({})


def unmet(
    program: ffmpeg.Ffmpeg,
    shots: Iterable[Shot],
    deliverables: Iterable[Deliverable],
    media: Mapping[str, InputMedia] = _NONE,
) -> tuple[Diagnostic, ...]:
    """What this ffmpeg cannot do for the list; ``media`` are the files of the list."""
    all_shots, films = tuple(shots), tuple(deliverables)
    codecs: dict[Codec, str] = {}
    for film in films:
        codecs.setdefault(film.codec, film.name)
    problems = [_codec(program, codec, name) for codec, name in codecs.items() if codec != "h264"]
    lacking = [
        Diagnostic("filter-missing", _filter_missing(name), hint=_OTHER)
        for name in _filters(all_shots, films, media)
        if not ffmpeg.has_filter(program, name)
    ]
    return (*(problem for problem in problems if problem), *lacking)


def _filter_missing(name: str) -> Message:
    return tr("{feature} needs ffmpeg's filter {filter}", feature=OPTIONAL[name], filter=name)


def insist(
    program: ffmpeg.Ffmpeg,
    shots: Iterable[Shot],
    deliverables: Iterable[Deliverable],
    media: Mapping[str, InputMedia] = _NONE,
) -> None:
    """Raises BadInput where this ffmpeg cannot do what the list needs."""
    if problems := unmet(program, shots, deliverables, media):
        raise BadInput(*problems)


def _filters(
    shots: tuple[Shot, ...], deliverables: tuple[Deliverable, ...], media: Mapping[str, InputMedia]
) -> Iterator[str]:
    if any(isinstance(gaze_at(s, d), Move) for s in shots for d in deliverables if d.fit == "crop"):
        yield "perspective"
    if any(shot.speed != 1 for shot in shots):
        yield "rubberband"
    if any(look_at(shot, film) for shot in shots for film in deliverables):
        yield "lut3d"
    yield from sorted({_MOTIONS[d.motion] for d in deliverables if d.motion in _MOTIONS})
    subtitles = {d.subtitles for d in deliverables if d.subtitles and d.burns}
    paths = (media[name].path for name in subtitles if name in media)
    if any(path and is_styled(path) for path in paths):
        yield "subtitles"


def _codec(program: ffmpeg.Ffmpeg, codec: Codec, name: str) -> Diagnostic | None:
    why = trouble_with(program, codec)
    if not why:
        return None
    hint = tr("codecs that work here: {codecs}", codecs=joined(usable(program), tr(", ")))
    message = tr(
        "{name}: codec {codec} does not work here: {reason}", name=name, codec=codec, reason=why
    )
    return Diagnostic("codec-unusable", message, hint=hint)


def trouble_with(program: ffmpeg.Ffmpeg, codec: Codec) -> Message:
    """Why this ffmpeg cannot make the codec on this machine, or nothing."""
    return ffmpeg.trouble_with(program, ENCODERS[codec].name)


def usable(program: ffmpeg.Ffmpeg) -> list[Codec]:
    """The codecs that can be made here."""
    return [codec for codec in ENCODERS if not trouble_with(program, codec)]
