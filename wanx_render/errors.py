"""Everything this program raises on purpose, and the exit code each ends in.

    WanxError
    ├── BadInput          2  the shot list, a picture or an option is wrong; nothing was started
    ├── NeedsApproval     4  stopped before spending: budget, confirmation, unknown outcome
    ├── UnknownHost       4  a paid result is where nobody permitted to fetch from
    ├── FolderBusy        5  another run holds the folder
    ├── FfmpegError       1  ffmpeg ended badly on one file
    ├── Broken            1  a deliverable or clip does not hold what was promised
    │   ├── Damaged          a cached piece is no longer what was made; it is made again
    │   └── Unjoinable       parts of a sound do not fit; it is made as a whole
    ├── StoreError        1  a shared store did not give or take a file
    │   └── StoreRefused     it does not let this machine in
    ├── ClusterError      1  a call on another machine came to nothing
    │   └── Unfit            a machine cannot make what is asked; another one may
    └── ServiceError         what a backend says; the orchestrator handles these per take
        ├── Refused          the create call was refused: surely not accepted, never billed
        ├── Throttled        refused for now: too many requests
        ├── Unsent           the create call surely never left
        ├── Uncertain        the create call may have been accepted; never repeated blindly
        └── Unreachable      no answer; a read may be repeated

A refused request and a failed task are different things: the first is an exception here, the second
a state (``backends.base.Failed``).
"""

from typing import TYPE_CHECKING

from wanx_render.language import Message, joined, tr

if TYPE_CHECKING:
    from wanx_render.diagnostics import Diagnostic


class WanxError(Exception):
    """The root; ``exit_code`` is what the command ends in when nobody handles it."""

    exit_code = 1

    def __init__(self, sentence: Message) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class BadInput(WanxError):
    """What was given cannot work. Carries every problem found, each at its place."""

    exit_code = 2

    def __init__(self, *diagnostics: "Diagnostic") -> None:
        super().__init__(joined((d.message for d in diagnostics), tr("; ")))
        self.diagnostics = diagnostics
        self.texts: dict[str, str] = {}  # the files that diagnostics point into, for snippets


class NeedsApproval(WanxError):
    """Stopped before spending; a person must decide."""

    exit_code = 4


class UnknownHost(WanxError):
    """A result is at an address outside the vendor's storage; it is a question, not a loss.

    ``host`` is what a person may permit, ``shown`` the address without its query.
    """

    exit_code = 4
    code = "ResultHost"

    def __init__(self, host: str, shown: str) -> None:
        super().__init__(
            tr(
                "the clip is at {address}, which is not known as the service's storage",
                address=shown,
            )
        )
        self.host = host
        self.shown = shown


class FolderBusy(WanxError):
    """Another run holds the render folder."""

    exit_code = 5


class FfmpegError(WanxError):
    """ffmpeg did not do what it was asked; the message ends with its own last words."""


class Broken(WanxError):
    """A file does not hold what was promised of it."""


class Damaged(Broken):
    """Cached pieces are no longer what was made. They were dropped; made again, the call works."""


class Unjoinable(Broken):
    """Parts of a sound do not go over into each other; as a whole it can be had."""


class StoreError(WanxError):
    """A shared store did not give or take a file, after all the tries that make sense."""


class StoreRefused(StoreError):
    """A store does not let this machine in; asking it again changes nothing."""


class ClusterError(WanxError):
    """A call on another machine came to nothing; the others go on."""


class Unfit(ClusterError):
    """This machine cannot make what is asked; another one may."""


class ServiceError(WanxError):
    """What a backend answered, in the service's own words: code, message and request id."""

    def __init__(self, code: str, message: str, request_id: str = "") -> None:
        sentence = tr("{code}: {message}", code=code, message=message)
        if request_id:
            sentence = tr("{sentence} (request {id})", sentence=sentence, id=request_id)
        super().__init__(sentence)
        self.code = code
        self.message = message
        self.request_id = request_id


class Refused(ServiceError):
    """The create call was refused; no task exists and nothing is billed."""


class Throttled(ServiceError):
    """Too many requests; the same call may be repeated after ``retry_after`` seconds."""

    def __init__(
        self, code: str, message: str, request_id: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(code, message, request_id)
        self.retry_after = retry_after


class Unsent(ServiceError):
    """The create call surely did not reach the service; it may be sent again."""


class Uncertain(ServiceError):
    """Whether the create call was accepted cannot be seen in its answer, or there was none."""


class Unreachable(ServiceError):
    """No answer that can be used; reads may be repeated, creates may not."""
