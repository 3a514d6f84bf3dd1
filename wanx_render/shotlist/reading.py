"""A file that users write in YAML, read with an eye for the slips that ``slips`` knows."""

from dataclasses import replace
from pathlib import Path

from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput
from wanx_render.shotlist import paths
from wanx_render.shotlist.model import every_key
from wanx_render.source import slips, yaml_source
from wanx_render.source.yaml_source import Source


def read(file: Path, name: str, text: str | None = None) -> tuple[Source, tuple[Diagnostic, ...]]:
    """The file, called ``name`` in messages, and what in it is worth a warning; ``text`` is what it
    is to hold, instead of what it holds.

    Raises BadInput: where slips explain why it cannot be read, with these and nothing else.
    """
    text = _text(file, name) if text is None else text
    try:
        source = _parsed(text, name)
        findings = slips.in_values(source, every_key)
        if any(finding.severity == "error" for finding in findings):
            raise BadInput(*findings)
    except BadInput as problem:
        problem.texts = {name: text}
        raise
    return source, findings


def _text(file: Path, name: str) -> str:
    try:
        return yaml_source.text_of(file, name)
    except BadInput as problem:
        (found,) = problem.diagnostics
        if found.code != "file-unreadable" or not (hint := paths.list_hint(file)):
            raise
        raise BadInput(replace(found, hint=hint)) from None


def _parsed(text: str, name: str) -> Source:
    try:
        source = yaml_source.parse(text, name)
    except BadInput as problem:
        if all(found.code in _EXPLAINED for found in problem.diagnostics):
            causes = slips.in_text(text, name, every_key())
            if causes:
                raise BadInput(*causes) from None
        raise
    if not isinstance(source.value, dict) and (causes := slips.in_text(text, name, every_key())):
        raise BadInput(*causes)
    return source


# What a slip can be the cause of; other problems stand for themselves.
_EXPLAINED = ("yaml-syntax", "yaml-tab", "yaml-alias", "yaml-quotes")
