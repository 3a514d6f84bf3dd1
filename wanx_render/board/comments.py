"""Comments of clients on the board: taken in from a file, shown at their shots, marked as done."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from wanx_render.board.app import Declined, Malformed
from wanx_render.board.holding import Holding
from wanx_render.board.view import BoardState
from wanx_render.bundle import comments
from wanx_render.bundle.comments import BadComments, Comment, Comments
from wanx_render.bundle.content import DIGITS
from wanx_render.language import Message, plural, tr
from wanx_render.planning.planned import PlannedFootage, PlannedPicture
from wanx_render.session.watch_saves import Print, print_of

T = TypeVar("T")
Asked = Mapping[str, Any]
_NEVER: Print = (-1, -1, -1)  # no file has this stamp


class BoardComments:
    """The comments kept beside the list; ``shown`` shows the shots again."""

    def __init__(self, holding: Holding, shown: Callable[[], None]) -> None:
        self._holding = holding
        self._shown = shown
        self._writing = asyncio.Lock()
        self._stamp: Print = _NEVER
        self._kept = Comments("")
        self._problem: Message | None = None

    def read(self) -> None:
        """Read the file where it is another than before; one that cannot be read shows nothing."""
        path = comments.beside(self._holding.picked_list)
        stamp = print_of(path)
        if stamp == self._stamp:
            return
        self._stamp, self._problem = stamp, None
        try:
            self._kept = comments.kept(path, *self._named)
        except BadComments as error:
            self._kept, self._problem = Comments(*self._named), error.sentence

    @property
    def problem(self) -> Message | None:
        """Why the comments that are kept cannot be read."""
        return self._problem

    @property
    def _named(self) -> tuple[str, str]:
        item = self._holding.selection.lists[0]
        return self._holding.outlook.plan.project, item.row

    def of(self, shot: str, clips: "ShotClips") -> list[dict[str, Any]]:
        """The comments on a shot as the page shows them, by time."""
        own = [entry for entry in self._kept.comments.values() if entry.shot == shot]
        return [self._record(entry, clips) for entry in sorted(own, key=_order)]

    def general(self, shots: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The comments on the whole, and on shots that the list no longer has."""
        rest = [entry for entry in self._kept.comments.values() if entry.shot not in shots]
        nothing = ShotClips({}, None)
        records = (self._record(entry, nothing) for entry in sorted(rest, key=_order))
        return [{**record, "take": None, "about": None} for record in records]

    def _record(self, comment: Comment, clips: "ShotClips") -> dict[str, Any]:
        take = clips.takes.get((comment.clip or "")[:DIGITS])
        return {
            "id": comment.id,
            "name": comment.name,
            "text": comment.text,
            "at": comment.at,
            "shot": comment.shot,
            "film": comment.film,
            "seconds": None if comment.ms is None else comment.ms / 1000,
            "take": take,
            "about": _about(comment, take, clips.picked),
            "done": self._kept.is_done(comment),
        }

    # What a person does

    async def add(self, asked: Asked) -> dict[str, Any]:
        """Merge the comments in ``text``. Raises Declined where they are not of this list."""
        text = asked.get("text")
        if not isinstance(text, str):
            raise Malformed(tr("the comments must be a text"))
        path = comments.beside(self._holding.picked_list)
        async with self._writing:
            _, n = await _kept(comments.add, path, text, *self._named)
        self._shown()
        added = plural("{n} comment is new or changed", "{n} comments are new or changed", n)
        return {"ok": True, "n": n, "text": added if n else tr("these comments are here already")}

    async def mark(self, asked: Asked) -> dict[str, Any]:
        """Mark a comment as done, or as open again. Raises KeyError where there is none."""
        name, done = asked.get("id"), asked.get("done")
        if not isinstance(name, str) or not isinstance(done, bool):
            raise Malformed(tr("id must be a text, and done true or false"))
        path = comments.beside(self._holding.picked_list)
        async with self._writing:
            await _kept(comments.mark, path, name, *self._named, done=done)
        self._shown()
        return {"ok": True}


@dataclass(frozen=True, slots=True)
class ShotClips:
    """The takes of a shot by the first digits of their clips' SHA-256, and the picked one."""

    takes: Mapping[str, int]
    picked: int | None

    @classmethod
    def of(cls, scene: BoardState, planned: Any) -> "ShotClips":
        """Those of a shot on the board; of own footage its file."""
        if isinstance(planned, PlannedFootage):
            return cls({planned.sha256[:DIGITS]: 1}, 1)
        if isinstance(planned, PlannedPicture):
            return cls({}, None)
        takes: dict[str, int] = {}
        for status in scene.statuses[planned.shot.id]:
            key = status.take.request.key(scene.plan.backend)
            attempt = scene.ledger.clips.get(key) if status.state == "cached" else status.clip
            if attempt and attempt.clip_sha256:
                takes[attempt.clip_sha256[:DIGITS]] = status.take.number
        return cls(takes, planned.shot.pick)


async def _kept(change: Callable[..., T], path: Path, *values: Any, **how: Any) -> T:
    """Change the file at ``path`` in a thread. Raises Declined where that cannot be."""
    try:
        return await asyncio.to_thread(change, path, *values, **how)
    except BadComments as error:
        raise Declined(error.sentence) from None
    except OSError as error:
        reason = error.strerror or str(error)
        message = tr("cannot write {file}: {reason}", file=path.name, reason=reason)
        raise Declined(message) from None


def _about(comment: Comment, take: int | None, picked: int | None) -> Message | None:
    """Which clip a comment is about, where it is not the one that is picked."""
    if take is not None:
        return None if take == picked else tr("about take {n}", n=take)
    return tr("about an earlier clip") if comment.clip else None


def _order(comment: Comment) -> tuple[int, str, str]:
    return (-1 if comment.ms is None else comment.ms), comment.at, comment.id
