"""Clients that know the vendor's host, a proxy and a certificate, and nothing of the emulator."""

import json
import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.canary import SECRETS
from tests.support.emulator import started
from tests.support.places import CLIPS, ROOT

HOST = "https://dashscope.aliyuncs.com/api/v1"
CREATE = f"{HOST}/services/aigc/video-generation/video-synthesis"
BODY = {
    "model": "wan2.5-i2v-preview",
    "input": {"prompt": "a cat", "img_url": "https://example.com/cat.png"},
    "parameters": {"resolution": "480P", "duration": 5},
}
needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
needs_npm = pytest.mark.skipif(shutil.which("npm") is None, reason="needs node and npm")


@contextmanager
def emulator(*options: str) -> Iterator[dict[str, Any]]:
    """An emulator with these options: what it says of itself."""
    with emulator_process("--clips", str(CLIPS), *options) as line:
        yield line


@contextmanager
def emulator_process(*words: str) -> Iterator[dict[str, Any]]:
    """What a process of the emulator's program says of itself."""
    with started(*words) as (line, _):
        yield line


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("authority")
    with emulator("--clock", "auto", "--proxy", "--authority", str(folder)) as line:
        yield line


def environment(line: Mapping[str, Any], home: Path, *names: str, **more: str) -> dict[str, str]:
    """The smallest environment: what is named of the server's, and no address of it."""
    own = {name: line["environment"][name] for name in ("HTTPS_PROXY", *names)}
    return {"PATH": os.environ["PATH"], "HOME": str(home), **own, **more}


def run(command: list[str], folder: Path, environ: dict[str, str], timeout: float = 120) -> str:
    ran = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, timeout=timeout
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    return ran.stdout


@needs_curl
def test_curl_makes_a_clip_at_the_vendors_address(line: dict[str, Any], tmp_path: Path) -> None:
    environ = environment(line, tmp_path)

    def curl(*arguments: str) -> str:
        command = ["curl", "-sS", "--fail-with-body", "--cacert", line["authority"], *arguments]
        return run(command, tmp_path, environ)

    key = ("-H", "Authorization: Bearer sk-mock-curl", "-H", "Content-Type: application/json")
    created = curl(CREATE, *key, "-H", "X-DashScope-Async: enable", "-d", json.dumps(BODY))
    task = json.loads(created)["output"]["task_id"]
    for _ in range(3):
        answer = json.loads(curl(f"{HOST}/tasks/{task}", *key))
    url = answer["output"]["video_url"]
    assert url.startswith("https://dashscope-result-bj.oss-cn-beijing.aliyuncs.com/")
    curl("-o", "clip.mp4", url)
    assert (tmp_path / "clip.mp4").read_bytes()[4:8] == b"ftyp"


@needs_curl
def test_curl_reaches_the_vendors_name_at_the_servers_own_port(tmp_path: Path) -> None:
    """As where a file of hosts leads the name here."""
    folder = str(tmp_path / "kept")
    with emulator("--clock", "auto", "--tls", "--authority", folder) as line:
        port = line["base_url"].removesuffix("/api/v1").rpartition(":")[2]
        assert line["base_url"].startswith("https://127.0.0.1:")
        command = ["curl", "-sS", "--cacert", line["authority"], "--noproxy", "*"]
        environ = {"PATH": os.environ["PATH"]}
        name = f"dashscope.aliyuncs.com:{port}"
        ask = [*command, "--resolve", f"{name}:127.0.0.1", "-H", "Authorization: Bearer sk-mock-a"]
        create = [CREATE.replace("dashscope.aliyuncs.com", name), "-d", json.dumps(BODY)]
        made = run([*ask, "-H", "X-DashScope-Async: enable", *create], tmp_path, environ)
        task = f"https://{name}/api/v1/tasks/{json.loads(made)['output']['task_id']}"
        for _ in range(3):
            answer = json.loads(run([*ask, task], tmp_path, environ))
        url = answer["output"]["video_url"]
        assert url.startswith(f"https://{name}/")
        run([*ask, "-o", "clip.mp4", "--fail-with-body", url], tmp_path, environ)
        for host in ("localhost", "127.0.0.1"):
            health = [*command, f"https://{host}:{port}/_mock/health"]
            assert json.loads(run(health, tmp_path, environ))["status"] == "ok"


