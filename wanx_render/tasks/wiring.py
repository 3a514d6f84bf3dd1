"""Where the parts that ask for clips and fetch them are put together: the only place."""

from collections.abc import Callable, Iterable
from pathlib import Path

from wanx_render.events import Event
from wanx_render.planning.journal import Journal
from wanx_render.planning.planned import Take
from wanx_render.planning.sending import sent_pictures
from wanx_render.planning.sending.sent_clips import SentClips
from wanx_render.task import InputMedia, TaskRequest
from wanx_render.tasks.account import Account, Ambiguous
from wanx_render.tasks.budget import SpendingLimit
from wanx_render.tasks.clip_store import ClipStore
from wanx_render.tasks.collect import Collector
from wanx_render.tasks.polling import Poller
from wanx_render.tasks.recognition import ClipJudge, pictures_by_identity
from wanx_render.tasks.reporter import TakeReporter
from wanx_render.tasks.send import Sender
from wanx_render.tasks.submit import Submitter
from wanx_render.tasks.tools import Tools


class Wiring:
    """The parts for all folders of one run, at one account."""

    def __init__(
        self,
        tools: Tools,
        journals: list[Journal],
        on_ambiguous: Ambiguous,
        withdrawn: Callable[[Take], bool] = lambda _: False,
    ) -> None:
        """``withdrawn`` says which takes a person no longer wants."""
        self.tools = tools
        self.account = Account(
            backend=tools.backend, catalog=tools.catalog, clock=tools.clock, wall=tools.wall,
            journals=journals, on_ambiguous=on_ambiguous,
        )  # fmt: skip
        self._withdrawn = withdrawn
        self._poller = Poller(tools.backend, tools.catalog, tools.clock)

    def store(
        self,
        folder: Path,
        journal: Journal,
        limit: SpendingLimit,
        media: Iterable[InputMedia],
        emit: Callable[[Take, Event], None],
    ) -> ClipStore:
        """A folder of clips, and who asks and fetches for it.

        ``media`` are the pictures of its lists; ``emit`` is called for all that becomes of takes.
        """
        report = TakeReporter(emit, limit).report
        sender = Sender(
            account=self.account,
            journal=journal,
            limit=limit,
            chance=self.tools.chance,
            report=report,
            withdrawn=self._withdrawn,
            pictures=lambda request: self._pictures(request, folder),
        )
        submitter = Submitter(
            account=self.account,
            journal=journal,
            report=report,
            judge=self.judge(folder, journal, media),
            sender=sender,
        )
        return ClipStore(
            folder=folder,
            journal=journal,
            limit=limit,
            submitter=submitter,
            collector=self.collector(folder, journal),
        )

    async def _pictures(self, request: TaskRequest, folder: Path) -> TaskRequest:
        """The request with the files of what is prepared of its pictures and clips."""
        if request.is_picture:
            return request
        model = self.tools.catalog.models[request.model]
        if request.first_clip and model.clip_file:
            clips = SentClips(self.tools.program, folder)
            request = await self.tools.work(clips.with_file, request, model.clip_file.value)
        if not request.pictures:
            return request
        most = model.of_pictures.bytes.value
        request = sent_pictures.within(request, folder, most)
        if not any(picture.preparation for picture in request.pictures):
            return request
        return await self.tools.work(sent_pictures.with_files, request, folder, most)

    def collector(self, folder: Path, journal: Journal) -> Collector:
        return Collector(tools=self.tools, poller=self._poller, journal=journal, folder=folder)

    def judge(self, folder: Path, journal: Journal, media: Iterable[InputMedia]) -> ClipJudge:
        pictures = pictures_by_identity(media, journal, folder)
        return ClipJudge(tools=self.tools, folder=folder, pictures=pictures)
