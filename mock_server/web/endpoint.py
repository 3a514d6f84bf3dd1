"""The way of every request: read, name the account, ask the fault plan, act, log, answer.

Answers are values; nothing is sent before the request log has it.
"""

from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache

from starlette.requests import Request
from starlette.responses import Response

from mock_server.faults.plan import Subject
from mock_server.faults.reading import BadFault
from mock_server.service.accounts import caller_of
from mock_server.service.request_log import LoggedRequest, fingerprint
from mock_server.service.service import MockService
from mock_server.web.call import Call, read
from mock_server.web.exchange import CallExchange, Perform
from mock_server.web.gateway import compressed
from mock_server.web.guard import AccessGuard
from mock_server.web.parameters import header
from mock_server.wire.errors import Denied, ErrorAnswer
from mock_server.wire.operations import Operation
from mock_server.wire.provenance import rests_on
from wanx_render.clock import CLOCK_HEADER


class Endpoint:
    """Serves one operation of the service."""

    def __init__(
        self, service: MockService, guard: AccessGuard, operation: Operation, perform: Perform
    ) -> None:
        self._service, self._guard = service, guard
        self._operation, self._perform = operation, perform

    async def serve(self, request: Request) -> Response:
        call = Call(self._operation, request)
        exchange = CallExchange(self._service, call, self._perform)
        try:
            answer = await self._answer(call, exchange)
        except ErrorAnswer as error:
            answer = exchange.error(error)
        except Denied as refusal:
            answer = exchange.denied(refusal)
        return self._log(call, answer)

    async def _answer(self, call: Call, exchange: CallExchange) -> Response:
        self._guard.check_host(call.request)
        if call.operation not in ("upload", "result"):
            base = self._service.hosts.region_at(header(call.request, b"host"))
            base = base or call.request.scope["path"].split("/", 2)[1]
            key = header(call.request, b"authorization")
            call.caller = caller_of(key, self._service.catalog.service.regions, base)
        await read(call, self._service.catalog.service.gateway)
        try:
            fault = call.fault = self._service.plan.strike(self._subject(call))
        except BadFault as error:  # in a tag of the prompt
            raise ErrorAnswer(400, "MockTag", str(error)) from None
        if fault is None:
            return await exchange.answer()
        return await fault.entry.act(fault, exchange)

    def _subject(self, call: Call) -> Subject:
        """What the fault plan looks at; a call about a task has that task's model and prompt."""
        name = call.caller.name if call.caller else ""
        task = self._service.tasks.known(call.task_id) if call.task_id else None
        model, prompt = call.model, call.prompt
        if task:
            model, prompt = task.request.model, task.request.prompt
        return Subject(call.operation, name, call.identity, model, prompt)

    def _log(self, call: Call, answer: Response) -> Response:
        """The answer with its date and clock, once the request log has it."""
        name = call.caller.name if call.caller else None
        now = self._service.clock.now(name)
        self._date(call, answer, now)
        if call.fault is None and call.operation not in ("upload", "result"):
            answer = compressed(answer, call.request)
        request_log = self._service.request_log
        request_log.add(
            LoggedRequest(
                number=request_log.number(),
                time=now,
                wall=request_log.wall(),
                account=name,
                operation=call.operation,
                method=call.request.method,
                path=call.request.scope["path"],
                key=fingerprint(call.key),
                status=answer.status_code,
                code=call.code,
                fault=call.fault.effect if call.fault else None,
                task_id=call.task_id,
                prompt=call.prompt or None,
                body=call.body,
                notes=tuple(call.notes),
            )
        )
        return answer

    @rests_on("guess", "the emulator's own", "X-Wanx-Mock-Clock says how time passes here")
    def _date(self, call: Call, answer: Response, now: datetime) -> None:
        """Date an answer and name its clock, unless a fault has changed that."""
        changed = {name.lower() for name in call.fault.headers} if call.fault else ()
        for name, text in (
            ("date", _http_date(int(now.timestamp()))),
            (CLOCK_HEADER, self._service.clock.mode),
        ):
            if name not in changed:
                answer.raw_headers.append((name.encode(), text.encode()))


@lru_cache(1024)
def _http_date(second: int) -> str:
    return format_datetime(datetime.fromtimestamp(second, UTC), usegmt=True)
