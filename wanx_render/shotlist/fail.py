"""How the fields of a list refuse a value: a code, a sentence and a hint, through pydantic."""

from pydantic_core import PydanticCustomError


def fail(code: str, message: str, hint: str = "") -> PydanticCustomError:
    """The error that a validator raises; ``problems.explain`` makes a diagnostic of it."""
    # The message goes in as a value: pydantic would take braces in a template for places to fill.
    return PydanticCustomError(
        "wanx", "{message}", {"code": code, "hint": hint, "message": message}
    )
