"""The wire format: HTTP requests in, the service's JSON out; what tasks do is the simulator's.

So far: create, query and cancel, and the result file. Keys name accounts: ``sk-mock-NAME`` is one
of Beijing, ``sk-mock-intl-NAME`` one of Singapore, any other key is refused.
"""

import asyncio
import hashlib
import json
import tempfile
import uuid
from datetime import datetime, timedelta, timezone
from fractions import Fraction
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from wanx_render import pictures
from wanx_render.backends.base import Canceled, Failed, Pending, Running, Succeeded, TaskState
from wanx_render.backends.simulator import Simulator
from wanx_render.backends.slate import ClipCall, make_clip
from wanx_render.capabilities import Catalog
from wanx_render.errors import Refused, Throttled
from wanx_render.ffmpeg import Ffmpeg
from wanx_render.geometry import Size, predicted_size
from wanx_render.task import Media, SoundMode, TaskRequest

BASE = "/api/v1"
_BEIJING = timezone(timedelta(hours=8))
_ASSUMED = Size(1280, 720)  # of a first frame that only a real service could fetch


class Problem(Exception):
    """An answer in the service's error form."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class Emulator:
    """One service: its tasks, and the clips already made."""

    def __init__(self, simulator: Simulator, catalog: Catalog, program: Ffmpeg) -> None:
        self.simulator = simulator
        self.catalog = catalog
        self.program = program
        self.folder = Path(tempfile.mkdtemp(prefix="wanx-mock-"))
        self.making: dict[str, asyncio.Lock] = {}

    def app(self) -> Starlette:
        """The ASGI application."""
        create = f"{BASE}/services/aigc/{{family}}/video-synthesis"
        return Starlette(
            routes=[
                Route(create, self._guarded(self.create), methods=["POST"]),
                Route(f"{BASE}/tasks/{{task_id}}", self._guarded(self.query), methods=["GET"]),
                Route(f"{BASE}/tasks/{{task_id}}/", self._guarded(self.query), methods=["GET"]),
                Route(
                    f"{BASE}/tasks/{{task_id}}/cancel",
                    self._guarded(self.cancel),
                    methods=["POST"],
                ),
                Route("/results/{account}/{task_id}.mp4", self.result, methods=["GET"]),
            ]
        )

    def _guarded(self, handler: Any) -> Any:
        async def answer(request: Request) -> Response:
            try:
                account = _account(request)
                body = await handler(request, account)
            except Problem as problem:
                told = {"code": problem.code, "message": problem.message}
                return JSONResponse({**told, "request_id": _request_id()}, problem.status)
            return JSONResponse(body)

        return answer

    async def create(self, request: Request, account: str) -> dict[str, Any]:
        if request.headers.get("x-dashscope-async") != "enable":
            raise Problem(
                403, "AccessDenied", "current user api does not support synchronous calls."
            )
        asked = self._read(await _json(request), account)
        try:
            accepted = self.simulator.submit(account, asked)
        except Throttled as error:
            raise Problem(429, error.code, error.message) from None
        except Refused as error:
            status = 404 if error.code == "ModelNotFound" else 400
            raise Problem(status, error.code, error.message) from None
        return {
            "output": {"task_status": "PENDING", "task_id": accepted.task_id},
            "request_id": accepted.request_id,
        }

    async def query(self, request: Request, account: str) -> dict[str, Any]:
        state = self.simulator.state(account, request.path_params["task_id"])
        origin = str(request.base_url).rstrip("/")
        return {"request_id": _request_id(), **_told(state, f"{origin}/results/{account}")}

    async def cancel(self, request: Request, account: str) -> dict[str, Any]:
        if not self.simulator.cancel(account, request.path_params["task_id"]):
            raise Problem(
                400,
                "UnsupportedOperation",
                "Failed to cancel the task, please confirm if the task is in PENDING status.",
            )
        return {"request_id": _request_id()}

    async def result(self, request: Request) -> Response:
        """The clip of a task that succeeded, made when it is first asked for."""
        account, task_id = request.path_params["account"], request.path_params["task_id"]
        task = self.simulator.task(account, task_id)
        if task is None or not isinstance(self.simulator.state(account, task_id), Succeeded):
            return Response("<Error><Code>AccessDenied</Code></Error>", 403, None, "text/xml")
        path = self.folder / f"{task_id}.mp4"
        async with self.making.setdefault(task_id, asyncio.Lock()):
            if not path.exists():
                await asyncio.to_thread(self._make, task.request, path)
        return FileResponse(path, media_type="video/mp4")

    def _make(self, asked: TaskRequest, path: Path) -> None:
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        area = self.catalog.tier_area(asked.resolution)
        call = ClipCall(
            request=asked,
            label=f"task {path.stem[:8]}",
            size=predicted_size(asked.image.size or _ASSUMED, area),
            rate=Fraction(self.catalog.models[asked.model].fps.value),
            folder=folder,
            target=folder / "clip.mp4",
        )
        make_clip(self.program, call).replace(path)

    def _read(self, body: dict[str, Any], account: str) -> TaskRequest:
        """The body of a create call as a request; unknown fields are passed over."""
        asked, wanted = body.get("input") or {}, body.get("parameters") or {}
        if not body.get("model"):
            raise Problem(400, "BadRequest.EmptyModel", 'Required parameter "model" missing.')
        if not asked:
            raise Problem(400, "BadRequest.EmptyInput", 'Required parameter "input" missing.')
        region = "singapore" if account.startswith("intl-") else "beijing"
        model = self.catalog.model(str(body["model"]))
        if model is None or model.region_names.value.get(region) != body["model"]:
            raise Problem(404, "ModelNotFound", "Model not exist.")
        track = asked.get("audio_url")
        sound: SoundMode = "none"
        if model.sound.value != "none":
            sound = "file" if track else "silent" if wanted.get("audio") is False else "auto"
        return TaskRequest(
            model=model.name,
            region=region,
            image=_image(asked.get("img_url")),
            last_image=None,
            prompt=str(asked.get("prompt") or ""),
            negative_prompt=str(asked.get("negative_prompt") or ""),
            template=asked.get("template") or None,
            resolution=str(wanted.get("resolution") or model.tiers.value[0]),
            duration=int(wanted.get("duration") or model.durations.value[0]),
            sound=sound,
            sound_file=Media(f"url:{track}", url=str(track)) if sound == "file" else None,
            prompt_extend=wanted.get("prompt_extend", True) is not False,
            watermark=bool(wanted.get("watermark")),
            seed=int(wanted.get("seed") or 0),
        )


def _account(request: Request) -> str:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key:
        raise Problem(401, "InvalidApiKey", "No API-key provided.")
    if not key.startswith("sk-mock-") or not key.removeprefix("sk-mock-").isascii():
        raise Problem(401, "InvalidApiKey", "Invalid API-key provided.")
    return key.removeprefix("sk-mock-")


async def _json(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body())
    except ValueError:
        body = None
    if not isinstance(body, dict) or not isinstance(body.get("input") or {}, dict):
        raise Problem(400, "InvalidParameter", "The request body is not a valid JSON object.")
    return body


def _image(url: Any) -> Media:
    if not isinstance(url, str) or not url:
        raise Problem(400, "InvalidParameter", 'Required parameter "img_url" missing.')
    if url.startswith("data:"):
        try:
            picture = pictures.inspect(pictures.decode_data_uri(url))
        except pictures.BadPicture as error:
            raise Problem(400, "InvalidParameter", f"The image {error}.") from None
        return Media(f"sha256:{picture.sha256}", url=url, size=picture.size)
    return Media("url:" + hashlib.sha256(url.encode()).hexdigest(), url=url)


def _told(state: TaskState, results: str) -> dict[str, Any]:
    """What a query says of a task; an expired or unknown one is an answer too, not an error."""
    match state:
        case Pending(task_id=task_id, submitted=at):
            return {"output": {"task_id": task_id, "task_status": "PENDING", **_times(at)}}
        case Running(task_id=task_id, submitted=at, started=start):
            return {"output": {"task_id": task_id, "task_status": "RUNNING", **_times(at, start)}}
        case Failed(task_id=task_id, code=code, message=message):
            output = {"task_id": task_id, "task_status": "FAILED", "code": code, "message": message}
            return {"output": output}
        case Canceled(task_id=task_id):
            return {"output": {"task_id": task_id, "task_status": "CANCELED"}}
        case Succeeded():
            output = {
                "task_id": state.task_id,
                "task_status": "SUCCEEDED",
                **_times(state.submitted, state.started, state.ended),
                "orig_prompt": state.original_prompt,
                "video_url": f"{results}/{state.task_id}.mp4",
            }
            if state.actual_prompt is not None:
                output["actual_prompt"] = state.actual_prompt
            return {"output": output, "usage": state.usage}
        case _:
            return {"output": {"task_id": state.task_id, "task_status": "UNKNOWN"}}


def _times(*times: datetime | None) -> dict[str, str]:
    names = ("submit_time", "scheduled_time", "end_time")
    return {name: _stamp(time) for name, time in zip(names, times, strict=False) if time}


def _stamp(time: datetime) -> str:
    """As the service writes it: Beijing's time, without a zone."""
    return time.astimezone(_BEIJING).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def _request_id() -> str:
    return str(uuid.uuid4())
