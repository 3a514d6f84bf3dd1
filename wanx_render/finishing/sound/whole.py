"""The parts of a sound as one: what was heard of all of them together."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from math import log10

from wanx_render.finishing.decode_record import Hearing

# ITU-R BS.1770-4, annex 1: blocks softer than this, and those 10 LU below the rest, do not count.
_GATE, _BELOW = -70.0, -10.0
_OFFSET = -0.691
_TENTH = Decimal("0.1")


def combined(parts: Sequence[Hearing]) -> Hearing:
    """What was heard of a sound, of its parts in their order."""
    if len(parts) == 1:
        return parts[0]
    blocks = [block for part in parts for block in part.blocks]
    peaks = [part.loudness.peak for part in parts if part.loudness.peak is not None]
    loudness = integrated(blocks)
    heads = {part.head for part in parts}
    return replace(
        parts[0],
        head=parts[0].head if len(heads) == 1 else "",
        lost=any(part.lost for part in parts),
        packets=tuple(packet for part in parts for packet in part.packets),
        integrated=None if loudness is None else str(Decimal(loudness).quantize(_TENTH)),
        peak=str(max(peaks)) if peaks else None,
        silent=tuple(_united(sorted(stretch for part in parts for stretch in part.silent))),
        ducking=tuple(turn for part in parts for turn in part.ducking),
        notices=tuple(dict.fromkeys(notice for part in parts for notice in part.notices)),
    )


def integrated(blocks: Sequence[float]) -> float | None:
    """LUFS of the whole, of the momentary loudness after each tenth of a second; None: silence."""
    loud = [block for block in blocks if block >= _GATE]
    if not loud:
        return None
    gate = _mean(loud) + _BELOW
    return _mean([block for block in loud if block >= gate])


def _mean(blocks: Sequence[float]) -> float:
    """The loudness of the mean power. The offset is added again, so that it is in both or none."""
    powers = (10 ** ((block - _OFFSET) / 10) for block in blocks)
    return _OFFSET + 10 * log10(sum(powers) / len(blocks))


def _united(stretches: Sequence[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """Stretches in order, those that meet as one."""
    begin, end = None, 0.0
    for first, last in stretches:
        if begin is not None and first <= end:
            end = max(end, last)
            continue
        if begin is not None:
            yield begin, end
        begin, end = first, last
    if begin is not None:
        yield begin, end
