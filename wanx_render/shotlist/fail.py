"""How the fields of a list refuse a value: a code, a sentence and a hint, through pydantic."""

from pydantic_core import PydanticCustomError

from wanx_render.language import NOTHING, Message, verbatim


def fail(code: str, message: Message, hint: Message = NOTHING) -> PydanticCustomError:
    """The error that a validator raises; ``problems.explain`` makes a diagnostic of it."""
    # The message goes in as a value: pydantic would take braces in a template for places to fill.
    return PydanticCustomError(
        "wanx", "{message}", {"code": code, "hint": hint, "message": message}
    )


def sentence_of(error: Exception) -> Message:
    """What an error of a room below says."""
    words = error.args[0] if error.args else ""
    return words if isinstance(words, Message) else verbatim(str(words))
