"""Uploads of clients: a policy says where a file may be written; the file is kept for a while."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from mock_server.service.clocks import ServiceClock
from mock_server.service.store import Store
from mock_server.wire.errors import Denied
from mock_server.wire.provenance import UPLOADS, rests_on
from mock_server.wire.signing import Signer
from wanx_render.files import sha256_of, write_atomically

_HOURS = 48


class Shelf:
    """A folder of files, named by the hash of their bytes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, data: bytes, suffix: str = "") -> Path:
        path = self.folder / f"{sha256_of(data)}{suffix}"
        if not path.exists():
            write_atomically(path, data, durable=False)
        return path


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that an account uploaded for one model; ``oss://`` and its key name it."""

    key: str
    model: str
    path: Path
    until: datetime
    account: str = ""

    def record(self) -> list[Any]:
        """Account and fields, as JSON data."""
        fields = asdict(self)
        account = fields.pop("account")
        return [account, {**fields, "path": str(self.path), "until": self.until.isoformat()}]

    @classmethod
    def from_record(cls, record: list[Any]) -> "Upload":
        account, fields = record
        times = {"until": datetime.fromisoformat(fields["until"]), "path": Path(fields["path"])}
        return cls(**{**fields, **times, "account": account})


class UploadStore:
    """The policies that were given out, and the files that came."""

    def __init__(self, store: Store, clock: ServiceClock, shelf: Shelf, signer: Signer) -> None:
        self._store, self._clock = store, clock
        self._shelf, self._signer = shelf, signer
        self._policies = {prefix: (owner[0], owner[1]) for prefix, owner in store.all("policy")}
        uploads = [Upload.from_record(record) for _, record in store.all("upload")]
        self._uploads = {upload.key: upload for upload in uploads}

    @rests_on("official text", UPLOADS, "A policy is for one model; uploads below its prefix")
    def policy(self, account: str, model: str, *, folder: str, host: str) -> dict[str, object]:
        """What ``getPolicy`` answers; ``folder`` is a name that nothing else has."""
        now = self._clock.now(account)
        prefix = f"dashscope-instant/{account}/{now:%Y-%m-%d}/{folder}"
        self._policies[prefix] = (account, model)
        self._store.put("policy", prefix, [account, model])
        return self._signer.policy(prefix, host, now)

    @rests_on("official text", UPLOADS, "An uploaded file can be used for 48 hours")
    def add(self, form: dict[str, str], data: bytes) -> None:
        """Keep an uploaded file. Raises Denied."""
        prefix = form.get("key", "").rpartition("/")[0]
        account, model = self._policies.get(prefix, ("", ""))
        now = self._clock.now(account)
        key = self._signer.check_form(form, len(data), now)
        if key in self._uploads:
            raise Denied(409, "FileAlreadyExists", "The object you specified already exists.")
        suffix = Path(key).suffix.lower()
        path = self._shelf.keep(data, suffix if suffix[1:].isalnum() else "")
        upload = Upload(key, model, path, now + timedelta(hours=_HOURS), account)
        self._uploads[key] = upload
        self._store.put("upload", key, upload.record())

    def find(self, account: str, key: str, model: str) -> Upload | None:
        """A file that ``account`` may use with ``model`` now."""
        upload = self._uploads.get(key)
        if upload is None or (upload.account, upload.model) != (account, model):
            return None
        return upload if self._clock.now(account) <= upload.until else None

    def all(self) -> Iterable[Upload]:
        return self._uploads.values()

    def forget(self, account: str | None) -> None:
        """Forget an account's files, or everything."""
        self._uploads = {
            key: upload
            for key, upload in self._uploads.items()
            if account not in (None, upload.account)
        }
        if account is None:
            self._policies.clear()

    def save(self) -> None:
        """Write everything, after the store was cleared."""
        for upload in self._uploads.values():
            self._store.put("upload", upload.key, upload.record())
        for prefix, owner in self._policies.items():
            self._store.put("policy", prefix, list(owner))
