"""The coverage page: what each behaviour rests on. ``python -m mock_server.coverage > FILE``."""

import sys
from itertools import groupby

from mock_server.families.family import mark_families
from mock_server.web import app  # noqa: F401  # every module that has rules
from mock_server.wire.provenance import RULES

_HEAD = """# What the emulator rests on

Made by `python -m mock_server.coverage` from the marks in the code; a test keeps it so. Nothing of
the live service could be checked. *Official text*: a document of the vendor says so. *Captured*:
requests or answers of official software show it. *Third party*: somebody else observed it. *Guess*:
nobody says; it is what seemed most likely.
"""


def page() -> str:
    """The page as Markdown."""
    mark_families()
    rules = sorted(RULES, key=lambda rule: (rule.area, rule.behaviour))
    lines = [_HEAD]
    for area, area_rules in groupby(rules, key=lambda rule: rule.area):
        lines += [f"## {area}", "", "| behaviour | basis | source |", "|---|---|---|"]
        lines += [f"| {r.behaviour} | {r.basis} | {r.source} |" for r in area_rules]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    sys.stdout.write(page())
