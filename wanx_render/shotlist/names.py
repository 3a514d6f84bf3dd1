"""Names of projects, shots, deliverables and rows: what may be a file name on every disk.

Letters and digits of any script, in Unicode's form NFC. Refused is what Windows, macOS or Linux
could not hold, and what people could not tell apart.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from wanx_render.language import tr
from wanx_render.shotlist.values import fail

# 255 bytes is the most a file name may have; ours add up to 40, as in "-t999-0a1b2c3d.mp4".
MOST_BYTES = 200
_SIGNS = "-_."
# What Windows keeps for devices, whatever follows a dot; 1, 2 and 3 raised count as digits there.
RESERVED = re.compile(
    r"(con|prn|aux|nul|clock\$|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\..*)?", re.IGNORECASE
)
# Letters and marks that nobody sees: fillers, joiners, selectors of variants.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_ALLOWED = tr("use letters and digits of any script, -, _ and .")
# The same for editors, whose patterns know no scripts: no ASCII signs, no blanks.
_PATTERN = r"^[^\u0000-/:-@\[-`{-\u00a0\u3000][^\u0000-,/:-@\[-^`{-\u00a0\u3000]*$"


def normal(text: str) -> str:
    """``text`` in the form in which names are kept and compared: NFC."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def alike(name: str) -> str:
    """What is equal for two names that cannot be side by side.

    They are one file on disks that ignore case (Windows, macOS) or composition (macOS). Full-width
    and half-width letters are two files, which nobody could tell apart.
    """
    if name.isascii():
        return name.lower()
    folded = unicodedata.normalize("NFKC", name).casefold()
    return unicodedata.normalize("NFKC", folded)


def shortened(text: str, most_bytes: int = MOST_BYTES) -> str:
    """The beginning of ``text`` that has at most so many bytes in UTF-8."""
    return text.encode()[:most_bytes].decode(errors="ignore")


def is_device(name: str) -> bool:
    """Whether Windows takes ``name`` for a device."""
    return RESERVED.fullmatch(unicodedata.normalize("NFKC", name)) is not None


def is_part(character: str) -> bool:
    """Whether ``character`` may be in a name: a letter, mark or digit of a script, or - _ and ."""
    if character.isascii():
        return character.isalnum() or character in _SIGNS
    return unicodedata.category(character)[0] in "LMN" and not _UNSEEN.match(character)


def _reference(value: Any) -> str:
    """The name of something else in the list; whether there is such a thing is asked later."""
    if not isinstance(value, str):
        raise PydanticCustomError("string_type", "not text")
    return _checked(value)


def _own(value: Any) -> str:
    """The name that something is given, which becomes that of a file."""
    return _of_file(_reference(value))


@lru_cache(maxsize=1024)
def _of_file(name: str) -> str:
    if is_device(name):
        hint = tr("use another name, such as {name}", name=f"{name.partition('.')[0]}-1")
        raise fail("name-invalid", tr("{name!r} is reserved on Windows", name=name), hint)
    if name.endswith("."):
        hint = tr("write {name}; Windows drops the dot", name=name.rstrip("."))
        raise fail("name-invalid", tr("{name!r} ends in a dot", name=name), hint)
    return name


@lru_cache(maxsize=1024)  # the rows of a table have the same names again and again
def _checked(value: str) -> str:
    name = normal(value)
    if not name.strip():
        raise fail("name-invalid", tr("the name is empty"), _ALLOWED)
    if wrong := next((sign for sign in name if not is_part(sign)), ""):
        raise _refusal(name, wrong)
    if not name[0].isalnum():
        message = tr("{name!r} begins with {sign!r}", name=name[:40], sign=name[0])
        raise fail("name-invalid", message, tr("begin with a letter or a digit"))
    if (size := len(name.encode())) > MOST_BYTES:
        message = tr(
            "{name!r}... has {size} bytes; a name may have {limit}",
            name=name[:20], size=size, limit=MOST_BYTES,
        )  # fmt: skip
        raise fail("name-invalid", message, tr("shorten it; a Chinese character has 3 bytes"))
    return name


def _refusal(name: str, wrong: str) -> PydanticCustomError:
    shown = repr(wrong) if wrong.isprintable() and not _UNSEEN.match(wrong) else _code(wrong)
    proposal = re.sub("-{2,}", "-", "".join(s if is_part(s) else "-" for s in name)).strip("-.")
    hint = _ALLOWED
    if proposal and ".." not in name:
        hint = tr(
            "use letters and digits of any script, -, _ and ., such as {name}", name=proposal[:40]
        )
    message = tr("a name cannot contain {sign}: {name!r}", sign=shown, name=name[:40])
    return fail("name-invalid", message, hint)


def _code(character: str) -> str:
    """An unseen character by its number and Unicode name."""
    code = f"U+{ord(character):04X}"
    title = unicodedata.name(character, "").lower()
    return f"{code} ({title})" if title else code


_SCHEMA = WithJsonSchema({"type": "string", "pattern": _PATTERN, "minLength": 1})
Name = Annotated[str, BeforeValidator(_reference), _SCHEMA]
FileName = Annotated[str, BeforeValidator(_own), _SCHEMA]
