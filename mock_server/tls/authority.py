"""The local authority: made once, kept in a folder of its owner, made again before it ends.

Its key can sign for the vendor's domain and private networks only, so a thief gains little.
"""

import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING

from mock_server.light.distribution import NAME
from wanx_render.files import write_atomically
from wanx_render.language import tr

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

DOMAINS = ("aliyuncs.com", "localhost")
_NETWORKS = (
    "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
    "::1/128", "fc00::/7", "fe80::/10",
)  # fmt: skip
PERMITTED = (*DOMAINS, *_NETWORKS)
TRUST_PASSWORD = "changeit"  # noqa: S105  # Java's own word for a store that holds no secret
_CERTIFICATE, _KEY, _TRUST = "authority.pem", "authority.key", "authority.p12"
_LEAST_LEFT = timedelta(days=30)
_LOCK_SECONDS = 30


class BadAuthority(ValueError):
    """The authority cannot be used or made; the message says why."""


@dataclass(frozen=True)
class LocalAuthority:
    """An authority and the folder of its files; ``passing`` is one of this run alone."""

    folder: Path
    certificate: "x509.Certificate"
    key: "ec.EllipticCurvePrivateKey"
    passing: bool = False

    @property
    def file(self) -> Path:
        """The authority's certificate, as PEM: what a client has to trust."""
        return self.folder / _CERTIFICATE

    @property
    def trust_store(self) -> Path:
        """The same for Java; its password is ``changeit``."""
        return self.folder / _TRUST

    def is_filed(self) -> bool:
        """Whether the file is still this authority's: another server may have made a new one."""
        from mock_server.tls.issuing import certificate_pem

        try:
            return self.file.read_bytes() == certificate_pem(self.certificate)
        except OSError:
            return False

    def remove(self) -> None:
        """Remove the files of an authority that is of this run alone."""
        if self.passing:
            shutil.rmtree(self.folder, ignore_errors=True)


def default_folder(environ: Mapping[str, str]) -> Path:
    """Where the authority is kept unless a person names a folder. Raises BadAuthority."""
    try:
        home = Path.home()
    except RuntimeError:
        message = tr("no home folder is known; name a folder with --authority")
        raise BadAuthority(message) from None
    if sys.platform == "win32":
        base = Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        base = Path(environ.get("XDG_STATE_HOME") or home / ".local" / "state")
    return base / "wanx-mock-server"


def is_permitted(name: str) -> bool:
    """Whether the kept authority may sign for a host name or an address."""
    try:
        address = ip_address(name)
    except ValueError:
        return any(name == domain or name.endswith(f".{domain}") for domain in DOMAINS)
    networks = map(ip_network, _NETWORKS)
    return any(address in network for network in networks if network.version == address.version)


def passing_authority(*others: str) -> LocalAuthority:
    """An authority of this run alone, for other names and addresses too. Raises BadAuthority."""
    with _library():
        folder = Path(tempfile.mkdtemp(prefix="wanx-mock-tls-"))
        return _make(folder, (*PERMITTED, *others), passing=True)


def kept_authority(folder: Path) -> LocalAuthority:
    """The authority in ``folder``; made where there is none, or it ends within 30 days.

    Several servers that start at once get the same one. Raises BadAuthority.
    """
    try:
        with _library():
            from filelock import FileLock  # only where an authority is needed

            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with FileLock(folder / ".lock", timeout=_LOCK_SECONDS, mode=0o600):
                return _load(folder) or _make(folder, PERMITTED, passing=False)
    except (OSError, TimeoutError) as error:
        message = tr(
            "cannot keep the authority in {folder}: {reason}; name another folder with --authority",
            folder=folder, reason=getattr(error, "strerror", None) or str(error),
        )  # fmt: skip
        raise BadAuthority(message) from None


@contextmanager
def _library() -> Iterator[None]:
    """Raises BadAuthority where the library that signs is not installed."""
    try:
        import cryptography  # noqa: F401

        yield
    except ImportError:
        message = tr("TLS requires the library cryptography: install {extra}", extra=f"{NAME}[tls]")
        raise BadAuthority(message) from None


def _make(folder: Path, permitted: Sequence[str], *, passing: bool) -> LocalAuthority:
    from mock_server.tls.issuing import authority_certificate, key_pem, new_key

    key = new_key()
    authority = LocalAuthority(folder, authority_certificate(key, permitted), key, passing)
    write_atomically(folder / _KEY, key_pem(key), mode=0o600)
    _write_trust(authority)
    return authority


def _write_trust(authority: LocalAuthority) -> None:
    """What clients read: the certificate alone, as PEM and for Java."""
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
    from cryptography.hazmat.primitives.serialization.pkcs12 import (
        PKCS12Certificate,
        serialize_java_truststore,
    )

    from mock_server.tls.issuing import certificate_pem

    entry = PKCS12Certificate(authority.certificate, b"wanx-mock-server")
    store = serialize_java_truststore([entry], BestAvailableEncryption(TRUST_PASSWORD.encode()))
    write_atomically(authority.trust_store, store)
    write_atomically(authority.file, certificate_pem(authority.certificate))


def _load(folder: Path) -> LocalAuthority | None:
    """The authority in ``folder``, or None where none can be used any more. Raises BadAuthority."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    if not (folder / _KEY).exists():
        return None
    _check_owner(folder / _KEY)
    try:
        key = load_pem_private_key((folder / _KEY).read_bytes(), None)
        certificate = x509.load_pem_x509_certificate((folder / _CERTIFICATE).read_bytes())
    except (FileNotFoundError, ValueError):  # damaged, or never finished
        return None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        return None
    ends_soon = certificate.not_valid_after_utc < datetime.now(UTC) + _LEAST_LEFT
    if ends_soon or key.public_key() != certificate.public_key():
        return None
    authority = LocalAuthority(folder, certificate, key)
    if not authority.trust_store.exists():
        _write_trust(authority)
    return authority


def _check_owner(key_file: Path) -> None:
    """Raises BadAuthority where other people can read the key; Windows has its own rules."""
    if os.name != "posix":
        return
    status = key_file.stat()
    if status.st_uid != os.geteuid():
        raise BadAuthority(tr("{file} belongs to another user", file=key_file))
    if stat.S_IMODE(status.st_mode) & 0o077:
        message = tr("{file} can be read by others: remove it, and trust the new authority",
                     file=key_file)  # fmt: skip
        raise BadAuthority(message)
