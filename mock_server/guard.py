"""Who may call: nothing by a foreign name, and nothing of the admin side from another site."""

import hmac
import re

from starlette.requests import Request

from mock_server.wire import Problem

_LOOPBACK = re.compile(r"(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?", re.IGNORECASE)


class Guard:
    """``token`` is set where the server can be reached from other machines.

    Results, and nothing else, may be asked for by the names of ``result_hosts``.
    """

    def __init__(self, token: str | None, result_hosts: tuple[str, ...] = ()) -> None:
        self.token = token
        self.result_hosts = result_hosts

    def host(self, request: Request) -> None:
        """A page of another site that made its name point here is turned away. Raises Problem."""
        name = request.headers.get("host", "")
        if name.lower() in self.result_hosts and request.scope["path"].startswith("/results/"):
            return
        if self.token is None and not _LOOPBACK.fullmatch(name):
            raise Problem(421, "MisdirectedRequest", "This server answers to localhost only.")

    def admin(self, request: Request) -> None:
        """Raises Problem for another site's page, or where the token is missing."""
        self.host(request)
        headers = request.headers
        own = f"{request.url.scheme}://{headers.get('host', '')}"
        foreign = headers.get("origin", own) != own
        if foreign or headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            raise Problem(403, "AccessDenied", "Other sites may not call the admin side.")
        if self.token is None:
            return
        given = headers.get("x-mock-token") or request.query_params.get("token", "")
        if not hmac.compare_digest(given.encode("utf-8", "replace"), self.token.encode()):
            raise Problem(401, "InvalidToken", "The admin side needs the server's token.")
