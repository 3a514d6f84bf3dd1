"""Chinese pages and the English originals they were translated from.

Each page in docs/zh/ names the state of its original that it follows: the line
`original: FINGERPRINT` in its front matter (in README.zh-CN.md, in a comment on its first line).

    python docs/site/translations.py            name every page that is older than its original
    python docs/site/translations.py PAGE...    these pages have been brought up to date: write
                                                the fingerprints of their originals
"""

import hashlib
import re
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent.parent
CHINESE = "zh/"  # the folder in docs/
README = DOCS.parent / "README.zh-CN.md"
_LINE = re.compile(r"\A(---\n(?:.*\n)*?original: |<!-- original: )([0-9a-f]{12})\b")


def pages() -> list[Path]:
    """Every Chinese page that people wrote: generated ones follow their source by themselves."""
    written = (p for p in sorted((DOCS / CHINESE).rglob("*.md")) if not _is_generated(p))
    return [*written, *([README] if README.exists() else [])]


def _is_generated(page: Path) -> bool:
    return "<!-- made by " in page.read_text(encoding="utf-8")


def original_of(page: Path) -> Path:
    """The English page that ``page`` is a translation of."""
    if page.name == README.name:
        return README.with_name("README.md")
    return DOCS / page.resolve().relative_to(DOCS / CHINESE)


def fingerprint(original: Path) -> str:
    """The state of an English page; line ends and blanks at the end of lines do not count."""
    lines = original.read_text(encoding="utf-8").splitlines()
    text = "\n".join(line.rstrip() for line in lines).strip()
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def follows(page: Path) -> str:
    """The fingerprint that a Chinese page carries; empty if it carries none."""
    match = _LINE.match(page.read_text(encoding="utf-8"))
    return match[2] if match else ""


def is_stale(page: Path) -> bool:
    """Whether the English original has changed since ``page`` was translated."""
    return not _is_generated(page) and follows(page) != fingerprint(original_of(page))


def refresh(page: Path) -> None:
    """Note that ``page`` has been brought up to date."""
    state = fingerprint(original_of(page))
    text = page.read_text(encoding="utf-8")
    if match := _LINE.match(text):
        text = f"{text[: match.start(2)]}{state}{text[match.end(2) :]}"
    elif page.name == README.name:
        text = f"<!-- original: {state} -->\n{text}"
    else:
        text = f"---\noriginal: {state}\n---\n{text}"
    page.write_text(text, encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Refresh the given pages, or name those that are stale."""
    for argument in arguments:
        refresh(Path(argument))
    stale = [page for page in pages() if is_stale(page)] if not arguments else []
    for page in stale:
        name, original = page.relative_to(DOCS.parent), original_of(page).relative_to(DOCS.parent)
        sys.stdout.write(f"{name} is older than {original}\n")
    if not arguments:
        sys.stdout.write(f"{len(pages())} Chinese pages, {len(stale)} older than their originals\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
