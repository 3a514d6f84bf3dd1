"""The two programs that open drafts, and in what their drafts differ.

Identities are those that pyJianYingDraft 0.3.1 and pycapcut 0.0.4 write; drafts of CapCut 2.2 and
7.8 that their users published have the same ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from wanx_render.language import Message, tr, verbatim


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program that opens drafts."""

    name: str  # of the export format
    title: Message  # as people call it
    form: str  # the version whose form of draft is written
    folders: tuple[tuple[str, str], ...]  # where its drafts are, by system
    platform: Mapping[str, object] = field(default_factory=dict)  # what a draft says wrote it
    version: str = ""  # of the draft's format
    own_numbers: bool  # whether a transition has a number beside that of its resource


def _folders(name: str) -> tuple[tuple[str, str], ...]:
    """Where drafts are if nobody moved them: jianying-tool 0.5.0 and capcut-cli 0.23.0 say so."""
    return (
        ("Windows", rf"%LOCALAPPDATA%\{name}\User Data\Projects\com.lveditor.draft"),
        ("macOS", f"~/Movies/{name}/User Data/Projects/com.lveditor.draft"),
    )


JIANYING = Program(
    name="jianying",
    title=tr("Jianying"),
    form="5.9",
    folders=_folders("JianyingPro"),
    own_numbers=True,
)
CAPCUT = Program(
    name="capcut",
    title=verbatim("CapCut"),
    form="6.7",
    folders=_folders("CapCut"),
    platform={"app_id": 359289, "app_source": "cc", "app_version": "6.7.0", "os": "windows"},
    version="140.0.0",
    own_numbers=False,
)
NAMED = {program.name: program for program in (JIANYING, CAPCUT)}
