"""What a clip is, as the journal keeps it: probed once, so that the next run need not look."""

from fractions import Fraction
from pathlib import Path
from typing import Any

from wanx_render.finishing.segment import ClipMedia, Quirks
from wanx_render.geometry import Size
from wanx_render.media.ai_labels import recorded
from wanx_render.media.colour_tags import Tags
from wanx_render.planning.attempt import Attempt


def current_facts(attempt: Attempt, path: Path) -> dict[str, Any] | None:
    """The journal's facts of a clip, where they are complete and its size is what it was."""
    facts = attempt.clip_facts or {}
    if not facts.keys() >= {"provenance", "starts", "tags", "native", "channels"}:
        return None  # earlier versions noted less
    return facts if path.stat().st_size == attempt.clip_bytes else None


def media_of(facts: dict[str, Any], path: Path, sha256: str) -> ClipMedia:
    """The clip as the finisher takes it."""
    return ClipMedia(
        path=path,
        sha256=sha256,
        size=Size(facts["width"], facts["height"]),
        rate=Fraction(facts["rate"]),
        frames=facts["frames"],
        has_sound=facts["sound"],
        provenance=recorded(facts["provenance"]),
        picture_start=Fraction(facts["starts"][0]),
        sound_start=Fraction(facts["starts"][1]),
        channels=facts["channels"],
        tags=Tags(**facts["tags"]),
        quirks=Quirks(native=Fraction(facts["native"]) if facts["native"] else None),
    )
