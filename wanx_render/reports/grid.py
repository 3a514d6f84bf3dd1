"""Tables without lines on a terminal: whole rows where there is room, else as rich wraps them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

GAP = 2  # cells between columns


@dataclass(frozen=True, slots=True)
class GridColumn:
    """A column: its heading, and how its texts stand."""

    heading: str
    right: bool = False
    wrap: bool = True  # where there is no room; else it is cut


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of texts without control characters."""

    columns: Sequence[GridColumn]
    rows: list[Sequence[str]] = field(default_factory=list)
    gap: int = GAP
    has_head: bool = True

    def print(self, console: Console) -> None:
        """A list may have ten thousand rows, for each of which rich takes a millisecond."""
        widths = self._widths()
        if not self.rows or sum(widths) + self.gap * (len(widths) - 1) > console.width:
            console.print(self._by_rich())
            return
        if self.has_head:
            console.print(Text(self._line(self._head, widths), style="table.header"))
        console.file.write("".join(f"{self._line(row, widths)}\n" for row in self.rows))

    @property
    def _head(self) -> list[str]:
        return [column.heading for column in self.columns]

    def _widths(self) -> list[int]:
        columns = zip(*(self._head, *self.rows), strict=True)
        return [max(map(cell_len, set(texts))) for texts in columns]

    def _line(self, cells: Sequence[str], widths: Sequence[int]) -> str:
        return (" " * self.gap).join(self._padded(cells, widths))

    def _padded(self, cells: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
        for column, text, width in zip(self.columns, cells, widths, strict=True):
            if column.right:
                text = text.rstrip()
                yield " " * (width - cell_len(text)) + text
            else:
                yield text + " " * (width - cell_len(text))

    def _by_rich(self) -> Table:
        between = (0, GAP, 0, self.gap - GAP)
        table = Table(box=None, padding=between, pad_edge=False, show_header=self.has_head)
        for column in self.columns:
            justify: Literal["left", "right"] = "right" if column.right else "left"
            table.add_column(column.heading, justify=justify, no_wrap=not column.wrap)
        for row in self.rows:
            table.add_row(*map(Text, row))
        return table
