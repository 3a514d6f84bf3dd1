"""One request on its way through the emulator, and what is read from it."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from mock_server.faults.fault import Fault
from mock_server.service.accounts import Caller
from mock_server.service.request_log import shorten
from mock_server.web.parameters import header
from mock_server.web.request_body import body_of, bounded, check_size
from mock_server.wire.errors import Denied, ErrorAnswer
from mock_server.wire.notes import RequestNote
from mock_server.wire.operations import Operation
from mock_server.wire.signing import UPLOAD_MEGABYTES
from wanx_render.catalog.capabilities import Gateway

_UPLOAD_LIMIT = (UPLOAD_MEGABYTES + 1) * 1024 * 1024


@dataclass
class Call:
    """One request, and what becomes known about it on its way."""

    operation: Operation
    request: Request
    caller: Caller | None = None
    data: bytes = b""
    body: Any = None
    model: str = ""
    prompt: str = ""
    task_id: str | None = None
    code: str | None = None
    fault: Fault | None = None
    form: dict[str, str] = field(default_factory=dict)
    notes: list[RequestNote] = field(default_factory=list)

    @property
    def account(self) -> Caller:
        """Who calls. Raises ErrorAnswer, but never for an operation behind a key."""
        if self.caller is None:
            raise ErrorAnswer(401, "InvalidApiKey", "No API-key provided.")
        return self.caller

    @property
    def key(self) -> str:
        """The API key that was sent."""
        return header(self.request, b"authorization").rpartition(" ")[2]

    @property
    def identity(self) -> str:
        """A text that equal requests have in common."""
        return self.task_id or hashlib.sha256(self.data).hexdigest()

    @property
    def origin(self) -> str:
        return f"{self.request.url.scheme}://{self.request.url.netloc}"


async def read(call: Call, gateway: Gateway) -> None:
    """Read what the request is about. Raises ErrorAnswer or Denied."""
    request = call.request
    call.task_id = request.path_params.get("task_id")
    match call.operation:
        case "create":
            call.data = await body_of(request, gateway.whole_bytes.value)
            check_size(_read_create(call), len(call.data), gateway)
        case "upload":
            await _read_form(call)
        case "result":
            call.caller = Caller(request.path_params["account"])
        case "policy":
            call.model = request.query_params.get("model", "")
        case "query" | "list" | "cancel":
            pass  # their path and query say it all


def _read_create(call: Call) -> Any:
    """The body, if it is JSON; of it the log, model and prompt, as far as they can be read."""
    try:
        body = json.loads(call.data)
    except (ValueError, RecursionError):
        call.body = f"{len(call.data)} bytes that are no JSON"
        return None
    call.body = shorten(body)
    if not isinstance(body, dict):
        return body
    model, inputs = body.get("model"), body.get("input")
    prompt = inputs.get("prompt") if isinstance(inputs, dict) else None
    call.model = model if isinstance(model, str) else ""
    call.prompt = prompt if isinstance(prompt, str) else ""
    return body


async def _read_form(call: Call) -> None:
    headers = call.request.headers
    if not headers.get("content-type", "").startswith("multipart/form-data"):
        raise Denied(412, "PreconditionFailed", "The body must be multipart/form-data.")
    stream = bounded(call.request, _UPLOAD_LIMIT)
    try:
        form = await MultiPartParser(headers, stream, max_files=1, max_fields=40).parse()
    except (MultiPartException, KeyError, ValueError, AssertionError):
        raise Denied(400, "MalformedPOSTRequest", "The form cannot be read.") from None
    call.form = {name: value for name, value in form.items() if isinstance(value, str)}
    file = form.get("file")
    call.data = await file.read() if isinstance(file, UploadFile) else b""
    await form.close()
    owner = call.form.get("key", "").split("/")[1:2]
    call.caller = Caller(owner[0]) if owner else None
    call.body = {name: call.form.get(name) for name in ("key", "x-oss-content-type")}
