"""What a bundle shows of a manifest: films, shots and where each shot is in a film.

Only what a client needs is taken over. Prices, seeds, models, task ids, negative prompts, paths and
hosts of the manifest have no field here; a prompt is there where it was asked for.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import PurePosixPath

from wanx_render.finishing.ingest import CONTAINERS
from wanx_render.geometry import Size
from wanx_render.manifest import (
    DeliverableRecord,
    FootageRecord,
    LabelRecord,
    Manifest,
    PartRecord,
    ShotRecord,
    TakeRecord,
)
from wanx_render.media.ai_labels import Label, merge
from wanx_render.media.thumbnails import OF_SERVICE, DecodingOptions

DIGITS = 16  # of a clip's SHA-256: by these a comment knows the clip that it is about


@dataclass(frozen=True, slots=True)
class Media:
    """A video of the render folder that a proxy is made of, or a part of it."""

    path: PurePosixPath  # from the render folder
    sha256: str
    size: Size
    rate: Fraction  # frames a second
    seconds: Fraction  # how much of it is used
    start: Fraction = Fraction(0)  # seconds of it that are left out before
    tags: tuple[tuple[str, str], ...] = ()  # labels of AI-generated content, for its container
    reading: DecodingOptions = OF_SERVICE


@dataclass(frozen=True, slots=True)
class FilmStretch:
    """Where a film shows a shot, and what of the shot's clip it shows there. Seconds."""

    shot: str
    clip: str
    take: int | None
    start: Fraction  # in the film
    seconds: Fraction
    clip_start: Fraction
    speed: Fraction


@dataclass(frozen=True, slots=True)
class BundledFilm:
    """A deliverable."""

    record: DeliverableRecord
    media: Media
    stretches: tuple[FilmStretch, ...]

    @property
    def name(self) -> str:
        return self.record.name


@dataclass(frozen=True, slots=True)
class BundledShot:
    """A shot: the clip that was picked, and the clip itself where no film shows it."""

    number: int
    id: str
    clip: str  # the first digits of its SHA-256; empty where there is none
    take: int | None
    seconds: Fraction  # as long as a film shows it; else of its clip
    caption: str = ""
    prompt: str = ""
    label: str = ""  # of AI-generated content, as its clip carries it
    picked: TakeRecord | FootageRecord | None = None
    clip_start: Fraction = Fraction(0)
    media: Media | None = None  # None: a film shows it


@dataclass(frozen=True, slots=True)
class BundleContent:
    """All that a bundle shows."""

    project: str
    row: str  # of a table; empty where the list has none
    mock: bool
    generated: bool  # whether a model made any of it
    finished_at: str
    films: tuple[BundledFilm, ...]
    shots: tuple[BundledShot, ...]

    @property
    def media(self) -> tuple[Media, ...]:
        """Everything that needs a proxy: films, then shots that no film shows."""
        return (*(film.media for film in self.films), *(s.media for s in self.shots if s.media))

    @property
    def seconds(self) -> Fraction:
        """How long all videos last."""
        return sum((media.seconds for media in self.media), Fraction(0))

    @property
    def id(self) -> str:
        """By what this bundle differs from others: the bytes of its films and clips."""
        parts = [self.project, self.row, *(media.sha256 for media in self.media)]
        parts += [shot.clip for shot in self.shots]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:DIGITS]


def content_of(
    manifest: Manifest, films: Iterable[str] = (), *, row: str = "", prompts: bool = False
) -> BundleContent:
    """What a bundle of ``manifest`` shows: the ``films`` named or all, prompts where asked for."""
    names = frozenset(films)
    records = [film for film in manifest.deliverables if not names or film.name in names]
    bundled = tuple(_film(manifest, record) for record in records)
    stretches = [part for film in reversed(bundled) for part in film.stretches]
    shown = {(part.shot, part.clip): part.seconds for part in stretches}  # of the first film
    shots = (_shot(number, shot, shown, prompts) for number, shot in enumerate(manifest.shots, 1))
    mock = manifest.backend == "mock"
    has_labels = any(film.labels for film in records)
    return BundleContent(
        project=manifest.project,
        row=row,
        mock=mock,
        generated=has_labels or (not mock and bool(manifest.takes)),
        finished_at=manifest.finished_at,
        films=bundled,
        shots=tuple(shots),
    )


