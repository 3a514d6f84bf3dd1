"""Who or what a clip shows: references in the order in which they are sent, and their names in the
prompt.

People name references; models count them. ``{amy}`` in a prompt becomes what the model calls amy,
such as "Image 1".
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from wanx_render.shotlist.inputs import ReferenceFile
from wanx_render.shotlist.model import GeneratedShot
from wanx_render.shotlist.names import normal
from wanx_render.shotlist.paths import Kind

_IN_BRACES = re.compile(r"\{([\w.-]+)\}")


class Reference(NamedTuple):
    """A reference of a shot; ``key`` is where it is among them: a name, or a number."""

    key: str | int
    kind: Kind
    file: str  # as the list names it


def references_of(shot: GeneratedShot) -> tuple[Reference, ...]:
    """The references in the order in which they are sent.

    Those with names come in the order in which the prompt has them, so that the order of keys in
    the list never matters.
    """
    if not shot.references:
        return ()
    if not isinstance(shot.references, Mapping):
        return tuple(_reference(n, file) for n, file in enumerate(shot.references))
    files, in_prompt = shot.references, dict.fromkeys(names_in(shot.prompt))
    order = [*(name for name in in_prompt if name in files), *sorted(files.keys() - in_prompt)]
    return tuple(_reference(name, files[name]) for name in order)


def _reference(key: str | int, file: ReferenceFile) -> Reference:
    return Reference(key, file.kind, file.file)


def names_in(prompt: str) -> Iterator[str]:
    """What stands in braces in a prompt, as far as it may be a name."""
    return (normal(match[1]) for match in _IN_BRACES.finditer(prompt))


def numbered(kinds: Iterable[Kind], words: Mapping[Kind, str]) -> tuple[str, ...]:
    """What a model calls references of these kinds, in the order in which they are sent; nothing
    where no document says.

    ``words`` has for each kind what it is called, with ``{n}`` for its number; kinds that are
    called alike are counted together.
    """
    counts: Counter[str] = Counter()
    names: list[str] = []
    for kind in kinds:
        word = words.get(kind, "")
        counts[word] += 1
        names.append(word.replace("{n}", str(counts[word])))
    return tuple(names)


def words_of(shot: GeneratedShot, words: Mapping[Kind, str]) -> str:
    """The prompt with what the model calls each reference in place of its name.

    Where references have no names braces stay as they are.
    """
    if not isinstance(shot.references, Mapping):
        return shot.prompt
    references = references_of(shot)
    called = numbered((reference.kind for reference in references), words)
    names = {reference.key: name for reference, name in zip(references, called, strict=True)}
    return _IN_BRACES.sub(lambda match: names.get(normal(match[1])) or match[0], shot.prompt)
