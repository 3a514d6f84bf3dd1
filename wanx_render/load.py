"""The front door: a YAML file in, a checked shot list with its pictures out, or every problem."""

import gc
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from wanx_render import picks, pictures, rules, soundtracks, source
from wanx_render.capabilities import Catalog
from wanx_render.diagnostics import Diagnostic, Span, did_you_mean, in_order
from wanx_render.errors import BadInput
from wanx_render.picks import Picks
from wanx_render.pictures import BadPicture, Picture
from wanx_render.shotlist import (
    CHAIN_TAG,
    PATH_TAG,
    Budget,
    Deliverable,
    LastFrame,
    Shot,
    ShotList,
)
from wanx_render.soundtracks import BadSoundtrack, Soundtrack
from wanx_render.source import Source
from wanx_render.task import Media


@dataclass(frozen=True)
class Loaded:
    """A shot list that can be run, the folder its paths start at, and what is worth warning of."""

    file: Path
    shots: ShotList
    folder: Path
    media: Mapping[str, Media]  # every picture and sound, by the words the list names it with
    texts: Mapping[str, str]
    picks: Picks  # what was chosen on the board; its points of focus are in the shots already
    warnings: tuple[Diagnostic, ...] = field(default=())


def load(file: Path, catalog: Catalog) -> Loaded:
    """Read, check and look at everything ``file`` names.

    Raises BadInput with all problems found; its ``texts`` attribute holds the file's text for
    snippets. A relative path in messages is the one the user gave.
    """
    name = str(file)
    with _no_collector():
        return _load(file, name, catalog)


