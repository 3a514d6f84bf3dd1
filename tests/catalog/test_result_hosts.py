"""Where a result may be fetched from: hosts that are seen, attacks, and what a person permits.

The judge of an address is the client that would fetch it (httpx), and the browsers' way of reading
a backslash; neither is our own parser.
"""

import re
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wanx_render.catalog.result_hosts import BadAddress, of_storage, parse, shown_url, to_fetch

# Every host that the reference names, with its mark there.
SEEN = (
    "dashscope-result-bj.oss-cn-beijing",
    "dashscope-result-hz.oss-cn-hangzhou",
    "dashscope-result-sh.oss-cn-shanghai",
    "dashscope-result-wlcb.oss-cn-wulanchabu",
    "dashscope-result-zjk.oss-cn-zhangjiakou",
    "dashscope-result-sz.oss-cn-shenzhen",
    "dashscope-result-hy.oss-cn-heyuan",
    "dashscope-result-cd.oss-cn-chengdu",
    "dashscope-result-gz.oss-cn-guangzhou",
    "dashscope-result-wlcb-acdr-1.oss-cn-wulanchabu-acdr-1",
    "dashscope-result-sh.oss-accelerate",
    "dashscope-result-bj.oss-accelerate",
    "dashscope-result.oss-cn-beijing",
    "dashscope-result-sgp.oss-ap-southeast-1",
    "dashscope-463f.oss-accelerate",
    "dashscope-463f.oss-ap-southeast-1",
    "dashscope-a717.oss-accelerate",
    "dashscope-a717.oss-cn-beijing",
    "dashscope-7c2c.oss-accelerate",
    "dashscope-7c2c.oss-cn-shanghai",
    "dashscope-result-us.oss-us-west-1",
)
PATH = "/1d/8e/20260923/0badc0de/0x.mp4?Expires=1790244529&OSSAccessKeyId=k&Signature=a%2Bb%2Fc%3D"
A = "dashscope-a717.oss-accelerate.aliyuncs.com"

