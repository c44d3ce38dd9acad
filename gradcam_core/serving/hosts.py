"""Under which names the server may be asked, from which pages, and by whom. Public names: `Hosts`, `name_of`.

A page of somebody else that has pointed its own name at this machine (DNS rebinding) still sends that name: so names
are compared with a list. Addresses in figures cannot be pointed anywhere.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from ..errors import ServingError

__all__ = ["Hosts", "name_of"]

LOOPBACK_NAMES = frozenset({"localhost", "localhost.localdomain", "127.0.0.1", "::1"})
# nothing that an address may hold beside it: a person's name, a path, a question
HOST = re.compile(r"[\w.-]+(:\d*)?|\[[0-9a-f:.]+\](:\d*)?|[0-9a-f:.]+", re.ASCII | re.IGNORECASE)
NAME = re.compile(r"[\w-]+(\.[\w-]+)*", re.ASCII)
DEFAULT_PORTS = {"http": 80, "https": 443}
# of one visitor with IPv6: everybody is given at least so many addresses
IPV6_SHARE = 64


def name_of(host: str) -> str:
    """The name in a Host header, in small letters, without port, brackets and final dot; "" where there is none."""
    if not HOST.fullmatch(host):
        return ""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


@dataclass(frozen=True, kw_only=True)
class Hosts:
    """Who may ask under which names. `names` are the server's own, "*.name" for all below a name.

    With `any_address` every address in figures is taken as well, as a server on all interfaces has many. With
    `behind_proxy` the address of a visitor is the one that the proxy in front has written down.
    """

    names: frozenset[str]
    any_address: bool = False
    behind_proxy: bool = False

    @classmethod
    def of(cls, host: str, *, allow: tuple[str, ...] = (), behind_proxy: bool = False) -> Hosts:
        """What belongs to a server that listens on `host`: `allow` are further names; a Space knows its own.

        Raises ServingError where a name in `allow` is none.
        """
        listened = name_of(host) or host
        space = os.environ.get("SPACE_HOST", "")
        names = {listened, *(name for name in map(str.strip, space.split(",")) if name)}
        for name in allow:
            bare = name.removeprefix("*.").strip("[]")
            if not NAME.fullmatch(bare) and _address(bare) is None:
                raise ServingError("host.not_a_name", name=name)
            names.add(name.lower().strip("[]"))
        address = _address(listened)
        everywhere = address is not None and address.is_unspecified
        if everywhere or listened in LOOPBACK_NAMES or (address is not None and address.is_loopback):
            names |= LOOPBACK_NAMES
        if everywhere:
            names.add(socket.gethostname().lower())
        return cls(
            names=frozenset(names), any_address=everywhere, behind_proxy=behind_proxy or "SPACE_ID" in os.environ
        )

    def shared_as(self, name: str) -> Hosts:
        """The same, with the name of a tunnel that is a proxy in front of this machine."""
        return Hosts(names=self.names | {name}, any_address=self.any_address, behind_proxy=True)

    def knows(self, host: str) -> bool:
        """Whether the server may be asked under this Host."""
        name = name_of(host)
        parts = name.split(".")
        if name in self.names or any("*." + ".".join(parts[at:]) in self.names for at in range(1, len(parts))):
            return True
        return self.any_address and _address(name) is not None

    def is_own(self, origin: str, host: str) -> bool:
        """Whether a page from `origin` is one of this server, which was asked as `host`."""
        try:
            page, asked = urlsplit(origin), urlsplit(f"//{host}")
            usual = DEFAULT_PORTS.get(page.scheme)
            if usual is None or not page.hostname:
                return False
            same = (page.hostname, page.port or usual) == (asked.hostname, asked.port or usual)
        except ValueError:
            return False
        # a proxy may have changed scheme and port on the way: a name that belongs to the server is its own at any
        named = page.hostname not in LOOPBACK_NAMES and _address(page.hostname) is None
        return same or (named and self.knows(page.hostname))

    def host(self, headers: Mapping[str, str]) -> str:
        """What the visitor asked for."""
        forwarded = headers.get("x-forwarded-host", "") if self.behind_proxy else ""
        return forwarded.split(",")[0].strip() or headers.get("host", "")

    def visitor(self, peer: str, headers: Mapping[str, str]) -> str:
        """The address that shares are counted for: of the connection, or what a proxy that is trusted wrote down.

        Whoever asks may write what he likes in front of that: only the last address is the proxy's, and those of
        further proxies in the same network behind it.
        """
        if self.behind_proxy:
            written = [part.strip() for part in headers.get("x-forwarded-for", "").split(",")]
            known = [found for found in map(_address, reversed(written)) if found is not None]
            if known:
                peer = str(next((found for found in known if not found.is_private), known[0]))
        address = _address(peer)
        if isinstance(address, IPv6Address):
            if address.ipv4_mapped:
                return str(address.ipv4_mapped)
            return str(ip_network((address, IPV6_SHARE), strict=False))
        return peer
