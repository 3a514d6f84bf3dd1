"""Where a run encodes and where its files go, as ``--executor`` and ``--out`` say."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from wanx_render import files
from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput, StoreError, Unfit
from wanx_render.language import Message, recorded, tr
from wanx_render.manifest import Manifest
from wanx_render.media.ffmpeg import Ffmpeg
from wanx_render.workers import executors, remote_jobs, store
from wanx_render.workers.base import LocalWorkers, Workers
from wanx_render.workers.executors import Cluster, Local
from wanx_render.workers.makers import makers_with
from wanx_render.workers.store import Bucket, SharedFolder, Store
from wanx_render.workers.upload_index import UploadIndex, to_publish

EXECUTOR = "WANX_EXECUTOR"
PATIENCE = "WANX_EXECUTOR_PATIENCE"  # seconds
_PROBE = ".cache/probe"
_ATONCE = 8


@dataclass(frozen=True)
class Destination:
    """What was chosen; ``bucket`` where files go elsewhere than into the render folder."""

    choice: executors.Choice
    bucket: Store | None
    patience: float = 300.0

    @classmethod
    def of(cls, executor: str | None, url: str | None, environ: Mapping[str, str]) -> "Destination":
        """Raises BadInput where one of them cannot be."""
        text = executor or environ.get(EXECUTOR) or "local"
        try:
            patience = float(environ.get(PATIENCE) or 300)
        except ValueError:
            patience = 300
        return cls(executors.choice(text), store.at(url, environ) if url else None, patience)

    @property
    def at_once(self) -> int | None:
        """How many calls run here; None: as many as cores."""
        return self.choice.at_once if isinstance(self.choice, Local) else None

    def place(self, root: Path, under: str = "") -> "Place":
        """Where the files of the render folder ``root`` go: into the bucket, or ``under`` it."""
        bucket = self.bucket.under(under) if self.bucket and under else self.bucket
        away = isinstance(self.choice, Cluster)
        return Place(root, bucket, UploadIndex(root, bucket or SharedFolder(root)), away)

    def tried(self, folder: Path) -> None:
        """Put a file there that workers look for. Raises BadInput where it cannot be put.

        ``folder`` is a render folder, the one whose files every worker must see if there is no
        bucket.
        """
        if self.bucket or isinstance(self.choice, Cluster):
            with usable(self.bucket or SharedFolder(folder)) as target:
                probe = files.part_name(folder / ".cache" / "probe")
                probe.write_text("a worker that reads this sees the store\n", encoding="utf-8")
                try:
                    target.put(probe, _PROBE)
                finally:
                    probe.unlink()


@dataclass(frozen=True)
class Place:
    """Where the files of one render folder stand, for people and for workers."""

    folder: Path
    bucket: Store | None
    published: UploadIndex
    away: bool  # whether they are made elsewhere

    def shown(self, name: str) -> str | Path:
        """Where a file of the run stands."""
        return f"{self.bucket}/{name}" if self.bucket else self.folder / name

    @property
    def elsewhere(self) -> bool:
        """Whether deliverables are in the bucket and never here."""
        return self.away and self.bucket is not None

    def parts(self, folder: Path, manifest: Manifest) -> tuple[str, ...]:
        """The names of all that people look for of the list that is rendered in ``folder``."""
        names = {self._name(folder / name) for name in to_publish(folder)}
        names |= {self._name(folder / deliverable.path) for deliverable in manifest.deliverables}
        names |= {self._name(folder / take.clip) for take in manifest.takes if take.clip}
        return tuple(sorted(names))

    def _name(self, path: Path) -> str:
        return Path(os.path.relpath(path, self.folder)).as_posix()

    def publish(self, folder: Path, manifest: Manifest) -> list[str]:
        """Put what is new of a list into the bucket; what did not get there, and why."""
        if self.bucket is None:
            return []
        deliverables = {
            self._name(folder / deliverable.path) for deliverable in manifest.deliverables
        }
        names = self.parts(folder, manifest)
        return self.put(name for name in names if not (self.elsewhere and name in deliverables))

    def put(self, names: Iterable[str]) -> list[str]:
        """Put what is new of these files into the bucket; what did not get there, and why."""
        with ThreadPoolExecutor(_ATONCE) as sending:
            return [reason for reason in sending.map(self._sent, names) if reason]

    def _sent(self, name: str) -> str:
        return self.offer(self.folder / name, name)

    def offer(self, path: Path, name: str, sha256: str = "") -> str:
        """Put a file into the bucket where it is not there already; why it did not get there.

        ``sha256`` stands for its content where that is not its bytes.
        """
        try:
            self.published.offer(path, name, sha256 or files.sha256(path))
        except StoreError as error:
            return str(error)
        except OSError as error:
            return f"{path}: {error.strerror}"
        return ""


@contextmanager
def at_work(
    where: Destination,
    folder: Path,
    program: Ffmpeg,
    here: Executor,
    warn: Callable[[Message], None],
) -> Iterator[Callable[[Place], Workers]]:
    """Who makes what is rendered into the folder of a place, connected and tried.

    Raises BadInput where the cluster cannot be used.
    ``folder`` is the one that the store was tried with.
    """
    if isinstance(where.choice, Local):
        yield lambda place: LocalWorkers(program, here, place.folder)
        return
    order = _order(where.bucket or SharedFolder(folder), program)
    with _cluster(where.choice, order, here, warn, where.patience) as executor:
        from wanx_render.workers.remote import RemoteWorkers

        yield lambda place: RemoteWorkers(program, executor, place.published)


def _order(store: Store, program: Ffmpeg) -> remote_jobs.Order:
    """Raises BadInput where this machine itself cannot make a film."""
    try:
        return remote_jobs.Order(store, makers_with(program))
    except Unfit as error:
        raise BadInput(Diagnostic("executor-unusable", error.sentence)) from None


@contextmanager
def _cluster(
    cluster: Cluster,
    order: remote_jobs.Order,
    here: Executor,
    warn: Callable[[Message], None],
    patience: float,
) -> Iterator[Executor]:
    if cluster.open_to_all:
        warn(
            tr(
                "{address} is neither encrypted nor protected: anyone who reaches it can run "
                "programs there and here; use dask:tls://",
                address=cluster.address,
            )
        )
    try:
        from wanx_render.workers.dask import connect  # half a second that only a cluster's run pays
    except ImportError:
        raise BadInput(
            Diagnostic(
                "extra-missing",
                tr("the Dask client is not installed"),
                hint=tr(
                    "run {command}, here and on every worker",
                    command="pip install 'wanx-render[cluster]'",
                ),
            )
        ) from None

    def say(text: str) -> None:
        warn(recorded(text))

    executor = connect(cluster.address, order, _PROBE, here=here, say=say, patience=patience)
    try:
        yield executor
    except BaseException:
        executor.shutdown(cancel_futures=True)
        raise
    executor.shutdown()


@contextmanager
def usable(target: Store) -> Iterator[Store]:
    """The store, before anything is sent to the service. Raises BadInput where it fails."""
    try:
        yield target
    except StoreError as error:
        raise BadInput(
            Diagnostic(
                "store-unusable",
                tr("cannot use {name}: {reason}", name=target, reason=error.sentence),
                hint=tr("check that the bucket exists and that the credentials may write to it")
                if isinstance(target, Bucket)
                else tr("use another with --out"),
            )
        ) from None
