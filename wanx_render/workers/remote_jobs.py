"""The calls that make files, as another machine runs them: fetch, make in scratch, put back whole.

In what is sent here every path is a name in the store. What the call itself finds wrong comes back
as a value; what is raised is trouble of the machine, the network or the store, and worth a retry.
This is where a worker's own environment is read: no command runs there.
"""

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from wanx_render.captions.fonts import chinese
from wanx_render.errors import BadInput, Damaged, StoreError, StoreRefused, Unfit, WanxError
from wanx_render.finishing.decode_record import WantedFrames
from wanx_render.finishing.jobs import (
    JoinCall,
    Joined,
    SegmentCall,
    SoundCall,
    make_deliverable,
    make_segments,
    make_sound,
)
from wanx_render.finishing.segment import Piece
from wanx_render.finishing.sound.stems import StemFiles, StemsCall, make_stems, stem_path
from wanx_render.language import NOTHING, Message, tr
from wanx_render.media import ffmpeg
from wanx_render.workers.cache import PLACE, Cache
from wanx_render.workers.makers import Makers, makers_with
from wanx_render.workers.store import SharedFolder, Store

T = TypeVar("T")

PACKAGED_FONT = Path("packaged-font")  # each machine has its own copy


@dataclass(frozen=True, slots=True)
class Order:
    """What a call needs besides its data: the store, hashes of files where known, the makers."""

    store: Store
    makers: Makers
    hashes: tuple[tuple[str, str], ...] = ()


def segments(
    order: Order,
    pieces: tuple[Piece, ...],
    names: tuple[str, ...],
    wishes: tuple[WantedFrames, ...],
) -> WanxError | None:
    """Make segments that share clips and put each into the store under its name.

    ``wishes``: which frames of each are for contact sheet and poster.
    """
    every = zip(pieces, names, wishes, strict=True)
    missing = [item for item in every if not order.store.has(item[1])]
    missing_wishes = [wish for _, _, wish in missing]

    def make(program: ffmpeg.Ffmpeg, data: tuple[Piece, ...], scratch: Path) -> None:
        # Under their own names, which their seals hold.
        targets = [scratch / Path(name).name for _, name, _ in missing]
        make_segments(program, tuple(map(SegmentCall, data, targets, missing_wishes)))
        for path, (_, name, _) in zip(targets, missing, strict=True):
            _put(order, path, name)

    return _done(order, tuple(piece for piece, _, _ in missing), make) if missing else None


def _put(order: Order, path: Path, name: str) -> None:
    """A piece into the store, and into the cache: it is often joined on this machine."""
    _insist_on_makers(order)
    order.store.put(path, name)
    if not isinstance(order.store, SharedFolder):
        Cache.of(os.environ).keep(_key(order, Path(name)), path)


def sound(order: Order, call: SoundCall, name: str) -> WanxError | None:
    """Make the finished sound of segments and put it into the store under ``name``."""

    def make(program: ffmpeg.Ffmpeg, data: SoundCall, scratch: Path) -> None:
        target = scratch / Path(name).name
        try:
            make_sound(program, replace(data, target=target))
        except Damaged:
            _dropped(order, call.segments, data.segments)
            raise
        _put(order, target, name)

    return None if order.store.has(name) else _done(order, replace(call, target=Path()), make)


def deliverable(order: Order, call: JoinCall, name: str) -> Joined | WanxError:
    """Join, verify, and put the deliverable into the store under ``name``."""

    def make(program: ffmpeg.Ffmpeg, data: JoinCall, scratch: Path) -> Joined:
        target = scratch / "made.mp4"
        try:
            output = make_deliverable(program, replace(data, target=target))
        except Damaged:
            _dropped(order, (*call.segments, *call.sounds), (*data.segments, *data.sounds))
            raise
        _insist_on_makers(order)
        order.store.put(target, name)
        return output

    return _done(order, replace(call, target=Path()), make)


def stems(order: Order, call: StemsCall, name: str) -> StemFiles | WanxError:
    """Make stems and put each into the store, named after ``name`` as after a deliverable."""

    def make(program: ffmpeg.Ffmpeg, data: StemsCall, scratch: Path) -> StemFiles:
        target = scratch / "made.mp4"
        try:
            output = make_stems(program, replace(data, target=target))
        except Damaged:
            _dropped(order, call.segments, data.segments)
            raise
        _insist_on_makers(order)
        for stem in data.stems:
            made = stem_path(Path(name), stem.kind).as_posix()
            order.store.put(stem_path(target, stem.kind), made)
        return output

    return _done(order, replace(call, target=Path()), make)


