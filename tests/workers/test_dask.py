"""Encoding on other machines: a cluster of Dask's own processes, a bucket, and what kills them."""

import json
import os
import shlex
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import imageio_ffmpeg
import pytest

from tests.proofs.cluster import Proof
from tests.support.cluster import Rig, bucket, rig
from tests.support.places import ROOT
from wanx_render import files
from wanx_render.errors import BadInput
from wanx_render.workers.executors import Cluster, Local, choice

REAL_FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
# A sample of what tests/proofs/cluster.py proves whole; the last ends the cluster.
PROVED = ("liar", "one_worker", "scheduler")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("local", Local()),
        ("local:3", Local(3)),
        ("dask:tcp://10.0.0.5:8786", Cluster("tcp://10.0.0.5:8786")),
        ("dask:tls://encode.example:8786", Cluster("tls://encode.example:8786")),
    ],
)
def test_an_executor_is_written_in_one_word(text: str, meant: object) -> None:
    assert choice(text) == meant


@pytest.mark.parametrize(
    "text",
    ["", "local:0", "local:x", "dask:", "dask:host:8786", "dask:tcp://host", "dask:tcp://a@b:1",
     "dask:http://host:8786", "dask:tcp://host:1/x", "dask:tcp://host:99999", "ray://x:1"],
)  # fmt: skip
def test_anything_else_is_refused_with_what_can_be_written(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        choice(text)
    assert caught.value.diagnostics[0].code == "executor-wrong"
    assert "dask:tls://HOST:PORT" in caught.value.diagnostics[0].hint


@pytest.mark.parametrize(
    ("address", "open_to_all"),
    [("tcp://127.0.0.1:1", False), ("tcp://localhost:1", False), ("tcp://[::1]:1", False),
     ("tcp://10.0.0.5:1", True), ("tcp://host:1", True), ("tls://10.0.0.5:1", False)],
)  # fmt: skip
def test_plain_tcp_beyond_this_machine_is_warned_of(address: str, open_to_all: bool) -> None:
    assert Cluster(address).open_to_all is open_to_all


def test_a_run_without_a_cluster_loads_no_cluster() -> None:
    output = subprocess.run(
        [sys.executable, "-c", "import sys, wanx_render.cli, wanx_render.session.render as r;"
         "print([m for m in ('dask', 'distributed', 'fsspec', 's3fs') if m in sys.modules])"],
        capture_output=True, text=True, check=True, timeout=60,
        env={"PATH": os.environ["PATH"]},
    )  # fmt: skip
    assert output.stdout.strip() == "[]"


@pytest.fixture(scope="module")
def proof(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proof]:
    folder = tmp_path_factory.mktemp("cluster")
    with bucket() as store, rig(folder / "rig", **store.environment) as made:
        yield Proof(folder / "runs", made, store).prepare()


@pytest.mark.proof
def test_the_rows_of_a_table_are_encoded_by_the_workers_too(proof: Proof) -> None:
    """In a folder that they see; the clips, paid once, are read where they are."""
    made = {}
    for name, where in (("here", ()), ("there", ("--executor", f"dask:{proof.rig.address}"))):
        folder = proof.table(f"table-{name}", ("Cup", "Hat"))
        ran = proof.end(proof.begin(folder, *where))
        assert ran.code == 0, ran.said
        shop = folder / "renders" / "shop"
        made[name] = {row: files.sha256(shop / row / "9x16.mp4") for row in ("Cup", "Hat")}
        assert len(list((shop / "clips").iterdir())) == 1
        pieces = sorted((shop / ".cache" / "segments").iterdir())
        assert len(pieces) == 2 + 1 + 1  # of each row, of both, and the sound
        assert not list(shop.glob(".cache/deliverables/*"))
    assert made["there"] == made["here"]
    assert len(set(made["here"].values())) == 2
    worked = [machine for machine in proof.rig.machines if (machine.scratch).exists()]
    assert worked, "no worker ever had a call"


@pytest.mark.proof
def test_the_rows_of_a_table_go_into_the_bucket_and_a_second_run_makes_nothing(
    proof: Proof,
) -> None:
    """Deliverables are never here, and the other files are put beside them."""
    folder = proof.table("table-bucket", ("Cup", "Hat"))
    ran = proof.end(proof.away("rows", folder))
    assert ran.code == 0, ran.said
    assert not list((folder / "renders").rglob("9x16.mp4"))
    assert "is missing" not in ran.said
    found = proof.bucket.objects()
    there = {row: sha256(found[f"rows/{row}/9x16.mp4"]).hexdigest() for row in ("Cup", "Hat")}
    for row in there:
        record = json.loads(found[f"rows/{row}/manifest.json"])
        assert [deliverable["sha256"] for deliverable in record["deliverables"]] == [there[row]]
        assert f"rows/{row}/9x16.poster.jpg" in found
        assert f'href="./{row}/9x16.mp4"'.encode() in found["rows/index.html"]
    assert {key for key in found if "/.cache/deliverables/" in key} == set()

    asked = len(proof.bucket.faults.seen)
    again = proof.end(proof.away("rows", folder))
    assert again.code == 0, again.said
    assert "2 finished, 0 takes to generate" in again.said
    assert len(proof.bucket.faults.seen) == asked + 1

    # What is in the bucket alone is made again where it is wanted here.
    local = proof.end(proof.begin(folder))
    assert local.code == 0, local.said
    here = {row: files.sha256(folder / "renders" / "shop" / row / "9x16.mp4") for row in there}
    assert here == there


# A program of a few lines with an executor, ``it``.
CLIENT = """\
import os, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from wanx_render.media import ffmpeg
from wanx_render.workers import dask, makers, remote_jobs, store
folder = store.SharedFolder(Path(sys.argv[2]))
(folder.path / "probe").touch()
order = remote_jobs.Order(folder, makers.makers_with(ffmpeg.find(os.environ)))
with ThreadPoolExecutor(1) as here:
    it = dask.connect(sys.argv[1], order, "probe", here=here, say=print)
    %s
    it.shutdown()
"""


def client(made: Rig, does: str, **more: str) -> "subprocess.CompletedProcess[str]":
    environment = {"PATH": os.environ["PATH"], "WANX_FFMPEG": REAL_FFMPEG, **more}
    return subprocess.run(
        [sys.executable, "-c", CLIENT % (does or "pass"), made.address, str(made.folder)],
        capture_output=True, text=True, timeout=120, env=environment,
    )  # fmt: skip


@pytest.mark.proof
def test_a_call_that_kills_is_given_up_and_those_beside_it_are_not(proof: Proof) -> None:
    does = (
        "calls = [it.submit(os._exit, 1), *(it.submit(pow, 2, n) for n in range(8))]; "
        "print([str(call.exception(90) or call.result()) for call in calls])"
    )
    output = client(proof.rig, does).stdout
    given_up = "'every worker that tried it was killed, even alone'"
    assert output == f"[{given_up}, '1', '2', '4', '8', '16', '32', '64', '128']\n"


@pytest.mark.proof
@pytest.mark.parametrize("name", PROVED)
def test_whatever_dies_every_deliverable_is_made_once_and_the_same(proof: Proof, name: str) -> None:
    getattr(proof, name)()


def recipe(tool: str) -> list[list[str]]:
    """The commands of docs/guide/machines.md that begin with ``tool``, as words."""
    lines = (ROOT / "docs" / "guide" / "machines.md").read_text(encoding="utf-8").splitlines()
    return [shlex.split(line, comments=True) for line in lines if line.startswith(f"{tool} ")]


@pytest.mark.proof
@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl")
def test_the_recipe_for_tls_lets_in_who_has_a_certificate_and_nobody_else(tmp_path: Path) -> None:
    for words in recipe("openssl"):
        subprocess.run(words, cwd=tmp_path, check=True, capture_output=True)
    files = {name: str(tmp_path / f"{name}.pem") for name in ("ca", "cert", "key")}
    given = ("--tls-ca-file", files["ca"], "--tls-cert", files["cert"], "--tls-key", files["key"])
    command = next(words for words in recipe("dask") if "tls" in words)
    assert [word for word in command if word.startswith("--tls")] == list(given[::2])
    made = Rig(tmp_path / "rig", arguments=given, protocol="tls")
    environ = {
        "DASK_DISTRIBUTED__COMM__TLS__CA_FILE": files["ca"],
        "DASK_DISTRIBUTED__COMM__TLS__CLIENT__CERT": files["cert"],
        "DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY": files["key"],
    }
    try:
        made.start(1)
        assert made.address.startswith("tls://")

        assert client(made, "print(it.submit(pow, 2, 5).result(60))", **environ).stdout == "32\n"
        host, port = made.address.removeprefix("tls://").split(":")
        stranger = ssl.create_default_context(cafile=files["ca"])
        stranger.check_hostname = False
        with (
            socket.create_connection((host, int(port)), 20) as plain,
            pytest.raises(ssl.SSLError, match="certificate required"),
            stranger.wrap_socket(plain) as secured,
        ):
            secured.recv(1)
    finally:
        made.stop()
