"""Which characters of a text are YAML's own, also where it cannot be parsed as a whole."""

import re

_OPENING = re.compile(r"[\"'#\[\]{}]")
_BLOCK = re.compile(r"(?:^|[\s:-])[|>][-+0-9]*[ \t]*(?:#.*)?$")
_QUOTED = {
    '"': re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL),
    "'": re.compile(r"'[^']*+(?:''[^']*+)*+'"),
}
_LONGEST = 100
_PAIRS = {"]": "[", "}": "{"}


class Structure:
    """``text`` as long as the original, with quoted text, block text and comments blotted out.

    ``unclosed`` are offsets of quotation marks that are never closed: the text after one runs to
    the end, or over a line that begins with a key.
    """

    def __init__(self, text: str, key: str) -> None:
        self._original = text
        self._key_line = re.compile(rf"\n[ \t]*(?:-[ \t]+)*{key}[ \t]*[:：](?:\s|$)")
        self._pieces: list[str] = []
        self._stack: list[str] = []
        self._brackets: list[tuple[int, str]] = []  # from an offset on, the innermost one
        self.unclosed: list[int] = []
        self.open: list[tuple[int, str]] = []  # brackets that are never closed
        self._read()
        self.text = "".join(self._pieces)

    def bracket(self, offset: int) -> str:
        """The innermost bracket that is open at ``offset``, or nothing."""
        low, high = 0, len(self._brackets)
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if self._brackets[middle][0] <= offset else (low, middle)
        return self._brackets[low - 1][1] if low else ""

    def _read(self) -> None:
        at, block = 0, -1  # block: the indentation that block text must exceed
        text = self._original
        while at < len(text):
            end = text.find("\n", at)
            end = len(text) if end < 0 else end
            line = text[at:end]
            if block >= 0 and (not line.strip() or _indentation(line) > block):
                self._blot(at, min(end + 1, len(text)))
                at = end + 1
                continue
            block = -1
            count = len(self._pieces)
            at = self._line(at, end)
            masked = "".join(self._pieces[count:]).rstrip("\n").rpartition("\n")[2]
            if not self._stack and _BLOCK.search(masked):
                is_item = re.match(r" *(?:-[ ]+)+[|>]", line)
                block = _indentation(line) if is_item else _after_dashes(line)

    def _line(self, at: int, end: int) -> int:
        """Read one line, and what a quoted text on it runs over; where the next one begins."""
        text, start = self._original, at
        while True:
            match = _OPENING.search(text, at, end)
            if match is None:
                self._keep(at, min(end + 1, len(text)))
                return end + 1
            sign, offset = match[0], match.start()
            before = _end_of(text, start, offset)
            if sign == "#" and (not before or before[-1] in " \t"):
                self._keep(at, offset)
                self._blot(offset, min(end + 1, len(text)))
                return end + 1
            self._keep(at, offset)
            at = offset
            if sign in _QUOTED and self._begins(before):
                at = self._quoted(sign, offset, end)
                if at > end:  # the rest of the line on which the quoted text ends
                    end = text.find("\n", at)
                    end = len(text) if end < 0 else end
                continue
            if sign in "[]{}" and (self._stack or self._begins(before)):
                self._bracketed(sign, offset)
            self._keep(offset, offset + 1)
            at = offset + 1

    def _begins(self, before: str) -> bool:
        """Whether a value, a key or an item begins after ``before``."""
        bare = before.rstrip()
        if not bare or bare[-1] in "[{,，:?：":
            return True
        return bare[-1] == "-" and bare != before and bare[-2:-1] in ("", " ", "\t")

    def _bracketed(self, sign: str, offset: int) -> None:
        if sign in "[{":
            self._stack.append(sign)
            self.open.append((offset, sign))
            self._brackets.append((offset, sign))
        elif self._stack and self._stack[-1] == _PAIRS[sign]:
            self._stack.pop()
            self.open.pop()
            self._brackets.append((offset + 1, self._stack[-1] if self._stack else ""))

    def _quoted(self, sign: str, offset: int, end: int) -> int:
        """Blot out a quoted text; where what follows it begins."""
        match = _QUOTED[sign].match(self._original, offset)
        if match is None or self._key_line.search(match[0]):
            self.unclosed.append(offset)
            self._blot(offset, end)
            return end
        self._blot(offset, match.end())
        return match.end()

    def _keep(self, start: int, end: int) -> None:
        self._pieces.append(self._original[start:end])

    def _blot(self, start: int, end: int) -> None:
        """Blanks in place of text: signs within it are none of YAML's."""
        self._pieces.append(re.sub(r"[^\n]", "\x01", self._original[start:end]))


def _end_of(text: str, start: int, offset: int) -> str:
    """What is before ``offset`` on its line; of a long line the last part only."""
    if offset - start <= _LONGEST:
        return text[start:offset]
    return "x" + text[offset - _LONGEST : offset]


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _after_dashes(line: str) -> int:
    """The column of the key on a line, behind the hyphens of list items."""
    match = re.match(r" *(?:- +)*", line)
    return match.end() if match else 0
