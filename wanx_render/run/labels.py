"""Labels of AI-generated content: what clips and sounds carry, and what a deliverable shows."""

from collections.abc import Iterable

from wanx_render.errors import Broken
from wanx_render.finishing.mix import Mix
from wanx_render.finishing.timeline import frames_of
from wanx_render.finishing.visible_label import DrawnLabel, shown
from wanx_render.language import tr
from wanx_render.media.ai_labels import Merged, Provenance, with_own
from wanx_render.media.audio_files import provenance
from wanx_render.run.layout import Layout
from wanx_render.shotlist.model import Deliverable


def provenance_of_sounds(mix: Mix) -> dict[str, Provenance]:
    """What music and voices say of their origin, by the names of their files."""
    music = [mix.music.path] if mix.music else []
    paths = dict.fromkeys([*music, *(voice.path for voice in mix.voices)])
    return {path.name: provenance(path) for path in paths}


def merged_label(deliverable: Deliverable, sources: Iterable[Provenance]) -> Merged:
    """The label in the metadata of a deliverable that is made of ``sources``."""
    own = deliverable.label.fields if deliverable.label else {}
    return with_own((label for source in sources for label in source.labels), own)


def drawn_label(deliverable: Deliverable, layout: Layout) -> DrawnLabel | None:
    """The label that is seen in a deliverable. Raises Broken where it has no room."""
    label, frame = deliverable.label, layout.frame
    if label is None or not label.words:
        return None
    drawing = shown(deliverable, frame.size, frame.rate, frames_of(layout.parts))
    if drawing is None:
        raise Broken(
            tr("the label {words!r} does not fit into {size}", words=label.words, size=frame.size)
        )
    return drawing
