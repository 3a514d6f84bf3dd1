"""The emulator over HTTP: each request goes one way, from its bytes to the service and back.

Read, name the account, look into the fault plan, do it, spoil the answer where the plan says so,
write it into the journal. Answers are values; nothing is sent before the journal has it.
"""

import asyncio
import hashlib
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mock_server import admin, changes, cutting, framing, lists
from mock_server.accounts import Account, account_of
from mock_server.basis import ERRORS, OFFICIAL, SDK, rests_on
from mock_server.evidence import Entry, fingerprint, shortened
from mock_server.faults import ANSWERS, FRAMINGS, BadFault, Fault, Operation, Subject
from mock_server.guard import Guard
from mock_server.reading import body_of, bounded
from mock_server.service import Service
from mock_server.storage import UPLOAD_MEGABYTES, Denied, file_response
from mock_server.wire import Problem, decode, encode, told
from wanx_render.backends.base import Succeeded
from wanx_render.errors import FfmpegError

BASE = "/api/v1"
REGIONS = {"beijing": "beijing", "singapore": "singapore"}
_BODY_LIMIT = 64 * 1024 * 1024  # two pictures of 20 MB as Base64, and room
_UPLOAD_LIMIT = (UPLOAD_MEGABYTES + 1) * 1024 * 1024
_SLOWEST = 3600.0
log = logging.getLogger("wanx.mock")


@dataclass
class Call:
    """One request on its way through, and what is found out about it."""

    operation: Operation
    request: Request
    account: Account | None = None
    data: bytes = b""
    body: Any = None
    model: str = ""
    prompt: str = ""
    task_id: str | None = None
    code: str | None = None
    fault: Fault | None = None
    form: dict[str, str] = field(default_factory=dict)

    @property
    def who(self) -> Account:
        if self.account is None:  # never for an operation behind a key
            raise Problem(401, "InvalidApiKey", "No API-key provided.")
        return self.account

    def names(self) -> dict[str, str]:
        """What a fault's texts may mention."""
        key = self.request.headers.get("authorization", "").rpartition(" ")[2]
        return {"key": key, "task_id": self.task_id or ""}

    def subject(self) -> Subject:
        """What the fault plan looks at."""
        key = self.task_id or hashlib.sha256(self.data).hexdigest()
        name = self.account.name if self.account else ""
        return Subject(self.operation, name, key, self.model, self.prompt)


Do = Callable[[Call], Awaitable[Response]]


