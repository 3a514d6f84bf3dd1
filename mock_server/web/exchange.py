"""A call as effects see it: the service can be let act, or an error can take its place."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.responses import Response

from mock_server.faults.exchange import AS_EVER, Twist
from mock_server.service.service import MockService
from mock_server.web.call import Call
from mock_server.web.gateway import with_gateway, with_storage
from mock_server.wire.body import encode
from mock_server.wire.downloads import denied_answer
from mock_server.wire.errors import Denied, ErrorAnswer, ErrorForm, error_body
from mock_server.wire.operations import Operation
from mock_server.wire.provenance import GATEWAY, PLAN, rests_on

Perform = Callable[[Call, Twist], Awaitable[Response]]


class CallExchange:
    """The way of one call to the service and back; see ``faults.exchange.Exchange``."""

    def __init__(self, service: MockService, call: Call, perform: Perform) -> None:
        self._service, self._call, self._perform = service, call, perform
        self._began = time.perf_counter()

    @property
    def operation(self) -> Operation:
        return self._call.operation

    def names(self) -> Mapping[str, str]:
        return {"key": self._call.key, "task_id": self._call.task_id or ""}

    async def answer(self, twist: Twist = AS_EVER) -> Response:
        call = self._call
        try:
            if call.caller:
                self._service.call_limits.admit(call.caller.name, call.operation)
            answer = await self._perform(call, twist)
            await self._wait()
            return self._sent(answer)
        except ErrorAnswer as error:
            return self.error(error)
        except Denied as refusal:
            return self.denied(refusal)

    async def _wait(self) -> None:
        """Wait as long as a scenario has calls about this task wait for their answers."""
        book, call = self._service.scenarios, self._call
        if book.scenarios and call.task_id and call.operation in ("create", "query"):
            task = self._service.tasks.known(call.task_id)
            number = self._service.request_log.count
            await asyncio.sleep(book.answer_seconds(task, number) if task else 0)

    def error(self, error: ErrorAnswer, form: ErrorForm | None = None) -> Response:
        self._call.code = error.code
        form = form or self._service.options.errors
        return self._sent(error_response(error, self._service.new_id(), form))

    def denied(self, refusal: Denied) -> Response:
        """A refusal of the storage."""
        self._call.code = refusal.code
        return self._sent(denied_answer(refusal))

    def empty(self) -> Response:
        request_id = self._service.new_id()
        return self._sent(json_response({"request_id": request_id}, request_id))

    def _sent(self, answer: Response) -> Response:
        """An answer with what stands before it on its way out: a gateway, or the storage."""
        call, service = self._call, self._service
        if call.operation in ("upload", "result"):
            return with_storage(answer, service.new_id())
        now = service.clock.now(call.caller.name if call.caller else None)
        return with_gateway(answer, call.request, now, time.perf_counter() - self._began)


def error_response(error: ErrorAnswer, request_id: str, form: ErrorForm = "own") -> Response:
    body = error_body(error, form, request_id)
    return json_response(body, request_id, error.status, error.headers)


@rests_on("captured", GATEWAY, "The header x-request-id is the request_id of the body")
@rests_on("captured", PLAN, "Successes name their charset, refusals do not")
def json_response(
    body: Any, request_id: str, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer of the API."""
    all_headers = {"x-request-id": request_id, **(headers or {})}
    kind = "application/json; charset=utf-8" if status == 200 else "application/json"
    return Response(encode(body), status, all_headers, kind)
