"""What a take is called: the row of a table, the shot and the number of the take.

People, the journal and file names have it as one text; it is written and read here alone.
"""

from dataclasses import dataclass

from wanx_render.language import Message, tr, verbatim
from wanx_render.shotlist.names import shortened


@dataclass(frozen=True, slots=True)
class TakeName:
    """The parts of a take's name; a list that is no table has no ``row``."""

    row: str
    shot: str
    number: int | None  # None where a text was no name of a take

    @classmethod
    def read(cls, text: str) -> "TakeName":
        """What ``str`` of a name gave."""
        name, _, number = text.rpartition(" take ")
        row, _, shot = name.rpartition("/")
        return cls(row, shot, int(number) if number.isdecimal() else None)

    def __str__(self) -> str:
        return f"{self.shot_label} take {self.number}"

    @property
    def title(self) -> Message:
        """The name in the reader's language."""
        if self.number is None:
            return verbatim(str(self))
        return tr("{shot} take {n}", shot=self.shot_label, n=self.number)

    @property
    def shot_label(self) -> str:
        """The shot, and the row it is of: ``rain/wake``."""
        return f"{self.row}/{self.shot}" if self.row else self.shot

    @property
    def stem(self) -> str:
        """What its clip's file is called, but for the hash: ``rain-wake-t1``."""
        return shortened(self.shot_label.replace("/", "-")) + f"-t{self.number}"
