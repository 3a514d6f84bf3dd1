"""What is heard in a deliverable besides its clips, and the call that mixes it."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from wanx_render.finishing.av_sync import Mark, mark
from wanx_render.finishing.jobs import SoundCall
from wanx_render.finishing.join import SOUND_VERSION
from wanx_render.finishing.mix import Mix, MusicTrack, Track
from wanx_render.finishing.segment import sound_key
from wanx_render.finishing.timeline import Body, frames_of
from wanx_render.media.ai_labels import Provenance
from wanx_render.media.audio_files import BadSoundtrack, inspect, provenance
from wanx_render.planning.plan import Plan
from wanx_render.planning.planned import PlannedFootage
from wanx_render.run.effects import fades
from wanx_render.run.layout import Layout, Layouts, file_of
from wanx_render.run.pieces import PieceJob, piece_path
from wanx_render.shotlist.model import Deliverable, Music, Shot, Voice, look_at
from wanx_render.timing import SAMPLE_RATE, nearest, samples_in
from wanx_render.workers.base import Workers

_QUIET = -20  # dB; a beep that was made softer is not looked for


def mix_of(plan: Plan, deliverable: Deliverable, layout: Layout) -> Mix:
    """What is heard besides the clips, in samples of this deliverable. Raises Broken."""
    sound, music = deliverable.audio, deliverable.audio.music
    voices = tuple(_track(plan, voice, layout) for voice in sound.voices if voice.gain.is_finite())
    bed = _music(plan, music) if music and music.gain.is_finite() else None
    return Mix(bed, sound.duck, voices, sound.loudness, _ends(deliverable, layout))


def _ends(deliverable: Deliverable, layout: Layout) -> tuple[int, int]:
    """The samples in which a deliverable fades in and out: those of the frames that do."""
    ends, rate = fades(deliverable, layout), layout.frame.rate
    last = samples_in(ends.whole, rate) - samples_in(ends.whole - ends.end, rate)
    return samples_in(ends.begin, rate), last


def _track(plan: Plan, voice: Voice, layout: Layout) -> Track:
    start = _samples(voice.at)
    if voice.shot:
        start += samples_in(layout.of[voice.shot][0].start, layout.frame.rate)
    path, digest = file_of(plan, voice.file)
    return Track(path, digest, start, voice.gain, _channels(path))


def _music(plan: Plan, music: Music) -> MusicTrack:
    path, digest = file_of(plan, music.file)
    fades = _samples(music.fade_in), _samples(music.fade_out)
    return MusicTrack(path, digest, _samples(music.start), music.gain, *fades, _channels(path))


def sound_call(jobs: Sequence[PieceJob], mix: Mix, layout: Layout, workers: Workers) -> SoundCall:
    """What makes the finished sound of these pieces, by the name its bytes give it."""
    samples = samples_in(frames_of(layout.parts), layout.frame.rate)
    pieces = [job.piece for job in jobs]
    key = sound_key(
        pieces, workers.program, mix=mix, samples=samples, version=SOUND_VERSION, **levelled(mix)
    )
    return SoundCall(tuple(job.path for job in jobs), samples, mix, piece_path(workers, key))


def levelled(mix: Mix) -> dict[str, int]:
    """What the key of a sound says besides where its level changes: that is kept with it, which
    older versions did not do."""
    is_levelled = mix.loudness is not None or (mix.duck and mix.music is not None)
    return {"levels": 1} if is_levelled else {}


def marks_of(
    plan: Plan, layouts: Layouts, deliverable: Deliverable, mix: Mix, layout: Layout
) -> tuple[Mark, ...]:
    """The first and the last simulated shot whose flash and beep are there, and alone."""
    if plan.backend != "mock" or mix.music or mix.voices:
        return ()
    ends = fades(deliverable, layout)
    marks: list[Mark] = []
    for part in layout.parts:
        shot = plan.shots[part.shot]
        if isinstance(shot, PlannedFootage):
            continue
        take, gain = layouts.landed[shot.shot.id], shot.shot.sound
        beeps = take.has_sound and shot.picked.request.sound == "auto" and gain >= _QUIET
        if isinstance(part, Body) and beeps and _shows_flashes(shot.shot, deliverable):
            place = mark(part, shot.cut_at(take.rate), take.rate, layout.frame.rate)
            is_clear = place and ends.begin <= place.first and place.last <= ends.whole - ends.end
            marks += [place] if place and is_clear else []
    return tuple(dict.fromkeys((marks[0], marks[-1]))) if marks else ()


def _shows_flashes(shot: Shot, deliverable: Deliverable) -> bool:
    """Whether a flash of the clip is the greatest change of light in it: no look changes it, and no
    overlay is large, comes or goes."""
    return look_at(shot, deliverable) is None and all(
        overlay.width <= Fraction(1, 2) and not overlay.start and overlay.end is None
        for overlay in (*shot.overlay, *deliverable.overlay)
    )


def _samples(seconds: Fraction) -> int:
    return nearest(seconds * SAMPLE_RATE)


def _channels(path: Path) -> int:
    try:
        return inspect(path).channels
    except BadSoundtrack:
        return 2  # ffmpeg says what is wrong with it


def provenance_of_sounds(mix: Mix) -> dict[str, Provenance]:
    """What music and voices say of their origin, by the names of their files."""
    music = [mix.music.path] if mix.music else []
    paths = dict.fromkeys([*music, *(voice.path for voice in mix.voices)])
    return {path.name: provenance(path) for path in paths}
