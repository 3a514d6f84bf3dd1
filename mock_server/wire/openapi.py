"""The OpenAPI description of what the emulator answers, for tools that read one."""

from collections.abc import Mapping
from typing import Any

from wanx_render.catalog.request_forms import Form

_ERROR = {"$ref": "#/components/schemas/Error"}
_ID = {"type": "string", "minLength": 1}
_TEXT = {"type": "string"}
_NUMBER = {"type": "integer"}
_STATUSES = ["PENDING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELED", "UNKNOWN"]


def _object(fields: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    properties = {**fields, **(optional or {})}
    return {"type": "object", "required": [*fields], "properties": properties}


def _json(schema: dict[str, Any], text: str) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def _refusals(*statuses: int) -> dict[str, Any]:
    answer = _json(_ERROR, "refused, in the service's error form")
    return {str(status): answer for status in statuses}


def _operation(name: str, success: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An operation of the API, which takes a key and refuses in JSON."""
    refusals = _refusals(400, 401, 403, 404, 405, 413, 421, 429)
    responses = {"200": _json(success, "done"), **refusals}
    return {"operationId": name, "responses": responses, "security": [{"key": []}], **more}


def _storage_operation(name: str, answers: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An operation of the storage, which takes a signature and refuses in XML."""
    refusal = {
        "description": "refused by the storage, as XML",
        "content": {"application/xml": {"schema": _TEXT}},
    }
    refusals = {str(status): refusal for status in (400, 403, 409, 412, 500)}
    return {"operationId": name, "security": [], "responses": {**answers, **refusals}, **more}


def _query(*names: str) -> list[dict[str, Any]]:
    return [{"name": name, "in": "query", "schema": _TEXT} for name in names]


_TASK = {"name": "task_id", "in": "path", "required": True, "schema": _ID}
_HEADERS = [
    {"name": name, "in": "header", "schema": {"type": "string", "enum": ["enable"]}}
    for name in ("X-DashScope-Async", "X-DashScope-OssResourceResolve")
]
_TIMES = dict.fromkeys(("submit_time", "scheduled_time", "end_time"), _TEXT)
_CREATE = {
    "required": True,
    "content": {
        "application/json": {
            "schema": _object(
                {"model": _TEXT, "input": {"type": "object"}}, {"parameters": {"type": "object"}}
            ),
            "examples": {
                "first-frame": {
                    "value": {
                        "model": "wan2.5-i2v-preview",
                        "input": {"prompt": "a cat", "img_url": "https://example.com/cat.png"},
                        "parameters": {"resolution": "480P", "duration": 5},
                    }
                }
            },
        }
    },
}
_CREATED = _object(
    {
        "request_id": _ID,
        "output": _object({"task_id": _ID, "task_status": {"type": "string", "enum": ["PENDING"]}}),
    }
)
_QUERIED = _object(
    {
        "request_id": _ID,
        "output": _object(
            {"task_id": _TEXT, "task_status": {"type": "string", "enum": _STATUSES}},
            {
                **_TIMES,
                **dict.fromkeys(("orig_prompt", "actual_prompt", "video_url"), _TEXT),
                "code": _TEXT,
                "message": _TEXT,
            },
        ),
    },
    {"usage": {"type": "object"}},
)
_LISTED = _object(
    {
        "request_id": _ID,
        **dict.fromkeys(("total", "total_page", "page_no", "page_size"), _NUMBER),
        "data": {
            "type": "array",
            "items": _object(
                {
                    "task_id": _ID,
                    "status": {"type": "string", "enum": _STATUSES},
                    "model_name": _ID,
                    "region": _ID,
                    "gmt_create": _NUMBER,
                },
                {"start_time": _NUMBER, "end_time": _NUMBER},
            ),
        },
    }
)
_POLICY = _object(
    {
        "request_id": _ID,
        "data": _object(
            {
                **dict.fromkeys(("policy", "signature", "upload_dir", "upload_host"), _TEXT),
                "expire_in_seconds": _NUMBER,
                "max_file_size_mb": _NUMBER,
            }
        ),
    }
)
_UPLOAD = {
    "description": "A file, with the fields of a policy.",
    "content": {"multipart/form-data": {"schema": {"type": "object"}}},
}
_CLIP = {"description": "the clip", "content": {"video/mp4": {"schema": {"type": "string"}}}}
_PICTURE = {"description": "a picture", "content": {"image/png": {"schema": {"type": "string"}}}}


def description(forms: Mapping[str, Form]) -> dict[str, Any]:
    """The whole description, with the create paths of ``forms``; paths begin at the origin."""
    return {
        "openapi": "3.0.3",
        "info": {"title": "Emulated image-to-video service", "version": "1"},
        "security": [{"key": []}],
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Error": _object({"code": _ID, "message": _TEXT, "request_id": _ID})},
        },
        "paths": {**_create_paths(forms), **_api_paths(), **_storage_paths()},
    }


def _create_paths(forms: Mapping[str, Form]) -> dict[str, Any]:
    create = {
        "parameters": _HEADERS,
        "requestBody": _CREATE,
        "description": "Accept a request as a task. Charged when the task succeeds.",
    }
    return {
        f"/api/v1{path}": {"post": _operation(f"create_{_name(path)}", _CREATED, **create)}
        for path in sorted({form.path for form in forms.values()})
    }


def _name(path: str) -> str:
    """A path without what all have in common, as a name."""
    return path.removeprefix("/services/aigc/").replace("/", "_").replace("-", "_")


def _api_paths() -> dict[str, Any]:
    filters = ("task_id", "start_time", "end_time", "model_name", "status", "page_no", "page_size")
    cancel_answer = _object({"request_id": _ID})
    return {
        "/api/v1/tasks/{task_id}": {"get": _operation("query", _QUERIED, parameters=[_TASK])},
        "/api/v1/tasks": {"get": _operation("list", _LISTED, parameters=_query(*filters))},
        "/api/v1/tasks/{task_id}/cancel": {
            "post": _operation("cancel", cancel_answer, parameters=[_TASK])
        },
        "/api/v1/uploads": {
            "get": _operation("policy", _POLICY, parameters=_query("action", "model"))
        },
    }


def _storage_paths() -> dict[str, Any]:
    account = {"name": "account", "in": "path", "required": True, "schema": _ID}
    signature = _query("Expires", "OSSAccessKeyId", "Signature")
    clips, pictures = (
        {"200": file, "206": file, "304": {"description": "unchanged"}}
        for file in (_CLIP, _PICTURE)
    )
    number = {"name": "number", "in": "path", "required": True, "schema": _NUMBER}
    success = {"200": {"description": "kept"}}
    return {
        "/oss": {
            "post": _storage_operation(
                "upload", {**success, **_refusals(405, 413, 421)}, requestBody=_UPLOAD
            )
        },
        "/results/{account}/{task_id}.mp4": {
            "get": _storage_operation(
                "result",
                {**clips, **_refusals(404, 405, 421)},
                parameters=[account, _TASK, *signature],
            )
        },
        "/results/{account}/{number}/{task_id}.png": {
            "get": _storage_operation(
                "picture",
                {**pictures, **_refusals(404, 405, 421)},
                parameters=[account, number, _TASK, *signature],
            )
        },
    }
