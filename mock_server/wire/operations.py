"""What a client can ask of the service."""

from typing import Literal

Operation = Literal["create", "query", "list", "cancel", "policy", "upload", "result"]
OPERATIONS: tuple[Operation, ...] = (
    "create", "query", "list", "cancel", "policy", "upload", "result",
)  # fmt: skip
