"""Errors of the service and of its storage, and the forms they are written in."""

import json
from typing import Any, Literal

from wanx_render.backends.imitation.refusals import AT_ONCE

URL_ERROR = (
    "url error, please check url！For details, see: "
    "https://www.alibabacloud.com/help/en/model-studio/error-code#error-url"
)
ErrorForm = Literal["own", "nested", "quoted"]


class ErrorAnswer(Exception):
    """Ends a call with an answer in the service's error form."""

    def __init__(
        self, status: int, code: str, message: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.headers = headers or {}


class Flaw(Exception):
    """What is wrong with a readable request; refused at once, or accepted and FAILED later.

    ``seconds`` pass until it is FAILED; ``seen``: the service was seen to refuse so.
    """

    def __init__(
        self, code: str, message: str, seconds: float = AT_ONCE, *, seen: bool = False
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.seconds, self.seen = code, message, seconds, seen


class Denied(Exception):
    """Ends a call to the storage with an answer in the storage's own form, XML."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message

    @property
    def xml(self) -> str:
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Error>\n  <Code>{self.code}</Code>\n  <Message>{self.message}</Message>\n"
            "  <HostId>mock.oss</HostId>\n</Error>\n"
        )


def error_body(error: ErrorAnswer, form: ErrorForm, request_id: str) -> dict[str, Any]:
    """The JSON body of an error, in one of the forms that errors were seen in."""
    inner = {"message": error.message, "type": error.code, "code": error.code, "param": None}
    match form:
        case "own":
            return {"code": error.code, "message": error.message, "request_id": request_id}
        case "nested":
            return {"error": inner}
        case "quoted":
            return {"code": error.code, "message": json.dumps({"error": inner})}