def _film(manifest: Manifest, record: DeliverableRecord) -> BundledFilm:
    rate = Fraction(record.fps)
    media = Media(
        path=PurePosixPath(record.path),
        sha256=record.sha256,
        size=Size(record.width, record.height),
        rate=rate,
        seconds=record.frames / rate,
        tags=tuple((label.tag, label.text) for label in record.labels),
    )
    shots = manifest.shots_of(record)
    stretches = (_stretch(part, shots.get(part.shot), rate) for part in record.parts)
    return BundledFilm(record, media, tuple(stretches))


def _stretch(part: PartRecord, shot: ShotRecord | None, rate: Fraction) -> FilmStretch:
    picked = picked_of(shot) if shot else None
    return FilmStretch(
        shot=part.shot,
        clip=_digits(picked),
        take=picked.take if isinstance(picked, TakeRecord) else None,
        start=part.start / rate,
        seconds=part.frames / rate,
        clip_start=_cut(shot, picked)[0] if shot else Fraction(0),
        speed=Fraction(part.speed),
    )


def picked_of(shot: ShotRecord) -> TakeRecord | FootageRecord | None:
    """What a shot shows: its own footage, or the take that was picked."""
    if shot.footage:
        return shot.footage
    return next((take for take in shot.takes if take.take == shot.picked), None)


def _digits(picked: TakeRecord | FootageRecord | None) -> str:
    return (picked.sha256 or "")[:DIGITS] if picked else ""


def _cut(shot: ShotRecord, picked: TakeRecord | FootageRecord | None) -> tuple[Fraction, Fraction]:
    """The seconds of the clip before what is used, and the seconds that are used."""
    if picked is None or not picked.fps or not picked.frames:
        return Fraction(0), Fraction(0)
    rate = Fraction(picked.fps)
    frames = picked.frames - shot.cut_start if shot.cut_frames is None else shot.cut_frames
    return shot.cut_start / rate, max(frames, 1) / rate


def _shot(
    number: int, shot: ShotRecord, shown: Mapping[tuple[str, str], Fraction], prompts: bool
) -> BundledShot:
    picked = picked_of(shot)
    start, seconds = _cut(shot, picked)
    digits = _digits(picked)
    in_film = shown.get((shot.id, digits))
    prompt = picked.request.get("prompt") if prompts and isinstance(picked, TakeRecord) else ""
    return BundledShot(
        number=number,
        id=shot.id,
        clip=digits,
        take=picked.take if isinstance(picked, TakeRecord) else None,
        seconds=seconds if in_film is None else in_film,
        caption=shot.caption,
        prompt=str(prompt or ""),
        label=merge(_labels(picked.labels)).value if picked else "",
        picked=picked,
        clip_start=start,
        media=None if in_film is not None or picked is None else _media(picked, start, seconds),
    )


def _media(picked: TakeRecord | FootageRecord, start: Fraction, seconds: Fraction) -> Media | None:
    """The clip of a shot; None where it is not there."""
    if not (picked.clip and picked.sha256 and picked.width and picked.height and picked.fps):
        return None
    size = Size(picked.width, picked.height)
    return Media(
        path=PurePosixPath(picked.clip),
        sha256=picked.sha256,
        size=size,
        rate=Fraction(picked.fps),
        seconds=seconds,
        start=start,
        tags=merge(_labels(picked.labels)).tags,
        reading=_reading(picked, size),
    )


def _reading(picked: TakeRecord | FootageRecord, size: Size) -> DecodingOptions:
    if isinstance(picked, TakeRecord):
        return OF_SERVICE
    is_ours = picked.kind == "still"  # the video of a picture
    return DecodingOptions(CONTAINERS) if is_ours else DecodingOptions.own(CONTAINERS, size)


def _labels(records: Iterable[LabelRecord]) -> Iterator[Label]:
    return (Label(record.tag, record.text) for record in records)
