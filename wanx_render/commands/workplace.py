"""Where a run encodes and where its files go: ``--executor`` and ``--out`` become a bench."""

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from wanx_render import afar, executors, store
from wanx_render.bench import Bench, LocalBench
from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput, StoreError
from wanx_render.executors import Cluster, Local
from wanx_render.ffmpeg import Ffmpeg
from wanx_render.published import Published, to_publish
from wanx_render.store import Bucket, Folder, Store

EXECUTOR = "WANX_EXECUTOR"
PATIENCE = "WANX_EXECUTOR_PATIENCE"  # seconds
_PROBE = ".cache/probe"
_ATONCE = 8


@dataclass(frozen=True)
class Workplace:
    """What was chosen; ``bucket`` where files go elsewhere than into the render folder."""

    choice: executors.Choice
    bucket: Store | None
    patience: float = 300.0

    @classmethod
    def of(cls, executor: str | None, url: str | None, environ: Mapping[str, str]) -> "Workplace":
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


@dataclass(frozen=True)
class Place:
    """A bench that is ready, and how its files get to where people look for them."""

    bench: Bench
    folder: Path
    bucket: Store | None
    published: Published
    made_away: bool

    def shown(self, name: str) -> str | Path:
        """Where a file of the run stands."""
        return f"{self.bucket}/{name}" if self.bucket else self.folder / name

    def publish(self, deliverables: tuple[str, ...]) -> list[str]:
        """Put what is new in the render folder into the bucket; what did not get there, and why.

        ``deliverables`` names the files that are there already if they were made elsewhere.
        """
        if self.bucket is None:
            return []
        skipped = frozenset(deliverables if self.made_away else ())
        names = [name for name in to_publish(self.folder) if name not in skipped]
        with ThreadPoolExecutor(_ATONCE) as sending:
            return [told for told in sending.map(self._sent, names) if told]

    def _sent(self, name: str) -> str:
        try:
            self.published.send(name)
        except StoreError as error:
            return str(error)
        return ""


@dataclass(frozen=True)
class Works:
    """Where encoding runs, connected and tried; ``away`` is the cluster, where there is one."""

    program: Ffmpeg
    here: Executor
    away: Executor | None
    bucket: Store | None

    def place(self, root: Path) -> Place:
        """The bench of the render folder ``root``, which the store mirrors."""
        published = self.published(root)
        bench = self.bench(root, published)
        return Place(bench, root, self.bucket, published, self.away is not None)

    def published(self, root: Path) -> Published:
        return Published(root, self.bucket or Folder(root))

    def bench(self, folder: Path, published: Published) -> Bench:
        """The bench of one list, whose files go into ``folder``."""
        if self.away is None:
            return LocalBench(self.program, self.here, folder)
        from wanx_render.shared import SharedBench

        target = self.bucket or Folder(published.folder)
        return SharedBench(self.program, self.away, target, folder, published)


@contextmanager
def at_work(
    where: Workplace, folder: Path, program: Ffmpeg, here: Executor, tell: Callable[[str], None]
) -> Iterator[Works]:
    """Connect and try. Raises BadInput where the cluster or the store cannot be used.

    ``folder`` is a render folder, the one whose files every worker must see if there is no bucket.
    """
    target = where.bucket or Folder(folder)
    if where.bucket or isinstance(where.choice, Cluster):
        _tried(target, folder)
    if isinstance(where.choice, Local):
        yield Works(program, here, None, where.bucket)
        return
    order = afar.Order(target, afar.makers_with(program))
    with _cluster(where.choice, order, here, tell, where.patience) as executor:
        yield Works(program, here, executor, where.bucket)


@contextmanager
def _cluster(
    cluster: Cluster,
    order: afar.Order,
    here: Executor,
    tell: Callable[[str], None],
    patience: float,
) -> Iterator[Executor]:
    if cluster.open_to_all:
        tell(
            f"{cluster.address} is not encrypted and asks nobody who they are: whoever "
            "reaches it can run programs on it and here; use dask:tls://"
        )
    try:
        from wanx_render.cluster import connect  # half a second that only a cluster's run pays
    except ImportError:
        raise BadInput(
            Diagnostic(
                "extra-missing",
                "what speaks to a Dask cluster is not installed",
                hint="pip install 'wanx-render[cluster]', here and on every worker",
            )
        ) from None
    executor = connect(cluster.address, order, _PROBE, here=here, tell=tell, patience=patience)
    try:
        yield executor
    except BaseException:
        executor.shutdown(cancel_futures=True)
        raise
    executor.shutdown()


def _tried(target: Store, folder: Path) -> None:
    """Put a file there that workers look for. Raises BadInput where it cannot be put."""
    try:
        probe = folder / ".cache" / f"probe-{os.getpid()}"
        probe.write_text("whoever sees this sees the store\n", encoding="utf-8")
        try:
            target.put(probe, _PROBE)
        finally:
            probe.unlink()
    except StoreError as error:
        raise BadInput(
            Diagnostic(
                "store-unusable",
                f"nothing can be put into {target}: {error}",
                hint="is the bucket there, and may the credentials of the environment write to it?"
                if isinstance(target, Bucket)
                else "choose another with --out",
            )
        ) from None
