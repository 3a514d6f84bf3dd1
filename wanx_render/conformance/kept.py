"""Answers kept as files, for people who want to see them: without keys, links and account ids."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wanx_render.backends.cleaning import Cleaner
from wanx_render.backends.raw import RawAnswer, RawCall
from wanx_render.catalog.abilities import Model
from wanx_render.conformance.bodies import shortened
from wanx_render.conformance.probe import ServiceProbe
from wanx_render.files import write_atomically

_PRIVATE = re.compile(
    r"(?i)policy|.*signature.*|.*access_?key.*|.*api_key.*|.*_uid|.*parent_id|upload_dir|"
    r"set-cookie|authorization|.*token.*"
)
_LINK = re.compile(r"(https?://[^\s\"'?]*)\?[^\s\"']*")
_MOST_ROWS = 2  # of a list; the rest is the account's own business
_MOST_TEXT = 10_000  # characters of a body that is no JSON


@dataclass
class KeptAnswers:
    """A folder of answers, numbered as they came; without a folder nothing is kept."""

    folder: Path | None
    cleaner: Cleaner
    _number: int = field(default=0, init=False)

    def keep(
        self, probe: ServiceProbe, model: Model | None, call: RawCall, answers: list[RawAnswer]
    ) -> None:
        """Write one call with its answers. Raises OSError."""
        if self.folder is None:
            return
        self._number += 1
        record = {
            "probe": probe.name,
            "model": model.name if model else None,
            "request": {
                "method": call.method,
                "path": call.path,
                "query": dict(call.query),
                "headers": dict(call.headers),
                "key": probe.question.key,
                "body": shortened(json.loads(call.body)) if call.body else None,
            },
            "answers": [self._answer(answer) for answer in answers],
        }
        words = filter(None, (f"{self._number:03}", probe.name, model.name if model else ""))
        text = json.dumps(record, ensure_ascii=False, indent=2) + "\n"
        write_atomically(self.folder / f"{'-'.join(words)}.json", text, mode=0o600)

    def _answer(self, answer: RawAnswer) -> dict[str, Any]:
        try:
            body: Any = json.loads(answer.content)
        except (ValueError, RecursionError):
            body = answer.content.decode("utf-8", "replace")[:_MOST_TEXT]
        return {
            "status": answer.status,
            "seconds": round(answer.seconds, 3),
            "fault": str(answer.fault) or None,
            "headers": self._clean(dict(answer.headers)),
            "body": self._clean(body),
        }

    def _clean(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.cleaner.prose(_LINK.sub(r"\1?***", value))
        if isinstance(value, list):
            return [self._clean(item) for item in value[:_MOST_ROWS]]
        if isinstance(value, Mapping):
            return {
                str(self._clean(name)): "***" if _PRIVATE.fullmatch(name) else self._clean(item)
                for name, item in value.items()
            }
        return value
