"""The stems of deliverables: which of them a film has, what makes them, and what is recorded."""

from collections.abc import Mapping
from pathlib import Path

from wanx_render.files import sha256_of
from wanx_render.finishing.jobs import SoundCall
from wanx_render.finishing.mix import Mix
from wanx_render.finishing.segment import ClipMedia
from wanx_render.finishing.sound.stems import STEMS_VERSION, Stem, StemFiles, StemsCall, stem_path
from wanx_render.manifest import StemRecord, StemsRecord
from wanx_render.media.ai_labels import merge
from wanx_render.media.audio_files import provenance
from wanx_render.planning.plan import Plan
from wanx_render.run.record import merged_label
from wanx_render.shotlist.model import Deliverable
from wanx_render.workers.base import Workers


def stems_of(
    plan: Plan, landed: Mapping[str, ClipMedia], deliverable: Deliverable, mix: Mix
) -> tuple[Stem, ...]:
    """The kinds of sound that a deliverable has, each with its label of AI-generated content.

    That of the clips is the film's, those of music and voices are their files' own.
    """
    stems = []
    shots = [shot.shot for shot in plan.shots]
    if any(landed[shot.id].has_sound and shot.sound.is_finite() for shot in shots):
        clips = (landed[shot.id].provenance for shot in shots)
        stems.append(Stem("dialogue", merged_label(deliverable, clips).value))
    if mix.music:
        stems.append(Stem("music", _label(mix.music.path)))
    if mix.voices:
        stems.append(Stem("voices", _label(*(voice.path for voice in mix.voices))))
    return tuple(stems)


def _label(*sounds: Path) -> str:
    labels = (label for path in dict.fromkeys(sounds) for label in provenance(path).labels)
    return merge(labels).value


def stems_call(sound: SoundCall, target: Path, stems: tuple[Stem, ...]) -> StemsCall:
    """What makes the stems of the deliverable ``target``, in whose whole ``sound`` they are."""
    levelled = sound.target if sound.mix.loudness is not None else None
    return StemsCall(sound.segments, sound.samples, sound.mix, levelled, target, stems)


def stems_key(call: StemsCall, sound: str) -> str:
    """A digest of all that the stems depend on; ``sound`` is the key of the film's whole sound."""
    stems = (f"{stem.kind} {stem.label}" for stem in call.stems)
    return sha256_of("\n".join((f"{STEMS_VERSION} {sound}", *stems)).encode())


async def stand(record: StemsRecord, folder: Path, workers: Workers) -> bool:
    """Whether every file of the stems is there as it was made."""
    for stem in record.files:
        if not await workers.stands(folder / stem.path, stem.sha256):
            return False
    return True


def record_of_stems(call: StemsCall, key: str, output: StemFiles) -> StemsRecord:
    """What is recorded of stems that were made."""
    files = (
        StemRecord(stem.kind, stem_path(call.target, stem.kind).name, sha256)
        for stem, sha256 in zip(call.stems, output.hashes, strict=True)
    )
    return StemsRecord(tuple(files), key, str(output.difference), str(output.held))
