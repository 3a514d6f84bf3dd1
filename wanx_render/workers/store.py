"""Where whole files stand that several machines share: a folder they all see, or a bucket.

Names are relative, with ``/``. Whatever has a name is whole: it is put under it in one step. A
store is plain data that can be sent to another machine; it never holds a secret, so each machine
opens a bucket with the credentials of its own environment.
"""

import json
import os
import re
import shutil
import sys
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from wanx_render import files, integrity
from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput, StoreError, StoreRefused
from wanx_render.language import Message, joined, tr, verbatim

OPTIONS = "WANX_STORE_OPTIONS"  # what fsspec is opened with, as JSON
ENDPOINT = "WANX_STORE_ENDPOINT"  # of an S3 service that is not Amazon's

# Services where a file appears whole or not at all; elsewhere it is renamed when it is whole.
_WHOLE = ("s3", "gs", "gcs", "abfs", "az", "oss", "memory")
_NO_CREDENTIALS = ("NoCredentialsError", "PartialCredentialsError", "TokenRetrievalError")
_SECRET = re.compile(r"secret|token|password|credential|^key$|account_key", re.IGNORECASE)
# Three tries of at most half a minute; s3fs tries again what broke off.
_PATIENT = {
    "connect_timeout": 10,
    "read_timeout": 30,
    "retries": {"max_attempts": 3, "mode": "standard"},
    # The newest checksums are known to Amazon only.
    "request_checksum_calculation": "when_required",
    "response_checksum_validation": "when_required",
}


@dataclass(frozen=True, slots=True)
class SharedFolder:
    """A folder that every machine sees under the same path."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    def has(self, name: str) -> bool:
        return (self.path / name).is_file()

    def names(self, folder: str) -> set[str]:
        """The files of a folder, by their last names; part files too."""
        place = self.path / folder
        if not place.is_dir():
            return set()
        with os.scandir(place) as entries:
            return {entry.name for entry in entries if entry.is_file()}

    def get(self, name: str, target: Path) -> None:
        """Bring a file to ``target``. Raises StoreError."""
        with _store_errors(self, name):
            shutil.copyfile(self.path / name, target)

    def put(self, source: Path, name: str) -> None:
        """Keep ``source`` under ``name``. Raises StoreError."""
        with _store_errors(self, name):
            target = self.path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with files.part_of(target) as part:
                shutil.copyfile(source, part)
                # A later run trusts its size and time.
                integrity.place(part, target, durable=True)

    def move(self, name: str, to: str) -> None:
        """Give a file another name, in place of whatever had it. Raises StoreError."""
        with _store_errors(self, name):
            (self.path / to).parent.mkdir(parents=True, exist_ok=True)
            files.place(self.path / name, self.path / to, durable=False)

    def mark(self, name: str) -> str:
        """What changes whenever the file does; nothing where there is none."""
        try:
            status = (self.path / name).stat()
        except OSError:
            return ""
        return f"{status.st_size}-{status.st_mtime_ns}"

    def marks(self) -> dict[str, str]:
        """The mark of every file, by its name."""
        paths = (path for path in self.path.rglob("*") if path.is_file())
        names = (path.relative_to(self.path).as_posix() for path in paths)
        return {name: self.mark(name) for name in names}

    def remove(self, name: str) -> None:
        with _store_errors(self, name):
            integrity.drop(self.path / name)

    def under(self, name: str) -> "SharedFolder":
        """A folder of it, as a store of its own."""
        return SharedFolder(self.path / name)


@dataclass(frozen=True, slots=True)
class Bucket:
    """Anything that fsspec opens: ``s3://bucket/folder``; ``options`` is JSON without secrets."""

    url: str
    options: str = "{}"

    def __str__(self) -> str:
        return self.url

    def has(self, name: str) -> bool:
        with _store_errors(self, name):
            try:
                return bool(self._system.exists(self._at(name)))
            except PermissionError:
                self._system.cat_file(self._at(name), 0, 1)  # an answer with a body says why
                raise

    def names(self, folder: str) -> set[str]:
        """The files of a folder, by their last names."""
        with _store_errors(self, folder):
            try:
                entries = self._system.ls(self._at(folder), detail=True, refresh=True)
            except FileNotFoundError:
                return set()
        return {name.rsplit("/", 1)[-1] for name in _files_of(entries, self._at(folder))}

    def get(self, name: str, target: Path) -> None:
        """Bring a file to ``target``. Raises StoreError."""
        with _store_errors(self, name):
            self._system.get_file(self._at(name), str(target))

    def put(self, source: Path, name: str) -> None:
        """Keep ``source`` under ``name``. Raises StoreError."""
        with _store_errors(self, name):
            if self.protocol in _WHOLE:
                self._system.put_file(str(source), self._at(name))
                return
            part = f"{name}.{uuid.uuid4().hex}.part"
            self._system.makedirs(self._at(name).rpartition("/")[0], exist_ok=True)
            self._system.put_file(str(source), self._at(part))
            self._system.mv(self._at(part), self._at(name))

    def move(self, name: str, to: str) -> None:
        """Give a file another name, in place of whatever had it. Raises StoreError."""
        with _store_errors(self, name):
            self._system.cp_file(self._at(name), self._at(to))
            self._system.rm_file(self._at(name))

    def mark(self, name: str) -> str:
        """What changes whenever the file does; nothing where there is none."""
        with _store_errors(self, name):
            try:
                info = self._system.info(self._at(name), refresh=True)
            except FileNotFoundError:
                return ""
        return _mark(info)

    def marks(self) -> dict[str, str]:
        """The mark of every file, by its name: one question for a thousand of them.

        Raises StoreError.
        """
        base = self._system._strip_protocol(self.url)
        with _store_errors(self, ""):
            try:
                infos = self._system.find(base, detail=True)
            except FileNotFoundError:
                return {}
        names = _files_of(infos.values(), base)
        return {name.removeprefix(f"{base}/"): _mark(infos[name]) for name in names}

    def remove(self, name: str) -> None:
        with _store_errors(self, name):
            try:
                self._system.rm_file(self._at(name))
            except FileNotFoundError:
                return

    def under(self, name: str) -> "Bucket":
        """A folder of it, as a store of its own."""
        return Bucket(f"{self.url.rstrip('/')}/{name}", self.options)

    @property
    def protocol(self) -> str:
        return self.url.partition("://")[0]

    @property
    def _system(self) -> Any:
        return _opened(self.protocol, self.options)

    def _at(self, name: str) -> str:
        return f"{self.url.partition('://')[2].rstrip('/')}/{name}"


