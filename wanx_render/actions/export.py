"""``export``: what was rendered, as a timeline for an editing program."""

import json
import os
from collections.abc import Callable, Collection
from dataclasses import KW_ONLY, dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from wanx_render import manifest
from wanx_render.diagnostics import Diagnostic, did_you_mean
from wanx_render.errors import BadInput
from wanx_render.files import write_atomically
from wanx_render.language import joined, tr
from wanx_render.manifest import DeliverableRecord, Manifest
from wanx_render.media import ffmpeg
from wanx_render.reports.states import because
from wanx_render.session.environment import Environment
from wanx_render.session.folder import opened, writable_file
from wanx_render.session.outlook import truth_now
from wanx_render.session.selection import RenderOptions, Selection
from wanx_render.session.survey import Survey
from wanx_render.timelines.formats import DraftFormat, ExportFormat, format_of
from wanx_render.timelines.media_facts import facts_of
from wanx_render.timelines.reading import timeline_of
from wanx_render.timelines.timeline import Link, Timeline


@dataclass(frozen=True)
class ExportOptions:
    """What to write, of which list, where."""

    file: Path  # a list, or the render folder of one
    style: str
    _: KW_ONLY
    out: Path | None = None
    only: str | None = None  # the row of a table
    deliverable: str | None = None
    relative: bool = False
    drafts: str = ""  # the folder of drafts where the draft will be opened
    folder: Path | None = None
    as_json: bool = False
    catalog: Path | None = None


def export(options: ExportOptions, environment: Environment) -> int:
    """Write a timeline for each deliverable; the exit code."""
    folder = _folder(options)
    style = format_of(options.style)
    write = _writer(style, options, environment)
    record = manifest.read(folder / "manifest.json")
    deliverables = _chosen(record, options)
    why = _why(options, record)
    files: list[Path] = []
    stale: dict[str, list[str]] = {}
    for deliverable in deliverables:
        timeline = _timeline(record, deliverable, folder, environment)
        path = write(timeline, folder, deliverable.kept_from or record.finished_at)
        files.append(path)
        if not _has_words(timeline) and isinstance(style, ExportFormat) and style.words:
            message = tr("{film} has no words", film=deliverable.name)
            environment.say(tr("warning: {message}", message=message))
        if reasons := why.get(deliverable.name, deliverable.stale):
            stale[str(path)] = list(reasons)
            message = because(deliverable.path, reasons)
            environment.say(tr("warning: {message}", message=message))
    if options.as_json:
        document = {"files": [str(path) for path in files], "stale": stale}
        environment.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
    else:
        environment.stdout.write("".join(f"{path}\n" for path in files))
    return 0


def _has_words(timeline: Timeline) -> bool:
    return any(words.kind == "caption" for words in timeline.captions)


def _timeline(
    record: Manifest, deliverable: DeliverableRecord, folder: Path, environment: Environment
) -> Timeline:
    """The timeline of a deliverable; where ffmpeg is there, with what its files are."""
    timeline = timeline_of(record, deliverable)
    try:
        program = ffmpeg.find(environment.environ)
    except BadInput:
        return timeline
    return timeline_of(record, deliverable, facts_of(program, folder, timeline))


Write = Callable[[Timeline, Path, str], Path]  # the render folder, and when the film was made


def _writer(
    style: ExportFormat | DraftFormat, options: ExportOptions, environment: Environment
) -> Write:
    """What writes a deliverable in that format. Raises BadInput where a library is missing."""
    if isinstance(style, DraftFormat):
        return _draft_writer(style, options, environment)
    text_of = style.writer()

    def write(timeline: Timeline, folder: Path, _: str) -> Path:
        path = writable_file(options.out or folder / f"{timeline.name}.{style.name}")
        write_atomically(path, text_of(timeline, _link(folder, path, options, style)))
        return path

    return write


