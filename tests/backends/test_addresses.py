"""Six regions, their shared, trial and workspace hosts, and whose keys go there."""

import pytest

from wanx_render.backends import addresses
from wanx_render.backends.addresses import AddressWish, VendorAddress, base_url, place_of, realm
from wanx_render.catalog.capabilities import Catalog
from wanx_render.errors import BadInput

# Written down from the vendor's pages on regions, not made by our code.
SHARED = {
    "beijing": "https://dashscope.aliyuncs.com/api/v1",
    "singapore": "https://dashscope-intl.aliyuncs.com/api/v1",
    "virginia": "https://dashscope-us.aliyuncs.com/api/v1",
    "hongkong": "https://cn-hongkong.dashscope.aliyuncs.com/api/v1",
}
OF_WORKSPACE = {
    "beijing": "https://llm-ab12.cn-beijing.maas.aliyuncs.com/api/v1",
    "singapore": "https://llm-ab12.ap-southeast-1.maas.aliyuncs.com/api/v1",
    "virginia": "https://llm-ab12.us-east-1.maas.aliyuncs.com/api/v1",
    "frankfurt": "https://llm-ab12.eu-central-1.maas.aliyuncs.com/api/v1",
    "tokyo": "https://llm-ab12.ap-northeast-1.maas.aliyuncs.com/api/v1",
    "hongkong": "https://llm-ab12.cn-hongkong.maas.aliyuncs.com/api/v1",
}
PLAN = "https://token-plan.cn-beijing.maas.aliyuncs.com/api/v1"


def fault(catalog: Catalog, wish: AddressWish) -> tuple[str, str]:
    with pytest.raises(BadInput) as caught:
        base_url(catalog, wish)
    diagnostic = caught.value.diagnostics[0]
    return diagnostic.code, f"{diagnostic.message} | {diagnostic.hint}"


def test_the_shared_hosts(catalog: Catalog) -> None:
    assert {name: base_url(catalog, AddressWish(name)) for name in SHARED} == SHARED


def test_a_workspace_has_a_host_of_its_own_in_every_region(catalog: Catalog) -> None:
    names = catalog.service.regions
    assert {
        name: base_url(catalog, AddressWish(name, "llm-ab12")) for name in names
    } == OF_WORKSPACE


def test_the_whole_host_of_the_console_stands_for_the_workspace(catalog: Catalog) -> None:
    for form in ("llm-ab12.ap-southeast-1.maas.aliyuncs.com", OF_WORKSPACE["singapore"]):
        assert base_url(catalog, AddressWish("singapore", form)) == OF_WORKSPACE["singapore"]


def test_shared_and_trial_hosts_are_used_where_they_are_asked_for(catalog: Catalog) -> None:
    assert base_url(catalog, AddressWish("beijing", "llm-ab12", "shared")) == SHARED["beijing"]
    trial = base_url(catalog, AddressWish("hongkong", "llm-ab12", "trial"))
    assert trial == "https://trial.cn-hongkong.maas.aliyuncs.com/api/v1"


@pytest.mark.parametrize(
    ("wish", "code", "words"),
    [
        (AddressWish("frankfurt"), "address-missing", "set DASHSCOPE_WORKSPACE"),
        (AddressWish("tokyo"), "address-missing", "set DASHSCOPE_WORKSPACE"),
        (AddressWish("tokyo", "llm-ab12", "shared"), "address-missing", "workspaces only"),
        (AddressWish("virginia", "", "trial"), "address-missing", "no trial address"),
        (AddressWish("beijing", "", "workspace"), "address-missing", "needs a workspace"),
        (AddressWish("beijing", "", "plain"), "address-missing", "WANX_ADDRESS=plain"),
        (
            AddressWish("beijing", OF_WORKSPACE["tokyo"]),
            "workspace-invalid",
            "not a host of beijing",
        ),
        (AddressWish("beijing", "llm ab"), "workspace-invalid", "not a valid workspace id"),
        (AddressWish("beijing", "evil.example#"), "workspace-invalid", "not a host of beijing"),
        (AddressWish("beijing", "a@evil.example"), "workspace-invalid", "not a host of beijing"),
        (
            AddressWish("mars"),
            "value-unknown",
            "beijing, singapore, virginia, frankfurt, tokyo, hongkong",
        ),
    ],
)
def test_what_has_no_address_says_what_to_set(
    wish: AddressWish, code: str, words: str, catalog: Catalog
) -> None:
    assert fault(catalog, wish)[0] == code
    assert words in fault(catalog, wish)[1]


@pytest.mark.parametrize(
    ("url", "place"),
    [
        *((url, VendorAddress(name, "shared")) for name, url in SHARED.items()),
        *((url, VendorAddress(name, "workspace")) for name, url in OF_WORKSPACE.items()),
        ("https://trial.cn-beijing.maas.aliyuncs.com/api/v1", VendorAddress("beijing", "trial")),
        (PLAN, VendorAddress("beijing", "plan")),
        (
            "https://LLM-AB12.cn-beijing.maas.aliyuncs.com/api/v1",
            VendorAddress("beijing", "workspace"),
        ),
        ("http://dashscope.aliyuncs.com/api/v1", None),
        ("https://dashscope.aliyuncs.com:8443/api/v1", None),
        ("https://dashscope.aliyuncs.com.evil.example/api/v1", None),
        ("https://a.b.cn-beijing.maas.aliyuncs.com/api/v1", None),
        ("https://llm-ab12.cn-beijing.maas.aliyuncs.com@evil.example/api/v1", None),
        ("https://llm-ab12.cn-nowhere.maas.aliyuncs.com/api/v1", None),
        ("http://127.0.0.1:8123/api/v1", None),
        ("", None),
    ],
)
def test_an_address_is_known_by_its_whole_host(
    url: str, place: VendorAddress | None, catalog: Catalog
) -> None:
    assert place_of(catalog, url) == place


def test_all_addresses_of_a_region_share_its_uploads_and_no_other_does(catalog: Catalog) -> None:
    beijing = {realm(catalog, url) for url in (SHARED["beijing"], OF_WORKSPACE["beijing"])}
    assert beijing == {
        "dashscope.aliyuncs.com"
    }  # as uploads were kept before there were workspaces
    assert realm(catalog, OF_WORKSPACE["tokyo"]) == "ap-northeast-1"
    assert realm(catalog, PLAN) == "token-plan.cn-beijing.maas.aliyuncs.com"
    assert realm(catalog, "http://127.0.0.1:8123/api/v1") == "127.0.0.1"


def test_a_kept_address_is_believed_only_with_the_key_that_sealed_it() -> None:
    kept = addresses.sealed("https://relay.example/api/v1", "sk-one")
    assert addresses.unsealed(kept, "sk-one") == "https://relay.example/api/v1"
    assert addresses.unsealed(kept, "sk-two") is None
    assert addresses.unsealed(kept.replace("relay", "evil"), "sk-one") is None
    assert addresses.unsealed("https://relay.example/api/v1", "sk-one") is None
    assert "sk-one" not in kept


def test_a_workspace_is_shown_by_its_beginning() -> None:
    shown = [addresses.shown_workspace(text) for text in ("llm-0123456789", *OF_WORKSPACE.values())]
    assert set(shown) == {"llm-01...", "llm-ab..."}
