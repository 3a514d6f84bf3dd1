"""Marks in words: what is wrong, where in the clip, and how strong."""

from collections.abc import Callable, Iterable, Mapping

from wanx_render.language import Message, joined, recorded, tr, verbatim
from wanx_render.manifest import MarkRecord


def sentence(mark: MarkRecord) -> Message:
    """One mark; a kind that this version does not know goes by its name."""
    wording = _WORDINGS.get(mark.kind)
    try:
        return wording(mark) if wording else verbatim(mark.about or mark.kind)
    except (TypeError, ValueError):  # manifests come from other versions, and may be edited
        return verbatim(mark.kind)


def sentences(marks: Iterable[MarkRecord]) -> Message:
    """All marks of a take, in one line."""
    return joined(map(sentence, marks), tr("; "))


def _unlike(mark: MarkRecord) -> Message:
    return tr(
        "the first frame is not the picture sent: {reason}", reason=recorded(mark.about or "")
    )


def _unlike_last(mark: MarkRecord) -> Message:
    return tr("the last frame is not the picture sent: {reason}", reason=recorded(mark.about or ""))


def _frozen(mark: MarkRecord) -> Message:
    return tr("frozen {seconds:.1f} s from {start:.1f} s", **_span(mark))


def _cut(mark: MarkRecord) -> Message:
    start = float(mark.start or "")
    return tr("hard cut at {start:.1f} s (frame {frame})", start=start, frame=mark.frame)


def _flicker(mark: MarkRecord) -> Message:
    return tr(
        "flickers {seconds:.1f} s from {start:.1f} s, {rate:.0f} times a second",
        rate=float(mark.value or ""), **_span(mark),
    )  # fmt: skip


def _border(mark: MarkRecord) -> Message:
    side = _SIDES.get(mark.about or "") or verbatim(mark.about or "")
    return tr("black border {side}, {percent} %", side=side, percent=mark.value)


_SIDES: Mapping[str, Message] = {
    "top": tr("at the top"),
    "bottom": tr("at the bottom"),
    "left": tr("on the left"),
    "right": tr("on the right"),
}


def _silent(mark: MarkRecord) -> Message:
    if mark.start is None:
        return tr("no sound, though sound was requested")
    return tr("silent {seconds:.1f} s from {start:.1f} s", **_span(mark))


def _clipped(mark: MarkRecord) -> Message:
    start = float(mark.start or "")
    return tr("sound clipped {n} times from {start:.1f} s", n=mark.value, start=start)


def _jump(mark: MarkRecord) -> Message:
    difference = float(mark.value or "")
    values = {"amount": abs(difference), "shot": mark.about}
    if difference > 0:
        return tr("{amount:.0f} LU louder than {shot}", **values)
    return tr("{amount:.0f} LU quieter than {shot}", **values)


def _judged(mark: MarkRecord) -> Message:
    text = verbatim(mark.about or "")
    if mark.start is None:
        return tr("judge: {text}", text=text)
    return tr("judge: {text} (at {start:.1f} s)", text=text, start=float(mark.start))


def _span(mark: MarkRecord) -> dict[str, float]:
    return {"start": float(mark.start or ""), "seconds": float(mark.seconds or "")}


_WORDINGS: Mapping[str, Callable[[MarkRecord], Message]] = {
    "unlike": _unlike,
    "unlike-last": _unlike_last,
    "frozen": _frozen,
    "cut": _cut,
    "flicker": _flicker,
    "border": _border,
    "silent": _silent,
    "clipped": _clipped,
    "jump": _jump,
    "judge": _judged,
}
