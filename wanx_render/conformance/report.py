"""What the probes came to, for people and for programs."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from wanx_render.catalog.figures import Evidence
from wanx_render.conformance.probe import Expected, ProbeFinding, Verdict
from wanx_render.conformance.seen_catalog import FigureDifference
from wanx_render.diagnostics import clean, display_width
from wanx_render.language import Message, joined, plural, shown, tr, verbatim

_VERDICTS: Mapping[Verdict, Message] = {
    "agrees": tr("agrees"), "differs": tr("differs"), "unsettled": tr("unsettled")
}  # fmt: skip
_KINDS = {
    "official": tr("official"), "captured": tr("captured"), "open-code": tr("open source"),
    "third-party": tr("third party"), "inferred": tr("inferred"), "user": tr("your file"),
}  # fmt: skip
_HEADINGS = (tr("probe"), tr("expected"), tr("seen"), tr("verdict"))
_LEAST_WIDTH, _GAP = 60, 2
_MESSAGE = 90  # characters of the service's words
_NAMED = 3  # models that a row names


def mark(expected: Expected) -> Message:
    """``official 2026-06``: what an expectation rests on."""
    return _mark(expected.evidence)


def _mark(evidence: Evidence) -> Message:
    kind, date = _KINDS[evidence.kind], evidence.date
    return tr("{kind} {date}", kind=kind, date=date) if date else kind


# -- the table -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _FindingRow:
    """Findings of one check that came to the same, each about another model."""

    finding: ProbeFinding
    models: tuple[str, ...]
    named: bool  # whether the check is about several models

    @property
    def cells(self) -> tuple[Message, ...]:
        finding = self.finding
        return (self._title(), _expected(finding), _seen(finding), _VERDICTS[finding.verdict])

    def _title(self) -> Message:
        models, title = self.models, self.finding.title
        if not models or not self.named:
            return title
        names = joined(models[:_NAMED], tr(", "))
        if len(models) > _NAMED:
            names = plural("{n} model", "{n} models", len(models))
        return tr("{title} ({models})", title=title, models=names)


def _expected(finding: ProbeFinding) -> Message:
    lines = (
        tr("{answer} [{mark}]", answer=_worded(row.answer), mark=mark(row))
        for row in finding.expected
    )
    return joined(lines, verbatim("\n"))


# Words of the notation that are no codes.
_WORDS = {
    "absent": tr("absent"), "present": tr("present"), "same": tr("same"), "another": tr("another"),
    "let through": tr("let through"), "too large": tr("too large"), "no answer": tr("no answer"),
}  # fmt: skip


def _worded(answer: str) -> Message:
    return _WORDS.get(answer) or verbatim(answer)


def _seen(finding: ProbeFinding) -> Message:
    """What was seen; with the service's words where they may explain it."""
    observed = _worded(finding.seen)
    if finding.verdict == "agrees":
        return observed
    words = finding.reason or verbatim(finding.message[:_MESSAGE])
    return joined([part for part in (observed, words) if part], verbatim("\n"))


def _rows(findings: Sequence[ProbeFinding]) -> list[_FindingRow]:
    """One row for all models of which the same was seen."""
    groups: dict[tuple[object, ...], list[ProbeFinding]] = {}
    counts = Counter((finding.probe, finding.aspect) for finding in findings)
    for finding in findings:
        same = (finding.probe, finding.aspect, finding.seen, finding.verdict, str(finding.reason))
        groups.setdefault(same, []).append(finding)
    return [
        _FindingRow(
            group[0],
            tuple(finding.model for finding in group if finding.model),
            named=counts[(group[0].probe, group[0].aspect)] > 1,
        )
        for group in groups.values()
    ]


