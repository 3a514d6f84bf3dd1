"""A subtitle file, of whatever format and encoding: its cues or script, and what is doubtful in it.

What the file is, its content says, not its name. Nothing here takes more than linear time, and no
file of more than ``MOST_BYTES`` is read.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from heapq import heappop, heappush
from pathlib import Path
from stat import S_ISREG

from wanx_render.captions import ass, lrc, srt, ssa
from wanx_render.captions.ass import Script
from wanx_render.captions.cues import BadSubtitles, Notice, ParsedCues, TimedCue
from wanx_render.captions.drawing import Cue
from wanx_render.language import Message, plural, tr, verbatim
from wanx_render.source import charsets
from wanx_render.timing import nearest

MOST_BYTES = 4 * 1024 * 1024  # a film of two hours has 0.1 MiB
MOST_CUES = 50_000
MOST_AT_ONCE = 8  # more lines than these cannot be read, nor fit on the picture
_HEAD = 2000  # lines in which an ASS file has its first section


@dataclass(frozen=True, slots=True)
class Subtitles:
    """What was read of a file: cues, or the script of an ASS file.

    ``text`` is all of it as text, for messages that quote a line.
    """

    text: str
    cues: tuple[TimedCue, ...]
    script: Script | None = None
    notices: tuple[Notice, ...] = ()

    @property
    def numbered(self) -> tuple[tuple[int, str], ...]:
        """The words of each cue, with the line they stand at."""
        if self.script:
            return tuple((line.number, line.words) for line in self.script.lines)
        return tuple((cue.line, cue.text) for cue in self.cues)

    @property
    def starts(self) -> tuple[tuple[int, Fraction], ...]:
        """When each cue begins, in seconds, with the line it stands at."""
        if self.script:
            return tuple((line.number, line.start) for line in self.script.lines)
        return tuple((cue.line, Fraction(cue.start, 1000)) for cue in self.cues)

    @property
    def words(self) -> str:
        """Everything that must be drawn."""
        return "\n".join(words for _, words in self.numbered)

    def at(self, rate: Fraction) -> tuple[Cue, ...]:
        """The cues in frames at ``rate``, each once, and seen for one frame at least."""
        cues = []
        for cue in self.cues:
            start, end = (nearest(time * rate / 1000) for time in (cue.start, cue.end))
            cues.append(Cue(cue.text, start, max(end - start, 1), top=cue.top))
        return tuple(dict.fromkeys(cues))


def read(path: Path, typeface: str = "any") -> Subtitles:
    """Read a file; ``typeface`` replaces those of an ASS script. Raises BadSubtitles, OSError."""
    state = path.stat()
    if not S_ISREG(state.st_mode):
        raise BadSubtitles(tr("it is not a file"))
    if state.st_size > MOST_BYTES:
        raise BadSubtitles(tr("it is larger than 4 MiB"), tr("check that this is the right file"))
    with path.open("rb") as stream:
        return parse(stream.read(MOST_BYTES), path.name, typeface)


def is_styled(path: Path) -> bool:
    """Whether the file holds an ASS script, whatever its name. False where it cannot be read."""
    try:
        if path.stat().st_size > MOST_BYTES:
            return False
        return ass.is_script(charsets.decode(path.read_bytes()).text.splitlines()[:_HEAD])
    except (OSError, charsets.UnknownEncoding):
        return False


def parse(data: bytes, name: str = "words", typeface: str = "any") -> Subtitles:
    """The subtitles in ``data``; ``name`` is the file's, for hints. Raises BadSubtitles."""
    source = _decoded(data)
    lines = source.text.splitlines()
    if ass.is_script(lines[:_HEAD]):
        old = ssa.is_ssa(lines[:_HEAD])
        script = ssa.read(lines, typeface) if old else ass.read(source.text, typeface)
        notices = _all_skipped(script.notices, len(script.lines))
        result = Subtitles(source.text, (), script, notices)
    else:
        reading = _cues(lines)
        cues = tuple(_few_at_once(reading.cues, reading))
        result = Subtitles(source.text, cues, None, _all_skipped(reading.notices, len(cues)))
    notices = (*_encoding(source, name, result.words), *result.notices)
    return replace(result, notices=notices)


# -- what the file is ----------------------------------------------------------------------------

_BINARY = (
    (b"PK\x03\x04", tr("a ZIP archive, such as .docx or .xlsx")),
    (b"\xd0\xcf\x11\xe0", tr("an old Word or Excel file")),
    (b"%PDF", tr("a PDF file")),
    (b"{\\rtf", tr("an RTF file")),
    (b"\x1f\x8b", tr("a gzip archive")),
    (b"7z\xbc\xaf", tr("a 7-Zip archive")),
    (b"Rar!", tr("a RAR archive")),
    (b"\x1aE\xdf\xa3", tr("a Matroska video")),
    (b"\x00\x00\x01\xba", tr("VobSub, subtitles as pictures")),
    (b"PG", tr("PGS, subtitles as pictures")),
)
_EXPORT = tr("export the words as SRT in UTF-8")
_WHISPER = tr("let Whisper write SRT: --output_format srt, or -osrt")
_CONVERT = tr("convert it: pysubs2 --to srt FILE")
_CONVERT_FRAMES = tr("convert it: pysubs2 --to srt FILE --fps 25")
_FOREIGN = (  # by the beginning of the text; pysubs2, which comes with the program, reads some
    (r"(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:\w+:)?tt[\s>]", "TTML", _CONVERT),
    (r"<sami", "SAMI", _CONVERT),
    (r"\{\d*\}\{\d*\}", "MicroDVD", _CONVERT_FRAMES),
    (r"\[\d+\]\[\d*\]", "MPL2", _CONVERT),
    (r"\d{1,2}:\d\d:\d\d[:=]\S", "TMPlayer", _CONVERT),
    (r"\d+:\d\d:\d\d\.\d{3},\d+:\d\d:\d\d\.\d{3}", "SBV of YouTube", _EXPORT),
    (r"Scenarist_SCC", "SCC", _EXPORT),
    (r"# VobSub", tr("VobSub, subtitles as pictures"), _EXPORT),
    (r"start\tend\ttext", "TSV of Whisper", _WHISPER),
    (r"<\?xml", "XML", _EXPORT),
    (r"<!doctype html|<html", "HTML", _EXPORT),
    (r"[\[{]\s*[\"{\[]", "JSON", _EXPORT),
)