HOSTILE = (
    # suffix, prefix
    f"https://{A}.evil.example/x",
    "https://evil-aliyuncs.com/x",
    f"https://a.{A}/x",
    "https://evil.oss-cn-beijing.aliyuncs.com/x",
    "https://dashscope-a717.oss-accelerate.aliyuncs.com.cn/x",
    "https://dashscope-a717.oss-accelerate.evilaliyuncs.com/x",
    "https://dashscope-a717.evil.oss-accelerate.aliyuncs.com/x",
    "https://dashscope.oss-cn-beijing.aliyuncs.com/x",
    "https://dashscope-.oss-cn-beijing.aliyuncs.com/x",
    "https://xdashscope-a717.oss-cn-beijing.aliyuncs.com/x",
    "https://dashscope-a717.oss-.aliyuncs.com/x",
    "https://dashscope-a717.oss-beijing.aliyuncs.com/x",
    "https://dashscope-a717.s3-accelerate.aliyuncs.com/x",
    # userinfo, query, fragment
    f"https://{A}@evil.example/",
    f"https://{A}:@evil.example/",
    f"https://{A}:443@evil.example/",
    f"https://evil.example/?u={A}",
    f"https://evil.example?u={A}",
    f"https://evil.example#@{A}",
    f"https://evil.example/#{A}",
    f"https://evil.example/https://{A}/x",
    f"https://user@{A}/x",
    f"https://user:pw@{A}/x",
    f"https://@{A}/x",
    # parser split
    f"https://evil.example\\@{A}/x",
    f"https://evil.example\\.{A}/x",
    f"https://{A}\\@evil.example/x",
    f"https:{A}/x",
    f"https:/{A}/x",
    f"https:///{A}/x",
    f"//{A}/x",
    f"{A}/x",
    "https://dashscope-a717.oss-accelerate.aliyuncs.com%2eevil.example/x",
    f"https://{A}%00.evil.example/x",
    f"https://{A}%2f.evil.example/x",
    f"https://{A}\x00.evil.example/x",
    f"https://{A}\t.evil.example/x",
    f"https://{A}\n.evil.example/x",
    f"\nhttps://{A}/x",
    f" https://{A}/x",
    f"https://{A} /x",
    f"https://{A}/x\r\nX-Evil: 1",
    f"https://{A}/x y",
    f"https://evil.example;{A}/x",
    f"https://evil.example,{A}/x",
    f"https://{A}^.evil.example/x",
    f"https://[{A}]/x",
    # port, dot
    f"https://{A}:8443/x",
    f"https://{A}:80/x",
    f"http://{A}:443/x",
    f"http://{A}:8080/x",
    f"https://{A}:443x/x",
    f"https://{A}:99999/x",
    f"https://{A}:-1/x",
    f"https://{A}:٤٤٣/x",
    f"https://{A}./x",
    f"https://{A}../x",
    f"https://.{A}/x",
    "https://dashscope-a717..oss-accelerate.aliyuncs.com/x",
    # addresses
    "https://[::1]/x",
    "https://[::ffff:127.0.0.1]/x",
    "https://[::ffff:7f00:1]/x",
    "https://[fe80::1%25eth0]/x",
    "https://2130706433/x",
    "https://0x7f000001/x",
    "https://0177.0.0.1/x",
    "https://127.1/x",
    "https://127.0.0.1/x",
    "http://127.0.0.1:9000/x",
    "http://localhost/x",
    "https://169.254.169.254/latest/meta-data",
    "https://198.18.0.1/x",
    # names
    "https://xn--dashscope-a717-abc.oss-accelerate.aliyuncs.com/x",
    "https://dashscope-a717.oss-accelerate.xn--liyuncs-5xa.com/x",
    "https://dashscope-а717.oss-accelerate.aliyuncs.com/x",  # Cyrillic a
    "https://dashscope-a717。oss-accelerate。aliyuncs。com/x",
    "https://dashscope-a717.oss-accelerate.aliyuncs.ⅽom/x",  # Roman numeral
    "https://dashscope-a717.oss-accelerate.aliyuncs.com\N{ZERO WIDTH SPACE}/x",
    "https://dashscope-a717.oss-accelerate.aliyuncs.com\N{RIGHT-TO-LEFT OVERRIDE}/x",
    # path-style bucket, the API itself
    "https://oss-cn-beijing.aliyuncs.com/dashscope-a717/x",
    "https://dashscope.aliyuncs.com/api/v1/x",
    # internal, scheme
    "https://dashscope-a717.oss-cn-beijing-internal.aliyuncs.com/x",
    "https://dashscope-a717.oss-accelerate-internal.aliyuncs.com/x",
    f"ftp://{A}/x",
    "file:///etc/passwd",
    f"file://{A}/etc/passwd",
    f"httpss://{A}/x",
    f"hhttps://{A}/x",
    f"javascript:alert(1)//{A}/x",
    f"data:text/html,https://{A}/x",
    "https://",
    "https:///x",
    "https://?x",
    "",
    "x" * 9000,
    f"https://{A}/" + "x" * 9000,
)


def allowed(url: str, permitted: tuple[str, ...] = (), own: str = "") -> str | None:
    """The URL that would be fetched; None where it is refused, in whichever way."""
    try:
        return to_fetch(parse(url), permitted, own)
    except BadAddress:
        return None


@pytest.mark.parametrize("host", SEEN)
def test_every_host_that_was_seen_is_accepted_and_its_link_stays_as_it_is(host: str) -> None:
    url = f"https://{host}.aliyuncs.com{PATH}"
    assert allowed(url) == url
    assert allowed(f"https://{host.upper()}.ALIYUNCS.com{PATH}")
    assert allowed(f"https://{host}.aliyuncs.com:443{PATH}")


