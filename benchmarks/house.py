"""How the code is laid out and worded: `uv run python benchmarks/house.py [--at COMMIT]`.

Prints every measure for a commit before the rebuild, for this tree (or COMMIT), and its goal, as a
Markdown table. `--list MEASURE [PATH ...]` prints what a measure counts, as file:line, in files
whose path begins with a PATH: `--list locals wanx_render/finishing`.

Code is what is installed: `wanx_render` and `mock_server`. Tests and benchmarks are apart.
"""

import argparse
import ast
import functools
import io
import itertools
import re
import signal
import statistics
import subprocess
import tarfile
import tempfile
import tokenize
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parent.parent
BEFORE = "589904b"
PACKAGES = ("wanx_render", "mock_server")
# Modules of the package itself that are not its ground.
COMMAND_LINE = ("cli", "__main__", "start")
# One file a verb may be more than a folder of sixteen.
VERBS = "wanx_render/commands"
MIRRORS = ("wanx_render/commands", "wanx_render/session", "wanx_render/actions")
MIRROR_RUN = 6
LONG_BODY = 26
MOST_PARAMETERS = 6

# Participles and past forms that end otherwise than in -ed. Words that are nouns here are left out:
# cut, set, run, shot, split, left, spread, cost, ground, hit.
IRREGULAR = """
    been begun began bent bitten blown born borne bought bound broken brought built burnt came
    caught chosen come dealt done drawn driven dug eaten fallen fed felt flown forgotten fought
    found frozen gave given gone got gotten grown heard held hidden hung kept knew known laid lain
    led lent lit lost made meant met overrun paid put read ridden risen rung said sang sank sat
    saw seen sent shown shrunk shut slept slid sold sought spent spoken sprung spun stood stolen
    struck stuck sung sunk swept swum taken taught thought threw thrown told took torn understood
    unseen upset went withdrawn woken won worn wound woven written wrote
"""
# Words in -ed that are no participles.
NOUNS_IN_ED = """
    bed bleed breed deed embed exceed feed hundred indeed naked need proceed red seed shed speed
    succeed weed
"""
PRONOUNS = """
    another both each either few hers his it its itself many mine more most neither none one ones
    other others ours same some somebody someone something such that theirs them these they this
    those what whatever which who whoever whom whose yours
"""
VAGUE = frozenset((IRREGULAR + PRONOUNS).split())
NO_PARTICIPLES = frozenset(NOUNS_IN_ED.split())
# Not a file's own `tell()`.
TOLD = re.compile(r"(?<![a-z])(?:told|tells?(?!\(\)))(?![a-z])", re.IGNORECASE)
HARD = re.compile(
    r"(?<![a-z])(?:told|tells|tell of|anew|reckon\w*|mend(?:s|ed|ing)?|whoever|held against"
    r"|looked into|under way)(?![a-z])",
    re.IGNORECASE,
)
FOR_EACH = re.compile(r"\bfor each in\b")


@dataclass(frozen=True)
class Site:
    """One thing that a measure counts."""

    path: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


