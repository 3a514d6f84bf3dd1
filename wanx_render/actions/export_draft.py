"""``export`` as a draft: a folder with the media in it, written whole or not at all."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput, FfmpegError
from wanx_render.files import part_name, sha256, write_atomically
from wanx_render.finishing.ingest import CONTAINERS
from wanx_render.language import tr
from wanx_render.media import ffmpeg
from wanx_render.media.thumbnails import OF_SERVICE, DecodingOptions, full_size
from wanx_render.session.environment import Environment
from wanx_render.timelines.formats import DraftFormat
from wanx_render.timelines.timeline import Timeline

if TYPE_CHECKING:
    from wanx_render.timelines.jianying.draft import Draft
    from wanx_render.timelines.jianying.shelf import Material

MATERIALS = "materials"
# The hashes of what was written, by which a later export knows that nobody has worked on it.
SEAL = "wanx-render.json"


class DraftWriter:
    """Writes deliverables as drafts, ``out`` or one folder for each of them."""

    def __init__(
        self, style: DraftFormat, out: Path | None, drafts: str, environment: Environment
    ) -> None:
        self._style, self._out, self._drafts = style, out, drafts
        self._draft_of = style.drafter()
        self._environment = environment

    def write(self, timeline: Timeline, folder: Path, finished: str) -> Path:
        """Write the draft of a film of the render ``folder``; where it is.

        ``finished`` is when the film was made, as ISO 8601. Raises BadInput where media are
        missing, or the draft that is there was worked on.
        """
        target = self._out or folder / self._style.name / _name(folder, timeline)
        draft = self._draft_of(
            timeline, target.name, finished=_moment(finished), drafts=self._drafts
        )
        for note in draft.notes:
            self._environment.say(tr("note: {message}", message=note))
        try:
            self._fill(draft, folder, target)
        except OSError as error:
            raise _unwritable(target, error.filename, error.strerror or str(error)) from None
        except FfmpegError as error:
            raise _unwritable(target, None, str(error)) from None
        return target

    def _fill(self, draft: "Draft", folder: Path, target: Path) -> None:
        refuse_if_changed(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        part = part_name(target)
        try:
            (part / MATERIALS).mkdir(parents=True)
            for material in draft.materials:
                self._make(material, folder / material.media, part / MATERIALS / material.name)
            for name, text in draft.texts.items():
                write_atomically(part / name, text, durable=False)
            hashes = {name: sha256(part / name) for name in draft.texts}
            write_atomically(part / SEAL, json.dumps({"sha256": hashes}, indent=1) + "\n")
            if target.exists():
                shutil.rmtree(target)
            part.rename(target)
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def _make(self, material: "Material", source: Path, target: Path) -> None:
        # Copied, not linked: what an editing program does to its file must not touch a paid clip.
        picture = material.picture
        if picture is None:
            shutil.copyfile(source, target)
            return
        program = ffmpeg.find(self._environment.environ)
        reading = DecodingOptions.own(CONTAINERS, picture.size) if picture.own else OF_SERVICE
        full_size(program, source, picture.frame, picture.rate, target, reading)


def _name(folder: Path, timeline: Timeline) -> str:
    """What the program will list the draft as; rows of a table have theirs in it."""
    row = [folder.name] if (folder.parent / "manifest.json").is_file() else []
    return "-".join([timeline.project, *row, timeline.name])


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text) if text else datetime.fromtimestamp(0, UTC)


def refuse_if_changed(target: Path) -> None:
    """Raises BadInput where ``target`` is there and is not a draft as it was written."""
    if not target.exists() or _is_as_written(target):
        return
    message = tr("{folder} was changed since it was exported, and is kept", folder=target)
    hint = tr("export to another folder with --out")
    raise BadInput(Diagnostic("draft-changed", message, hint=hint))


def _is_as_written(folder: Path) -> bool:
    """Whether the folder holds what was written there and nothing else."""
    try:
        hashes = json.loads((folder / SEAL).read_bytes())["sha256"]
        names = {path.name for path in folder.iterdir()}
        expected = {*hashes, SEAL, MATERIALS}
        return names == expected and all(
            sha256(folder / name) == value for name, value in hashes.items()
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _unwritable(target: Path, file: str | None, reason: str) -> BadInput:
    if file and Path(file).is_relative_to(target.parent):
        message = tr("cannot write {file}: {reason}", file=file, reason=reason)
        return BadInput(Diagnostic("folder-unwritable", message, hint=tr("use another with --out")))
    message = tr("cannot read {file}: {reason}", file=file or target, reason=reason)
    hint = tr("render the list again")
    return BadInput(Diagnostic("media-missing", message, hint=hint))
