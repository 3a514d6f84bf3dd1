"""What the service's gateway adds to every answer, and what the storage does."""

import gzip
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from mock_server.web.parameters import header
from mock_server.wire.provenance import GATEWAY, rests_on

_SMALLEST = 150  # bytes that are worth to be compressed
_ALWAYS = (
    (b"x-dashscope-call-gateway", b"true"),
    (b"server", b"istio-envoy"),
    (b"vary", b"Origin, Accept-Encoding"),
)


@rests_on("captured", GATEWAY, "req-cost-time, req-arrive-time and others stand in every answer")
@rests_on("captured", GATEWAY, "A client without the cookie acw_tc is given one for 1800 s")
@rests_on("captured", GATEWAY, "There is no X-RateLimit-* and no Retry-After")
def with_gateway(answer: Response, request: Request, now: datetime, seconds: float) -> Response:
    """An answer of the API that took ``seconds``, with the headers of its gateway."""
    cost = max(round(seconds * 1000), 1)
    answered = int(now.timestamp() * 1000)
    headers = answer.raw_headers
    headers += _ALWAYS
    for name, number in (
        (b"req-cost-time", cost),
        (b"req-arrive-time", answered - cost),
        (b"resp-start-time", answered),
        (b"x-envoy-upstream-service-time", max(cost - 1, 0)),
    ):
        headers.append((name, b"%d" % number))
    if "acw_tc=" not in header(request, b"cookie"):
        value = answer.headers.get("x-request-id", "").replace("-", "")
        headers.append((b"set-cookie", f"acw_tc={value};path=/;HttpOnly;Max-Age=1800".encode()))
    return answer


@rests_on("guess", "object storage of the same vendor", "Its answers name AliyunOSS and an id")
def with_storage(answer: Response, request_id: str) -> Response:
    """An answer of the object storage, with the headers of it."""
    number = request_id.replace("-", "")[:24].upper()
    answer.raw_headers += ((b"server", b"AliyunOSS"), (b"x-oss-request-id", number.encode()))
    return answer


@rests_on("captured", GATEWAY, "Answers are compressed with gzip where the client takes it")
@rests_on("guess", "nobody says", "Answers below 150 bytes are never compressed")
def compressed(answer: Response, request: Request) -> Response:
    """The answer in gzip, if the client asks for that and it is worth it."""
    if len(answer.body) < _SMALLEST or "gzip" not in header(request, b"accept-encoding"):
        return answer
    if "content-encoding" not in answer.headers:
        answer.body = gzip.compress(answer.body, 5, mtime=0)
        answer.headers["content-encoding"] = "gzip"
        answer.headers["content-length"] = str(len(answer.body))
    return answer