Store = SharedFolder | Bucket


def _files_of(infos: Iterable[Mapping[str, Any]], folder: str) -> list[str]:
    """The names of files in what a service lists of ``folder``.

    SeaweedFS lists a folder that became empty as if it were a file.
    """
    names = (str(info["name"]) for info in infos if info["type"] == "file")
    return [name for name in names if name.rstrip("/") != folder.rstrip("/")]


def _mark(info: Mapping[str, Any]) -> str:
    etag = str(info.get("ETag") or info.get("etag") or "")
    # rclone's server has it in quotation marks where it answers for one file, and bare in lists.
    bare = etag.strip('"')
    return f"{info.get('size')}-{bare}"


def at(url: str, environ: Mapping[str, str]) -> Store:
    """The store that ``url`` names. Raises BadInput."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        return SharedFolder(Path(parts.path).resolve())
    if parts.username or parts.password:
        raise _wrong(
            tr("a store URL must not contain credentials"), tr("set them in the environment")
        )
    if not parts.netloc:
        raise _wrong(tr("{url} names no bucket", url=url), _URL_HINT)
    options = _options(environ)
    store = Bucket(url.rstrip("/"), json.dumps(options, sort_keys=True))
    _opened(store.protocol, store.options)
    return store


def _options(environ: Mapping[str, str]) -> dict[str, Any]:
    text = environ.get(OPTIONS) or "{}"
    try:
        options = json.loads(text)
    except ValueError:
        options = None
    if not isinstance(options, dict):
        raise _wrong(
            tr("{variable} is not a JSON object", variable=OPTIONS),
            tr("use for example {example}", example='{"anon": true}'),
        )
    secret = sorted(name for name in _keys(options) if _SECRET.search(name))
    if secret:
        names = joined(secret, tr(", "))
        raise _wrong(
            tr("{variable} must not contain secrets: {names}", variable=OPTIONS, names=names),
            tr("set credentials in each machine's environment, such as AWS_SECRET_ACCESS_KEY"),
        )
    if environ.get(ENDPOINT):
        options["endpoint_url"] = environ[ENDPOINT]
    return options


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield str(name)
            yield from _keys(inner)


@cache
def _opened(protocol: str, options: str) -> Any:
    """The file system, once in each process. Raises BadInput."""
    try:
        import fsspec  # 60 ms that only a run with a bucket pays

        settings = json.loads(options)
        if protocol == "s3":
            settings["config_kwargs"] = {**_PATIENT, **settings.get("config_kwargs", {})}
        return fsspec.filesystem(protocol, use_listings_cache=False, **settings)
    except ImportError:
        raise BadInput(
            Diagnostic(
                "extra-missing",
                tr("the package that opens {protocol}:// is not installed", protocol=protocol),
                hint=tr(
                    "run {command}, here and on every worker",
                    command="pip install 'wanx-render[cloud]'",
                ),
            )
        ) from None
    except (ValueError, TypeError) as error:
        message = tr("cannot open {protocol}://: {reason}", protocol=protocol, reason=error)
        raise _wrong(message, _URL_HINT) from None


_URL_HINT = tr("use a URL such as s3://bucket/folder")


def _wrong(message: Message, hint: Message) -> BadInput:
    return BadInput(Diagnostic("store-unusable", message, hint=hint))


@contextmanager
def _store_errors(store: Store, name: str) -> Iterator[None]:
    """Say what went wrong with which file of which store, whatever library said it.

    Raises StoreRefused where the store refuses this machine, else StoreError.
    """
    try:
        yield
    except Exception as error:  # which ones is known only where they happen
        if not isinstance(error, (OSError, *_foreign())):
            raise
        file, reason = f"{store}/{name}", _sentence(error)
        kind = StoreRefused if _is_refusal(error) else StoreError
        raise kind(tr("{file}: {reason}", file=file, reason=reason)) from None


def _is_refusal(error: Exception) -> bool:
    """Whether it is about who asks: permissions, expired or missing credentials, a wrong clock."""
    return isinstance(error, PermissionError) or type(error).__name__ in _NO_CREDENTIALS


def _foreign() -> tuple[type[Exception], ...]:
    """What S3's libraries raise that is no OSError; only where they are in use."""
    errors = []
    for module, names in (
        ("botocore.exceptions", ("BotoCoreError", "ClientError")),
        ("aiohttp", ("ClientError",)),
    ):
        library = sys.modules.get(module)
        errors += [getattr(library, name) for name in names if library]
    return tuple(errors)


def _sentence(error: Exception) -> Message:
    text = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, FileNotFoundError):
        return tr("the file does not exist")
    return verbatim(text[:300])
