"""Under which names, from which pages and for whom."""

from __future__ import annotations

import pytest

from gradcam_core.errors import CamError
from gradcam_core.serving.hosts import Hosts, name_of


@pytest.fixture(autouse=True)
def _no_space(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SPACE_ID", "SPACE_HOST"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("Example.org:7860", "example.org"),
        ("example.org.", "example.org"),
        ("[::1]:7860", "::1"),
        ("127.0.0.1", "127.0.0.1"),
        ("", ""),
        ("[", ""),
        ("fe80:0::1", "fe80"),
        # addresses hold more than that, and a Host nothing of it
        ("127.0.0.1@evil.example", ""),
        ("evil.example@127.0.0.1", ""),
        ("127.0.0.1/evil", ""),
        ("127.0.0.1#evil", ""),
        ("127.0.0.1 evil", ""),
        ("127.0.0.1\\evil", ""),
    ],
)
def test_a_name_is_read_out_of_a_host(host: str, name: str) -> None:
    assert name_of(host) == name


EVERYWHERE = "0.0.0.0"  # noqa: S104
EVIL = ("evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "evil.example:7860", "", "[", "10.0.0.7.x")
NO_NAMES = ("", "*", "*.", "http://a.example", "a.example:80", "a.example/b", "a b", "a..b", "a,b")


@pytest.mark.parametrize("listened", ["127.0.0.1", "localhost", EVERYWHERE, "::1", "[::1]", "::", "192.168.1.5", "box"])
@pytest.mark.parametrize("host", EVIL)
def test_foreign_names_are_never_known(listened: str, host: str) -> None:
    assert not Hosts.of(listened).knows(host)


@pytest.mark.parametrize(
    ("listened", "known", "unknown"),
    [
        ("127.0.0.1", ["localhost:7860", "127.0.0.1:80", "[::1]:7860"], ["192.168.1.5", EVERYWHERE]),
        (EVERYWHERE, ["localhost", "192.168.1.5:7860", "[fe80::1]:7860", "172.17.0.2"], ["somewhere"]),
        ("192.168.1.5", ["192.168.1.5:7860"], ["192.168.1.6", "localhost"]),
        ("box", ["box:7860", "BOX"], ["box.evil.example", "localhost"]),
    ],
)
def test_names_follow_the_address_that_is_listened_on(listened: str, known: list[str], unknown: list[str]) -> None:
    hosts = Hosts.of(listened)
    assert all(map(hosts.knows, known))
    assert not any(map(hosts.knows, unknown))


def test_further_names_are_added_one_by_one_or_by_their_ending() -> None:
    hosts = Hosts.of("127.0.0.1", allow=("Explain.example.org", "*.lab.example"))
    assert all(map(hosts.knows, ["explain.example.org:8080", "a.lab.example", "b.a.lab.example", "localhost"]))
    assert not any(map(hosts.knows, ["x.explain.example.org", "lab.example", "evillab.example", "example.org"]))


@pytest.mark.parametrize(
    "name", ["", "*", "*.", "http://a.example", "a.example:80", "a.example/b", "a b", "a..b", "a,b"]
)
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(CamError, match="allow_host"):
        Hosts.of("127.0.0.1", allow=(name,))


def test_a_space_knows_its_own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPACE_ID", "somebody/space")
    monkeypatch.setenv("SPACE_HOST", "somebody-space.hf.space")
    hosts = Hosts.of(EVERYWHERE)
    assert hosts.knows("somebody-space.hf.space")
    assert not hosts.knows("other-space.hf.space")
    assert hosts.behind_proxy


@pytest.mark.parametrize(
    ("origin", "host", "own"),
    [
        ("http://127.0.0.1:7860", "127.0.0.1:7860", True),
        ("http://localhost:7860", "localhost:7860", True),
        ("http://localhost", "localhost:80", True),
        ("https://explain.example.org", "explain.example.org", True),
        # a proxy that speaks https in front, and asks under the name of the machine behind
        ("https://explain.example.org", "localhost:7860", True),
        # another program of this machine
        ("http://localhost:3000", "localhost:7860", False),
        ("http://127.0.0.1:7860", "localhost:7860", False),
        ("http://evil.example", "localhost:7860", False),
        ("http://localhost.evil.example:7860", "localhost:7860", False),
        ("null", "localhost:7860", False),
        ("", "localhost:7860", False),
        ("file://", "localhost:7860", False),
        ("http://localhost:x", "localhost:7860", False),
    ],
)
def test_only_the_servers_own_pages_are_its_own(origin: str, host: str, own: bool) -> None:
    assert Hosts.of("127.0.0.1", allow=("explain.example.org",)).is_own(origin, host) is own


@pytest.mark.parametrize(
    ("written", "visitor"),
    [
        ("", "10.0.0.1"),
        ("203.0.113.9", "203.0.113.9"),
        # in front stands what the visitor himself wrote
        ("1.2.3.4, 203.0.113.9", "203.0.113.9"),
        # behind it further proxies of the same network
        ("1.2.3.4, 198.51.100.7, 10.0.3.4", "198.51.100.7"),
        ("nonsense", "10.0.0.1"),
        ("192.168.0.4, 10.0.0.2", "10.0.0.2"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
    ],
)
def test_a_forwarded_address_counts_only_behind_a_proxy(written: str, visitor: str) -> None:
    headers = {"x-forwarded-for": written}
    # documentation's addresses are private to the library, which says so of all that nobody is given
    public = {"203.0.113.9": "8.8.4.4", "198.51.100.7": "8.8.8.8", "2001:db8:1:2:3:4:5:6": "2a00:1450:1:2:3:4:5:6"}
    for example, real in public.items():
        headers["x-forwarded-for"] = headers["x-forwarded-for"].replace(example, real)
        visitor = visitor.replace(example, real)
    visitor = visitor.replace("2001:db8:1:2::", "2a00:1450:1:2::")
    assert Hosts.of("127.0.0.1", behind_proxy=True).visitor("10.0.0.1", headers) == visitor
    assert Hosts.of("127.0.0.1").visitor("10.0.0.1", headers) == "10.0.0.1"


def test_a_forwarded_host_counts_only_behind_a_proxy() -> None:
    headers = {"host": "localhost:7860", "x-forwarded-host": "explain.example.org, inner"}
    assert Hosts.of("127.0.0.1", behind_proxy=True).host(headers) == "explain.example.org"
    assert Hosts.of("127.0.0.1").host(headers) == "localhost:7860"