def table(findings: Sequence[ProbeFinding], width: int) -> str:
    """The findings as a table of at most ``width`` columns."""
    rows = [tuple(map(shown, row.cells)) for row in _rows(findings)]
    headings = tuple(map(shown, _HEADINGS))
    verdict = max(display_width(text) for text in (headings[3], *map(shown, _VERDICTS.values())))
    room = max(width, _LEAST_WIDTH) - verdict - 3 * _GAP
    widths = (room * 27 // 100, room * 37 // 100, room - room * 27 // 100 - room * 37 // 100)
    texts = [_line(row, (*widths, verdict)) for row in (headings, *rows)]
    return "\n".join(texts) + "\n"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """One row, as many lines high as its highest cell."""
    columns = [_wrapped(clean(cell), width) for cell, width in zip(cells, widths, strict=True)]
    lines = zip_longest(*columns, fillvalue="")
    rows = (list(zip(line, widths, strict=True)) for line in lines)
    texts = (
        "".join(text + " " * (width + _GAP - display_width(text)) for text, width in pairs)
        for pairs in rows
    )
    return "\n".join(text.rstrip() for text in texts)


def _wrapped(text: str, width: int) -> list[str]:
    """``text`` in lines of at most ``width`` cells: at blanks, inside words where they are long.

    What is in square brackets stays together.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in re.findall(r"\[[^\]]*\]|\S+", paragraph):
            joined_up = f"{line} {word}" if line else word
            if display_width(joined_up) <= width:
                line = joined_up
                continue
            if line:
                lines.append(line)
            *full, line = _cut(word, width)
            lines += full
        lines.append(line)
    return lines


def _cut(word: str, width: int) -> list[str]:
    """A word in pieces that fit."""
    pieces = [""]
    for character in word:
        if display_width(pieces[-1] + character) > width:
            pieces.append("")
        pieces[-1] += character
    return pieces


def sentence(text: Message, width: int) -> str:
    """A sentence for people, in lines of at most ``width`` columns."""
    return "\n  ".join(_wrapped(clean(shown(text)), max(width, _LEAST_WIDTH) - 2)) + "\n"


# -- in sentences --------------------------------------------------------------------------------


def conflicts(findings: Iterable[ProbeFinding]) -> Iterator[Message]:
    """Each disagreement of documents that an answer decides."""
    printed = set()
    for finding in findings:
        agreed = finding.agrees_with
        for other in finding.contradicts:
            same = (finding.probe, finding.aspect, finding.seen)
            if agreed and other.evidence != agreed.evidence and same not in printed:
                printed.add(same)
                yield tr(
                    "{title}: {seen}, as {mark} says, not {other} ({other_mark})",
                    title=finding.title, seen=_worded(finding.seen), mark=mark(agreed),
                    other=_worded(other.answer), other_mark=mark(other),
                )  # fmt: skip


def difference(figure: FigureDifference) -> Message:
    """A figure that is another than the catalogue's."""
    return tr(
        "{figure}: {seen} was seen; the model catalog has {value} ({mark})",
        figure=figure.name, seen=_written(figure.seen), value=_written(figure.catalog),
        mark=_mark(figure.evidence),
    )  # fmt: skip


def _written(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(value) or "-"
    if isinstance(value, list):
        return "-".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def risk(accepted: int, in_doubt: Sequence[str]) -> Message:
    """What the probes that should cost nothing may have cost."""
    if in_doubt:
        ids = joined(in_doubt, tr(", "))
        return plural(
            "{n} task may be billed: {ids}. Nothing more was created.",
            "{n} tasks may be billed: {ids}. Nothing more was created.",
            len(in_doubt), ids=ids,
        )  # fmt: skip
    return plural(
        "{n} task was accepted and failed, which costs nothing",
        "{n} tasks were accepted and failed, which costs nothing",
        accepted,
    )


def summary(findings: Sequence[ProbeFinding]) -> tuple[Message, ...]:
    """How many checks agree and differ, and which marks are settled."""
    counts = Counter(finding.verdict for finding in findings)
    states = [
        tr("{state}: {count}", state=_VERDICTS[verdict], count=counts[verdict])
        for verdict in _VERDICTS
    ]
    listed = joined(states, tr(", "))
    total = plural("{n} check: {states}", "{n} checks: {states}", len(findings), states=listed)
    differing = dict.fromkeys(f.title for f in findings if f.verdict == "differs")
    lines = (
        [total, tr("differs: {names}", names=joined(differing, tr(", ")))] if differing else [total]
    )
    kinds = Counter(kind for finding in findings for kind in _settled(finding))
    if not kinds:
        return tuple(lines)
    marks = [tr("{kind} {count}", kind=_KINDS[kind], count=kinds[kind]) for kind in _KINDS
             if kind in kinds]  # fmt: skip
    return *lines, tr("settled marks: {marks}", marks=joined(marks, tr(", ")))


def _settled(finding: ProbeFinding) -> Iterator[str]:
    """The kinds of the marks that a finding confirms or refutes."""
    if finding.verdict != "unsettled":
        yield from {expected.evidence.kind for expected in finding.expected}


# -- as data -------------------------------------------------------------------------------------


def record(finding: ProbeFinding) -> dict[str, Any]:
    """A finding as JSON data, in English."""
    agreed = finding.agrees_with
    return {
        "probe": finding.probe,
        "title": str(finding.title),
        "aspect": finding.aspect,
        "model": finding.model or None,
        "expected": [
            {
                "answer": row.answer,
                "mark": row.evidence.kind,
                "date": row.evidence.date,
                "source": str(row.evidence.title),
                "agrees": row is agreed if finding.verdict != "unsettled" else None,
            }
            for row in finding.expected
        ],
        "seen": finding.seen or None,
        "message": finding.message or None,
        "verdict": finding.verdict,
        "reason": str(finding.reason) or None,
    }


def difference_record(difference: FigureDifference) -> dict[str, Any]:
    """A differing figure as JSON data."""
    return {
        "figure": difference.name,
        "seen": difference.seen,
        "catalog": difference.catalog,
        "mark": difference.evidence.kind,
        "date": difference.evidence.date,
        "source": str(difference.evidence.title),
    }
