"""Modules under other names: their imports are rewritten, and nothing else of their text."""

import ast
import re
from pathlib import PurePosixPath

from mock_server.light.closure import EMULATOR, PROGRAM
from mock_server.light.distribution import LIGHT

NEW_EMULATOR = LIGHT.replace("-", "_")
NEW_PROGRAM = f"{NEW_EMULATOR}._{PROGRAM}"
_NEW_NAMES = {EMULATOR: NEW_EMULATOR, PROGRAM: NEW_PROGRAM}
_NAMED = re.compile(rf"({EMULATOR}|{PROGRAM})(\.[a-z_]+)+")


class CannotRename(ValueError):
    """A module says the name of another in a way that is not rewritten; the text says where."""


def new_name(module: str) -> str:
    """What a module of this tree, such as ``wanx_render.task``, is called in the light package."""
    package, dot, rest = module.partition(".")
    return _NEW_NAMES.get(package, package) + dot + rest


def new_path(path: PurePosixPath) -> PurePosixPath:
    """Where a file of this tree is in the light package."""
    return PurePosixPath(*new_name(path.parts[0]).split("."), *path.parts[1:])


def renamed(source: str) -> str:
    """The text of a module with the new names in its imports. Raises CannotRename."""
    lines = source.split("\n")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            line = lines[node.lineno - 1]
            start = line.index(node.module, node.col_offset)
            end = start + len(node.module)
            lines[node.lineno - 1] = line[:start] + new_name(node.module) + line[end:]
        elif problem := _problem(node):
            raise CannotRename(problem)
    return "\n".join(lines)


def _problem(node: ast.AST) -> str:
    """Why a node cannot be left as it is, or nothing."""
    if isinstance(node, ast.Import):
        ours = [alias.name for alias in node.names if new_name(alias.name) != alias.name]
        return f"line {node.lineno}: write 'from ... import' for {ours[0]}" if ours else ""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        text = node.value
        return f"line {node.lineno}: {text!r} is a text" if _NAMED.fullmatch(text) else ""
    return ""
