"""``export``: what was rendered, as a timeline for an editing program."""

import json
import os
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from urllib.parse import quote

from wanx_render import manifest
from wanx_render.diagnostics import Diagnostic, did_you_mean
from wanx_render.errors import BadInput
from wanx_render.files import write_atomically
from wanx_render.manifest import DeliverableRecord, Manifest
from wanx_render.reports.export_formats import ExportFormat, format_of
from wanx_render.reports.timeline import Link, timeline_of
from wanx_render.session.environment import Environment
from wanx_render.session.folder import folder_of, writable_file
from wanx_render.session.selection import read_one


@dataclass(frozen=True)
class ExportOptions:
    """What to write, of which list, where."""

    file: Path
    style: str
    _: KW_ONLY
    out: Path | None = None
    deliverable: str | None = None
    relative: bool = False
    folder: Path | None = None
    as_json: bool = False
    catalog: Path | None = None


def export(options: ExportOptions, environment: Environment) -> int:
    """Write a timeline for each deliverable; the exit code."""
    loaded, _ = read_one(options.file, options.catalog)
    folder = folder_of(loaded, options.folder)
    style = format_of(options.style)
    write = style.writer()
    told = manifest.read(folder / "manifest.json")
    chosen = _chosen(told, options)
    files: list[Path] = []
    for deliverable in chosen:
        path = writable_file(options.out or folder / f"{deliverable.name}.{style.name}")
        text = write(timeline_of(told, deliverable), _link(folder, path, options, style))
        write_atomically(path, text)
        files.append(path)
    if options.as_json:
        environment.stdout.write(json.dumps({"files": [str(path) for path in files]}) + "\n")
    else:
        environment.stdout.write("".join(f"{path}\n" for path in files))
    return 0


def _chosen(told: Manifest, options: ExportOptions) -> tuple[DeliverableRecord, ...]:
    """The deliverables that are meant. Raises BadInput."""
    made = {each.name: each for each in told.deliverables}
    if options.deliverable and options.deliverable in made:
        return (made[options.deliverable],)
    if options.deliverable or not made:
        what = options.deliverable or "no deliverable"
        known = f"there are {', '.join(made)}" if made else "render the list first"
        raise BadInput(
            Diagnostic(
                "deliverable-unmade",
                f"{what} was made in the last run" if not made else f"there is no {what}",
                hint=did_you_mean(what, made) or known,
            )
        )
    if options.out and len(made) > 1:
        raise BadInput(
            Diagnostic(
                "deliverable-unmade",
                f"--out is one file and there are {len(made)} deliverables",
                hint=f"choose one: --deliverable {' or '.join(made)}",
            )
        )
    return tuple(made.values())


def _link(folder: Path, out: Path, options: ExportOptions, style: ExportFormat) -> Link:
    """What the file says of a path that starts at the render folder."""

    def link(media: str) -> str:
        path = Path(os.path.normpath(folder / media))
        if options.relative:
            near = os.path.relpath(path, out.resolve().parent).replace(os.sep, "/")
            return quote(near) if style.urls else near
        return path.as_uri() if style.urls else str(path)

    return link
