"""From the environment to an address and a key: regions, workspaces, the token plan."""

import asyncio
import random
from pathlib import Path

import httpx
import pytest

from tests.support.virtual import ManualClock
from wanx_render.backends.dashscope import DashScope
from wanx_render.backends.line import Access
from wanx_render.catalog.capabilities import Catalog
from wanx_render.catalog.user_file import with_user_file
from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput, Unreachable
from wanx_render.session.connection import Service, Way, access, play_money, whose_keys
from wanx_render.session.selection import RenderOptions

KEY = {"DASHSCOPE_API_KEY": "sk-0123456789"}
PLAN_KEY = {"DASHSCOPE_API_KEY": "sk-sp-0123456789"}
PLAN = "https://token-plan.ap-southeast-1.maas.aliyuncs.com/api/v1"
OF_WORKSPACE = "https://llm-ab12.ap-southeast-1.maas.aliyuncs.com/api/v1"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No ``.env`` of the folder that the tests run in."""
    monkeypatch.chdir(tmp_path)


def reached(catalog: Catalog, base_url: str | None = None, **environ: str) -> Access:
    return access(catalog, "singapore", {**KEY, **environ}, base_url)


def refused(catalog: Catalog, base_url: str | None = None, **environ: str) -> Diagnostic:
    with pytest.raises(BadInput) as caught:
        reached(catalog, base_url, **environ)
    return caught.value.diagnostics[0]


@pytest.mark.parametrize("name", ["DASHSCOPE_WORKSPACE", "DASHSCOPE_WORKSPACE_ID"])
def test_a_workspace_leads_to_its_own_host(name: str, catalog: Catalog) -> None:
    assert reached(catalog, **{name: "llm-ab12"}).base_url == OF_WORKSPACE


def test_our_own_name_comes_before_that_of_the_sdk(catalog: Catalog) -> None:
    both = {"DASHSCOPE_WORKSPACE": "llm-ab12", "DASHSCOPE_WORKSPACE_ID": "llm-other"}
    assert reached(catalog, **both).base_url == OF_WORKSPACE


def test_the_workspace_may_be_in_env(catalog: Catalog) -> None:
    Path(".env").write_text("DASHSCOPE_WORKSPACE=llm-ab12\n")
    assert reached(catalog).base_url == OF_WORKSPACE
    assert reached(catalog, WANX_ADDRESS="shared").workspace == "llm-ab12"


def test_an_address_of_one_s_own_comes_before_the_workspace(catalog: Catalog) -> None:
    reached_at = reached(catalog, "https://relay.example/api/v1", DASHSCOPE_WORKSPACE="llm-ab12")
    assert (reached_at.base_url, reached_at.own_hosts) == ("https://relay.example/api/v1", True)


@pytest.mark.parametrize("mark", ["{workspace_id}", "{WorkspaceId}"])
def test_the_workspace_is_filled_in_as_the_sdk_and_the_pages_write_it(
    mark: str, catalog: Catalog
) -> None:
    url = f"https://{mark}.ap-southeast-1.maas.aliyuncs.com/api/v1"
    assert reached(catalog, url, DASHSCOPE_WORKSPACE="llm-ab12").base_url == OF_WORKSPACE
    assert refused(catalog, url).code == "address-missing"


def test_a_key_of_the_token_plan_is_not_sent_elsewhere(catalog: Catalog) -> None:
    problem = refused(catalog, **PLAN_KEY)
    assert problem.code == "key-elsewhere"
    assert PLAN in problem.hint
    assert reached(catalog, PLAN, **PLAN_KEY).base_url == PLAN
    assert refused(catalog, PLAN).code == "key-elsewhere"


def test_a_region_of_one_s_own_needs_no_code(catalog: Catalog, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        "regions:\n  sydney: {code: ap-southeast-2, currency: USD, "
        "workspace_url: 'https://{workspace}.ap-southeast-2.maas.aliyuncs.com/api/v1'}\n"
        "  tokyo: {base_url: https://dashscope-jp.aliyuncs.com/api/v1}\n"
    )
    more = with_user_file(catalog, file)
    sydney = access(more, "sydney", {**KEY, "DASHSCOPE_WORKSPACE": "llm-ab12"}, None)
    assert sydney.base_url == "https://llm-ab12.ap-southeast-2.maas.aliyuncs.com/api/v1"
    tokyo = access(more, "tokyo", KEY, None)
    assert tokyo.base_url == "https://dashscope-jp.aliyuncs.com/api/v1"


def test_an_emulator_takes_any_key(catalog: Catalog) -> None:
    assert reached(catalog, "http://127.0.0.1:8123/api/v1", **PLAN_KEY).key.startswith("sk-sp-")


SHARED_INSTEAD = (
    "WANX_ADDRESS=shared uses dashscope-intl.aliyuncs.com, which takes keys of every workspace"
)


def opened(catalog: Catalog, access: Access, status: int, answer: bytes) -> None:
    """Ask a service that gives one ``answer`` to everything whether it takes us."""

    async def answered(_: httpx.Request) -> httpx.Response:
        return httpx.Response(status, stream=httpx.ByteStream(answer))

    backend = DashScope(
        access, catalog, ManualClock(), random.Random(1),
        transport=httpx.MockTransport(answered),
    )  # fmt: skip
    service = Service(backend, ManualClock(), Way(access.base_url, {}))
    asyncio.run(service.open(catalog))


def test_a_refused_key_says_whose_keys_the_host_takes(catalog: Catalog) -> None:
    answer = b'{"code":"InvalidApiKey","message":"Invalid API-key provided.","request_id":"r"}'
    with pytest.raises(BadInput) as caught:
        opened(catalog, reached(catalog, DASHSCOPE_WORKSPACE="llm-ab12"), 401, answer)
    (problem,) = caught.value.diagnostics
    assert problem.code == "key-refused"
    host = "llm-ab12.ap-southeast-1.maas.aliyuncs.com"
    assert problem.hint.endswith(f"{host} takes only keys of this workspace; {SHARED_INSTEAD}")


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [(404, "NotFound", "no such path"), (400, "InvalidParameter", "url error, please check url！")],
)
def test_the_host_of_a_workspace_without_tasks_leads_to_the_shared_one(
    status: int, code: str, message: str, catalog: Catalog
) -> None:
    answer = f'{{"code":"{code}","message":"{message}","request_id":"r"}}'.encode()
    with pytest.raises(BadInput) as caught:
        opened(catalog, reached(catalog, DASHSCOPE_WORKSPACE_ID="llm-ab12"), status, answer)
    (problem,) = caught.value.diagnostics
    assert (problem.code, problem.hint) == ("base-url-invalid", SHARED_INSTEAD)
    with pytest.raises(BadInput) as caught:
        opened(catalog, reached(catalog), status, answer)
    assert caught.value.diagnostics[0].hint == ""


def test_a_page_in_the_place_of_a_workspace_s_host_leads_there_too(catalog: Catalog) -> None:
    with pytest.raises(Unreachable) as caught:
        opened(catalog, reached(catalog, DASHSCOPE_WORKSPACE="llm-ab12"), 404, b"<html>")
    assert str(caught.value.sentence).endswith(f"; {SHARED_INSTEAD}")


def test_the_variable_that_is_wrong_is_named(catalog: Catalog) -> None:
    for name in ("DASHSCOPE_WORKSPACE", "DASHSCOPE_WORKSPACE_ID"):
        assert refused(catalog, **{name: "llm ab"}).message == f"{name} is not a valid workspace id"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (OF_WORKSPACE, "only keys of this workspace"),
        ("https://dashscope-us.aliyuncs.com/api/v1", "only keys of virginia"),
        ("https://trial.cn-hongkong.maas.aliyuncs.com/api/v1", "only keys of hongkong"),
        (PLAN, "keys of the token plan only"),
        ("https://relay.example/api/v1", ""),
    ],
)
def test_it_is_said_whose_keys_an_address_takes(url: str, words: str, catalog: Catalog) -> None:
    assert words in whose_keys(catalog, url)
    assert bool(words) == bool(whose_keys(catalog, url))


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("http://127.0.0.1:8077/api/v1", "127.0.0.1"),
        ("http://[::1]:8077/api/v1", "::1"),
        ("https://dashscope.aliyuncs.com/api/v1", None),
        ("http://[::1/api", None),
        (None, None),
    ],
)
def test_money_may_be_play_money_where_the_address_is_this_machine(
    address: str | None, host: str | None
) -> None:
    by_option = play_money(RenderOptions(base_url=address), {})
    by_variable = play_money(RenderOptions(), {"DASHSCOPE_HTTP_BASE_URL": address or ""})
    assert by_option == by_variable
    assert by_option.startswith(f"{host} is this machine") if host else not by_option
