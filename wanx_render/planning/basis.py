"""What all takes of a shot ask for in common: by it a shot is known to have takes already."""

from dataclasses import dataclass, replace

from wanx_render.shotlist.preparing import Preparing
from wanx_render.task import InputMedia, TaskRequest


@dataclass(frozen=True, slots=True)
class Basis:
    """The request of a shot with its pictures prepared, and the seed that the list has."""

    request: TaskRequest
    preparing: Preparing
    backend: str
    seed: int | None

    @property
    def key(self) -> str:
        """With ``fit_image: match`` it is the same whichever aspect follows from it."""
        request, last = self.request, self.request.last_image
        if self.preparing.choices:
            request = replace(request, size=None, ratio="")
        if self.preparing.matches and request.image:
            first = InputMedia(f"{request.image.source} {self.preparing.name}".rstrip())
            end = InputMedia(last.source) if last else None
            request = replace(request, image=first, last_image=end)
        return self._key(request)

    @property
    def keys(self) -> tuple[str, ...]:
        """The key, and what it was before ``match`` was written: takes of then are kept too."""
        request, last = self.request, self.request.last_image
        if self.preparing.choices:
            return self.key, self._key(request)
        if not self.preparing.matches or request.image is None:
            return (self.key,)
        whole = replace(
            request,
            image=replace(request.image, preparation=None) if request.image else None,
            last_image=replace(last, preparation=None) if last else None,
        )
        return self.key, self._key(whole), self._key(request)

    def _key(self, request: TaskRequest) -> str:
        request = replace(request, seed=0) if request.seed else request
        return request.key(f"{self.backend} {self.seed}")