def _dropped(order: Order, names: Sequence[Path], here: Sequence[Path]) -> None:
    """What a call found damaged, and dropped, is dropped from the store and the cache too."""
    cache = Cache.of(os.environ)
    for name, path in zip(names, here, strict=True):
        if not path.is_symlink() and not path.exists():
            order.store.remove(name.as_posix())
            cache.forget(_key(order, name))


def _done(order: Order, data: Any, make: Callable[[ffmpeg.Ffmpeg, Any, Path], T]) -> T | WanxError:
    _insist_on_makers(order)
    cache = Cache.of(os.environ)
    with _fitness_shown(cache), cache.scratch() as scratch:
        local = moved(data, lambda name: _brought(order, name, cache, scratch))
        try:
            return make(ffmpeg.find(os.environ), local, scratch)
        except (StoreError, Unfit):
            raise
        except WanxError as error:
            if _is_full(error):
                raise
            return error


def _insist_on_makers(order: Order) -> None:
    """Raises Unfit where this machine makes other bytes: before a call, and before it puts any."""
    if difference := order.makers.differs(_own_makers()):
        raise Unfit(difference)


def _own_makers() -> Makers:
    """What this machine makes files with now: ffmpeg may be upgraded while it is up."""
    try:
        return makers_with(ffmpeg.find(os.environ))
    except BadInput as error:
        raise Unfit(tr("no usable ffmpeg: {reason}", reason=error.sentence)) from None


@contextmanager
def _fitness_shown(cache: Cache) -> Iterator[None]:
    """Raises Unfit for trouble that this machine will have with every call."""
    try:
        yield
    except StoreRefused as error:
        raise Unfit(error.sentence) from None
    except (WanxError, OSError) as error:
        if not _is_full(error):
            raise
        raise Unfit(
            tr(
                "its disk is full; free some space, or set {variable} to a folder on another disk "
                "instead of {folder}",
                variable=PLACE, folder=str(cache.folder),
            )
        ) from None  # fmt: skip


def _is_full(error: Exception) -> bool:
    """Whether it is for want of space, said by the system, ffmpeg or a library."""
    return any(os.strerror(code) in str(error) for code in (errno.ENOSPC, errno.EDQUOT))


def _brought(order: Order, name: Path, cache: Cache, scratch: Path) -> Path:
    """The file of the store that is called ``name``, in the folder of the call."""
    if name == PACKAGED_FONT:
        return chinese().path
    text = name.as_posix()
    target = scratch / name.name
    if name == Path() or target.exists():
        return target
    if isinstance(order.store, SharedFolder):
        _linked(order.store, text, target)
        return target
    fetch = partial(order.store.get, text)
    sha256 = dict(order.hashes).get(text, "")
    cache.bring(_key(order, name), target, fetch, sha256)
    return target


def _key(order: Order, name: Path) -> str:
    """What a file is called in the cache: by its content where that is known."""
    text = name.as_posix()
    digest = dict(order.hashes).get(text) or sha256(f"{order.store}/{text}".encode()).hexdigest()
    return digest + name.suffix


def _linked(store: SharedFolder, name: str, target: Path) -> None:
    """A file of a shared folder, read where it is."""
    if not store.has(name):
        raise StoreError(tr("{file} is not visible from this machine", file=f"{store}/{name}"))
    try:
        target.symlink_to(store.path / name)
    except OSError:  # Windows lets only some people do so
        store.get(name, target)


def moved(value: Any, move: Callable[[Path], Path]) -> Any:
    """``value``, plain data, with every path in it changed by ``move``."""
    if isinstance(value, Path):
        return move(value)
    if isinstance(value, tuple):
        return tuple(moved(item, move) for item in value)
    if not is_dataclass(value) or isinstance(value, type):
        return value
    now = {item.name: getattr(value, item.name) for item in fields(value)}
    then = {name: moved(item, move) for name, item in now.items()}
    changes = {name: item for name, item in then.items() if item is not now[name]}
    return replace(value, **changes) if changes else value


def paths_in(value: Any) -> Iterator[Path]:
    """Every path in plain data, each once."""
    paths: dict[Path, None] = {}

    def note(path: Path) -> Path:
        paths[path] = None
        return path

    moved(value, note)
    yield from paths


def trouble(order: Order, probe: str) -> Message:
    """Why this machine cannot be given calls, or nothing; ``probe`` is a file of the store."""
    try:
        _insist_on_makers(order)
        if order.store.has(probe):
            return NOTHING
        return tr("it does not see {store}", store=str(order.store))
    except (StoreError, Unfit, BadInput) as error:
        return error.sentence