@dataclass(frozen=True)
class Source:
    """A file of Python: its text, its lines and its syntax tree."""

    path: str
    text: str

    @functools.cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @functools.cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @functools.cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(self.tree))

    @functools.cached_property
    def tokens(self) -> list[tokenize.TokenInfo]:
        return list(tokenize.generate_tokens(io.StringIO(self.text).readline))

    @functools.cached_property
    def code_lines(self) -> frozenset[int]:
        """The lines that hold code: neither blank, nor a comment alone, nor a docstring."""
        silent = {
            tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
            tokenize.ENDMARKER,
        }  # fmt: skip
        spans = (
            range(token.start[0], token.end[0] + 1)
            for token in self.tokens
            if token.type not in silent
        )
        return frozenset(itertools.chain.from_iterable(spans)) - self.docstring_lines

    @functools.cached_property
    def docstring_lines(self) -> frozenset[int]:
        holders = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        spans = (
            range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1)
            for node in self.nodes
            if isinstance(node, holders) and ast.get_docstring(node, clean=False) is not None
        )
        return frozenset(itertools.chain.from_iterable(spans))

    @functools.cached_property
    def functions(self) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
        return [n for n in self.nodes if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]

    @functools.cached_property
    def prose(self) -> list[str]:
        """The lines without their string literals: names, comments and docstrings."""
        chars = [list(line) for line in self.lines]
        literals = {tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}
        for token in self.tokens:
            if token.type in literals and token.start[0] not in self.docstring_lines:
                blank(chars, token.start, token.end)
        return ["".join(line) for line in chars]

    @property
    def module(self) -> str:
        """The dotted name; a package has the name of its folder."""
        return ".".join(PurePosixPath(self.path).with_suffix("").parts).removesuffix(".__init__")

    @property
    def folder(self) -> str:
        return str(PurePosixPath(self.path).parent)

    def site(self, line: int, what: str) -> Site:
        return Site(self.path, line, what)


def blank(chars: list[list[str]], start: tuple[int, int], end: tuple[int, int]) -> None:
    """Overwrite a stretch of a text with spaces."""
    for number in range(start[0], end[0] + 1):
        row = chars[number - 1] if number <= len(chars) else []
        first = start[1] if number == start[0] else 0
        last = end[1] if number == end[0] else len(row)
        row[first:last] = " " * (min(last, len(row)) - first)


@dataclass(frozen=True)
class House:
    """The tree that is measured."""

    root: Path

    @functools.cached_property
    def code(self) -> list[Source]:
        return [source for package in PACKAGES for source in self.sources(package)]

    @functools.cached_property
    def tests(self) -> list[Source]:
        return self.sources("tests")

    @functools.cached_property
    def documents(self) -> list[tuple[str, list[str]]]:
        paths = [self.root / "README.md", *sorted((self.root / "docs").rglob("*.md"))]
        return [(self.name(p), p.read_text("utf-8").splitlines()) for p in paths if p.exists()]

    def sources(self, folder: str) -> list[Source]:
        return [
            Source(self.name(path), path.read_text("utf-8"))
            for path in sorted((self.root / folder).rglob("*.py"))
        ]

    def name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()

    @functools.cached_property
    def imports(self) -> dict[str, dict[str, int]]:
        """Which of its own modules each module imports when it runs, and in which line."""
        modules = {source.module for source in self.code}
        return {source.module: imported(source, modules) for source in self.code}

    @functools.cached_property
    def rows(self) -> list[tuple[str, ...]]:
        """The layers of the program as its test has them, from the ground up."""
        for source in (s for s in self.tests if is_layer_test(s.path)):
            for node in source.nodes:
                match node:
                    case (
                        ast.Assign(targets=[ast.Name(id="FLOORS" | "ROWS")], value=value)
                        | ast.AnnAssign(
                            target=ast.Name(id="FLOORS" | "ROWS"), value=ast.expr() as value
                        )
                    ):
                        return from_the_ground(ast.literal_eval(value))
                    case _:
                        pass
        return []


def is_layer_test(path: str) -> bool:
    """The emulator has one of its own."""
    return path.endswith("/test_layers.py") and "mock_server" not in path


def from_the_ground(rows: Iterable[str | Iterable[str]]) -> list[tuple[str, ...]]:
    layers = [tuple(row.split()) if isinstance(row, str) else tuple(row) for row in rows]
    return layers[::-1] if any("cli" in row for row in layers[:2]) else layers


# --- Folders and imports


def modules_in(sources: Iterable[Source]) -> Iterator[Source]:
    return (source for source in sources if not source.path.endswith("__init__.py"))


def by_folder(sources: Iterable[Source]) -> dict[str, list[Source]]:
    folders: dict[str, list[Source]] = defaultdict(list)
    for source in modules_in(sources):
        folders[source.folder].append(source)
    return folders