def test_the_table_of_seen_hosts_is_whole() -> None:
    assert len(set(SEEN)) == 21


@pytest.mark.parametrize("host", SEEN)
@pytest.mark.parametrize("scheme", ["http", "HTTP", "Http"])
@pytest.mark.parametrize("port", ["", ":80"])
def test_http_is_raised_to_https_with_the_signature_unchanged(
    host: str, scheme: str, port: str
) -> None:
    raised = allowed(f"{scheme}://{host}.aliyuncs.com{port}{PATH}")
    assert raised == f"https://{host}.aliyuncs.com{PATH}"
    sent = httpx.URL(raised)
    assert (sent.scheme, sent.port) == ("https", None)
    assert sent.raw_path.decode() == PATH


@pytest.mark.parametrize("url", HOSTILE)
def test_an_address_that_is_no_storage_is_refused(url: str) -> None:
    assert allowed(url) is None


@pytest.mark.parametrize("url", [u for u in HOSTILE if "@" not in u or "?" in u or "#" in u])
def test_a_permitted_host_permits_no_attack_by_its_name(url: str) -> None:
    # Only what really names the permitted host may pass.
    passed = allowed(url, (A,))
    if passed is not None:
        assert httpx.URL(passed).host == A
        assert httpx.URL(passed).scheme == "https"


# -- what two parsers could read differently -------------------------------------------------------

_ODD = st.sampled_from([*"@:/\\?#%.[]&=;,+-_ \t\n\r\x00", "%00", "%2e", "%40", "%2f", "。", "https://", "http:", "//", ":443", ":80", "[::1]", "127.0.0.1", "evil.example", A, "oss-cn-beijing", "aliyuncs.com", "dashscope-", "xn--"])  # fmt: skip  # noqa: E501
_BUILT = st.lists(st.one_of(_ODD, st.text(max_size=2)), max_size=8).map("".join)
_URLS = st.one_of(
    _BUILT,
    _BUILT.map(lambda tail: f"https://{tail}"),
    _BUILT.map(lambda tail: f"https://{A}{tail}"),
    _BUILT.map(lambda tail: f"http://{A}{tail}"),
    st.tuples(_BUILT, _BUILT).map(lambda ends: f"https://{ends[0]}{A}{ends[1]}"),
    st.from_regex(r"https?://[a-z0-9.\-@:%\[\]\\]{0,40}(/|\?|#)?[a-z%@:/]{0,10}", fullmatch=True),
)


def browsers_host(url: str) -> str:
    """The host as the WHATWG rule finds it: a backslash is a slash, the last @ ends the user."""
    rest = re.sub(r"[\t\n\r]", "", url).replace("\\", "/").partition("://")[2]
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
    return re.sub(r":\d*$", "", authority).strip("[]").lower()


@given(url=_URLS)
@example(f"https://{A}?@evil.example/")
@example(f"https://{A}#@evil.example/")
@example(f"http://{A}?x=1")
@example(f"http://{A}:80?x=1")
@example(f"http://{A}#x")
@example(f"https://{A}:")
@example(f"https://{A}:/x")
@example(f"http://{A}:/x")
@example("https://.[::1]/x")
@example("https://[::1].x/")
@example("https://[::1]:[::1]/")
def test_no_two_parsers_disagree_on_what_is_permitted(url: str) -> None:
    for permitted in ((), (A,), ("evil.example", "127.0.0.1", "::1")):
        fetched = allowed(url, permitted)
        if fetched is None:
            continue
        host = parse(url).host
        assert httpx.URL(fetched).host == host
        assert (urlsplit(fetched).hostname or "") == host
        assert browsers_host(fetched) == host
        assert httpx.URL(fetched).scheme == "https" or parse(url).loopback
        assert not httpx.URL(fetched).userinfo
        assert host in (A, *permitted) or of_storage(parse(url))


@given(data=st.text())
def test_anything_is_an_address_or_a_bad_one(data: str) -> None:
    allowed(data, ("*.example",), "127.0.0.1")


