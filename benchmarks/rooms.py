"""Draw the rooms of the program from its imports: `uv run python benchmarks/rooms.py`.

Writes docs/pictures/rooms.svg and the list of rooms in docs/architecture.md. Floors are the rows of
the layer test, rooms are packages, a window is a module, a dot says that a room imports from
another, and what is written in a room is the first sentence of its `__init__`.
"""

import ast
import re
import textwrap
from collections import Counter
from dataclasses import dataclass
from html import escape
from itertools import accumulate
from pathlib import Path

from house import COMMAND_LINE, ROOT, House, modules_in

PICTURE = ROOT / "docs" / "pictures" / "rooms.svg"
PAGE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- rooms: drawn by benchmarks/rooms.py -->", "<!-- end of rooms -->"
PROGRAM, EMULATOR = "wanx_render", "mock_server"
EMULATOR_BEGIN = "<!-- rooms of the emulator -->"


@dataclass(frozen=True)
class Room:
    """A package: its modules, its paragraph and how often it imports from which other room."""

    name: str
    modules: int
    paragraph: str
    uses: Counter[str]

    @property
    def summary(self) -> str:
        """The first sentence of the paragraph, without its full stop."""
        text = " ".join(self.paragraph.replace("``", "").split())
        return re.split(r"\.(?:\s|$)", text, maxsplit=1)[0]


def room_of(module: str) -> str:
    """The room of a module by its dotted name, such as ``wanx_render.tasks.submit``."""
    package, *names = module.split(".")
    if len(names) > 1:
        return names[0]
    if package == EMULATOR:
        return EMULATOR
    return "cli" if names and names[0] in COMMAND_LINE else "ground"


def floors(house: House) -> list[list[Room]]:
    """The rooms of each floor, the top floor first, as the layer test orders them."""
    rooms = {room.name: room for room in rooms_of(house, PROGRAM)}
    order: list[list[Room]] = []
    for row in reversed(house.rows):
        names = dict.fromkeys(row_room(house, member) for member in row)
        fresh = [rooms.pop(name) for name in names if name in rooms and name != "ground"]
        order += [fresh] if fresh else []
    return [*order, *([room] for room in rooms.values())]


def row_room(house: House, member: str) -> str:
    """The room that an entry of the layer test names: a package, or the room of a module."""
    is_package = (house.root / PROGRAM / member.replace(".", "/")).is_dir()
    return member.split(".")[0] if is_package else room_of(f"{PROGRAM}.{member}")


def rooms_of(house: House, package: str) -> list[Room]:
    """The rooms of a package, those that use the most rooms first."""
    modules = [s for s in modules_in(house.code) if s.module.startswith(f"{package}.")]
    sizes = Counter(room_of(source.module) for source in modules)
    uses: dict[str, Counter[str]] = {name: Counter() for name in sizes}
    names = {source.module for source in modules}
    for source in modules:
        for used in house.imports[source.module].keys() & names:
            if room_of(used) != room_of(source.module):
                uses[room_of(source.module)][room_of(used)] += 1
    order = sorted(sizes, key=lambda name: (-len(uses[name]), name))
    return [Room(n, sizes[n], paragraph(house, package, n), uses[n]) for n in order]


def paragraph(house: House, package: str, room: str) -> str:
    places = {"cli": "cli.py", "ground": "__init__.py", EMULATOR: "__init__.py"}
    path = house.root / package / places.get(room, f"{room}/__init__.py")
    return ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""


# --- The picture

WIDTH = 1080
LEFT, RIGHT = 36, 652  # the walls
ROOF, GAP = 96, 6
HEAD, LINE, MOST_LINES = 35, 15, 3  # the height of a floor: its names, and each line below them
NARROW = 250  # where windows are closer together
LABELS, COLUMN = 768, 17  # where the dots begin, and how wide a column is
STYLE = """
  svg { --paper: #fcfbf8; --wall: #d9d3c7; --room: #ffffff; --ink: #24211c; --soft: #6b655a;
        --window: #eab54a; --roof: #8a5a44; --earth: #e9e3d6; --line: #eae5da; --dot: #3c6e71; }
  @media (prefers-color-scheme: dark) {
    svg { --paper: #15171c; --wall: #343a46; --room: #1f232b; --ink: #ece8df; --soft: #a29c90;
          --window: #f0bf57; --roof: #b4775b; --earth: #2b2823; --line: #262b34; --dot: #7fc1c0; }
  }
  text { font-family: ui-sans-serif, system-ui, "Segoe UI", Helvetica, Arial, sans-serif;
         fill: var(--soft); font-size: 12px }
  .name { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;
          font-size: 15px; font-weight: 600; fill: var(--ink) }
  .label { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: 11px }
  .title { font-size: 17px; font-weight: 600; fill: var(--paper) }
  .room { fill: var(--room); stroke: var(--wall) }
  .earth { fill: var(--earth); stroke: var(--wall) }
  .window { fill: var(--window) }
  .roof { fill: var(--roof) }
  .rule { stroke: var(--line) }
  .dot { fill: var(--dot) }
"""


def picture(levels: list[list[Room]]) -> str:
    """The rooms as an SVG, the same bytes for the same code."""
    tops = list(accumulate((height(level) + GAP for level in levels), initial=ROOF))
    used = {name for level in levels for room in level for name in room.uses}
    columns = [room.name for level in levels for room in level if room.name in used]
    parts = [*heading(tops[-1] + 40), *roof(), *rules(columns, tops[-1])]
    for level, top in zip(levels, tops, strict=False):
        parts += [*boxes(level, top), *dots(level, top, columns)]
    return "\n".join([*parts, *legend(tops[-1] + 22), "</svg>\n"])


