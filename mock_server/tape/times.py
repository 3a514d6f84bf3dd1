"""Times in recorded answers, moved so that a task of long ago is a task of now."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

from mock_server.tape.cassette import CassetteEntry
from mock_server.tape.links import PROSE
from mock_server.wire.task_answers import BEIJING

LINK_LIFE = timedelta(hours=24)

_STAMP = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:?\d\d)?")
_MILLISECONDS = re.compile(r"(?:^|_)(?:time|create|created|start|end|modified)(?:$|_)")
_EARLIEST, _LATEST = 1_500_000_000_000, 4_000_000_000_000


def service_time(entry: CassetteEntry) -> datetime:
    """What the service's clock showed at an answer; the recorder's where it showed none."""
    try:
        moment = parsedate_to_datetime(entry.answer.headers.get("date", ""))
    except (ValueError, TypeError):
        return entry.at
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def moved(value: Any, shift: timedelta, now: datetime, name: str = "") -> Any:
    """JSON data with its times moved by ``shift``, none of them after ``now``."""
    if isinstance(value, dict):
        return {key: moved(item, shift, now, key) for key, item in value.items()}
    if isinstance(value, list):
        return [moved(item, shift, now, name) for item in value]
    if isinstance(value, str) and name not in PROSE and _STAMP.fullmatch(value):
        return _moved_stamp(value, shift, now)
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if is_number and _MILLISECONDS.search(name) and _EARLIEST < value < _LATEST:
        latest = int(now.timestamp() * 1000)
        return min(value + int(shift.total_seconds() * 1000), latest)
    return value


def _moved_stamp(text: str, shift: timedelta, now: datetime) -> str:
    """A time in the form it had. Without a zone it is Beijing's."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    is_bare = moment.tzinfo is None
    moment_there = moment.replace(tzinfo=BEIJING) if is_bare else moment
    try:
        later = min(moment_there + shift, now.astimezone(moment_there.tzinfo))
    except OverflowError:
        return text
    if later.year < 1000:  # strftime writes such a year with fewer digits
        return text
    sign = text[10]
    digits = re.search(r"\.(\d+)", text)
    form = later.strftime(f"%Y-%m-%d{sign}%H:%M:%S")
    if digits:
        form += f".{later.microsecond:06d}"[: len(digits[1]) + 1]
    zone = "" if is_bare else (re.search(r"(Z|[+-]\d\d:?\d\d)$", text) or [""])[0]
    return form + zone


def http_date(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC), usegmt=True)
