"""The sentences of a Markdown page, to measure how long they are.

Left out are front matter, blocks of code, comments, headings, tables and pictures. An item of a
list and a paragraph are texts of their own. A sentence ends with a full stop, a question mark or an
exclamation mark before a blank, and at the end of its text; not after a short form such as "e.g.".
A link counts as its words, and inline code as one word, whatever is in it.
"""

import re

_LEFT_OUT = re.compile(r"\A---\n.*?^---$|^```.*?^```$|<!--.*?-->", re.MULTILINE | re.DOTALL)
_ITEM = re.compile(r"(?:[-*]|\d+\.)\s+")
_END = re.compile(r"(?<!\be\.g)(?<!\bi\.e)(?<=[.!?])[\"”’)*]*\s+")


def sentences(page: str) -> list[str]:
    text = [_plain(block) for block in _texts(_LEFT_OUT.sub("", page))]
    return [part for block in text for part in _END.split(block) if re.search(r"\w", part)]


def words(sentence: str) -> int:
    return len([word for word in sentence.split() if re.search(r"\w", word)])


def ninth_decile(page: str) -> int:
    """The length that nine of ten sentences of a page do not exceed."""
    lengths = sorted(words(sentence) for sentence in sentences(page))
    return lengths[max(0, -(-len(lengths) * 9 // 10) - 1)] if lengths else 0


def _texts(page: str) -> list[str]:
    texts, current = [], ""
    for line in [*page.splitlines(), ""]:
        line = line.strip()
        item = _ITEM.match(line)
        if not line or line.startswith(("#", "|", "!", "</", "<p", "<img")) or item:
            texts.append(current)
            current = line[item.end() :] if item else ""
        else:
            current = f"{current} {line}"
    return [text for text in texts if text]


def _plain(text: str) -> str:
    text = re.sub(r"``.+?``|`[^`]*`", "code", text)
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