def _decoded(data: bytes) -> charsets.DecodedText:
    for magic, kind in _BINARY:
        if data.startswith(magic):
            raise _unsupported(kind, _EXPORT)
    if data[4:8] == b"ftyp":
        raise _unsupported(tr("an MP4 video"), _EXPORT)
    try:
        return charsets.decode(data)
    except charsets.UnknownEncoding as problem:
        raise BadSubtitles(_and_supported(problem.args[0]), _EXPORT) from None


def _unsupported(kind: Message, hint: Message) -> BadSubtitles:
    return BadSubtitles(_and_supported(tr("it is {kind}", kind=kind)), hint)


def _and_supported(problem: Message) -> Message:
    return tr("{problem}; supported are SRT, WebVTT, ASS and LRC", problem=problem)


def _cues(lines: Sequence[str]) -> ParsedCues:
    """What the reader of the text's format gives. Raises BadSubtitles."""
    first = next((line.strip("\ufeff \t") for line in lines if line.strip("\ufeff \t")), "")
    if re.match(r"WEBVTT(?:\s|$)", first):
        return srt.read(lines, vtt=True)
    if re.match(r"\[(?:\d\d:)+\d\d\.\d{3} --> ", first):
        raise _unsupported(tr("what Whisper shows on a terminal"), _WHISPER)
    if not first or srt.has_times(lines):
        return srt.read(lines)
    if lrc.has_times(lines):
        return lrc.read(lines)
    start = "\n".join(lines[:50])[:4000].strip("\ufeff \t\n")
    for pattern, kind, hint in _FOREIGN:
        if re.match(pattern, start, re.IGNORECASE | re.DOTALL):
            raise _unsupported(verbatim(kind), hint)
    raise BadSubtitles(_and_supported(tr("it has no line of times")), srt.EXAMPLE)


# -- what is doubtful ----------------------------------------------------------------------------


def _encoding(source: charsets.DecodedText, name: str, words: str) -> Iterator[Notice]:
    """Notes on how the bytes were read; the first words let people see whether they are right."""
    sample = words.strip().split("\n", 1)[0][:40]
    if source.guessed:
        yield Notice(
            "subtitles-encoding",
            tr(
                "it is not UTF-8; read as {encoding}: {words}",
                encoding=source.encoding,
                words=sample,
            ),
            hint=tr(
                "if the words are right, save the file as UTF-8 in your editor, or run "
                "iconv -f {codec} -t utf-8 {name} > NEW; "
                "if they are wrong, save it as UTF-8 in the program it comes from",
                codec=source.codec,
                name=name,
            ),
        )
    if source.damaged:
        before = source.text.partition("\N{REPLACEMENT CHARACTER}")[0]
        yield Notice(
            "subtitles-encoding",
            plural(
                "{n} character cannot be read as {encoding}, or was lost before (U+FFFD)",
                "{n} characters cannot be read as {encoding}, or were lost before (U+FFFD)",
                source.damaged,
                encoding=source.encoding,
            ),
            len(before.splitlines()) + before.endswith("\n") or 1,
            tr("type the words there again"),
        )


def _all_skipped(notices: Iterable[Notice], count: int) -> tuple[Notice, ...]:
    """The notices. Raises BadSubtitles where cues were skipped and none is left."""
    all_notices = tuple(notices)
    omissions = [notice for notice in all_notices if notice.code == "cue-skipped"]
    if omissions and not count:
        first = omissions[0]
        why = tr("line {line}: {problem}", line=first.line, problem=first.message)
        raise BadSubtitles(tr("it has no usable cue; {problem}", problem=why))
    return (
        all_notices
        if count
        else (*all_notices, Notice("subtitles-empty", tr("the file has no cues")))
    )


def _few_at_once(cues: Iterable[TimedCue], reading: ParsedCues) -> Iterator[TimedCue]:
    """The cues by their start, but those above ``MOST_AT_ONCE`` that are seen together.

    Raises BadSubtitles above ``MOST_CUES``.
    """
    by_start = sorted(cues, key=lambda cue: (cue.start, cue.end))
    if len(by_start) > MOST_CUES:
        raise BadSubtitles(
            tr("it has {n} cues; the limit is {limit}", n=len(by_start), limit=MOST_CUES)
        )
    ends: list[int] = []
    for cue in by_start:
        while ends and ends[0] <= cue.start:
            heappop(ends)
        if len(ends) < MOST_AT_ONCE:
            heappush(ends, cue.end)
            yield cue
        else:
            reading.skipped(cue.line, tr("{n} others are shown at the same time", n=MOST_AT_ONCE))