class Emulator:
    """The ASGI application of one service."""

    def __init__(self, service: Service, token: str | None = None) -> None:
        self.service = service
        self.guard = Guard(token, service.options.result_hosts)
        self._date: tuple[int, str] = (0, "")
        self.asgi = Starlette(
            routes=[*self._api_routes(), *admin.routes(service, self.guard)],
            exception_handlers={
                Problem: self._as_problem,
                HTTPException: self._as_http,
                Exception: self._as_bug,
            },
        )

    def _api_routes(self) -> list[Route]:
        routes: list[Route] = []

        def serve(path: str, methods: list[str], operation: Operation, do: Do) -> None:
            for base in (BASE, *(f"/{region}{BASE}" for region in REGIONS)):
                for slash in ("", "/"):
                    end = self._endpoint(operation, do)
                    routes.append(Route(base + path + slash, end, methods=methods))

        serve("/tasks/{task_id}", ["GET"], "query", self._query)
        serve("/services/aigc/video-generation/video-synthesis", ["POST"], "create", self._create)
        serve("/services/aigc/image2video/video-synthesis", ["POST"], "create", self._create)
        serve("/tasks", ["GET"], "list", self._list)
        serve("/tasks/{task_id}/cancel", ["POST", "GET"], "cancel", self._cancel)
        serve("/uploads", ["GET"], "policy", self._policy)
        upload, result = (
            self._endpoint("upload", self._upload),
            self._endpoint("result", self._result),
        )
        routes.append(Route("/oss", upload, methods=["POST"]))
        routes.append(Route("/oss/", upload, methods=["POST"]))
        routes.append(Route("/results/{account}/{task_id}.mp4", result, methods=["GET", "HEAD"]))
        return routes

    # -- the way of every request ----------------------------------------------------------------

    def _endpoint(self, operation: Operation, do: Do) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            call = Call(operation, request)
            try:
                answer = await self._answer(call, do)
            except Problem as problem:
                answer = self._refusal(call, problem)
            except Denied as denied:
                call.code = denied.code
                answer = denied.response()
            return self._told(call, answer)

        return endpoint

    async def _answer(self, call: Call, do: Do) -> Response:
        self.guard.host(call.request)
        if call.operation not in ("upload", "result"):
            region = REGIONS.get(call.request.scope["path"].split("/", 2)[1])
            call.account = account_of(call.request.headers.get("authorization", ""), region)
        await self._read(call)
        try:
            fault = call.fault = self.service.plan.strike(self._subject(call))
        except BadFault as error:  # in a tag of the prompt
            raise Problem(400, "MockTag", str(error)) from None
        if fault and fault.effect == "slow" and fault.stage == "before":
            await asyncio.sleep(min(fault.seconds, _SLOWEST))
        if fault and _in_place_of(call.operation, fault):
            return cutting.spoilt(fault, self._placeholder(call, fault))
        answer = await self._done(call, do)
        return await self._faulty(call, fault, answer) if fault else answer

    async def _faulty(self, call: Call, fault: Fault, answer: Response) -> Response:
        """What ``fault`` makes of the true answer."""
        if fault.effect == "error":
            return self._failing(call, fault)
        if fault.effect == "change":
            return changes.changed(fault, answer, call.names())
        if fault.effect in FRAMINGS:
            return framing.framed(fault, answer)
        if fault.effect == "slow" and fault.stage in ("after", "headers"):
            await asyncio.sleep(min(fault.seconds, _SLOWEST))
        return cutting.spoilt(fault, answer)

    def _subject(self, call: Call) -> Subject:
        """What the fault plan looks at: of what is about a task, that task's model and prompt."""
        subject = call.subject()
        asked = self.service.request_of(call.task_id) if call.task_id else None
        return replace(subject, model=asked.model, prompt=asked.prompt) if asked else subject

    async def _done(self, call: Call, do: Do) -> Response:
        """The answer without faults; refusals are answers too, so that they can be spoilt."""
        try:
            if call.account:
                self.service.admit(call.account, call.operation)
            return await do(call)
        except Problem as problem:
            return self._refusal(call, problem)
        except Denied as denied:
            call.code = denied.code
            return denied.response()

    def _placeholder(self, call: Call, fault: Fault) -> Response:
        if fault.effect == "error":
            return self._failing(call, fault)
        return _json({"request_id": self.service.new_id()})

    def _failing(self, call: Call, fault: Fault) -> Response:
        """An error that a fault asks for, in one of the forms that errors were seen in."""
        problem = _problem_of(fault, call.names())
        answer = self._refusal(call, problem)
        if fault.form == "own":
            return answer
        inner = {"message": problem.message, "type": problem.code, "code": problem.code}
        nested: dict[str, Any] = {"error": {**inner, "param": None}}
        if fault.form == "quoted":
            nested = {"code": problem.code, "message": json.dumps(nested)}
        return _json(nested, problem.status, problem.headers)

    def _refusal(self, call: Call, problem: Problem) -> Response:
        call.code = problem.code
        return self._error(problem)

    def _error(self, problem: Problem) -> Response:
        told = {"code": problem.code, "message": problem.message}
        body = {**told, "request_id": self.service.new_id()}
        return _json(body, problem.status, problem.headers)

    def _told(self, call: Call, answer: Response) -> Response:
        """The answer with its date, once the journal has it."""
        name = call.account.name if call.account else None
        now = self.service.clock.now(name)
        if not (call.fault and "date" in map(str.lower, call.fault.headers)):
            answer.headers["date"] = self._http_date(now)
        journal, request = self.service.journal, call.request
        key = request.headers.get("authorization", "").rpartition(" ")[2]
        journal.add(
            Entry(
                number=journal.number(),
                time=now,
                wall=journal.wall(),
                account=name,
                operation=call.operation,
                method=request.method,
                path=request.scope["path"],
                key=fingerprint(key),
                status=answer.status_code,
                code=call.code,
                fault=call.fault.effect if call.fault else None,
                task_id=call.task_id,
                prompt=call.prompt or None,
                body=call.body,
            )
        )
        return answer

    def _http_date(self, now: datetime) -> str:
        second = int(now.timestamp())
        if self._date[0] != second:
            self._date = second, format_datetime(now.astimezone(UTC), usegmt=True)
        return self._date[1]

    # -- reading ---------------------------------------------------------------------------------

    async def _read(self, call: Call) -> None:
        """What the request is about: its task, its body, the account in its path or form."""
        request = call.request
        call.task_id = request.path_params.get("task_id")
        match call.operation:
            case "create":
                call.data = await body_of(request, _BODY_LIMIT)
                call.body, call.model, call.prompt = _glance(call.data)
            case "upload":
                await self._read_form(call)
            case "result":
                call.account = Account(request.path_params["account"])
            case "policy":
                call.model = request.query_params.get("model", "")
            case _:
                pass

    async def _read_form(self, call: Call) -> None:
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
        call.account = Account(owner[0]) if owner else None
        call.body = {name: call.form.get(name) for name in ("key", "x-oss-content-type")}

    # -- the operations --------------------------------------------------------------------------

    @rests_on("official text", ERRORS, "Creating without X-DashScope-Async is 403 AccessDenied")
    @rests_on("official text", OFFICIAL, "Creation answers 200 with task_id and PENDING")
    async def _create(self, call: Call) -> Response:
        headers = call.request.headers
        if headers.get("x-dashscope-async", "").lower() != "enable":
            message = "current user api does not support synchronous calls."
            raise Problem(403, "AccessDenied", message)
        resolves = headers.get("x-dashscope-ossresourceresolve", "").lower() == "enable"
        accepted = self.service.create(
            call.who, decode(call.data), resolves=resolves, fault=call.fault
        )
        call.task_id = accepted.task_id
        output = {"task_status": "PENDING", "task_id": accepted.task_id}
        return _json({"output": output, "request_id": accepted.request_id})

    @rests_on("official text", OFFICIAL, "An unknown or expired task is 200 with UNKNOWN")
    @rests_on("captured", SDK, "Slashes at the end and any query string are accepted")
    async def _query(self, call: Call) -> Response:
        state = self.service.query(call.who, call.task_id or "", call.fault)

        def video_url(done: Succeeded) -> str:
            path = f"/results/{call.who.name}/{done.task_id}.mp4"
            origin = self._result_origin(done.task_id) or _origin(call.request)
            return origin + self.service.signer.link(path, done.expires)

        return _json({"request_id": self.service.new_id(), **told(state, video_url)})

    @rests_on("captured", "public answers of 2025-09 to 2026-09", "Result hosts change by the task")
    def _result_origin(self, task_id: str) -> str:
        """One of the result hosts, always the same for a task; empty where there are none."""
        hosts = self.service.options.result_hosts
        number = int(hashlib.sha256(task_id.encode()).hexdigest()[:8], 16)
        return f"https://{hosts[number % len(hosts)]}" if hosts else ""

    async def _list(self, call: Call) -> Response:
        found = self.service.recent(call.who, call.fault)
        asked = lists.read(call.request.query_params, self.service.clock.now(call.who.name))
        body = lists.page(found, asked, self.service.catalog)
        return _json({"request_id": self.service.new_id(), **body})

    @rests_on("captured", SDK, "SDK 1.25.8's asyncio client cancels with GET; that works too")
    async def _cancel(self, call: Call) -> Response:
        self.service.cancel(call.who, call.task_id or "")
        return _json({"request_id": self.service.new_id()})

    async def _policy(self, call: Call) -> Response:
        if call.request.query_params.get("action") != "getPolicy":
            raise Problem(400, "InvalidParameter", "action must be getPolicy.")
        data = self.service.policy(call.who, call.model, _origin(call.request))
        return _json({"request_id": self.service.new_id(), "data": data})

    @rests_on("captured", SDK, "Only status 200, with an empty body, counts as uploaded")
    async def _upload(self, call: Call) -> Response:
        self.service.upload(call.form, call.data)
        return Response(b"", 200)

    async def _result(self, call: Call) -> Response:
        if call.fault and call.fault.effect == "expired":
            raise Denied(403, "AccessDenied", "Request has expired.")
        request, account = call.request, call.who.name
        query, now = dict(request.query_params), self.service.clock.now(account)
        self.service.signer.check_link(request.url.path, query, now)
        try:
            path, ended = await self.service.clip(account, call.task_id or "")
        except FfmpegError as error:
            log.error("a clip could not be made: %s", error)
            raise Denied(500, "InternalError", "The clip could not be made.") from None
        headers = dict(request.headers)
        if call.fault and call.fault.effect == "no-range":
            headers.pop("range", None)
        return file_response(path, headers, ended)

    # -- what no operation is for ----------------------------------------------------------------

    async def _as_problem(self, _: Request, error: Exception) -> Response:
        return self._error(error) if isinstance(error, Problem) else self._error(_BUG)

    @rests_on("guess", "the list of error codes has NotFound", "Other paths are 404, methods 405")
    async def _as_http(self, request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        try:
            self.guard.host(request)
        except Problem as problem:
            return self._error(problem)
        if status == 405:
            return self._error(Problem(405, "MethodNotAllowed", "The method is not allowed here."))
        if status == 404:
            return self._error(Problem(404, "NotFound", "The requested resource does not exist."))
        return self._error(Problem(status, "BadRequest", "The request cannot be read."))

    async def _as_bug(self, request: Request, error: Exception) -> Response:
        if not isinstance(error, cutting.Cut):
            log.error("%s %s", request.method, request.url.path, exc_info=error)
        return self._error(_BUG)


_BUG = Problem(500, "InternalError", "An internal error has occured, please try again later.")


def _in_place_of(operation: Operation, fault: Fault) -> bool:
    """Whether the fault comes instead of the operation; reading once more changes nothing."""
    if fault.stage != "before" or fault.effect not in (*ANSWERS, "never"):
        return False
    bodies = ("truncated", "wrong-length", "garbage")
    return operation in ("create", "cancel", "upload") or fault.effect not in bodies


def _problem_of(fault: Fault, names: Mapping[str, str]) -> Problem:
    status, code = fault.status or 503, fault.code
    if not code:
        code = {429: "Throttling.RateQuota", 503: "ModelUnavailable"}.get(status, "")
        code = code or ("InternalError" if status >= 500 else "InvalidParameter")
    message = changes.filled(fault.message or "As the fault plan asks for.", names)
    wait = fault.retry_after
    headers = {} if wait is None else {"Retry-After": f"{wait:.3f}".rstrip("0").rstrip(".")}
    return Problem(status, code, message, headers)


def _glance(data: bytes) -> tuple[Any, str, str]:
    """A create body for the journal, and its model and prompt, as far as they can be read."""
    try:
        body = json.loads(data)
    except (ValueError, RecursionError):
        return f"{len(data)} bytes that are no JSON", "", ""
    if not isinstance(body, dict):
        return shortened(body), "", ""
    model, given = body.get("model"), body.get("input")
    prompt = given.get("prompt") if isinstance(given, dict) else None
    return (
        shortened(body),
        model if isinstance(model, str) else "",
        prompt if isinstance(prompt, str) else "",
    )


def _origin(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"


def _json(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(encode(body), status, dict(headers or {}), "application/json")