SDK = """
import sys, requests
from dashscope import VideoSynthesis
made = VideoSynthesis.call(
    model="wan2.5-i2v-preview", prompt="a cat", img_url="file://" + sys.argv[1], resolution="480P")
assert made.status_code == 200, made
print(made.output.video_url)
print(requests.get(made.output.video_url).content[4:8])
"""


@pytest.mark.proof
def test_the_official_sdk_uploads_and_makes_a_clip(line: dict[str, Any], tmp_path: Path) -> None:
    Image.new("RGB", (480, 854), "#884422").save(tmp_path / "a.png")
    environ = environment(line, tmp_path, "REQUESTS_CA_BUNDLE", DASHSCOPE_API_KEY="sk-mock-sdk")
    printed = run([sys.executable, "-c", SDK, str(tmp_path / "a.png")], tmp_path, environ)
    assert "dashscope-result-bj.oss-cn-beijing" in printed
    assert "b'ftyp'" in printed


LIST = """\
version: 1
project: vendor
backend: dashscope
region: {region}
defaults: {{model: wan2.2-i2v-flash, resolution: 480P, duration: 5}}
shots: [{{id: a, image: a.png, prompt: A cat wakes}}]
deliverables: [{{aspect: 9:16, size: 90x160, quality: draft}}]
"""


@pytest.mark.proof
def test_our_own_client_needs_no_base_url(line: dict[str, Any], tmp_path: Path) -> None:
    Image.new("RGB", (480, 854), "#884422").save(tmp_path / "a.png")
    (tmp_path / "list.yaml").write_text(LIST.format(region="beijing"))
    SECRETS.add("sk-mock-vendor")
    environ = environment(line, tmp_path, "SSL_CERT_FILE", DASHSCOPE_API_KEY="sk-mock-vendor")
    run([sys.executable, "-m", "wanx_render", "list.yaml", "--yes"], tmp_path, environ)
    assert (tmp_path / "renders" / "vendor" / "9x16.mp4").is_file()


UNDICI = """
import { ProxyAgent, fetch } from 'undici'
const dispatcher = new ProxyAgent(process.env.HTTPS_PROXY)
const headers = { Authorization: 'Bearer sk-mock-node', 'Content-Type': 'application/json',
                  'X-DashScope-Async': 'enable' }
const body = process.argv[2]
const ask = (url, more) => fetch(url, { dispatcher, headers, ...more }).then((r) => r.json())
const made = await ask('CREATE', { method: 'POST', body })
let answer
for (let n = 0; n < 3; n++) answer = await ask('HOST/tasks/' + made.output.task_id)
const clip = await fetch(answer.output.video_url, { dispatcher })
console.log(answer.output.video_url, Buffer.from(await clip.arrayBuffer()).subarray(4, 8) + '')
const plain = await ask('HOST/tasks/x'.replace('https:', 'http:'))
console.log(plain.output.task_status)
"""
PRELOADED = """
import { EnvHttpProxyAgent, setGlobalDispatcher } from 'undici'
setGlobalDispatcher(new EnvHttpProxyAgent())
"""
PLAIN = """
const headers = { Authorization: 'Bearer sk-mock-node' }
console.log(await fetch('HOST/tasks/x', { headers }).then((r) => r.text()))
"""
AGENT = """
import https from 'node:https'
import { HttpsProxyAgent } from 'https-proxy-agent'
const agent = new HttpsProxyAgent(process.env.HTTPS_PROXY, { keepAlive: true })
const headers = { Authorization: 'Bearer sk-mock-node' }
https.get('HOST/tasks/x', { agent, headers }, (answer) => {
  answer.on('data', (data) => console.log(data + ''))
})
"""