def _draft_writer(style: DraftFormat, options: ExportOptions, environment: Environment) -> Write:
    """What writes a deliverable as a draft, with what is not in it said."""
    draft_of, write_folder = style.drafter()

    def write(timeline: Timeline, folder: Path, finished: str) -> Path:
        path = options.out or folder / style.name / _draft_name(timeline, folder)
        when = datetime.fromisoformat(finished) if finished else datetime.fromtimestamp(0, UTC)
        draft = draft_of(timeline, path.name, finished=when, drafts=options.drafts)
        write_folder(draft, folder, path, lambda: ffmpeg.find(environment.environ))
        for note in draft.notes:
            environment.say(tr("note: {message}", message=note))
        return path

    return write


def _draft_name(timeline: Timeline, folder: Path) -> str:
    """What the program will list the draft as; rows of a table have theirs in it."""
    row = [folder.name] if (folder.parent / "manifest.json").is_file() else []
    return "-".join([timeline.project, *row, timeline.name])


def _why(options: ExportOptions, record: Manifest) -> dict[str, tuple[str, ...]]:
    """Why each film is not what its list gives now; without the list nothing is known of that."""
    if options.file.is_dir() or options.only:
        return {}
    selection = Selection.of_one(
        RenderOptions(
            (options.file,), out=options.folder, catalog=options.catalog, backend=record.backend
        )
    )
    item = selection.lists[0]
    if item.row or not (item.home / "journal.sqlite").is_file():
        return {}
    with opened(item.home) as journal:
        outlook = Survey(selection, {item.home: journal}).outlook(item)
        truth = truth_now(outlook, selection.catalog)
    return {film.name: film.why for film in truth.films}


def _folder(options: ExportOptions) -> Path:
    """Where the manifest is. Raises BadInput."""
    if options.file.is_dir() and (options.file / "manifest.json").is_file():
        return _of_one_list(options.file)
    selection = Selection.of_one(
        RenderOptions(
            (options.file,), out=options.folder, catalog=options.catalog,
            only=(options.only,) if options.only else (), keep_going=True,
        )
    )  # fmt: skip
    return selection.lists[0].folder


def _of_one_list(folder: Path) -> Path:
    """A render folder, unless it is that of a whole table. Raises BadInput."""
    rows = sorted(path.parent for path in folder.glob("*/manifest.json"))
    if not rows:
        return folder
    message = tr(
        "{folder} holds the rows of a table; this command takes one of them", folder=folder
    )
    hint = tr("give the folder of a row, such as {folder}", folder=rows[0])
    raise BadInput(Diagnostic("table-not-here", message, hint=hint))


def _chosen(record: Manifest, options: ExportOptions) -> tuple[DeliverableRecord, ...]:
    """The deliverables that are meant. Raises BadInput."""
    by_name = {deliverable.name: deliverable for deliverable in record.deliverables}
    if options.deliverable and options.deliverable in by_name:
        return (by_name[options.deliverable],)
    if options.deliverable or not by_name:
        raise _unmade(options.deliverable, by_name)
    if options.out and len(by_name) > 1:
        raise BadInput(
            Diagnostic(
                "deliverable-unmade",
                tr("--out is one file; there are {n} deliverables", n=len(by_name)),
                hint=tr("choose one with --deliverable: {names}", names=joined(by_name, tr(", "))),
            )
        )
    return tuple(by_name.values())


def _unmade(name: str | None, made: Collection[str]) -> BadInput:
    """There is no deliverable, or none of this ``name``."""
    if not made:
        message, hint = tr("the last run made no deliverable"), tr("render the list first")
    else:
        message = tr("unknown deliverable {name!r}", name=name)
        names = tr("known deliverables: {names}", names=joined(made, tr(", ")))
        hint = did_you_mean(name or "", made) or names
    return BadInput(Diagnostic("deliverable-unmade", message, hint=hint))


def _link(folder: Path, out: Path, options: ExportOptions, style: ExportFormat) -> Link:
    """What the file says of a path that starts at the render folder."""

    def link(media: str) -> str:
        path = Path(os.path.normpath(folder / media))
        if options.relative:
            near = os.path.relpath(path, out.resolve().parent).replace(os.sep, "/")
            return quote(near) if style.urls else near
        return path.as_uri() if style.urls else str(path)

    return link
