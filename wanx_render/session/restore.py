"""Paid clips that are gone from a render folder, and that its store still has: fetched, not paid.

What comes is compared with the hash in the journal before it takes the clip's name.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from wanx_render import files
from wanx_render.language import Message, plural, tr
from wanx_render.planning.attempt import Attempt
from wanx_render.planning.journal import Journal
from wanx_render.planning.take_status import TakeStatus, lost
from wanx_render.workers.upload_index import last_seen

if TYPE_CHECKING:
    from wanx_render.session.destination import Place

_ATONCE = 8


def restore(attempts: Iterable[Attempt], place: "Place") -> list[Message]:
    """Fetch the clips that the bucket has; what is to be said of it. Raises StoreError.

    Where the run has no bucket, nothing is fetched, and what is said is where they were put once.
    """
    clips = {a.clip_name: a.clip_sha256 for a in attempts if a.clip_name and a.clip_sha256}
    if not clips:
        return []
    if place.bucket is None:
        return _stored_elsewhere(clips, place.folder)
    with ThreadPoolExecutor(_ATONCE) as fetching:
        ends = fetching.map(lambda clip: _fetched(clip[0], clip[1], place), clips.items())
        ends_by_name = dict(zip(clips, ends, strict=True))
    folder = place.shown("clips")
    messages = [
        tr("{file} is damaged", file=f"{folder}/{name}")
        for name, end in ends_by_name.items()
        if end == "damaged"
    ]
    if back := list(ends_by_name.values()).count("back"):
        messages.append(
            plural(
                "{n} missing paid clip was restored from {folder}",
                "{n} missing paid clips were restored from {folder}",
                back, folder=folder,
            )
        )  # fmt: skip
    return messages


def _stored_elsewhere(wanted: Mapping[str, str], folder: Path) -> list[Message]:
    stores_by_clip = last_seen(folder)
    stores = Counter(
        stores_by_clip.get((f"clips/{name}", sha256)) for name, sha256 in wanted.items()
    )
    return [
        plural(
            "{n} missing paid clip is in {store}: `render --out {store}` restores it for free",
            "{n} missing paid clips are in {store}: `render --out {store}` restores them for free",
            count,
            store=store,
        )
        for store, count in stores.items()
        if store
    ]


def _fetched(name: str, sha256: str, place: "Place") -> Literal["back", "damaged", "nowhere"]:
    """What became of fetching a clip, which takes its name only if it is the one that was paid."""
    there, target = f"clips/{name}", place.folder / "clips" / name
    if not place.published.has(there):
        return "nowhere"
    with files.part_of(target) as part:
        place.published.store.get(there, part)
        if files.sha256(part) != sha256:
            return "damaged"
        files.place(part, target)
        return "back"


def where_stored(
    statuses: tuple[TakeStatus, ...], journal: Journal | None, folder: Path, backend: str
) -> tuple[TakeStatus, ...]:
    """The statuses; of a clip that is gone, where it was put once. No store is asked."""
    attempts = list(lost(statuses, journal, folder, backend)) if journal else []
    if not attempts:
        return statuses
    stores_by_clip = last_seen(folder)
    where = {
        id(status): store
        for status, attempt in attempts
        if (store := stores_by_clip.get((f"clips/{attempt.clip_name}", attempt.clip_sha256 or "")))
    }
    return tuple(_with_store(status, where.get(id(status))) for status in statuses)


def _with_store(status: TakeStatus, store: str | None) -> TakeStatus:
    if store is None:
        return status
    reason = tr(
        "{reason}; `render --out {store}` restores it for free",
        reason=status.reason, store=store,
    )  # fmt: skip
    return replace(status, reason=reason)
