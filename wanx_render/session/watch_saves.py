"""``render --watch``: at each save it plans again, finishes what is free, and asks for the rest."""

import os
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO

from wanx_render import diagnostics
from wanx_render.catalog.pricing import Total
from wanx_render.errors import BadInput, WanxError
from wanx_render.language import Message, plural, shown, tr, verbatim
from wanx_render.session.approval import check_budgets, is_price, question
from wanx_render.session.environment import Environment
from wanx_render.session.folder import held, opened, writable
from wanx_render.session.render import run_selection
from wanx_render.session.selection import RenderOptions, Selection
from wanx_render.session.survey import Survey, Surveyed
from wanx_render.shotlist import picks
from wanx_render.source import yaml_source

PAUSE = 0.5  # seconds between two looks; a file must rest for one of them
# The keys of a list whose values may name files.
_NAMES = (
    "image", "last_image", "clip", "still", "audio", "music", "file", "subtitles", "font", "look",
)  # fmt: skip

Print = tuple[int, int, int] | None
Prints = dict[Path, Print]
Answers = Callable[[], str | None]  # the next line that was typed, if one was


def prints(paths: Iterable[Path]) -> Prints:
    return {path: print_of(path) for path in paths}


def print_of(path: Path) -> Print:
    """A save is known by time, size and inode; None for one that is not there."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def named(file: Path) -> Iterator[Path]:
    """Every file that a list names, there or not, even where the list is no good as it stands."""
    try:
        value = yaml_source.parse(file.read_text(encoding="utf-8"), str(file)).value
    except (OSError, ValueError, WanxError):
        return
    for text in _values(value):
        if "\n" not in text and "\0" not in text and len(text) < 1024:
            yield file.parent / text


def _values(value: Any, key: str = "") -> Iterator[str]:
    match value:
        case dict():
            for name, item in value.items():
                yield from _values(item, str(name))
        case list():
            for item in value:
                yield from _values(item, key)
        case str() if key in _NAMES:
            yield value


class Typed:
    """Lines typed on a terminal, without ever waiting for one."""

    def __init__(self, stream: TextIO) -> None:
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        # A stream of Python's own would stay locked by the waiting thread when the program ends.
        reader = threading.Thread(target=self._read, args=(stream.fileno(),), daemon=True)
        reader.start()

    def __call__(self) -> str | None:
        return None if self._lines.empty() else self._lines.get()

    def _read(self, descriptor: int) -> None:
        rest = b""
        while chunk := os.read(descriptor, 1024):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._lines.put(line.decode("utf-8", "replace").strip())


@dataclass
class Watching:
    """A list that is rendered at each save, until somebody interrupts."""

    options: RenderOptions
    environment: Environment
    sleep: Callable[[float], None]
    answers: Answers | None  # None where nobody can be asked
    watched: set[Path] = field(default_factory=set)

    @property
    def file(self) -> Path:
        return self.options.files[0]

    def run(self) -> None:
        """Render, wait for a save, and again. Ends by KeyboardInterrupt alone."""
        while True:
            # Looked at before it is read: what is saved during a run is a save.
            before = self._look()
            try:
                self._round(before)
            except BadInput as error:
                for diagnostic in error.diagnostics:
                    self.environment.say(verbatim(diagnostics.full(diagnostic, error.texts)))
            except WanxError as error:
                self.environment.say(tr("error: {message}", message=error.sentence))
            self.environment.say(tr("watching {file}; press Ctrl-C to stop", file=self.file))
            self._rest(before)

    def _look(self) -> Prints:
        """The prints of everything that a save may change, as the list now is."""
        self.watched |= {self.file, picks.beside(self.file), *named(self.file)}
        if self.options.catalog:
            self.watched.add(self.options.catalog)
        return self.now()

    def now(self) -> Prints:
        return prints(self.watched)

    def _round(self, before: Prints) -> None:
        selection = Selection.of_one(self.options)
        (item,) = selection.chosen
        paths = {media.path for media in item.loaded.media.values() if media.path} - self.watched
        before.update(prints(paths))
        self.watched |= paths
        writable(item.home)
        with held(item.home), opened(item.home) as journal:
            surveyed = Survey(selection, {item.home: journal}).result()
        if surveyed.requests and not self.options.yes:
            self._with_leave(surveyed, before)
        else:
            run_selection(selection, self.environment)

    def _with_leave(self, surveyed: Surveyed, before: Prints) -> None:
        """Finish what costs nothing, then ask for the rest."""
        selection, options, cost = surveyed.selection, self.options, surveyed.cost
        if surveyed.only.can_be_joined:
            free = selection.with_options(replace(options, free=True))
            run_selection(free, self.environment)
        check_budgets(surveyed)
        mock = selection.backend == "mock"
        if self._agreed(cost, len(surveyed.only.new), before, mock=mock):
            limit = options.max_cost if cost.unknown else _least(options, cost)
            confirmed = selection.with_options(replace(options, yes=True, max_cost=limit))
            run_selection(confirmed, self.environment)

    def _agreed(self, cost: Total, takes: int, before: Prints, *, mock: bool) -> bool:
        """Whether somebody typed the price; a save in the meantime takes the question back."""
        if self.answers is None:
            text = plural(
                "{n} take costs {cost} and is not generated: give --yes to spend it",
                "{n} takes cost {cost} and are not generated: give --yes to spend it",
                takes, cost=cost.shown,
            )  # fmt: skip
            self.environment.say(_playing(text, mock=mock))
            return False
        while self.answers() is not None:
            pass  # what was typed before the question is no answer to it
        self.environment.stderr.write(shown(_playing(question(takes, cost), mock=mock)))
        self.environment.stderr.flush()
        while self.now() == before:
            answer = self.answers()
            if answer is not None:
                if not is_price(answer, cost):
                    self.environment.say(tr("not confirmed; nothing was sent"))
                return is_price(answer, cost)
            self.sleep(PAUSE / 5)
        self.environment.say(tr("\nsaved again; nothing was sent"))
        return False

    def _rest(self, before: Prints) -> None:
        """Wait until something was saved, and until nobody writes any more."""
        last = self.now()
        while last == before:
            self.sleep(PAUSE)
            last = self.now()
        while True:
            self.sleep(PAUSE)
            if (now := self.now()) == last:
                return
            last = now


def _playing(text: Message, *, mock: bool) -> Message:
    return tr("MOCK, play money: {text}", text=text) if mock else text


def _least(options: RenderOptions, cost: Total) -> Decimal:
    """No more than what was agreed to, whatever else is allowed."""
    return min(options.max_cost, cost.amount) if options.max_cost is not None else cost.amount


def watch(options: RenderOptions, environment: Environment, sleep: Callable[[float], None]) -> int:
    """Render at each save of the list and of what it names, until interrupted."""
    asks = environment.stdin is not None and environment.stdin.isatty() and not options.yes
    answers = Typed(environment.stdin) if asks and environment.stdin else None
    Watching(options, environment, sleep, answers).run()
    return 0
