"""The OpenAPI description of what the emulator answers, for tools that read one."""

from typing import Any

_ERROR = {"$ref": "#/components/schemas/Error"}
_ID = {"type": "string", "minLength": 1}
_TEXT = {"type": "string"}
_NUMBER = {"type": "integer"}
_STATUSES = ["PENDING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELED", "UNKNOWN"]


def _object(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    properties = {**required, **(optional or {})}
    return {"type": "object", "required": [*required], "properties": properties}


def _json(schema: dict[str, Any], told: str) -> dict[str, Any]:
    return {"description": told, "content": {"application/json": {"schema": schema}}}


def _answers(success: dict[str, Any] | None, *errors: int) -> dict[str, Any]:
    told = {str(status): _json(_ERROR, "refused, in the service's error form") for status in errors}
    return {**({"200": _json(success, "done")} if success else {}), **told}


def _operation(name: str, answers: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"operationId": name, "responses": answers, "security": [{"key": []}], **more}


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
_TOLD = _object(
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
_XML = {"application/xml": {"schema": _TEXT}}


def description() -> dict[str, Any]:
    """The whole description; paths begin at the server's origin."""
    create = {
        "parameters": _HEADERS,
        "requestBody": _CREATE,
        "description": "Accept a request as a task. Charged when the task succeeds.",
    }
    refusals = (400, 401, 403, 404, 405, 413, 421, 429)
    services = "/api/v1/services/aigc"
    denied = {"description": "refused by the storage, as XML", "content": _XML}
    clip = {"description": "the clip", "content": {"video/mp4": {"schema": {"type": "string"}}}}
    xml = {str(status): denied for status in (400, 403, 409, 412, 500)}
    upload = {
        "description": "A file, with the fields of a policy.",
        "content": {"multipart/form-data": {"schema": {"type": "object"}}},
    }
    return {
        "openapi": "3.0.3",
        "info": {"title": "Emulated image-to-video service", "version": "1"},
        "security": [{"key": []}],
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Error": _object({"code": _ID, "message": _TEXT, "request_id": _ID})},
        },
        "paths": {
            f"{services}/{family}/video-synthesis": {
                "post": _operation(f"create_{family}", _answers(_CREATED, *refusals), **create)
            }
            for family in ("video-generation", "image2video")
        }
        | {
            "/api/v1/tasks/{task_id}": {
                "get": _operation("query", _answers(_TOLD, *refusals), parameters=[_TASK])
            },
            "/api/v1/tasks": {
                "get": _operation(
                    "list",
                    _answers(_LISTED, *refusals),
                    parameters=_query(
                        "task_id", "start_time", "end_time", "model_name", "status",
                        "page_no", "page_size",
                    ),
                )
            },
            "/api/v1/tasks/{task_id}/cancel": {
                "post": _operation(
                    "cancel", _answers(_object({"request_id": _ID}), *refusals), parameters=[_TASK]
                )
            },
            "/api/v1/uploads": {
                "get": _operation(
                    "policy", _answers(_POLICY, *refusals), parameters=_query("action", "model")
                )
            },
            "/oss": {
                "post": {
                    "operationId": "upload",
                    "security": [],
                    "requestBody": upload,
                    "responses": {
                        "200": {"description": "kept"}, **xml, **_answers(None, 405, 413, 421),
                    },
                }
            },
            "/results/{account}/{task_id}.mp4": {
                "get": {
                    "operationId": "result",
                    "security": [],
                    "parameters": [
                        {"name": "account", "in": "path", "required": True, "schema": _ID},
                        _TASK,
                        *_query("Expires", "OSSAccessKeyId", "Signature"),
                    ],
                    "responses": {
                        "200": clip, "206": clip, "304": {"description": "unchanged"},
                        **xml, **_answers(None, 404, 405, 421),
                    },
                }
            },
        },
    }  # fmt: skip
