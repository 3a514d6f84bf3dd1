"""Comments of people who looked at a bundle: their file is read, checked and merged.

A comment knows its shot, the time in the shot's clip and the clip itself by its bytes, so that
after a retake it is still known what it was about. What strangers wrote is data: every field has a
form and a limit, and texts are shown as texts.

The comments of a list are kept in ``<list>.comments.json`` beside it, as its picks are.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from wanx_render.errors import WanxError
from wanx_render.files import write_atomically
from wanx_render.language import Message, tr, verbatim
from wanx_render.reports import wording

FORMAT = "wanx-render comments"
VERSION = 1
MOST_BYTES = 1_000_000  # of a file
MOST = 1_000  # comments in a file
MOST_KEPT = 5_000  # comments of one list
LONGEST_TEXT, LONGEST_NAME = 2_000, 60  # characters
_DAY = 86_400_000  # milliseconds

_ENDING = ".comments.json"


class BadComments(WanxError):
    """What was given is not a file of comments, or not one of this list."""


@dataclass(frozen=True, slots=True)
class Comment:
    """What one person wrote. ``ms`` are milliseconds of the shot's clip."""

    id: str
    at: str  # when it was written or changed last, UTC, as ISO 8601 with milliseconds
    name: str
    text: str
    shot: str | None = None  # None: about the whole
    clip: str | None = None  # the first digits of the SHA-256 of the clip that was seen
    take: int | None = None
    ms: int | None = None
    film: str | None = None  # the deliverable that was seen
    film_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Comments:
    """The comments of one list, by id, and which of them are done."""

    project: str
    row: str = ""
    comments: Mapping[str, Comment] = field(default_factory=dict)
    done: Mapping[str, str] = field(default_factory=dict)  # by id, ``at`` of the comment then

    def is_done(self, comment: Comment) -> bool:
        """Whether someone dealt with it; a comment that was changed since is open again."""
        return self.done.get(comment.id) == comment.at

    def merged(self, others: Iterable[Comment]) -> "Comments":
        """With ``others`` too. Of two states of a comment the later one stays.

        The order in which files are merged, and how often, changes nothing.
        """
        comments = dict(self.comments)
        for comment in others:
            before = comments.get(comment.id)
            comments[comment.id] = comment if before is None else max(before, comment, key=_rank)
        return replace(self, comments=comments)

    def marked(self, comment: Comment, *, done: bool) -> "Comments":
        """With one comment done, or open again."""
        rest = {name: at for name, at in self.done.items() if name != comment.id}
        return replace(self, done={**rest, comment.id: comment.at} if done else rest)

    def text(self) -> str:
        """The file that ``read`` understands, for people too."""
        record = {
            "format": FORMAT,
            "version": VERSION,
            "project": self.project,
            "row": self.row,
            "comments": [asdict(self.comments[name]) for name in sorted(self.comments)],
            "done": dict(sorted(self.done.items())),
        }
        return json.dumps(record, ensure_ascii=False, indent=1) + "\n"


def _rank(comment: Comment) -> tuple[str, str]:
    return comment.at, json.dumps(asdict(comment), sort_keys=True)


# -- the file --------------------------------------------------------------------------------------

_Id = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8,40}$")]
_Time = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9-]{5}T[0-9:]{8}\.[0-9]{3}Z$")]
_Milliseconds = Annotated[int, Field(ge=0, le=_DAY)]
_Name = Annotated[str, StringConstraints(max_length=200)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


class _Comment(_Strict):
    id: _Id
    at: _Time
    name: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_NAME)
    ]
    text: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_TEXT)
    ]
    shot: _Name | None = None
    clip: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{0,64}$")] | None = None
    take: Annotated[int, Field(ge=0, le=100_000)] | None = None
    ms: _Milliseconds | None = None
    film: _Name | None = None
    film_ms: _Milliseconds | None = None


