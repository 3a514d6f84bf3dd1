"""Where everything stands in each deliverable, by what is known of the clips so far.

Clips that have landed are laid out as they were probed, the others as predicted: a segment may be
begun as soon as its own clip is there, and is right where the predictions were.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import accumulate
from pathlib import Path

from wanx_render.captions import subtitles
from wanx_render.captions.cues import BadSubtitles
from wanx_render.captions.drawing import Cue, together, within
from wanx_render.captions.lettering import common_language
from wanx_render.effects.fades import ends_of
from wanx_render.errors import Broken
from wanx_render.finishing.decode_record import WantedFrames
from wanx_render.finishing.segment import ClipMedia
from wanx_render.finishing.stills import (
    NO_STILLS,
    ShotFrames,
    Stills,
    cell_size,
    cells,
    clock,
    numbers_of,
)
from wanx_render.finishing.timeline import Body, Overlap, Part, frames_of, timeline
from wanx_render.frame import Frame
from wanx_render.language import recorded, tr
from wanx_render.planning.plan import Plan, frame_of
from wanx_render.planning.planned import STILL_RATE, AnyPlanned, sets_rate
from wanx_render.shotlist.model import Deliverable
from wanx_render.timing import conformed_frames, frames_in


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything stands in one deliverable, and which parts each shot is seen in."""

    frame: Frame
    parts: list[Part]
    cues: tuple[Cue, ...]
    of: dict[str, list[Part]]
    other_rates: int  # how many clips had another rate than predicted when this was determined
    stills: Stills = NO_STILLS  # contact sheet and poster
    language: str = ""  # of most of its words
    ends: tuple[int, ...] = field(init=False)  # of the cues: the latest end up to each

    def __post_init__(self) -> None:
        # Cues at the top and at the bottom overlap, so that their own ends are not sorted.
        ends = tuple(accumulate((cue.end for cue in self.cues), max))
        object.__setattr__(self, "ends", ends)

    def wish_at(self, part: Part) -> WantedFrames:
        """Which frames of a part contact sheet and poster show, counted from its first."""
        numbers = numbers_of(self.stills)
        first = bisect_left(numbers, part.start)
        last = bisect_left(numbers, part.start + part.frames)
        cells = tuple(number - part.start for number in numbers[first:last])
        poster = self.stills.poster - part.start
        whole = (poster,) if 0 <= poster < part.frames else ()
        return WantedFrames(cells, cell_size(self.frame), whole, self.frame.size)

    def cues_at(self, part: Part) -> tuple[Cue, ...]:
        """What of the words is seen in a part, counted from its first frame."""
        first = bisect_right(self.ends, part.start)
        last = bisect_left(self.cues, part.start + part.frames, key=lambda cue: cue.start)
        return within(self.cues[first:last], part.start, part.frames)