def heading(height: int) -> list[str]:
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"'
        f' width="{WIDTH}" height="{height}">',
        "<title>The rooms of wanx_render</title>",
        "<desc>Floors from the command line at the top to the ground; a room imports only from"
        " rooms below it. Windows are modules; dots say which room imports from which.</desc>",
        f"<style>{STYLE}</style>",
        f'<rect width="{WIDTH}" height="{height}" rx="12" fill="var(--paper)"/>',
    ]


def roof() -> list[str]:
    middle = (LEFT + RIGHT) // 2
    points = f"{LEFT - 16},{ROOF - 8} {LEFT + 54},30 {RIGHT - 54},30 {RIGHT + 16},{ROOF - 8}"
    return [
        f'<rect class="roof" x="{RIGHT - 150}" y="14" width="34" height="30"/>',
        f'<polygon class="roof" points="{points}"/>',
        f'<text class="title" x="{middle}" y="66" text-anchor="middle">wanx_render</text>',
    ]


def width_of(level: list[Room]) -> int:
    return (RIGHT - LEFT - GAP * (len(level) - 1)) // len(level)


def lines_of(room: Room, width: int) -> list[str]:
    return textwrap.wrap(room.summary, (width - 24) * 10 // 64)[:MOST_LINES]


def height(level: list[Room]) -> int:
    lines = max(len(lines_of(room, width_of(level))) for room in level)
    return HEAD + LINE * max(1, lines)


def boxes(level: list[Room], top: int) -> list[str]:
    width, tall = width_of(level), height(level)
    lefts = [LEFT + number * (width + GAP) for number in range(len(level))]
    pairs = zip(level, lefts, strict=True)
    return [part for room, left in pairs for part in box(room, (left, top), (width, tall))]


def box(room: Room, corner: tuple[int, int], size: tuple[int, int]) -> list[str]:
    (left, top), (width, tall) = corner, size
    kind, margin = ("earth", 20) if room.name == "ground" else ("room", 0)
    frame = f'x="{left - margin}" y="{top}" width="{width + 2 * margin}" height="{tall}"'
    lines = lines_of(room, width)
    parts = [
        f'<rect class="{kind}" {frame} rx="4"/>',
        f'<text class="name" x="{left + 12}" y="{top + 21}">{escape(room.name)}</text>',
        *windows(room.modules, left + width - 12, top + 9, 11 if width > NARROW else 7),
    ]
    for number, line in enumerate(lines):
        parts.append(f'<text x="{left + 12}" y="{top + 38 + 15 * number}">{escape(line)}</text>')
    return parts


def windows(count: int, right: int, top: int, pitch: int) -> list[str]:
    """A window for each module, from the right wall; the number itself is their tooltip."""
    lefts = (right - pitch * (number + 1) for number in range(count))
    size = f'y="{top}" width="{pitch - 3}" height="11" rx="1"'
    panes = [f'<rect class="window" x="{left}" {size}/>' for left in lefts]
    plural = "" if count == 1 else "s"
    return [f"<g><title>{count} module{plural}</title>", *panes, "</g>"]


def rules(columns: list[str], bottom: int) -> list[str]:
    parts = []
    for number, name in enumerate(columns):
        x = LABELS + number * COLUMN
        parts += [
            f'<line class="rule" x1="{x}" y1="{ROOF}" x2="{x}" y2="{bottom - GAP}"/>',
            f'<text class="label" transform="translate({x + 3} {ROOF - 8}) rotate(-58)">'
            f"{escape(name)}</text>",
        ]
    return parts


def dots(level: list[Room], top: int, columns: list[str]) -> list[str]:
    parts, edge = [], LABELS + (len(columns) - 1) * COLUMN + 8
    for number, room in enumerate(level):
        y = top + height(level) * (number + 1) // (len(level) + 1)
        parts.append(f'<line class="rule" x1="{LABELS - 8}" y1="{y}" x2="{edge}" y2="{y}"/>')
        parts.append(
            f'<text class="label" x="{LABELS - 14}" y="{y + 4}" text-anchor="end">'
            f"{escape(room.name)}</text>"
        )
        for name, count in sorted(room.uses.items()):
            x = LABELS + columns.index(name) * COLUMN
            parts.append(
                f'<circle class="dot" cx="{x}" cy="{y}" r="{radius(count)}">'
                f"<title>{room.name} imports from {name}</title></circle>"
            )
    return parts


def radius(count: int) -> float:
    return 2.4 if count < 4 else 3.8 if count < 12 else 5.2


def legend(y: int) -> list[str]:
    return [
        f'<text x="{LEFT}" y="{y}">A room imports only from rooms below it. A window is a module.'
        "</text>",
        f'<text x="{RIGHT + 40}" y="{y}">A dot: the room of this row imports from that one.</text>',
    ]


# --- The list


def listing(levels: list[list[Room]]) -> str:
    rows = [
        f"| `{room.name}` | {room.modules} | {room.summary}. |"
        for level in levels
        for room in level
    ]
    return "\n".join(["| room | modules | what it is for |", "|---|---|---|", *rows])


def page(text: str, levels: list[list[Room]], begin: str = BEGIN) -> str:
    """The page with its list of rooms as the code has them."""
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(END)
    return f"{before}{begin}\n{listing(levels)}\n{END}{after}"


def main() -> None:
    for path, text in drawn(House(ROOT)).items():
        path.write_text(text, "utf-8")


def drawn(house: House) -> dict[Path, str]:
    """What the picture and the page hold when they are up to date."""
    levels = floors(house)
    text = page(PAGE.read_text("utf-8"), levels)
    text = page(text, [rooms_of(house, EMULATOR)], EMULATOR_BEGIN)
    return {PICTURE: picture(levels), PAGE: text}


if __name__ == "__main__":
    main()
