"""What every command starts from: the outside world as one argument, a checked list, a plan."""

import os
import sys
import tempfile
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from errno import EISDIR
from pathlib import Path
from typing import TextIO

from wanx_render import capabilities, picks, plan
from wanx_render.capabilities import Catalog
from wanx_render.diagnostics import Diagnostic, Span, clean, did_you_mean
from wanx_render.errors import BadInput
from wanx_render.finishing_rules import LABEL_HINT, unlabelled
from wanx_render.load import Loaded, load
from wanx_render.plan import Plan


@dataclass(frozen=True)
class World:
    """The outside world, as one argument."""

    environ: Mapping[str, str]
    stdout: TextIO
    stderr: TextIO
    stdin: TextIO | None = None

    @classmethod
    def real(cls) -> "World":
        return cls(os.environ, sys.stdout, sys.stderr, sys.stdin)

    def tell(self, text: str) -> None:
        """Talk goes to stderr; results go to stdout."""
        self.stderr.write(clean(text) + "\n")
        self.stderr.flush()


def read(file: Path, catalog_file: Path | None) -> tuple[Loaded, Catalog]:
    """The checked shot list and the catalog it was checked against. Raises BadInput.

    Also for a list with a table, of which only some commands make sense as a whole.
    """
    catalog = capabilities.with_user_file(capabilities.packaged(), catalog_file)
    loaded = load(file, catalog)
    if loaded.row:
        folder = folder_of(loaded, None)
        raise BadInput(
            Diagnostic(
                "table-not-here",
                f"{file} stands for many lists, and this command takes one",
                hint=f"give the folder of a row where a folder will do: {folder / loaded.row.name}",
            )
        )
    return loaded, catalog


def folder_of(loaded: Loaded, out: Path | None) -> Path:
    """Where everything of a list goes."""
    return resolved(out or loaded.folder / "renders" / loaded.shots.project)


def resolved(folder: Path) -> Path:
    """The folder's whole path. Raises BadInput where no file can be named below it."""
    try:
        whole = folder.resolve()
    except (OSError, RuntimeError, ValueError):  # links in a circle
        raise unwritable(folder, "its links lead in a circle") from None
    text = str(whole)
    if any(unicodedata.category(character) == "Cc" for character in text):
        raise unwritable(whole, "there is a control character in its name")
    if not text.isprintable() and any("\ud800" <= character <= "\udfff" for character in text):
        raise unwritable(whole, "its name is not valid text")
    return whole


def writable_file(path: Path) -> Path:
    """``path``, where a file can be written there. Raises BadInput."""
    try:
        if path.is_dir():
            raise IsADirectoryError(EISDIR, os.strerror(EISDIR))
        with tempfile.TemporaryFile(dir=path.parent):  # it has no name that a kill could leave
            pass
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        message, hint = f"cannot write {path}: {reason}", "choose another with --out"
        raise BadInput(Diagnostic("folder-unwritable", message, hint=hint)) from None
    return path


def unwritable(folder: Path, why: str) -> BadInput:
    message = f"cannot write to the render folder {folder}: {why}"
    return BadInput(Diagnostic("folder-unwritable", message, hint="choose another with --out"))


def manifest_of(file: Path, folder: Path | None, catalog_file: Path | None) -> Path:
    """Where the manifest of a list is; ``file`` may also be the manifest, or its folder.

    Raises BadInput where the list cannot be read.
    """
    if file.is_dir():
        return file / "manifest.json"
    if file.suffix == ".json":
        return file
    loaded, _ = read(file, catalog_file)
    return folder_of(loaded, folder) / "manifest.json"


def make_plan(
    loaded: Loaded,
    catalog: Catalog,
    backend: str | None,
    retakes: Mapping[str, int] | None = None,
) -> Plan:
    world = backend or loaded.shots.backend
    made = plan.make(loaded.shots, world, loaded.media, catalog, retakes, loaded.picks.picked)
    return made.in_row(loaded.row.name) if loaded.row else made


def warnings(loaded: Loaded, made: Plan) -> tuple[Diagnostic, ...]:
    """What is worth warning of, now that it is known how many takes each shot has."""
    takes = {shot.shot.id: len(shot.takes) for shot in made.shots}
    unlabelled = without_label([loaded], made.world)
    return (*loaded.warnings, *picks.stale(loaded.picks, takes), *unlabelled)


def without_label(lists: Iterable[Loaded], backend: str | None) -> tuple[Diagnostic, ...]:
    """What ``backend``, chosen beside the list, makes worth a warning: each once for all lists."""
    found = []
    for loaded in lists:
        given = loaded.shots
        if backend in (None, "mock") or given.backend != "mock":
            continue
        if message := unlabelled(given.shots, given.deliverables):
            place = Span(str(loaded.file))
            found.append(Diagnostic("label-missing", message, place, LABEL_HINT, "warning"))
    return tuple(dict.fromkeys(found))


def refuse_unknown(option: str, names: Iterable[str], made: Plan) -> None:
    """Raise BadInput where ``option`` names a shot that the list does not have."""
    known = [shot.shot.id for shot in made.shots]
    for name in names:
        if name not in known:
            raise BadInput(
                Diagnostic(
                    "shot-unknown",
                    f"{option} {name}: there is no such shot in the list",
                    hint=did_you_mean(name, known) or f"its shots: {', '.join(known)}",
                )
            )
