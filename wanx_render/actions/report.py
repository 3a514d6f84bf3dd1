"""``report``: storyboards of what was rendered, and bundles, from manifests and their files."""

import json
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path

from wanx_render.actions import spending
from wanx_render.bundle.budget import DEFAULT, show_size
from wanx_render.bundle.bundle_file import FORMS, Bundler, WrittenBundle
from wanx_render.bundle.content import BundleContent, content_of
from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput
from wanx_render.language import Message, joined, tr
from wanx_render.language import recorded as recorded_text
from wanx_render.manifest import Manifest, read
from wanx_render.media import ffmpeg
from wanx_render.reports.states import out_of_date
from wanx_render.reports.storyboard_files import NAME, PictureSource, is_current, write
from wanx_render.run.table_manifest import last_run_cost
from wanx_render.session.environment import Environment
from wanx_render.session.folder import opened, pool, writable_file
from wanx_render.session.outcome import Index, Outcome, beside, recorded
from wanx_render.session.selection import ListInFolder, RenderOptions, Selection, projects
from wanx_render.session.summary import shown
from wanx_render.timing import show_duration


@dataclass(frozen=True)
class ReportOptions(RenderOptions):
    """What ``report`` was asked for."""

    _: KW_ONLY
    page: Path | None = None  # to write, where it is one
    bundle: Path | None = None  # to write instead
    max_size: int | None = None  # bytes of the bundle
    deliverables: tuple[str, ...] = ()  # in the bundle; none: all
    prompts: bool = False  # whether the bundle shows them


def report(options: ReportOptions, environment: Environment) -> int:
    """Write the storyboards of the lists, and of several a page over all; the exit code.

    The one file may also be a manifest, or the folder of one. Where a bundle is asked for, that is
    written instead.
    """
    if options.bundle:
        return _bundle(options, options.bundle, environment)
    file = options.files[0]
    if len(options.files) == 1 and not options.choice:
        if file.is_dir():
            return _one_page(file / "manifest.json", options, environment)
        if file.suffix == ".json":
            return _one_page(file, options, environment)
    selection = Selection.of(options)
    if selection.alone and not options.choice:
        manifest = selection.lists[0].folder / "manifest.json"
        return _one_page(manifest, options, environment)
    return _pages(selection, options, environment)


def _one_page(path: Path, options: ReportOptions, environment: Environment) -> int:
    """Write the storyboard of one manifest; its path goes to stdout."""
    manifest = read(path)
    source = PictureSource(path.parent, ffmpeg.find(environment.environ))
    target = writable_file(options.page or path.parent / NAME)
    with pool() as executor:
        missing = write(manifest, source, executor, target)
    for problem in missing:
        environment.say(tr("warning: {message}", message=recorded_text(problem)))
    record = json.dumps({"file": str(target), "missing": missing})
    environment.stdout.write(f"{record if options.as_json else target}\n")
    return 0


def _bundle(options: ReportOptions, target: Path, environment: Environment) -> int:
    """Write the bundle of one list; its path goes to stdout."""
    if target.suffix.lower() not in FORMS:
        raise _wrong_bundle(
            tr("a bundle is one .html or .zip file, not {name!r}", name=target.name),
            tr("use --bundle {name}.html", name=target.stem or "film"),
        )
    if len(options.files) != 1:
        raise _wrong_bundle(
            tr("--bundle takes one list; there are {n}", n=len(options.files)),
            tr("write a bundle for each list"),
        )
    source, row = _source(options, environment)
    manifest = read(source.folder / "manifest.json")
    content = content_of(manifest, options.deliverables, row=row, prompts=options.prompts)
    _check(content, manifest, options)
    target = writable_file(target)
    for film in content.films:
        if film.record.stale:
            message = tr("{subject}: {text}", subject=film.name, text=out_of_date(film.record))
            environment.say(tr("warning: {message}", message=message))
    environment.say(tr("encoding proxies of {length}", length=show_duration(content.seconds)))
    with pool() as executor:
        limit = options.max_size or DEFAULT
        written = Bundler(content, source, executor, limit).write(target)
    return _show_bundle(written, target, limit, environment, as_json=options.as_json)


def _wrong_bundle(message: Message, hint: Message) -> BadInput:
    return BadInput(Diagnostic("bundle-wrong", message, hint=hint))


def _source(options: ReportOptions, environment: Environment) -> tuple[PictureSource, str]:
    """The render folder of the one list, manifest or folder, and its row's name."""
    program, file = ffmpeg.find(environment.environ), options.files[0]
    if file.is_dir() or file.suffix == ".json":
        folder = file if file.is_dir() else file.parent
        return PictureSource(folder, program), ""
    item = Selection.of_one(options).lists[0]
    return PictureSource(item.folder, program, item.loaded.media, item.home), item.row


def _check(content: BundleContent, manifest: Manifest, options: ReportOptions) -> None:
    """Whether there is anything to show. Raises BadInput."""
    names = {film.name for film in manifest.deliverables}
    if unknown := next((name for name in options.deliverables if name not in names), None):
        message = tr("unknown deliverable {name!r}", name=unknown)
        hint = tr("known deliverables: {names}", names=joined(sorted(names), tr(", ")))
        raise BadInput(Diagnostic("deliverable-unmade", message, hint=hint))
    if not content.media:
        message = tr("there is no film and no clip yet")
        raise BadInput(Diagnostic("deliverable-unmade", message, hint=tr("render the list first")))


