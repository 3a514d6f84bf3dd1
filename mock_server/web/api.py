"""The operations of the API and the storage: a call becomes a verb of the service."""

import hashlib
import logging

from starlette.responses import Response

from mock_server.families.answers import in_its_shape, usage_of, without_task
from mock_server.families.family import Family, family_at_once
from mock_server.faults.exchange import Twist
from mock_server.service import verbs
from mock_server.service.service import MockService
from mock_server.web.call import Call
from mock_server.web.exchange import json_response
from mock_server.wire.body import decode
from mock_server.wire.body_fields import DOCUMENTS
from mock_server.wire.downloads import file_response
from mock_server.wire.errors import Denied, ErrorAnswer
from mock_server.wire.hosts import is_api, name_of, result_host, upload_host
from mock_server.wire.notes import RequestNote
from mock_server.wire.provenance import ERRORS, OFFICIAL, SDK, rests_on
from mock_server.wire.task_answers import Link, query_answer
from mock_server.wire.task_list import list_answer, read_list_query
from wanx_render.backends.base import Succeeded
from wanx_render.errors import FfmpegError

log = logging.getLogger("wanx.mock")


class Api:
    """One method for each operation. They raise ErrorAnswer or Denied."""

    def __init__(self, service: MockService) -> None:
        self._service = service

    @rests_on("official text", ERRORS, "Creating without X-DashScope-Async is 403 AccessDenied")
    @rests_on("official text", OFFICIAL, "Creation answers 200 with task_id and PENDING")
    async def create(self, call: Call, twist: Twist) -> Response:
        headers = call.request.headers
        is_async = headers.get("x-dashscope-async", "").lower() == "enable"
        path = _after_base(call.request.url.path)
        family = family_at_once(path, call.model)
        if is_async == (family is not None):
            kind = "asynchronous" if is_async else "synchronous"
            message = f"current user api does not support {kind} calls."
            raise ErrorAnswer(403, "AccessDenied", message)
        self._check_type(call)
        content = verbs.Content(path, decode(call.data), call.notes)
        resolves = headers.get("x-dashscope-ossresourceresolve", "").lower() == "enable"
        if family:
            return self._at_once(family, call, content, resolves, twist)
        receipt = verbs.create(self._service, call.account, content, resolves=resolves, twist=twist)
        call.task_id = receipt.task_id
        output = {"task_status": "PENDING", "task_id": receipt.task_id}
        answer = {"output": output, "request_id": receipt.request_id}
        return json_response(answer, receipt.request_id)

    @rests_on("guess", "nobody says", "A body of another type than application/json is read too")
    def _check_type(self, call: Call) -> None:
        """Note a body that does not say that it is JSON. Raises ErrorAnswer if strict."""
        if call.request.headers.get("content-type", "").startswith("application/json"):
            return
        message = "Content-Type must be application/json."
        call.notes.append(RequestNote("headers.content-type", message, DOCUMENTS))
        if self._service.options.checks == "strict":
            raise ErrorAnswer(400, "InvalidParameter", message)

    def _at_once(
        self, family: Family, call: Call, content: verbs.Content, resolves: bool, twist: Twist
    ) -> Response:
        """The answer of a model that makes no task: what it made, or what it found."""
        account = call.account
        request, state = verbs.create_at_once(
            self._service, account, content, resolves=resolves, twist=twist
        )
        if state is None:
            return self._answer({"output": family.at_once, "usage": usage_of(family, request)})
        call.task_id = state.task_id
        form = self._service.form_of(account.name, state.task_id)
        return self._answer(without_task(query_answer(state, form, self._link(call))))

    @rests_on("official text", OFFICIAL, "An unknown or expired task is 200 with UNKNOWN")
    @rests_on("captured", SDK, "Slashes at the end and any query string are accepted")
    async def query(self, call: Call, twist: Twist) -> Response:
        account = call.account.name
        state = verbs.query(self._service, account, call.task_id or "", twist)
        if not isinstance(state, Succeeded):
            return self._answer(query_answer(state, None, self._link(call)))
        form = self._service.form_of(account, state.task_id)
        answer = query_answer(state, form, self._link(call))
        task = self._service.tasks.of(account).known(state.task_id)
        return self._answer(in_its_shape(task.request, answer) if task else answer)

    def _link(self, call: Call) -> Link:
        """Where files of the caller's tasks are fetched."""

        def link(success: Succeeded, path: str) -> str:
            origin = self._result_origin(call, success.task_id)
            file = f"/results/{call.account.name}/{path}"
            return origin + self._service.signer.link(file, success.expires)

        return link

    def _upload_host(self, call: Call) -> str:
        """Where uploads go: the storage's own host for who calls by a name of the vendor."""
        options = self._service.options
        if options.vendor_hosts and is_api(name_of(call.request.url.netloc)):
            return f"https://{upload_host(self._code_of(call))}"
        host = call.request.url.netloc.lower()
        origin = f"https://{host}" if host in options.api_hosts else call.origin
        return f"{origin}/oss"

    @rests_on("captured", "public answers of 2025-09 to 2026-09", "Result hosts change by the task")
    def _result_origin(self, call: Call, task_id: str) -> str:
        """One of the result hosts, always the same for a task; else where the client calls."""
        options = self._service.options
        if hosts := options.result_hosts:
            number = int(hashlib.sha256(task_id.encode()).hexdigest()[:8], 16)
            return f"https://{hosts[number % len(hosts)]}"
        if options.vendor_hosts and is_api(name_of(call.request.url.netloc)):
            return f"https://{result_host(self._code_of(call))}"
        return call.origin

    def _code_of(self, call: Call) -> str:
        """The vendor's own name of the caller's region."""
        return self._service.catalog.service.regions[call.account.region].code

    async def list(self, call: Call, twist: Twist) -> Response:
        service, caller = self._service, call.account
        query = read_list_query(call.request.query_params, service.clock.now(caller.name))
        lives = verbs.recent(service, caller, twist, query.start)
        return self._answer(list_answer(lives, query, service.catalog))

    @rests_on("captured", SDK, "SDK 1.25.8's asyncio client cancels with GET; that works too")
    async def cancel(self, call: Call, _: Twist) -> Response:
        verbs.cancel(self._service, call.account.name, call.task_id or "")
        return self._answer({})

    async def policy(self, call: Call, _: Twist) -> Response:
        if call.request.query_params.get("action") != "getPolicy":
            raise ErrorAnswer(400, "InvalidParameter", "action must be getPolicy.")
        data = verbs.policy(self._service, call.account, call.model, host=self._upload_host(call))
        return self._answer({"data": data})

    @rests_on("captured", SDK, "Only status 200, with an empty body, counts as uploaded")
    async def upload(self, call: Call, _: Twist) -> Response:
        self._service.uploads.add(call.form, call.data)
        return Response(b"", 200)

    async def result(self, call: Call, twist: Twist) -> Response:
        if twist.expired:
            raise Denied(403, "AccessDenied", "Request has expired.")
        request, service, account = call.request, self._service, call.account.name
        query, now = dict(request.query_params), service.clock.now(account)
        service.signer.check_link(request.url.path, query, now)
        try:
            number = request.path_params.get("number", 1)
            path, end = await verbs.result(service, account, call.task_id or "", number)
        except FfmpegError as error:
            log.error("a clip could not be made: %s", error)
            raise Denied(500, "InternalError", "The clip could not be made.") from None
        headers = dict(request.headers)
        if twist.whole:
            headers.pop("range", None)
        return file_response(path, headers, end)

    def _answer(self, body: dict[str, object]) -> Response:
        request_id = self._service.new_id()
        return json_response({"request_id": request_id, **body}, request_id)


def _after_base(path: str) -> str:
    """A path of the API without what every path begins with, and without a slash at its end."""
    return path[path.index("/services/") :].rstrip("/")
