"""What a draft says to people: how it is opened, and what of the film it does not hold."""

from collections.abc import Iterable, Iterator

from wanx_render.language import Message, shown, tr
from wanx_render.timelines.jianying.pictures import joint_name
from wanx_render.timelines.jianying.programs import Program
from wanx_render.timelines.timeline import Timeline

NOTICE = "NOTES.txt"  # of the folder


def notes_of(timeline: Timeline) -> Iterator[Message]:
    """What of this film the draft holds otherwise, or not at all."""
    for clip, joint in zip(timeline.clips, timeline.joints, strict=False):
        if joint.frames and not joint_name(joint):
            name = joint.name
            yield tr("{shot}: its transition {name} became a dissolve", shot=clip.shot, name=name)
    for clip in timeline.clips:
        if look := clip.facts.get("look"):
            yield tr("{shot}: its look {file} is missing", shot=clip.shot, file=look)
    for frames, through in zip(
        (timeline.fade_in, timeline.fade_out), timeline.fade_through, strict=True
    ):
        if frames and through != "black":
            yield tr("a fade through {colour} goes through black", colour=through)
    if timeline.captions and not timeline.caption_style.burnt:
        yield tr("captions are in the picture; those of the film are in a file beside it")
    if "peaks" in dict(timeline.notes):
        yield tr("peaks of the sound are not held down")
    if "ducking" in dict(timeline.notes):
        yield tr("music does not make room for voices; render the list again, then export")


def notice(program: Program, name: str, notes: Iterable[Message]) -> str:
    """The text in the folder, for the person who opens it."""
    title = program.title
    lines = [
        tr("{name}: a draft for {program}", name=name, program=title),
        "",
        tr("1. Quit {program}.", program=title),
        tr("2. Copy this folder, whole, into the drafts folder of {program}:", program=title),
        *(f"   {system:8} {path}" for system, path in program.folders),
        tr("   The settings of {program} say where it is, if it was moved.", program=title),
        tr("3. Start {program} and open the draft.", program=title),
        "",
        tr("Media not found? Export again with --drafts and the path of that drafts folder."),
        tr(
            "The draft has the form of version {version}. Newer versions open it, and save it in"
            " a form of their own.",
            version=program.form,
        ),
        tr("It was not tried in {program} itself when this format was made.", program=title),
    ]
    missing = [f"- {shown(note)}" for note in notes]
    if missing:
        lines += ["", tr("Not as in the film:"), *missing]
    return "\n".join(map(shown, lines)) + "\n"
