"""The checked lists of a file: one, or one for each row of its table.

Of many rows each list is kept in little, and whole only for as long as somebody looks at it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, overload

from wanx_render.diagnostics import Diagnostic
from wanx_render.shotlist import picks
from wanx_render.shotlist.model import AnyShot, GeneratedShot, ShotList
from wanx_render.shotlist.picks import Choice, Picks
from wanx_render.shotlist.tables.rows import Row
from wanx_render.task import InputMedia
from wanx_render.validation.assets import AssetReader
from wanx_render.validation.rows.compact import CompactList


@dataclass(frozen=True)
class Loaded:
    """A shot list that can be run, the folder its paths start at, and what is worth warning of.

    ``row`` is the row of the table that it was made of.
    """

    file: Path
    shots: ShotList
    folder: Path
    media: Mapping[str, InputMedia]  # every picture and sound, by the words the list names it with
    texts: Mapping[str, str]
    picks: Picks  # what was chosen on the board; its points of focus are in the shots already
    warnings: tuple[Diagnostic, ...] = field(default=())
    row: Row | None = None
    unchosen: ShotList | None = None  # ``shots`` without what was chosen on the board


@dataclass(frozen=True, slots=True)
class CheckedRow:
    """The list of one row, or of a file without a table, and what is worth warning of in it.

    ``picks``: what was chosen on the board; None where nothing was.
    """

    shots: CompactList | ShotList
    row: Row | None
    picks: Picks | None
    warnings: tuple[Diagnostic, ...]


class Lists(Sequence[Loaded]):
    """The lists of ``file``, in the order of its rows; each is made when it is asked for."""

    def __init__(
        self, file: Path, rows: Sequence[CheckedRow], assets: AssetReader, texts: Mapping[str, str]
    ) -> None:
        self.file, self.rows = file, rows
        self._assets, self._texts = assets, texts
        self._last: tuple[int, Loaded] | None = None  # made; people look at one list for a while

    @cached_property
    def first(self) -> Loaded:
        """The first of them: what cannot differ by rows is as it has it."""
        return self._made(self.rows[0])

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Loaded]:
        return (self[index] for index in range(len(self.rows)))

    @overload
    def __getitem__(self, index: int) -> Loaded: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Loaded]: ...
    def __getitem__(self, index: int | slice) -> Loaded | Sequence[Loaded]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self.rows)))]
        last = self._last  # threads may ask side by side
        if last is None or last[0] != index:
            last = self._last = index, self._made(self.rows[index])
        return last[1]

    def _made(self, row: CheckedRow) -> Loaded:
        shots = row.shots.whole() if isinstance(row.shots, CompactList) else row.shots
        choices = row.picks or Picks(picks.beside(picked_for(self.file, row.row)))
        return Loaded(
            self.file, _focused(shots, choices), self._assets.folder, self._assets.media(shots),
            self._texts, choices, row.warnings, row.row, shots,
        )  # fmt: skip


def picked_for(file: Path, row: Row | None) -> Path:
    """The name that the picks of a row go by: each row has choices of its own."""
    return file.with_name(f"{file.stem}.{row.name}{file.suffix}") if row else file


def with_picks(loaded: Loaded, choices: Picks) -> Loaded:
    """The list with other choices."""
    unchosen = loaded.unchosen or loaded.shots
    shots = _focused(unchosen, choices)
    return replace(loaded, shots=shots, picks=choices, unchosen=unchosen)


def _focused(shots: ShotList, choices: Picks) -> ShotList:
    """The list with the points that were chosen on the board."""
    if not any(choice.focus or choice.image_focus for choice in choices.shots.values()):
        return shots
    all_shots = tuple(_pointed(shot, choices.of(shot.id)) for shot in shots.shots)
    return shots.model_copy(update={"shots": all_shots})


def _pointed(shot: AnyShot, choice: Choice) -> AnyShot:
    update: dict[str, Any] = {"focus": choice.focus} if choice.focus else {}
    if choice.image_focus and isinstance(shot, GeneratedShot) and shot.fit_image:
        fit_image = shot.fit_image.model_copy(update={"focus": choice.image_focus})
        update["fit_image"] = fit_image
    return shot.model_copy(update=update) if update else shot