def _show_bundle(
    written: WrittenBundle, target: Path, limit: int, environment: Environment, *, as_json: bool
) -> int:
    for problem in written.missing:
        environment.say(tr("warning: {message}", message=recorded_text(problem)))
    record = {
        "file": str(target), "bytes": written.size, "limit": limit,
        "missing": list(written.missing),
    }  # fmt: skip
    environment.stdout.write(f"{json.dumps(record, ensure_ascii=False) if as_json else target}\n")
    sizes = {"size": show_size(written.size), "limit": show_size(limit)}
    side = written.encoding.rung.side
    environment.say(tr("bundle: {size} of {limit}, videos of at most {side}p", side=side, **sizes))
    return 0


def _pages(selection: Selection, options: ReportOptions, environment: Environment) -> int:
    """Write the storyboard of each list, and the page over all of them."""
    if options.page:
        message = tr("--out is one page; each of these lists has its own")
        hint = tr("use --folder, or the folder of one row")
        raise BadInput(Diagnostic("lists-report", message, hint=hint))
    storyboards = _Storyboards(ffmpeg.find(environment.environ), environment.say)
    with pool() as executor:
        storyboards.write(selection, executor)
    page = selection.index_page
    homes = dict.fromkeys(item.home for item in selection.lists)
    with ExitStack() as stack:
        rendered_homes = [home for home in homes if (home / "journal.sqlite").exists()]
        journals = {home: stack.enter_context(opened(home)) for home in rendered_homes}
        index = Index.of(
            selection.entries, journals, storyboards.outcomes,
            options=options, mock=storyboards.mock,
            run_cost="" if selection.several_files else last_run_cost(selection.lists[0].home),
        )  # fmt: skip
        index.write(page, beside(page))
    return storyboards.close(page, environment, as_json=options.as_json)


@dataclass
class _Storyboards:
    """The storyboards of several lists."""

    program: ffmpeg.Ffmpeg
    say: Callable[[Message], None]
    outcomes: dict[str, Outcome] = field(default_factory=dict)  # by the manifests
    written: list[Path] = field(default_factory=list)
    kept: list[Path] = field(default_factory=list)  # which show the same already
    without: list[str] = field(default_factory=list)  # lists that were not rendered
    problems: list[str] = field(default_factory=list)
    unreadable: bool = False  # whether a manifest is
    mock: bool = False

    def write(self, selection: Selection, executor: Executor) -> None:
        """A page for each list that has a manifest. Raises BadInput where none has."""
        for item in selection.chosen:
            if (item.folder / "manifest.json").exists():
                self._one(item, executor)
            else:
                self.without.append(item.name)
        if len(self.without) == len(selection.chosen):
            read(selection.chosen[0].folder / "manifest.json")

    def _one(self, item: ListInFolder, executor: Executor) -> None:
        try:
            manifest = read(item.folder / "manifest.json")
        except BadInput as problem:
            self._warn(item, problem.diagnostics[0].message)
            self.unreadable = True
            return
        self.outcomes[item.name] = recorded(manifest, item.folder, item.home)
        self.mock = self.mock or manifest.backend == "mock"
        self._page(item, manifest, executor)

    def _page(self, item: ListInFolder, manifest: Manifest, executor: Executor) -> None:
        target = item.folder / NAME
        if is_current(manifest, target):
            self.kept.append(target)
            return
        source = PictureSource(item.folder, self.program, item.loaded.media, item.home)
        for problem in write(manifest, source, executor, target):
            self._warn(item, problem)
        self.written.append(target)

    def _warn(self, item: ListInFolder, problem: str) -> None:
        message = tr("{subject}: {text}", subject=item.name, text=recorded_text(problem))
        self.problems.append(message)
        self.say(tr("warning: {message}", message=message))

    def close(self, page: Path, environment: Environment, *, as_json: bool) -> int:
        """Show what was written; 1 where a manifest cannot be read."""
        if as_json:
            record = {
                "file": str(page),
                "storyboards": [str(path) for path in sorted([*self.written, *self.kept])],
                "missing": self.problems,
                "without": self.without,
            }
            environment.stdout.write(json.dumps(record, ensure_ascii=False) + "\n")
        else:
            environment.stdout.write(f"{shown(page)}\n")
            counts = [tr("{n} written", n=len(self.written))]
            counts += [tr("{n} unchanged", n=len(self.kept))] if self.kept else []
            counts += [tr("{n} not rendered yet", n=len(self.without))] if self.without else []
            environment.say(tr("storyboards: {counts}", counts=joined(counts, tr(", "))))
        return 1 if self.unreadable else 0


def report_spending(options: ReportOptions, environment: Environment) -> int:
    """Write every sum of what the folders of these lists ever paid to stdout, as CSV."""
    sums = spending.Spending()
    with ExitStack() as stack:
        for home, project in projects(options).items():
            if (home / "journal.sqlite").exists():
                sums.add(project, stack.enter_context(opened(home)).every())
    if not sums:
        message = tr("nothing has been paid from these folders")
        raise BadInput(Diagnostic("folder-empty", message, hint=tr("render the list first")))
    sums.write(environment.stdout)
    return 0