# -- what a person permits -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "url", "fetched"),
    [
        ("cdn.example.com", "https://cdn.example.com/x?s=1", "https://cdn.example.com/x?s=1"),
        ("cdn.example.com", "https://CDN.Example.com/x", "https://CDN.Example.com/x"),
        ("cdn.example.com", "http://cdn.example.com/x?s=1", "https://cdn.example.com/x?s=1"),
        ("cdn.example.com", "http://cdn.example.com:80/x", "https://cdn.example.com/x"),
        ("cdn.example.com", "http://cdn.example.com?s=1", "https://cdn.example.com/?s=1"),
        ("cdn.example.com", "http://cdn.example.com:80?s=a/b", "https://cdn.example.com/?s=a/b"),
        ("cdn.example.com", "http://cdn.example.com?s=a/b", "https://cdn.example.com/?s=a/b"),
        ("cdn.example.com", "https://a.cdn.example.com/x", None),
        ("cdn.example.com", "https://cdn.example.com.evil.example/x", None),
        ("cdn.example.com", "https://cdn.example.com@evil.example/x", None),
        ("cdn.example.com:8443", "https://cdn.example.com:8443/x", "https://cdn.example.com:8443/x"),
        ("cdn.example.com:8443", "https://cdn.example.com:8444/x", None),
        ("cdn.example.com:8443", "https://cdn.example.com/x", None),
        ("*.example.com", "https://a.example.com/x", "https://a.example.com/x"),
        ("*.example.com", "https://a.b.example.com/x", "https://a.b.example.com/x"),
        ("*.example.com", "https://example.com/x", None),
        ("*.example.com", "https://evilexample.com/x", None),
        ("127.0.0.1", "http://127.0.0.1:9000/x", "http://127.0.0.1:9000/x"),
        ("127.0.0.1:9000", "http://127.0.0.1:9000/x", "http://127.0.0.1:9000/x"),
        ("127.0.0.1:9000", "http://127.0.0.1:9001/x", None),
        ("localhost", "http://localhost:9000/x", "http://localhost:9000/x"),
        ("::1", "http://[::1]:9000/x", "http://[::1]:9000/x"),
    ],
)  # fmt: skip
def test_a_person_permits_exactly_what_they_name(name: str, url: str, fetched: str | None) -> None:
    assert allowed(url, (name,)) == fetched
    assert allowed(url) is None


def test_a_permitted_host_at_a_port_stays_there_when_http_is_raised() -> None:
    # The port is named by the service; https at it is the only safe try.
    raised = allowed("http://cdn.example.com:8080/x", ("cdn.example.com:8080",))
    assert raised == "https://cdn.example.com:8080/x"


@pytest.mark.parametrize(
    ("own", "url", "fetched"),
    [
        ("127.0.0.1", "http://127.0.0.1:9000/x", "http://127.0.0.1:9000/x"),
        ("127.0.0.1", "http://127.0.0.2:9000/x", None),
        ("gateway.example", "https://gateway.example/x", "https://gateway.example/x"),
        ("gateway.example", "https://gateway.example:8443/x", "https://gateway.example:8443/x"),
        ("gateway.example", "http://gateway.example/x", None),
        ("gateway.example", "https://a.gateway.example/x", None),
        ("", "https:///x", None),
    ],
)
def test_the_host_of_a_base_url_that_a_person_gave_is_exempt(
    own: str, url: str, fetched: str | None
) -> None:
    assert allowed(url, (), own) == fetched


def test_what_is_shown_has_no_signature() -> None:
    url = f"https://{A}/clip.mp4?Signature=secret#frag"
    assert parse(url).shown == shown_url(url) == f"https://{A}/clip.mp4"
    assert shown_url(f"https://{A}#Signature=secret") == f"https://{A}"
    assert shown_url(None) is None
    assert shown_url("") is None