@contextmanager
def _no_collector() -> Iterator[None]:
    """Reading a list makes many objects and no cycles; walking them again and again while they
    grow would take half of the time for a list of thousands of shots."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _load(file: Path, name: str, catalog: Catalog) -> Loaded:
    read = source.read(file, name)
    try:
        return _checked(file, read, catalog)
    except BadInput as problem:
        problem.texts = {name: read.text, **problem.texts}
        raise


def _checked(file: Path, read: Source, catalog: Catalog) -> Loaded:
    places = _Places(read)
    written = _merged(read, places)
    parts = _Parts(places)
    shots = parts.valid("shots", Shot, written.get("shots"))
    deliverables = parts.valid("deliverables", Deliverable, written.get("deliverables"))
    whole = parts.whole(written, shots, deliverables)
    folder = file.resolve().parent
    found, problems = _look(shots, folder, places)
    sounds, unheard = _listen(shots, deliverables, folder, places)
    scene = rules.Scene(
        shots=shots,
        deliverables=deliverables,
        region=whole.region if whole else "beijing",
        ids=_ids(written.get("shots")),
        catalog=catalog,
        folder=folder,
        pictures=found,
        sounds=sounds,
        place=places.of,
    )
    chosen, wrong = picks.read(file, scene.ids)
    everything = in_order(
        [*_keys_in(read), *parts.problems, *problems, *unheard, *rules.findings(scene), *wrong]
    )
    texts = {each.file: each.text for each in (read, chosen.read) if each}
    if whole is None or any(d.severity == "error" for d in everything):
        refusal = BadInput(*everything)
        refusal.texts = texts
        raise refusal
    media = _media(whole, folder, found)
    return Loaded(file, _focused(whole, chosen), folder, media, texts, chosen, everything)


def _focused(whole: ShotList, chosen: Picks) -> ShotList:
    """The list with the points of focus that were chosen on the board."""
    points = {name: each.focus for name, each in chosen.shots.items() if each.focus}
    if not points:
        return whole
    shots = tuple(
        shot.model_copy(update={"focus": points[shot.id]}) if shot.id in points else shot
        for shot in whole.shots
    )
    return whole.model_copy(update={"shots": shots})


def _ids(shots: Any) -> tuple[str, ...]:
    """The ids of all shots as written, also of those that have problems."""
    listed = shots if isinstance(shots, list) else []
    return tuple(str(shot["id"]) for shot in listed if isinstance(shot, dict) and "id" in shot)


P = TypeVar("P", bound=BaseModel)


class _Parts:
    """Validates the list piece by piece, so that one bad shot does not hide what the rules say of
    the others."""

    def __init__(self, places: "_Places") -> None:
        self.places = places
        self.problems: list[Diagnostic] = []

    def valid(self, key: str, kind: type[P], items: Any) -> dict[int, P]:
        """The items that are well-formed, by their index."""
        found: dict[int, P] = {}
        for index, item in enumerate(items if isinstance(items, list) else ()):
            try:
                found[index] = kind.model_validate(item)
            except ValidationError as error:
                self._note(error, (key, index))
                if (known := _without_unknown_keys(item, error)) is not None:
                    found[index] = kind.model_validate(known)
        return found

    def whole(
        self,
        written: dict[str, Any],
        shots: Mapping[int, Shot],
        deliverables: Mapping[int, Deliverable],
    ) -> ShotList | None:
        """The whole list of its valid parts, or None."""
        parts: dict[str, Any] = {"shots": shots, "deliverables": deliverables}
        given = {
            key: list(parts[key].values()) if key in parts and isinstance(item, list) else item
            for key, item in written.items()
        }
        try:
            return ShotList.model_validate(given)
        except ValidationError as error:
            # A list that lost all its items to other problems is not an empty list.
            self._note(error, (), lambda p: p["type"] == "too_short" and written[p["loc"][0]])
            return None

    def _note(
        self,
        error: ValidationError,
        under: source.Path,
        passing: Callable[[Any], Any] = lambda _: False,
    ) -> None:
        for problem in error.errors(include_url=False, include_input=False):
            if not passing(problem):
                path = (*under, *(part for part in problem["loc"] if part not in _TAGS))
                self.problems.append(_explain(problem, path, self.places))


_TAGS = (PATH_TAG, CHAIN_TAG)


def _without_unknown_keys(item: Any, error: ValidationError) -> dict[str, Any] | None:
    """``item`` without its unknown keys, where they are all that is wrong with it.

    A misspelt key, above all one in ``defaults``, shall not hide what the rules say of the rest.
    """
    problems = error.errors(include_url=False, include_input=False)
    unknown = {p["loc"][0] for p in problems if p["type"] == "extra_forbidden"}
    if len(unknown) < len(problems) or any(len(p["loc"]) > 1 for p in problems):
        return None
    return {key: value for key, value in item.items() if key not in unknown}


class _Places:
    """Where things stand, knowing that a shot's value may come from ``defaults``."""

    def __init__(self, read: Source) -> None:
        self.read = read

    def of(self, path: source.Path) -> Span:
        return self.read.place(self._written(path))

    def key(self, path: source.Path) -> Span:
        return self.read.key(self._written(path))

    def _written(self, path: source.Path) -> source.Path:
        """``("shots", 3, "model")`` is at ``("defaults", "model")`` where the shot has none."""
        if len(path) >= 3 and path[0] == "shots" and path[:3] not in self.read:
            fallback = ("defaults", *path[2:])
            if fallback[:2] in self.read:
                return fallback
        return path


def _merged(read: Source, places: _Places) -> dict[str, Any]:
    """The file's value with ``defaults`` laid under every shot."""
    value = read.value
    if not isinstance(value, dict):
        raise BadInput(
            Diagnostic("type-wrong", "a shot list must be a mapping of keys", places.of(()))
        )
    defaults, shots = value.get("defaults"), value.get("shots")
    if defaults is None:
        defaults = {}
    if not isinstance(defaults, dict):
        raise BadInput(
            Diagnostic("type-wrong", "defaults must be a mapping", places.of(("defaults",)))
        )
    if "id" in defaults:
        raise BadInput(
            Diagnostic(
                "unknown-key",
                "defaults cannot hold an id: each shot has its own",
                places.key(("defaults", "id")),
            )
        )
    if isinstance(shots, list):
        shots = [{**defaults, **shot} if isinstance(shot, dict) else shot for shot in shots]
    return {key: item for key, item in value.items() if key != "defaults"} | (
        {"shots": shots} if "shots" in value else {}
    )