class Layouts:
    """The layout of each deliverable of one plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.landed: dict[str, ClipMedia] = {}
        # What is known of the clips: as landed, else as predicted (a size may not be).
        self._sizes = Counter(shot.size for shot in plan.shots)
        self._rates = Counter(shot.rate for shot in plan.shots if sets_rate(shot))
        self._other_rates = 0  # clips whose rate is not the predicted one
        self._layouts: dict[str, Layout] = {}

    def clip_landed(self, shot: AnyPlanned, take: ClipMedia) -> None:
        """Take the shot's clip as it is."""
        before = self.landed.get(shot.shot.id, shot)
        self.landed[shot.shot.id] = take
        self._sizes.subtract([before.size])
        self._sizes.update([take.size])
        if sets_rate(shot):
            self._rates.subtract([before.rate])
            self._rates.update([take.rate])
        self._other_rates += take.rate != before.rate

    @property
    def awaited(self) -> int:
        """How many shots have no clip yet."""
        return len(self._plan.shots) - len(self.landed)

    def of(self, deliverable: Deliverable) -> Layout | None:
        """Where everything stands; determined again only when a clip makes a difference to it.

        None where a size is not known yet. Raises Broken.
        """
        frame = self._frame(deliverable)
        if frame is None:
            return None
        earlier = self._layouts.get(deliverable.name)
        if earlier and (earlier.frame, earlier.other_rates) == (frame, self._other_rates):
            return earlier
        parts = self._timeline(frame)
        of: dict[str, list[Part]] = {shot.shot.id: [] for shot in self._plan.shots}
        for part in parts:
            for number in (part.shot, part.shot + 1)[: 1 + isinstance(part, Overlap)]:
                of[self._plan.shots[number].shot.id].append(part)
        cues = self._cues(deliverable, frame, parts, of)
        language = common_language([cue.text for cue in cues])
        layout = Layout(frame, parts, cues, of, self._other_rates, language=language)
        layout = replace(layout, stills=self._stills(deliverable, layout))
        self._layouts[deliverable.name] = layout
        return layout

    def _frame(self, deliverable: Deliverable) -> Frame | None:
        """The deliverable's frame by what is known: probed clips first, predictions else."""
        sizes = {str(size): size for size, clips in self._sizes.items() if size and clips}
        if deliverable.size is None and self._sizes[None]:
            return None
        rates = tuple(rate for rate, clips in self._rates.items() if clips) or (STILL_RATE,)
        try:
            return frame_of(deliverable, sizes, rates)
        except ValueError as error:
            raise Broken(recorded(str(error))) from None

    def _clip_rate(self, shot: AnyPlanned) -> Fraction:
        return self.landed.get(shot.shot.id, shot).rate

    def _timeline(self, frame: Frame) -> list[Part]:
        """Where everything stands at the deliverable's rate."""
        lengths, overlaps = [], []
        for shot in self._plan.shots:
            rate = self._clip_rate(shot)
            lengths.append(conformed_frames(shot.cut_at(rate), rate, frame.rate))
            transition = shot.shot.transition
            overlaps.append((transition, frames_in(transition.seconds, frame.rate)))
        return timeline(lengths, overlaps)

    def _stills(self, deliverable: Deliverable, layout: Layout) -> Stills:
        """A frame of the first shot, or the one that was asked for; and some of every shot."""
        frame = layout.frame
        shots = [self._frames_of(shot, layout) for shot in self._plan.shots]
        whole = frames_of(layout.parts)
        ends = ends_of(deliverable.fade_in, deliverable.fade_out, whole, frame.rate)
        poster = min(max(shots[0].at(Fraction(1, 3)), ends.begin), whole - 1)
        if deliverable.poster is not None:
            poster = min(frames_in(deliverable.poster, frame.rate), whole - 1)
        title = f"{deliverable.name}  {frame.size}  {frame.aspect}  {frame.rate} fps"
        return Stills(poster, cells(shots, frame.rate), f"{title}  {clock(whole / frame.rate)}")

    def _frames_of(self, shot: AnyPlanned, layout: Layout) -> ShotFrames:
        """Where a shot is seen alone, or what is first seen of it."""
        name, rate = shot.shot.id, self._clip_rate(shot)
        parts = layout.of[name]
        alone = next((part for part in parts if isinstance(part, Body)), parts[0])
        cut = shot.cut_at(rate)
        step = cut.speed / layout.frame.rate
        begins = cut.start / rate + alone.skip * step
        return ShotFrames(name, alone.start, alone.frames, begins, step)

    def _cues(
        self, deliverable: Deliverable, frame: Frame, parts: list[Part], of: dict[str, list[Part]]
    ) -> tuple[Cue, ...]:
        """Every word of the deliverable: a caption lasts until the middle of a transition."""
        if deliverable.captions == "none":
            return ()
        cues = []
        for number, shot in enumerate(self._plan.shots):
            shot_parts = of[shot.shot.id]
            start, end = shot_parts[0].start, shot_parts[-1].start + shot_parts[-1].frames
            if isinstance(shot_parts[0], Overlap) and shot_parts[0].shot < number:
                start += shot_parts[0].frames - shot_parts[0].frames // 2
            if isinstance(shot_parts[-1], Overlap) and shot_parts[-1].shot == number:
                end -= shot_parts[-1].frames // 2
            if shot.shot.caption.strip() and end > start:
                language = shot.shot.lang or ""
                cues.append(Cue(shot.shot.caption.strip(), start, end - start, language))
        if deliverable.subtitles:
            subs = subtitles_of(self._plan, deliverable.subtitles)
            cues += within(subs.at(frame.rate), 0, frames_of(parts))
        if deliverable.caption_style.position == "top":  # all words are in one place then
            cues = [replace(cue, top=False) for cue in cues]
        return together(cues)


def file_of(plan: Plan, named: str) -> tuple[Path, str]:
    """The file that a list names, and what names its bytes. Raises Broken."""
    media = plan.media[named]
    if media.path is None:
        raise Broken(tr("{file} is not a local file", file=named))
    return media.path, media.identity


def subtitles_of(plan: Plan, named: str, typeface: str = "any") -> subtitles.Subtitles:
    """The subtitle file that a list names. Raises Broken where it has changed since the check."""
    path, _ = file_of(plan, named)
    try:
        return subtitles.read(path, typeface)
    except (OSError, BadSubtitles) as problem:
        raise Broken(
            tr("cannot read {file}: {reason}", file=named, reason=recorded(str(problem)))
        ) from None
