"""First frames that picture models make: planned as shots of their own, which others wait for."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from wanx_render.catalog.capabilities import Catalog
from wanx_render.catalog.pricing import picture_price
from wanx_render.planning.planned import PictureShot, PlannedPicture, Take, with_choice
from wanx_render.shotlist import picture_sizes
from wanx_render.shotlist.inputs import MadePicture
from wanx_render.shotlist.model import PICTURE, ShotList
from wanx_render.shotlist.preparing import Preparing
from wanx_render.task import InputMedia, TaskRequest


@dataclass(frozen=True)
class MadePictures:
    """Plans the first frames of a list that a model makes."""

    shots: ShotList
    catalog: Catalog
    backend: str
    retakes: Mapping[str, int]
    picks: Mapping[str, int]
    row: str
    planned: dict[str, PlannedPicture] = field(default_factory=dict)  # by name

    def first_frame(self, shot: str, spec: MadePicture, preparing: Preparing) -> InputMedia:
        """The picture as the first frame of its shot: known by what it is asked for, not by the
        name of the shot."""
        name = f"{shot}{PICTURE}"
        self.planned[name] = picture = self._plan(PictureShot(name, shot, spec), preparing)
        return InputMedia(f"picture:{picture.basis}", size=picture.size)

    def _plan(self, shot: PictureShot, preparing: Preparing) -> PlannedPicture:
        request = self._request(shot.spec, preparing)
        unsized = replace(request, size=None) if shot.spec.follows else request
        basis = replace(unsized, seed=0).key(f"{self.backend} {shot.spec.seed}")
        spec, pick_of_list, is_chosen = with_choice(
            shot.spec, self.retakes.get(basis, 1), self.picks.get(shot.id)
        )
        shot = replace(shot, spec=spec)
        takes = tuple(self._take(shot, number, request) for number in range(1, shot.takes + 1))
        return PlannedPicture(shot, takes, basis, is_chosen, pick_of_list)

    def _take(self, shot: PictureShot, number: int, request: TaskRequest) -> Take:
        return Take(
            shot=shot.id,
            number=number,
            request=request.with_seed_for(number, shot.spec.seed),
            written_seed=shot.spec.seed,
            waits_for=None,
            size=request.size,
            rate=Fraction(0),
            price=picture_price(request, self.catalog),
            row=self.row,
            follows=shot.spec.follows,
        )

    def _request(self, spec: MadePicture, preparing: Preparing) -> TaskRequest:
        model = self.catalog.picture_model(spec.model)
        if model is None:
            raise LookupError(spec.model)
        films, takes_negative = self.shots.deliverables, model.negative_prompt_characters.value
        return TaskRequest(
            model=model.name,
            region=self.shots.region,
            image=None,
            last_image=None,
            prompt=spec.prompt,
            negative_prompt=spec.negative_prompt if takes_negative else "",
            template=None,
            resolution="",
            duration=0,
            sound="none",
            sound_file=None,
            prompt_extend=spec.prompt_extend,
            watermark=False,
            seed=0,
            size=picture_sizes.size_of(spec, model.sizes.value, preparing, films),
        )