_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "decimal_type": "a number",
    "decimal_parsing": "a number",
    "tuple_type": "a list",
    "model_type": "a mapping of keys",
    "model_attributes_type": "a mapping of keys",
    "dict_type": "a mapping of keys",
}


def _explain(problem: Any, path: source.Path, places: _Places) -> Diagnostic:
    """A diagnostic for one of pydantic's findings; its own words are never shown."""
    last = str(path[-1]) if path else "the shot list"
    if path and isinstance(path[-1], int):
        last = f"this {str(path[0]).removesuffix('s')}"
    kind, context = problem["type"], problem.get("ctx") or {}
    if kind == "missing":
        where = "the shot list" if len(path) == 1 else f"this {str(path[0]).removesuffix('s')}"
        if len(path) > 3:
            where = f"this {path[-2]}"
        return Diagnostic("missing-key", f"{where} has no {last!r}", places.of(path[:-1]))
    if kind == "extra_forbidden":
        known = sorted(_known_keys(path[:-1]))
        hint = did_you_mean(last, known) or f"known keys: {', '.join(known)}"
        return Diagnostic("unknown-key", f"unknown key {last!r}", places.key(path), hint)
    span = places.of(path)
    if kind == "wanx":
        if context["code"] == "size-not-exact":
            span = places.of((*path, "size"))
        return Diagnostic(context["code"], problem["msg"], span, context["hint"])
    if kind in _EXPECTED:
        return Diagnostic("type-wrong", f"{last} must be {_EXPECTED[kind]}", span)
    if kind == "literal_error":
        return Diagnostic("value-unknown", f"{last} must be {context['expected']}", span)
    if kind == "string_pattern_mismatch":
        hint = "letters, digits, dots, dashes and underscores, beginning with a letter or digit"
        return Diagnostic("name-invalid", f"{last} is not a name that a file can have", span, hint)
    if kind == "too_short":
        return Diagnostic("list-empty", f"{last} must hold at least one", span)
    bounds = {"greater_than_equal": "at least {ge}", "less_than_equal": "at most {le}"}
    if kind in bounds:
        limit = bounds[kind].format(**context)
        return Diagnostic("value-out-of-range", f"{last} must be {limit}", span)
    return Diagnostic("value-invalid", f"{last} is not valid here", span)


_BY_PLACE: tuple[tuple[str, type[BaseModel]], ...] = (
    ("shots", Shot),
    ("deliverables", Deliverable),
    ("budget", Budget),
)


def _known_keys(path: source.Path) -> set[str]:
    """The keys allowed in the mapping at ``path``."""
    if not path:
        return {*ShotList.model_fields, "defaults"}
    model: type[BaseModel] | None = dict(_BY_PLACE).get(str(path[0]))
    for part in path[1:]:
        if model and isinstance(part, str) and part in model.model_fields:
            annotation = model.model_fields[part].annotation
            inner = LastFrame if part == "image" else annotation
            model = inner if isinstance(inner, type) and issubclass(inner, BaseModel) else None
    return set(model.model_fields) if model else set()


def _look(
    shots: Mapping[int, Shot], folder: Path, places: _Places
) -> tuple[dict[str, Picture], list[Diagnostic]]:
    """Look at every first and last frame that is a file or a data URI, each file once."""
    seen: dict[str, Picture | BadPicture] = {}
    problems: list[Diagnostic] = []
    for index, shot in shots.items():
        for key in ("image", "last_image"):
            named = getattr(shot, key)
            if not isinstance(named, str) or rules.is_url(named):
                continue
            if named not in seen:
                seen[named] = _picture(named, folder)
            picture = seen[named]
            if isinstance(picture, BadPicture):
                problems.append(_bad_picture(named, picture, places.of(("shots", index, key))))
    return {name: each for name, each in seen.items() if isinstance(each, Picture)}, problems