@pytest.fixture(scope="module")
def node_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("node")
    (folder / "package.json").write_text('{"private": true, "type": "module"}')
    packages = ["undici@6", "https-proxy-agent@7"]
    command = ["npm", "install", "--silent", "--no-package-lock", "--no-audit", *packages]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=300)
    programs = {"undici": UNDICI, "agent": AGENT, "proxy": PRELOADED, "plain": PLAIN}
    for name, program in programs.items():
        (folder / f"{name}.mjs").write_text(program.replace("CREATE", CREATE).replace("HOST", HOST))
    return folder


@needs_npm
@pytest.mark.proof
def test_node_reaches_it_through_the_usual_libraries(
    line: dict[str, Any], node_folder: Path, tmp_path: Path
) -> None:
    environ = environment(line, tmp_path, "NODE_EXTRA_CA_CERTS")
    printed = run(["node", "undici.mjs", json.dumps(BODY)], node_folder, environ)
    assert "dashscope-result-bj.oss-cn-beijing" in printed
    assert printed.split()[1:] == ["ftyp", "UNKNOWN"]
    for words in (("agent.mjs",), ("--import", "./proxy.mjs", "plain.mjs")):
        assert "UNKNOWN" in run(["node", *words], node_folder, environ), words


JAVA = """
import java.net.*;
import java.net.http.*;
import java.net.http.HttpResponse.BodyHandlers;

public class Ask {
    public static void main(String[] arguments) throws Exception {
        var client = HttpClient.newHttpClient();
        for (var address : arguments) {
            var ask = HttpRequest.newBuilder(URI.create(address))
                .header("Authorization", "Bearer sk-mock-java").build();
            var answer = client.send(ask, BodyHandlers.ofString());
            System.out.println(answer.statusCode() + " " + answer.version());
            var other = (HttpURLConnection) URI.create(address).toURL().openConnection();
            other.setRequestProperty("Authorization", "Bearer sk-mock-java");
            System.out.println(other.getResponseCode());
        }
    }
}
"""


@pytest.mark.skipif(shutil.which("java") is None, reason="needs java")
@pytest.mark.proof
def test_java_reaches_it_with_the_trust_store(line: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "Ask.java").write_text(JAVA)
    host, port = line["proxy"].removeprefix("http://").split(":")
    settings = {
        "https.proxyHost": host, "https.proxyPort": port,
        "http.proxyHost": host, "http.proxyPort": port,
        "javax.net.ssl.trustStore": line["trust_store"],
        "javax.net.ssl.trustStorePassword": "changeit",
    }  # fmt: skip
    flags = [f"-D{name}={value}" for name, value in settings.items()]
    addresses = [f"{HOST}/tasks/x", f"{HOST}/tasks/x".replace("https:", "http:")]
    command = ["java", *flags, "Ask.java", *addresses]
    printed = run(command, tmp_path, {"PATH": os.environ["PATH"]})
    assert printed.splitlines() == ["200 HTTP_1_1", "200"] * 2


def test_a_server_ends_without_a_word_while_clients_are_connected(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mock_server", "--proxy", "--tls", "--authority"]
    process = subprocess.Popen(
        [*command, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        cwd=ROOT,
    )  # fmt: skip
    assert process.stdout
    line = json.loads(process.stdout.readline())
    trust = ssl.create_default_context(cafile=line["authority"])
    with (
        httpx.Client(trust_env=False, proxy=line["proxy"], verify=trust) as tunnel,
        httpx.Client(trust_env=False, verify=trust) as direct,
    ):
        assert tunnel.get(f"{HOST}/tasks/x").status_code == 401
        assert direct.get(f"{line['base_url']}/tasks/x").status_code == 401
        process.terminate()
        assert process.communicate(timeout=20) == ("", "")


@pytest.mark.proof
def test_two_servers_at_once_share_the_authority(tmp_path: Path) -> None:
    options = ("--clock", "manual", "--proxy", "--authority", str(tmp_path))
    with emulator(*options) as one, emulator(*options) as other:
        assert one["authority"] == other["authority"]
        assert one["proxy"] != other["proxy"]
