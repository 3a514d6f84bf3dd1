"""Names of the vendor's hosts: those of its API, and those of its object storage."""

import re

from mock_server.wire.provenance import UPLOADS, rests_on

_LABEL = r"[a-z0-9]([a-z0-9_-]{0,62}[a-z0-9])?"
_API = re.compile(
    rf"(({_LABEL}\.)?dashscope(-[a-z0-9-]{{1,40}})?|({_LABEL}\.){{2,6}}maas)\.aliyuncs\.com"
)
_STORAGE = re.compile(r"dashscope(-[a-z0-9-]{1,63})?\.oss-[a-z0-9-]{1,40}\.aliyuncs\.com")

# Where results of a region were seen; anywhere else at the last one.
_RESULT_HOSTS = {
    "cn-beijing": "dashscope-result-bj.oss-cn-beijing.aliyuncs.com",
    "ap-southeast-1": "dashscope-result-sgp.oss-ap-southeast-1.aliyuncs.com",
    "": "dashscope-a717.oss-accelerate.aliyuncs.com",
}


def name_of(host: str) -> str:
    """The name in a ``Host`` header, in small letters, without a usual port."""
    name, _, port = host.lower().partition(":")
    return name if port in ("", "443", "80") else host.lower()


def is_api(name: str) -> bool:
    """Whether a name in small letters is a host of the API: shared, workspace, trial or plan."""
    return _API.fullmatch(name) is not None


def is_storage(name: str) -> bool:
    """Whether a name in small letters is of the storage that has results, or takes uploads."""
    return _STORAGE.fullmatch(name) is not None


@rests_on("captured", "public answers of 2025-09 to 2026-09",
          "At the vendor's hosts, results are at a storage host of their region")  # fmt: skip
def result_host(code: str) -> str:
    """Where results of a region are; ``code`` is the vendor's own name of it."""
    return _RESULT_HOSTS.get(code, _RESULT_HOSTS[""])


@rests_on("official text", UPLOADS, "At the vendor's hosts uploads go to a storage host's root")
def upload_host(code: str) -> str:
    """Where files for a region are uploaded to."""
    return f"dashscope-file-mgr.oss-{code or 'cn-beijing'}.aliyuncs.com"