def _listen(
    shots: Mapping[int, Shot],
    deliverables: Mapping[int, Deliverable],
    folder: Path,
    places: _Places,
) -> tuple[dict[str, Soundtrack], list[Diagnostic]]:
    """Read the length of every sound file that is named."""
    found: dict[str, Soundtrack] = {}
    problems: list[Diagnostic] = []
    heard = [
        *((rules.sound_path(shot), ("shots", index, "audio")) for index, shot in shots.items()),
        *(
            (named, ("deliverables", index, "audio"))
            for index, deliverable in deliverables.items()
            for named in deliverable.audio.files
        ),
    ]
    for named, place in heard:
        if not named or rules.is_url(named) or named in found:
            continue
        if not rules.is_file(folder / named):
            continue
        try:
            found[named] = soundtracks.inspect(folder / named)
        except BadSoundtrack as problem:
            told = f"the sound file {named} {problem}"
            problems.append(Diagnostic("sound-unreadable", told, places.of(place)))
    return found, problems


_KEY = re.compile(r"\bsk-[A-Za-z0-9]{16,}")


def _keys_in(read: Source) -> list[Diagnostic]:
    """A shot list is passed around; a key in it would be too."""
    return [
        Diagnostic(
            "key-in-file",
            "an API key stands in the file",
            Span(read.file, number, found.start() + 1, len(found[0])),
            "take it out, and make a new one where the file was shared; "
            "the key comes from DASHSCOPE_API_KEY",
        )
        for number, line in enumerate(read.text.splitlines(), start=1)
        if (found := _KEY.search(line))
    ]


def _picture(named: str, folder: Path) -> Picture | BadPicture:
    try:
        if named.startswith("data:"):
            return pictures.inspect(pictures.decode_data_uri(named))
        return pictures.inspect(pictures.read_bytes(folder / named))
    except BadPicture as problem:
        return problem


def _bad_picture(named: str, problem: BadPicture, span: Span) -> Diagnostic:
    shown = "the data URI" if named.startswith("data:") else f"the picture {named[:100]}"
    missing = "does not exist" in str(problem)
    return Diagnostic(
        "image-missing" if missing else "image-unreadable",
        f"{shown} {problem}",
        span,
        "paths start at the shot list's folder" if missing else "",
    )


def _media(shots: ShotList, folder: Path, found: Mapping[str, Picture]) -> dict[str, Media]:
    media: dict[str, Media] = {}
    for shot in shots.shots:
        for named in (shot.image, shot.last_image):
            if isinstance(named, str) and named not in media:
                media[named] = _picture_media(named, folder, found.get(named))
        if named := rules.sound_path(shot):
            media[named] = _file_media(named, folder)
    for deliverable in shots.deliverables:
        files = (*deliverable.audio.files, deliverable.subtitles, deliverable.font)
        media |= {named: _file_media(named, folder) for named in files if named}
    return media


def _picture_media(named: str, folder: Path, picture: Picture | None) -> Media:
    if picture is None:
        return Media(f"url:{named}", url=named)
    if named.startswith("data:"):
        return Media(f"sha256:{picture.sha256}", url=named, size=picture.size)
    return Media(f"sha256:{picture.sha256}", path=folder / named, size=picture.size)


def _file_media(named: str, folder: Path) -> Media:
    if rules.is_url(named):
        return Media(f"url:{named}", url=named)
    digest = hashlib.sha256((folder / named).read_bytes()).hexdigest()
    return Media(f"sha256:{digest}", path=folder / named)
