"""``report`` of many lists: a storyboard for each that was rendered, and the page over them all."""

import json
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from wanx_render.commands.report import NAME, ReportOptions, Source, report, told_already, write
from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput
from wanx_render.manifest import read
from wanx_render.media import ffmpeg
from wanx_render.session.environment import Environment
from wanx_render.session.folder import opened, pool
from wanx_render.session.outcome import Index, Outcome, beside, told_by
from wanx_render.session.selection import Choice, Item, chosen, index_of, items, read_all
from wanx_render.session.summary import shown


def report_files(
    options: ReportOptions, files: tuple[Path, ...], choice: Choice, environment: Environment
) -> int:
    """Write one page as ever, or the pages of many lists; the exit code."""
    alone = len(files) == 1 and choice == Choice()
    if alone and (files[0].is_dir() or files[0].suffix == ".json"):
        return report(options, environment)
    batches, _ = read_all(files, options.catalog)
    if alone and not batches[0].tabular:
        return report(options, environment)
    if options.out:
        told = "--out names one page, and each of these lists has its own"
        hint = "give --folder, or the folder of one row"
        raise BadInput(Diagnostic("lists-report", told, hint=hint))
    every = items(batches, options.folder)
    homes = list(dict.fromkeys(item.home for item in every))
    pages = Pages(ffmpeg.find(environment.environ), environment.say)
    with pool() as executor:
        pages.write(chosen(every, choice), executor)
    index = index_of(batches, options.folder, homes)
    with ExitStack() as stack:
        there = [home for home in homes if (home / "journal.sqlite").exists()]
        journals = {home: stack.enter_context(opened(home)) for home in there}
        found = Index.of(every, journals, pages.found, mock=pages.mock)
        found.write(index, beside(index))
    return pages.close(index, environment, as_json=options.as_json)


@dataclass
class Pages:
    """The storyboards of many lists."""

    program: ffmpeg.Ffmpeg
    tell: Callable[[str], None]
    found: dict[str, Outcome] = field(default_factory=dict)  # what the manifests tell
    written: list[Path] = field(default_factory=list)
    kept: list[Path] = field(default_factory=list)  # which tell the same already
    without: list[str] = field(default_factory=list)  # lists that were not rendered
    troubled: list[str] = field(default_factory=list)
    unreadable: bool = False  # whether a manifest is
    mock: bool = False

    def write(self, some: list[Item], executor: Executor) -> None:
        """A page for each list that has a manifest. Raises BadInput where none has."""
        for item in some:
            if (item.folder / "manifest.json").exists():
                self._one(item, executor)
            else:
                self.without.append(item.name)
        if len(self.without) == len(some):
            read(some[0].folder / "manifest.json")

    def _one(self, item: Item, executor: Executor) -> None:
        try:
            manifest = read(item.folder / "manifest.json")
        except BadInput as problem:
            self._warn(item, problem.diagnostics[0].message)
            self.unreadable = True
            return
        self.found[item.name] = told_by(manifest, item.folder, item.home)
        self.mock = self.mock or manifest.backend == "mock"
        target = item.folder / NAME
        if told_already(manifest, target):
            self.kept.append(target)
            return
        source = Source(item.folder, self.program, item.loaded.media, item.home)
        for each in write(manifest, source, executor, target):
            self._warn(item, each)
        self.written.append(target)

    def _warn(self, item: Item, told: str) -> None:
        self.troubled.append(f"{item.name}: {told}")
        self.tell(f"warning: {self.troubled[-1]}")

    def close(self, index: Path, environment: Environment, *, as_json: bool) -> int:
        """Say what there is now; 1 where a manifest cannot be read."""
        every = sorted([*self.written, *self.kept])
        if as_json:
            record = {
                "file": str(index),
                "storyboards": [str(each) for each in every],
                "missing": self.troubled,
                "without": self.without,
            }
            environment.stdout.write(json.dumps(record, ensure_ascii=False) + "\n")
        else:
            environment.stdout.write(f"{shown(index)}\n")
            more = f", {len(self.kept)} unchanged" if self.kept else ""
            more += f", {len(self.without)} not rendered yet" if self.without else ""
            environment.say(f"storyboards: {len(self.written)} written{more}")
        return 1 if self.unreadable else 0
