"""The server side of TLS for each host name: certificates are made when they are first needed."""

import os
import ssl
import tempfile
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

from mock_server.tls.authority import LocalAuthority

_MOST_NAMES = 256


class ServerContexts:
    """TLS of the hosts that an authority signs for; all of them share a key of this run alone."""

    def __init__(self, authority: LocalAuthority) -> None:
        from mock_server.tls.issuing import new_key

        self.authority = authority
        self._key = new_key()
        self.of = lru_cache(_MOST_NAMES)(self._context)

    def _context(self, *names: str) -> ssl.SSLContext:
        """A context with a certificate for ``names``; it speaks HTTP/1.1 only."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(["http/1.1"])
        self._load_certificate(context, names)
        return context

    def _load_certificate(self, context: ssl.SSLContext, names: Sequence[str]) -> None:
        """Through a file, which is the only way there is; it is readable by its owner alone."""
        from mock_server.tls.issuing import certificate_pem, host_certificate, key_pem

        signer = (self.authority.certificate, self.authority.key)
        certificate = host_certificate(signer, self._key, names)
        handle, name = tempfile.mkstemp(prefix="wanx-mock-tls-", suffix=".pem")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(key_pem(self._key) + certificate_pem(certificate))
            context.load_cert_chain(name)
        finally:
            Path(name).unlink()

    def own(self, names: Sequence[str], is_served: Callable[[str], bool]) -> ssl.SSLContext:
        """The context of this server's own port: ``names``, and hosts that point here by name."""
        context = self._context(*names)

        def by_name(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
            if name and is_served(name.lower()):
                connection.context = self.of(name.lower())

        context.sni_callback = by_name
        return context