class _CommentsFile(_Strict):
    format: Literal["wanx-render comments"]
    version: Literal[1]
    project: _Name
    row: _Name = ""
    comments: Annotated[list[_Comment], Field(max_length=MOST_KEPT)]
    done: dict[_Id, _Time] = Field(default_factory=dict)


def read(text: str) -> Comments:
    """The comments in the text of a file. Raises BadComments with what to do."""
    try:
        if len(text.encode("utf-8", "replace")) > MOST_BYTES:
            raise BadComments(_too_large())
        record = json.loads(text.strip().removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        raise BadComments(_no_comments()) from None
    _known_form(record)
    try:
        file = _CommentsFile.model_validate(record)
    except ValidationError as error:
        raise BadComments(_damaged(error)) from None
    return Comments(
        project=file.project,
        row=file.row,
        comments={entry.id: _comment(entry) for entry in file.comments},
        done=file.done,
    )


def _known_form(record: Any) -> None:
    """Whether it is a file of comments of this version at all. Raises BadComments."""
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise BadComments(_no_comments())
    version = record.get("version")
    if version != VERSION or isinstance(version, bool):
        raise BadComments(
            tr("the comments have version {version}; this program reads {expected}",
               version=str(version)[:20], expected=VERSION)
        )  # fmt: skip


def _no_comments() -> Message:
    return tr("this is not a file of comments: choose the file that the client's page saved")


def _too_large() -> Message:
    return tr("the file is larger than {size} MB: no page saves so many comments", size=1)


def _damaged(error: ValidationError) -> Message:
    problem = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(step) for step in problem["loc"])
    return tr("the comments are damaged at {place}: ask for the file again", place=place)


def _comment(entry: _Comment) -> Comment:
    """What was written, without characters that act instead of being seen."""
    fields = entry.model_dump()
    for name in ("name", "text", "shot", "film"):
        fields[name] = None if fields[name] is None else str(wording.plain(fields[name]))
    return Comment(**fields)


# -- beside the list -------------------------------------------------------------------------------


def beside(file: Path) -> Path:
    """Where the comments on the list ``file`` are kept."""
    return file.with_name(f"{file.stem}{_ENDING}")


def kept(path: Path, project: str, row: str = "") -> Comments:
    """The comments kept at ``path``; none where there is no file. Raises BadComments."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Comments(project, row)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadComments(
            tr("cannot read {file}: {reason}", file=path.name, reason=reason)
        ) from None
    try:
        return read(text)
    except BadComments as error:
        message = tr("{subject}: {text}", subject=path.name, text=verbatim(error.sentence))
        raise BadComments(message) from None


def add(path: Path, text: str, project: str, row: str = "") -> tuple[Comments, int]:
    """Merge the comments in ``text`` into the file at ``path``; how many are new or changed.

    Raises BadComments where they are not of this list, OSError where they cannot be written.
    """
    received = read(text)
    _of_this_list(received, project, row)
    before = kept(path, project, row)
    after = before.merged(received.comments.values())
    if len(after.comments) > MOST_KEPT:
        raise BadComments(
            tr("there would be more than {n} comments on this list: move {file} away first",
               n=MOST_KEPT, file=path.name)
        )  # fmt: skip
    changed = sum(before.comments.get(name) != item for name, item in after.comments.items())
    if changed:
        write_atomically(path, after.text())
    return after, changed


def mark(path: Path, name: str, project: str, row: str = "", *, done: bool) -> None:
    """Mark the comment with the id ``name`` in the file at ``path``.

    Raises KeyError where there is none, BadComments, OSError.
    """
    now = kept(path, project, row)
    write_atomically(path, now.marked(now.comments[name], done=done).text())


def _of_this_list(received: Comments, project: str, row: str) -> None:
    if received.project != project:
        raise BadComments(
            tr("these comments are about the project {other!r}; this board shows {project!r}",
               other=received.project, project=project)
        )  # fmt: skip
    if received.row and received.row != row:
        raise BadComments(
            tr("these comments are about row {other!r}; open the board with --only {other}",
               other=received.row)
        )  # fmt: skip