def folder_sizes(folders: dict[str, list[Source]]) -> list[Site]:
    sizes = sorted(((len(held), folder) for folder, held in folders.items()), reverse=True)
    return [Site(folder, count, f"{count} modules") for count, folder in sizes]


def rooms(house: House) -> list[Site]:
    return folder_sizes({k: v for k, v in by_folder(house.code).items() if k != VERBS})


def test_folders(house: House) -> list[Site]:
    return folder_sizes(by_folder(house.tests))


def layer_rows(house: House) -> list[Site]:
    return [Site("layers", n, " ".join(row)) for n, row in enumerate(house.rows, 1)]


def imported(source: Source, modules: set[str]) -> dict[str, int]:
    unseen = {
        inner
        for node in source.nodes
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for child in node.body
        for inner in ast.walk(child)
    }
    names: dict[str, int] = {}
    for node in source.nodes:
        if node not in unseen:
            for name in import_names(node):
                names.setdefault(name, getattr(node, "lineno", 0))
    return {name: line for name, line in names.items() if name in modules - {source.module}}


def import_names(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=str(module), names=names):
            return [module, *(f"{module}.{alias.name}" for alias in names)]
        case _:
            return []


def cycles(house: House) -> list[Site]:
    """Groups of modules that import one another, directly or by way of others."""
    graph = {
        name: {o for o in used if not is_package(house, o)} for name, used in house.imports.items()
    }
    groups = {frozenset(reach(graph, name) & reached_by(graph, name)) for name in graph}
    circles = [sorted(group) for group in groups if len(group) > 1]
    return [Site(names[0], 1, " ".join(names)) for names in sorted(circles)]


def is_package(house: House, module: str) -> bool:
    return (house.root / module.replace(".", "/")).is_dir()


def reach(graph: dict[str, set[str]], start: str) -> set[str]:
    """What ``start`` imports by any way; itself too where it is in a circle."""
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        for name in graph.get(waiting.pop(), set()) - reached:
            reached.add(name)
            waiting.append(name)
    return reached


def reached_by(graph: dict[str, set[str]], end: str) -> set[str]:
    importers: dict[str, set[str]] = defaultdict(set)
    for name, used in graph.items():
        for other in used:
            importers[other].add(name)
    return reach(importers, end)


def upward(house: House) -> list[Site]:
    """Imports from a higher row, or from another member of the same row."""
    floors = {member: n for n, row in enumerate(house.rows) for member in row}
    sites = []
    for source in house.code:
        lower = member_of(source.module, floors)
        for name, line in house.imports[source.module].items():
            upper = member_of(name, floors)
            if lower and upper and lower != upper and floors[upper] >= floors[lower]:
                sites.append(source.site(line, f"{source.module} imports {name}"))
    return sites


def member_of(module: str, floors: dict[str, int]) -> str | None:
    """The entry of the layer list that a module belongs to: itself, its package, cli or ground."""
    package, _, name = module.partition(".")
    if package != "wanx_render" or not name:
        return None
    parts = name.split(".")
    prefixes = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    rest = "cli" if name in COMMAND_LINE else "ground"
    named = next((prefix for prefix in prefixes if prefix in floors), None)
    return named or (rest if len(parts) == 1 and rest in floors else None)


# --- Functions


