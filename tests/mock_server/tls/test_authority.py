"""The local authority: who can read it, when it is made again, what it may sign for."""

import os
import ssl
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12

from mock_server.tls import authority as authorities
from mock_server.tls import issuing
from mock_server.tls.authority import BadAuthority, default_folder, kept_authority
from mock_server.tls.contexts import ServerContexts
from mock_server.tls.reach import Reach, doors


def test_it_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "wanx"
    first, second = kept_authority(folder), kept_authority(folder)
    assert first.certificate == second.certificate
    assert first.key.public_key() == second.key.public_key()
    if os.name == "posix":
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE((folder / "authority.key").stat().st_mode) == 0o600
    assert b"PRIVATE" not in first.file.read_bytes() + first.trust_store.read_bytes()


def test_clients_in_any_folder_find_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    reach = Reach(tls=True, folder=Path("kept"))
    assert reach.authority(()).file == tmp_path / "kept" / "authority.pem"


def test_a_host_of_another_domain_has_an_authority_of_one_run(tmp_path: Path) -> None:
    reach = Reach(tls=True, folder=tmp_path / "kept")
    with doors(reach, ("results.example", "a.aliyuncs.com"), ("192.0.2.1", 1)) as ways_in:
        authority = ways_in.authority
        assert authority
        assert authority.file.exists()
        contexts = ServerContexts(authority)
        for host in ("results.example", "a.aliyuncs.com", "192.0.2.1"):
            assert handshake_error(contexts.of(host), host, authority.file) is None
        assert handshake_error(contexts.of("bank.example"), "bank.example", authority.file)
    assert not authority.folder.exists()
    assert not (tmp_path / "kept").exists()


def test_java_can_read_what_to_trust(tmp_path: Path) -> None:
    made = kept_authority(tmp_path)
    store = pkcs12.load_pkcs12(made.trust_store.read_bytes(), b"changeit")
    assert store.key is None
    assert [entry.certificate for entry in store.additional_certs] == [made.certificate]
    made.trust_store.unlink()
    assert kept_authority(tmp_path).trust_store.exists()


def test_servers_that_start_at_once_have_the_same_one(tmp_path: Path) -> None:
    marks: list[bytes] = []

    def start() -> None:
        marks.append(issuing.certificate_pem(kept_authority(tmp_path).certificate))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(marks) == 8
    assert set(marks) == {(tmp_path / "authority.pem").read_bytes()}


def _damage(path: Path) -> None:
    path.write_text("-----BEGIN nothing-----\n")
    path.chmod(0o600)


@pytest.mark.parametrize("name", ["authority.pem", "authority.key"])
@pytest.mark.parametrize("harm", [Path.unlink, _damage])
def test_what_is_lost_or_damaged_is_made_again(tmp_path: Path, name: str, harm: object) -> None:
    before = kept_authority(tmp_path)
    assert callable(harm)
    harm(tmp_path / name)
    after = kept_authority(tmp_path)
    assert after.certificate != before.certificate
    assert after.certificate.subject != before.certificate.subject  # both may be trusted at once
    assert after.is_filed()
    assert not before.is_filed()


def test_one_that_ends_soon_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(issuing, "_AUTHORITY_DAYS", 29)
    short = kept_authority(tmp_path)
    monkeypatch.setattr(issuing, "_AUTHORITY_DAYS", 3650)
    made = kept_authority(tmp_path)
    assert made.certificate != short.certificate
    assert made.certificate.not_valid_after_utc > datetime.now(UTC) + timedelta(days=3000)


@pytest.mark.skipif(os.name != "posix", reason="other systems have other permissions")
def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    kept_authority(tmp_path)
    (tmp_path / "authority.key").chmod(0o640)
    with pytest.raises(BadAuthority, match="can be read by others"):
        kept_authority(tmp_path)


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadAuthority, match="name another folder with --authority"):
        kept_authority(tmp_path / "file" / "below")


@pytest.mark.parametrize(
    ("platform", "environ", "ends"),
    [
        ("linux", {"XDG_STATE_HOME": "/x"}, "/x/wanx-mock-server"),
        ("linux", {}, "/.local/state/wanx-mock-server"),
        ("darwin", {"XDG_STATE_HOME": "/x"}, "/Library/Application Support/wanx-mock-server"),
        ("win32", {"LOCALAPPDATA": "/c/Local"}, "/c/Local/wanx-mock-server"),
        ("win32", {}, "/AppData/Local/wanx-mock-server"),
    ],
)
def test_it_is_kept_where_the_system_keeps_such_things(
    platform: str, environ: dict[str, str], ends: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authorities.sys, "platform", platform)
    assert default_folder(environ).as_posix().endswith(ends)


@pytest.mark.parametrize(
    ("host", "reason"),
    [("dashscope.aliyuncs.com", None), ("a.b.maas.aliyuncs.com", None), ("localhost", None),
     ("127.0.0.1", None), ("192.168.1.7", None), ("fe80::1", None),
     ("bank.example", "permitted subtree violation"), ("8.8.8.8", "permitted subtree violation")],
)  # fmt: skip
def test_it_counts_for_the_vendors_domain_and_this_machine_only(
    tmp_path: Path, host: str, reason: str | None
) -> None:
    """OpenSSL is the judge; the last names stand for what a stolen key could sign."""
    assert authorities.is_permitted(host) is (reason is None)
    contexts = ServerContexts(kept_authority(tmp_path))
    error = handshake_error(contexts.of(host), host, contexts.authority.file)
    assert (reason in str(error)) if reason else (error is None), error


def handshake_error(server: ssl.SSLContext, host: str, trusted: Path) -> Exception | None:
    """What a client finds wrong with a server's certificate."""
    client = ssl.create_default_context(cafile=trusted)
    client.verify_flags |= ssl.VERIFY_X509_STRICT  # as Python 3.13 has it by default
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (
        client.wrap_bio(to_client, to_server, server_hostname=host),
        server.wrap_bio(to_server, to_client, server_side=True),
    )
    for _ in range(4):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError as error:
                return error
    return None


def test_certificates_are_made_once_and_leave_no_key_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    contexts = ServerContexts(kept_authority(tmp_path / "kept"))
    assert contexts.of("dashscope.aliyuncs.com") is contexts.of("dashscope.aliyuncs.com")
    assert list((tmp_path / "temporary").iterdir()) == []


def test_openssl_reads_what_we_wrote(tmp_path: Path) -> None:
    made = kept_authority(tmp_path)
    loaded = x509.load_pem_x509_certificate(made.file.read_bytes())
    limits = loaded.extensions.get_extension_for_class(x509.NameConstraints)
    assert limits.critical
    (known,) = ssl.create_default_context(cafile=made.file).get_ca_certs()
    assert "wanx-mock-server local authority" in str(known["subject"])
