"""Who may call: no request for a foreign host, and none to the admin side from another site."""

import hmac
import re

from starlette.requests import Request

from mock_server.web.parameters import header
from mock_server.wire.errors import ErrorAnswer
from mock_server.wire.hosts import is_storage, name_of
from mock_server.wire.provenance import REGIONS, rests_on

_LOOPBACK = re.compile(r"(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?", re.IGNORECASE)

# Names that no page of another site can make point here.
_VENDOR = re.compile(r"([a-z0-9-]{1,63}\.){1,8}aliyuncs\.com(:\d{1,5})?", re.IGNORECASE)


def is_loopback(host: str) -> bool:
    """Whether a host, with or without a port, is this machine by its name or address."""
    return _LOOPBACK.fullmatch(host) is not None


class AccessGuard:
    """``token`` is set where the server can be reached from other machines.

    Results, and nothing else, may be asked for by the names of ``result_hosts``. With
    ``vendor_hosts``, the names of the vendor's storage have results and take uploads.
    """

    def __init__(
        self, token: str | None, result_hosts: tuple[str, ...] = (), *, vendor_hosts: bool = False
    ) -> None:
        self.token = token
        self.result_hosts = result_hosts
        self.vendor_hosts = vendor_hosts

    @rests_on("official text", REGIONS, "Workspace hosts answer too")
    def check_host(self, request: Request) -> None:
        """Refuse a page of another site that made its name point here. Raises ErrorAnswer."""
        name, path = header(request, b"host"), request.scope["path"]
        if path.startswith(self._parts_at(name)):
            return
        if self.token is None and not is_loopback(name):
            raise ErrorAnswer(421, "MisdirectedRequest", "This server answers to localhost only.")

    def _parts_at(self, name: str) -> tuple[str, ...]:
        """What paths that are served by a name that is not of this machine begin with."""
        if name.lower() in self.result_hosts:
            return ("/results/",)
        if self.vendor_hosts and is_storage(name_of(name)):
            return ("/results/", "/oss")
        if self.vendor_hosts and _VENDOR.fullmatch(name):
            return ("/api/", "/oss", "/results/")  # by a name of the API at a port of our own
        return ("/api/", "/oss") if _VENDOR.fullmatch(name) else ()

    def check_site(self, request: Request) -> None:
        """Raises ErrorAnswer for another site's page."""
        self.check_host(request)
        headers = request.headers
        own = f"{request.url.scheme}://{headers.get('host', '')}"
        foreign = headers.get("origin", own) != own
        if foreign or headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            raise ErrorAnswer(403, "AccessDenied", "Other sites may not call the admin side.")

    def check_admin(self, request: Request) -> None:
        """Raises ErrorAnswer for another site's page, or where the token is missing."""
        self.check_site(request)
        if self.token is None:
            return
        token = request.headers.get("x-mock-token") or request.query_params.get("token", "")
        if not hmac.compare_digest(token.encode("utf-8", "replace"), self.token.encode()):
            raise ErrorAnswer(401, "InvalidToken", "The admin side needs the server's token.")