def body_lines(source: Source, node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of the body that hold code; signature, docstring, comments and blank lines do not."""
    span = range(node.body[0].lineno, (node.end_lineno or 0) + 1)
    return len(source.code_lines.intersection(span))


def lengths(house: House) -> list[Site]:
    sizes = [
        (body_lines(source, node), source.site(node.lineno, node.name))
        for source in house.code
        for node in source.functions
    ]
    longest_first = sorted(sizes, key=lambda pair: -pair[0])
    return [Site(s.path, s.line, f"{size} lines in {s.what}") for size, s in longest_first]


def length_figure(sites: Sequence[Site]) -> str:
    sizes = sorted(int(site.what.split()[0]) for site in sites)
    if not sizes:
        return "0 / 0 / 0"
    late = sizes[min(len(sizes) - 1, int(len(sizes) * 0.95))]
    return f"{statistics.median(sizes):g} / {late} / {sizes[-1]}"


def many_parameters(house: House) -> list[Site]:
    sites = []
    for source in house.code:
        for node in source.functions:
            names = [a.arg for a in arguments(node) if a.arg not in ("self", "cls")]
            if len(names) > MOST_PARAMETERS and not is_command(node):
                sites.append(source.site(node.lineno, f"{node.name}: {len(names)} parameters"))
    return sites


def arguments(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.arg]:
    return [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]


def is_command(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether the parameters of a function are the options of a command."""
    return any("command" in ast.unparse(decorator) for decorator in node.decorator_list)


# --- What hides faults


def broad_excepts(house: House) -> list[Site]:
    return [
        source.site(node.lineno, ast.unparse(node).splitlines()[0])
        for source in house.code
        for node in source.nodes
        if isinstance(node, ast.ExceptHandler) and is_broad(node.type)
    ]


def is_broad(kind: ast.expr | None) -> bool:
    members = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(m is None or ast.unparse(m) in ("Exception", "BaseException") for m in members)


def ignored_types(house: House) -> list[Site]:
    return [
        source.site(token.start[0], token.string)
        for source in house.code
        for token in source.tokens
        if token.type == tokenize.COMMENT and re.match(r"#\s*type:\s*ignore", token.string)
    ]


def silent_cases(house: House) -> list[Site]:
    """`case _` that answers instead of raising."""
    return [
        source.site(case.pattern.lineno, "case _: " + ast.unparse(case.body[0]).splitlines()[0])
        for source in house.code
        for node in source.nodes
        if isinstance(node, ast.Match)
        for case in node.cases
        if ast.unparse(case.pattern) == "_" and not is_loud(case.body)
    ]


def is_loud(body: list[ast.stmt]) -> bool:
    return any(isinstance(n, ast.Raise) for s in body for n in ast.walk(s)) or any(
        "assert_never" in ast.unparse(statement) for statement in body
    )


# --- Words


def matches(pattern: re.Pattern[str], path: str, lines: Sequence[str]) -> list[Site]:
    return [
        Site(path, number, line.strip())
        for number, line in enumerate(lines, 1)
        for _ in pattern.finditer(line)
    ]


def words_outside(pattern: re.Pattern[str]) -> Callable[[House], list[Site]]:
    """Occurrences in names, comments, docstrings and docs."""

    def sites(house: House) -> list[Site]:
        texts = [(source.path, source.prose) for source in house.code] + house.documents
        return [site for path, lines in texts for site in matches(pattern, path, lines)]

    return sites


def words_anywhere(pattern: re.Pattern[str]) -> Callable[[House], list[Site]]:
    """The same, and in string literals."""

    def sites(house: House) -> list[Site]:
        texts = [(source.path, source.lines) for source in house.code] + house.documents
        return [site for path, lines in texts for site in matches(pattern, path, lines)]

    return sites


def for_each(house: House) -> list[Site]:
    return [s for source in house.code for s in matches(FOR_EACH, source.path, source.prose)]


def lines_of_code_and_docs(house: House) -> int:
    return sum(len(s.lines) for s in house.code) + sum(len(lines) for _, lines in house.documents)


# --- Names


def is_vague(name: str) -> bool:
    """Whether a name is a participle or a pronoun that stands alone."""
    word = name.strip("_").lower()
    regular = re.fullmatch(r"[a-z]{2,}ed", word) and word not in NO_PARTICIPLES
    return bool(regular) or word in VAGUE


def local_names(source: Source) -> list[tuple[str, str, int]]:
    """Distinct (function, local variable, line): whatever is assigned inside a function."""
    names: dict[tuple[int, str], tuple[str, str, int]] = {}
    for node in source.functions:
        for inner in own_nodes(node):
            for name in stored(inner):
                line = getattr(inner, "lineno", node.lineno)
                names.setdefault((node.lineno, name), (node.name, name, line))
    return list(names.values())


def own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """What is in a function, without the functions and classes in it."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield child
            yield from own_nodes(child)


def stored(node: ast.AST) -> list[str]:
    """The names that a node assigns: also loop variables, `as` names and patterns."""
    match node:
        case ast.Name(id=name, ctx=ast.Store()):
            return [name]
        case ast.ExceptHandler(name=str(name)):
            return [name]
        case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            return [name]
        case _:
            return []


def vague_locals(house: House) -> list[Site]:
    return [
        source.site(line, f"{name} in {function}")
        for source in house.code
        for function, name, line in sorted(local_names(source), key=lambda entry: entry[2])
        if is_vague(name)
    ]


def local_share(house: House, sites: Sequence[Site]) -> str:
    total = sum(len(local_names(source)) for source in house.code)
    return f"{100 * len(sites) / total:.1f} %" if total else "0.0 %"


def vague_parameters(house: House) -> list[Site]:
    return [
        source.site(argument.lineno, f"{argument.arg} of {node.name}")
        for source in house.code
        for node in source.functions
        for argument in arguments(node)
        if is_vague(argument.arg) and not node.name.startswith("__")
    ]


def doubled_classes(house: House) -> list[Site]:
    """One line for each name of a class that two or more modules define."""
    homes: dict[str, list[Site]] = defaultdict(list)
    for source in house.code:
        for node in source.tree.body:
            if isinstance(node, ast.ClassDef):
                homes[node.name].append(source.site(node.lineno, node.name))
    return [
        Site(sites[0].path, sites[0].line, f"{name}, also {', '.join(s.path for s in sites[1:])}")
        for name, sites in sorted(homes.items())
        if len({site.path for site in sites}) > 1
    ]


# --- One list and many lists


def mirrored(house: House) -> list[Site]:
    """Lines of commands, session and actions that stand once for one list and once for many.

    Counted are modules, functions and classes whose names differ in number only (`plan.py` and
    `plans.py`, `render` and `render_many`), whole, and every run of six lines that two modules
    share. It sees less than a reader does: two programs may do the same under unlike names.
    """
    sources = [s for s in modules_in(house.code) if s.folder in MIRRORS]
    spots = {*twin_lines(sources), *shared_lines(sources)}
    texts = {source.path: source.lines for source in sources}
    return [Site(path, line, texts[path][line - 1].strip()) for path, line in sorted(spots)]


def twin_lines(sources: Sequence[Source]) -> Iterator[tuple[str, int]]:
    homes: dict[str, list[tuple[str, Source, range]]] = defaultdict(list)
    for source in sources:
        for name, span in named_parts(source):
            homes[singular(name)].append((name, source, span))
    for twins in homes.values():
        if len({name for name, _, _ in twins}) > 1:
            for _, source, span in twins:
                yield from ((source.path, n) for n in source.code_lines.intersection(span))


def named_parts(source: Source) -> Iterator[tuple[str, range]]:
    """The module itself, its public functions and its classes, with the lines of each."""
    yield f"module {PurePosixPath(source.path).stem}", range(1, len(source.lines) + 1)
    for node in source.tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            kind = "class" if isinstance(node, ast.ClassDef) else "function"
            if not node.name.startswith("_"):
                yield f"{kind} {node.name}", range(node.lineno, (node.end_lineno or 0) + 1)


def singular(name: str) -> str:
    """A name without number: `PlansOptions` and `PlanOptions` are the same."""
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", name)
    without = [word for word in words[1:] if word.lower() not in ("many", "all", "whole")]
    words = [word.lower() for word in (*words[:1], *without)]
    return "_".join(re.sub(r"(?<=\w\w)s$", "", word) for word in words)


def shared_lines(sources: Sequence[Source]) -> Iterator[tuple[str, int]]:
    runs: dict[tuple[str, ...], list[tuple[str, tuple[int, ...]]]] = defaultdict(list)
    for source in sources:
        numbers = [n for n in sorted(source.code_lines) if is_substance(source.lines[n - 1])]
        for start in range(len(numbers) - MIRROR_RUN + 1):
            window = tuple(numbers[start : start + MIRROR_RUN])
            text = tuple(normal(source.lines[number - 1]) for number in window)
            runs[text].append((source.path, window))
    for places in runs.values():
        if len({path for path, _ in places}) > 1:
            yield from ((path, number) for path, window in places for number in window)


def is_substance(line: str) -> bool:
    return not line.startswith(("import ", "from ", "    from ", ")"))


def normal(line: str) -> str:
    return re.sub(r"\b([A-Za-z_]{3,}?)s\b", r"\1", " ".join(line.split()))


# --- Files


def renames(house: House) -> list[Site]:
    """Calls that put a file in the place of another, outside files.py."""
    return [
        source.site(node.lineno, ast.unparse(node))
        for source in house.code
        if not source.path.endswith("/files.py")
        for node in source.nodes
        if isinstance(node, ast.Call) and is_rename(node)
    ]


def is_rename(call: ast.Call) -> bool:
    match call.func:
        case ast.Attribute(value=ast.Name(id="os"), attr="replace" | "rename" | "renames"):
            return True
        case ast.Attribute(attr="replace" | "rename"):
            return len(call.args) == 1 and not call.keywords
        case _:
            return False


# A seal covers the beginning of a file and its name; a storage service sends an MD5 with a clip.
OTHER_HASHES = {
    ("wanx_render/integrity.py", "_digest"),
    ("wanx_render/backends/transfer.py", "_whole"),
}


def hash_loops(house: House) -> list[Site]:
    """Functions outside files.py that hash what they read in a loop, or call `file_digest`."""
    return [
        source.site(node.lineno, node.name)
        for source in house.code
        if not source.path.endswith("/files.py")
        for node in source.functions
        if hashes_in_a_loop(node) and (source.path, node.name) not in OTHER_HASHES
    ]


def hashes_in_a_loop(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    text = ast.unparse(node)
    if "file_digest" in text:
        return True
    loops = [n for n in ast.walk(node) if isinstance(n, ast.For | ast.AsyncFor | ast.While)]
    return "hashlib." in text and any(
        ".update(" in ast.unparse(line) for loop in loops for line in loop.body
    )


# --- Size


def file_sizes(house: House) -> list[Site]:
    sizes = sorted(((len(s.lines), s.path) for s in house.code), reverse=True)
    return [Site(path, size, f"{size} lines") for size, path in sizes]


def code_size(house: House) -> str:
    total = sum(len(source.lines) for source in house.code)
    return f"{sum(len(source.code_lines) for source in house.code):,} / {total:,}"


def pictures(house: House) -> list[Site]:
    readme = [(path, lines) for path, lines in house.documents if path == "README.md"]
    pattern = re.compile(r"!\[|<img\b")
    return [site for path, lines in readme for site in matches(pattern, path, lines)]


# --- The table


@dataclass(frozen=True)
class Measure:
    """A row of the table: what it counts, how the figure is made of that, and the goal."""

    title: str
    goal: str
    sites: Callable[[House], list[Site]]
    figure: Callable[[House, Sequence[Site]], str]


def count(_house: House, sites: Sequence[Site]) -> str:
    return f"{len(sites):,}"


def largest(_house: House, sites: Sequence[Site]) -> str:
    return f"{sites[0].line:,} ({sites[0].path})" if sites else "0"


def per_thousand(house: House, sites: Sequence[Site]) -> str:
    return f"{1000 * len(sites) / max(1, lines_of_code_and_docs(house)):.2f}"


def per_thousand_of_code(house: House, sites: Sequence[Site]) -> str:
    return f"{1000 * len(sites) / max(1, sum(len(s.lines) for s in house.code)):.2f}"


MEASURES = {
    "folders": Measure("modules in the fullest folder (`commands/` apart)", "16", rooms, largest),
    "test-folders": Measure("modules in the fullest folder of tests", "16", test_folders, largest),
    "rows": Measure("rows in the layer test", "16", layer_rows, count),
    "functions": Measure(
        "function body, lines of code: median / p95 / longest",
        "8 / 26 / 60",
        lengths,
        lambda _, sites: length_figure(sites),
    ),
    "parameters": Measure("functions of more than six parameters", "", many_parameters, count),
    "cycles": Measure("import cycles", "0", cycles, count),
    "upward": Measure("upward imports", "0", upward, count),
    "excepts": Measure("broad `except`", "6", broad_excepts, count),
    "ignores": Measure("`type: ignore`", "1", ignored_types, count),
    "cases": Measure("`case _` that answers in silence", "", silent_cases, count),
    "told": Measure(
        "`told`, `tell(s)` in 1,000 lines of code and docs, outside messages",
        "0.5",
        words_outside(TOLD),
        per_thousand,
    ),
    "told-all": Measure("the same with messages", "", words_anywhere(TOLD), per_thousand),
    "hard": Measure("hard list, outside messages", "", words_outside(HARD), count),
    "hard-all": Measure("the same with messages", "", words_anywhere(HARD), count),
    "each": Measure("`for each in` in 1,000 lines of code", "0", for_each, per_thousand_of_code),
    "locals": Measure(
        "local variables that are a bare participle or pronoun", "1 %", vague_locals, local_share
    ),
    "parameter-names": Measure("parameters that are one", "", vague_parameters, count),
    "classes": Measure(
        "class names defined in two or more modules", "5", doubled_classes, count
    ),
    "mirror": Measure("lines that mirror one list and many lists", "0", mirrored, count),
    "renames": Measure("hand-written atomic writes outside `files.py`", "0", renames, count),
    "hashes": Measure("hand-written hash loops outside `files.py`", "0", hash_loops, count),
    "size": Measure(
        "lines of code without tests: code / all",
        "fewer",
        file_sizes,
        lambda house, _: code_size(house),
    ),
    "files": Measure("lines in the longest file", "", file_sizes, largest),
    "pictures": Measure("pictures in the README", "3", pictures, count),
}  # fmt: skip


def figures(house: House) -> dict[str, str]:
    return {name: m.figure(house, m.sites(house)) for name, m in MEASURES.items()}


def table(before: dict[str, str], now: dict[str, str]) -> str:
    rows = [
        f"| {m.title} | {before.get(name, '-')} | {now[name]} | {m.goal or '-'} |"
        for name, m in MEASURES.items()
    ]
    return "\n".join(["| measure | before | now | goal |", "|---|---|---|---|", *rows])


def tree_at(commit: str, folder: Path) -> House:
    """The files of a commit, unpacked into ``folder``."""
    archive = subprocess.run(
        ["git", "archive", commit],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
        tar.extractall(folder, filter="data")
    return House(folder)


def figures_before() -> dict[str, str]:
    """The figures of the commit before the rebuild; none in a copy without its history."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            return figures(tree_at(BEFORE, Path(folder)))
        except (subprocess.CalledProcessError, FileNotFoundError):
            return {}


def listed(house: House, measure: str, paths: Sequence[str]) -> list[Site]:
    sites = MEASURES[measure].sites(house)
    return [site for site in sites if not paths or site.path.startswith(tuple(paths))]


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--at", metavar="COMMIT")
    parser.add_argument("--list", choices=MEASURES, dest="measure")
    parser.add_argument("paths", nargs="*", metavar="PATH")
    options = parser.parse_args(argv)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `--list locals | head`
    with tempfile.TemporaryDirectory() as folder:
        house = tree_at(options.at, Path(folder)) if options.at else House(ROOT)
        if options.measure:
            print(*listed(house, options.measure, options.paths), sep="\n")
        else:
            print(table(figures_before(), figures(house)))


if __name__ == "__main__":
    main()
