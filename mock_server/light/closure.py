"""What the emulator imports: modules of this tree, and libraries.

Imports inside functions count; those that only a type checker sees do not.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

EMULATOR, PROGRAM = "mock_server", "wanx_render"
_BUILD = f"{EMULATOR}.light."
_OWN_NAME = f"{_BUILD}distribution"  # the one module of the build that belongs to the package
_NO_LIBRARIES = {EMULATOR, PROGRAM, *sys.stdlib_module_names}


@dataclass(frozen=True, slots=True)
class Closure:
    """Everything that the emulator needs to run."""

    modules: dict[str, Path]  # by dotted names, sorted; packages too
    libraries: dict[str, set[str]]  # by the names that are imported: the modules that do it


def closure(root: Path) -> Closure:
    """The modules of the emulator in the tree at ``root``, and all that they import."""
    modules = {
        name: path for package in (EMULATOR, PROGRAM) for name, path in _modules(root, package)
    }
    waiting = {name for name in modules if _is_emulator(name)}
    reached: set[str] = set()
    libraries: dict[str, set[str]] = {}
    while waiting:
        name = waiting.pop()
        reached.add(name)
        imported = set(imports(modules[name].read_text(encoding="utf-8"))) | {name}
        # A module cannot be imported without the packages around it.
        ours = {part for used in imported for part in _with_packages(used) if part in modules}
        waiting |= ours - reached
        for library in {used.partition(".")[0] for used in imported} - _NO_LIBRARIES:
            libraries.setdefault(library, set()).add(name)
    return Closure({name: modules[name] for name in sorted(reached)}, libraries)


def _modules(root: Path, package: str) -> Iterator[tuple[str, Path]]:
    for path in (root / package).rglob("*.py"):
        parts = path.relative_to(root).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def _is_emulator(name: str) -> bool:
    is_build = name.startswith(_BUILD) and name != _OWN_NAME
    return name.partition(".")[0] == EMULATOR and not is_build


def _with_packages(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts) + 1)]


def imports(source: str) -> Iterator[str]:
    """The dotted names that a module imports; of ``from a import b`` also ``a.b``."""
    tree = ast.parse(source)
    hidden = set(_for_type_checkers(tree))
    for node in ast.walk(tree):
        if node in hidden:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _for_type_checkers(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for statement in node.body:
                yield from ast.walk(statement)
