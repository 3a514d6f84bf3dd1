"""Where a plan stands: what of it is already there, what runs, what must be asked for, and why.

A plan and the journal of its folder in, one ``Standing`` for each take out. Nothing is sent.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from wanx_render import probing
from wanx_render.journal import Attempt, Journal
from wanx_render.pictures import inspect
from wanx_render.plan import Plan, Take
from wanx_render.task import Media

State = Literal["new", "cached", "resumed", "blocked"]


@dataclass(frozen=True, slots=True)
class Standing:
    """One take, complete as far as can be known now, and what will become of it."""

    take: Take
    state: State
    reason: str
    cascade: bool = False  # new for no other reason than that its first frame changes


def stand(
    plan: Plan, journal: Journal | None, folder: Path, *, cascade: bool = True
) -> tuple[Standing, ...]:
    """How each take of the plan stands; without a journal everything is new.

    Without ``cascade`` a clip is kept though the frame that its shot begins with has changed.
    """
    shots = {shot.shot.id: shot for shot in plan.shots}
    done: dict[str, list[Standing]] = {}
    for name in shots:
        # Each shot comes after the one it takes its first frame from; there are no cycles.
        line = [name]
        while (before := shots[line[-1]].picked.waits_for) and before not in done:
            line.append(before)
        for each in reversed(line):
            if each not in done:
                shot = shots[each]
                source = shots[w] if (w := shot.picked.waits_for) else None
                first = done[source.shot.id][source.shot.pick - 1] if source else None
                done[each] = [
                    _stand(take, plan, journal, folder, first, cascade=cascade)
                    for take in shot.takes
                ]
    return tuple(each for name in shots for each in done[name])


def identities(plan: Plan, standings: tuple[Standing, ...]) -> dict[tuple[str, int], str]:
    """What each take asks for, also across lists: equal ones are one request, paid once.

    A first frame that is not there yet counts by what the clip it comes from asks for.
    """
    takes = {(each.take.shot, each.take.number): each.take for each in standings}
    picked = {shot.shot.id: shot.shot.pick for shot in plan.shots}
    known: dict[tuple[str, int], str] = {}
    for name in takes:
        line = [name]
        while (before := takes[line[-1]].waits_for) and (before, picked[before]) not in known:
            line.append((before, picked[before]))
        for each in reversed(line):
            key, source = takes[each].request.key(plan.world), takes[each].waits_for
            known[each] = f"{known[(source, picked[source])]} {key}" if source else key
    return known


def _stand(
    take: Take,
    plan: Plan,
    journal: Journal | None,
    folder: Path,
    source: Standing | None,
    *,
    cascade: bool,
) -> Standing:
    before = kept(take, journal, folder, plan.world) if journal else None
    if take.waits_for:
        frame = _last_frame(source, plan, journal, folder)
        if before and not cascade:
            take = before
        elif frame is None:
            return _follows(take, before)
        else:
            complete = take.with_first_frame(frame)
            standing = _settled(complete, plan, journal, folder)
            new = standing.state == "new" and before is not None
            return _follows(complete, before) if new else standing
    return _settled(take, plan, journal, folder)


def _follows(take: Take, before: Take | None) -> Standing:
    """A take that is to be made with a first frame that another shot gives."""
    if before is None:
        return Standing(take, "new", f"its first frame is the last of {take.waits_for}")
    told = "its first frame changes; --no-cascade keeps the clip there is"
    return Standing(take, "new", told, cascade=True)


def _settled(take: Take, plan: Plan, journal: Journal | None, folder: Path) -> Standing:
    """How a take stands whose request is complete."""
    if journal is None:
        return Standing(take, "new", "never asked for")
    key = take.request.key(plan.world)
    found = journal.clip_for(key)
    if found and found.clip_name and (folder / "clips" / found.clip_name).is_file():
        return Standing(take, "cached", f"its clip is {found.clip_name}")
    attempt = journal.owed_for(key)
    if attempt and attempt.task_id:
        return Standing(take, "resumed", f"task {attempt.task_id} was asked for earlier")
    if attempt and attempt.state == "unresolved":
        return Standing(take, "blocked", f"asked for earlier, outcome unknown: {attempt.message}")
    return Standing(take, "new", _why(take, key, journal, found))


def kept(take: Take, journal: Journal, folder: Path, world: str) -> Take | None:
    """The chained take as it was last made, from whatever first frame there was then.

    None where it never was, or was asked for otherwise than now.
    """
    if take.waits_for is None:
        return None
    wanted = _but_first_frame(take.request.record())
    for attempt in journal.clips_of(take.label):
        there = (folder / "clips" / (attempt.clip_name or "")).is_file()
        if there and _but_first_frame(attempt.request) == wanted:
            frame, seed = Media(str(attempt.request["image"])), int(attempt.request["seed"])
            request = replace(take.request, image=frame, seed=seed)
            if request.key(world) == attempt.key:
                return replace(take, request=request, waits_for=None)
    return None


def lost(
    standings: Iterable[Standing], journal: Journal, folder: Path, world: str
) -> Iterator[tuple[Standing, Attempt]]:
    """The takes that would be paid again, each with a clip that it had and is gone from here.

    Of a chained take, whose first frame may be gone too, each clip that it may have been.
    """
    for each in standings:
        if each.state != "new":
            continue
        take = each.take
        if take.waits_for is None:
            found = journal.clip_for(take.request.key(world))
            known = [found] if found else []
        else:
            wanted, had = _but_first_frame(take.request.record()), journal.clips_of(take.label)
            known = [a for a in had if _but_first_frame(a.request) == wanted]
        for attempt in known:
            if not (folder / "clips" / (attempt.clip_name or "")).is_file():
                yield each, attempt


def _but_first_frame(record: Mapping[str, Any]) -> dict[str, Any]:
    """A request but for its first frame, and the seed that is derived from it."""
    return {name: value for name, value in record.items() if name not in ("image", "seed")}


def _last_frame(
    source: Standing | None, plan: Plan, journal: Journal | None, folder: Path
) -> Media | None:
    """The first frame of a chained take, where the clip it comes from is there."""
    if source is None or source.state != "cached" or journal is None:
        return None
    found = journal.clip_for(source.take.request.key(plan.world))
    path = last_frame_path(folder, found.clip_sha256 or "") if found else None
    return still(path) if path and probing.kept_frame(path, None) else None


def last_frame_path(folder: Path, sha256: str) -> Path:
    """Where the last frame of the clip with these bytes is kept."""
    return folder / ".cache" / "frames" / f"{sha256[:32]}-last.png"


def still(path: Path) -> Media:
    """The picture at ``path`` as the first frame of a request."""
    picture = inspect(path.read_bytes())
    return Media(f"sha256:{picture.sha256}", path=path, size=picture.size)


def _why(take: Take, key: str, journal: Journal, found: Attempt | None) -> str:
    if found:
        return "its clip is gone from the folder"
    last = journal.latest(take.label)
    if last is None:
        return "never asked for"
    if last.key == key:
        return f"{last.state} before: {last.code or last.message or 'no clip came'}"
    return f"changed: {', '.join(_changes(last.request, take.request.record()))}"


def _changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """The names of the fields that differ; a derived seed follows from the others."""
    names = [name for name in now if before.get(name) != now[name]]
    return [name for name in names if name != "seed"] or names
