"""Videos and animated pictures that a list names as own footage: what their heads say."""

import os
from collections.abc import Container
from pathlib import Path

from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput, FfmpegError
from wanx_render.language import NOTHING, Message, tr, verbatim
from wanx_render.media import ffmpeg
from wanx_render.shotlist import paths
from wanx_render.shotlist.problems import Problems
from wanx_render.shotlist.values import sentence_of
from wanx_render.source import yaml_source
from wanx_render.task import Footage
from wanx_render.validation import context


class FootageReader:
    """Looks at own footage, whose paths start at ``folder``, and remembers what it saw."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.heads: dict[str, Footage] = {}
        self._problems: dict[str, tuple[str, Message, Message]] = {}

    def look(
        self, name: str, path: yaml_source.Path, problems: Problems, shots: Container[str] = ()
    ) -> None:
        """Look at the head of a file; all of it is decoded before anything is spent.

        ``shots`` are the ids that may have been meant in place of a file.
        """
        if name not in self.heads and name not in self._problems:
            self._see(name)
        if problem := self._problems.get(name):
            code, message, hint = problem
            if code == "clip-missing" and name in shots:
                hint = tr("use {{shot: {name}}} for the shot of this name", name=name)
            problems.error(code, message, path, hint)

    def _see(self, name: str) -> None:
        path = self._folder / name
        if context.is_url(name):
            message = tr("clip must be a local file, not a URL")
            self._problems[name] = "clip-unreadable", message, tr("download it first")
        elif not context.is_file(path):
            message = tr("the video {file!r} does not exist", file=name[:100])
            self._problems[name] = "clip-missing", message, paths.hint(self._folder, name)
        else:
            self._open(name, path)

    def _open(self, name: str, path: Path) -> None:
        # What makes graphs and pictures takes a tenth of a start; other lists do without it.
        from wanx_render.finishing import ingest
        from wanx_render.media import animation
        from wanx_render.media.images import BadPicture

        try:
            if not animation.is_picture(path):
                kind, advice = animation.other_kind(path)
                if kind:
                    raise BadPicture(tr("is {kind}, not a video", kind=kind), advice)
                self.heads[name] = ingest.head(ffmpeg.find(os.environ), path)
            else:
                self.heads[name] = animation.head(path)
        except BadPicture as problem:
            message = tr("{file} {problem}", file=name[:100], problem=sentence_of(problem))
            self._problems[name] = "clip-unreadable", message, verbatim(problem.hint)
        except FfmpegError as problem:
            self._problems[name] = "clip-unreadable", problem.sentence, NOTHING
        except BadInput as problem:  # no ffmpeg here
            first: Diagnostic = problem.diagnostics[0]
            self._problems[name] = first.code, first.message, first.hint
