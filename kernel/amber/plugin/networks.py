"""Which addresses requests of plugins may go to: public ones, and those of private networks an administrator allows."""

import ipaddress
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from amber.errors import ConfigError, Reject

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
GIVEN_OUT = IPv6Network("2000::/3")
"""All of IPv6 that the Internet uses; the rest is reserved, local or special."""
TRANSLATED = (IPv6Network("64:ff9b::/96"), IPv6Network("::/96"))
"""Where the last four bytes are an IPv4 address: NAT64 (RFC 6052) and the old "IPv4-compatible" form."""
RELAYS = IPv4Network("192.88.99.0/24")
"""Once anycast to the nearest 6to4 relay (RFC 7526)."""


class PrivateAddress(Reject):
    """A request would have gone to an address of a private network."""


def parse_networks(given: Iterable[str]) -> tuple[Network, ...]:
    """The networks of `[outbound] allowed_networks`. Raises ConfigError."""
    try:
        return tuple(ipaddress.ip_network(one, strict=False) for one in given)
    except ValueError as error:
        raise ConfigError(f"[outbound] allowed_networks: {error}; a network looks like 10.1.0.0/16") from None


def allowed(host: str, addresses: Sequence[str], networks: Sequence[Network]) -> list[str]:
    """Those addresses of a host that may be connected to. Raises PrivateAddress when there is none."""
    fit = [one for one in addresses if may_reach(one, networks)]
    if not fit:
        shown = "" if addresses[0] == host else f"{host}: "
        raise PrivateAddress(f"{shown}{addresses[0]} is a private address: allow it with [outbound] allowed_networks")
    return fit


def may_reach(address: str, networks: Sequence[Network]) -> bool:
    """Whether a request may go to this address."""
    given = ipaddress.ip_address(address.partition("%")[0])
    reached = destination(given)
    return is_public(reached) or any(one in network for network in networks for one in (given, reached))


def is_public(address: Address) -> bool:
    """Whether the address is one host's on the Internet. Not so: private, loopback, link-local, multicast, reserved."""
    is_elsewhere = address in RELAYS if address.version == 4 else address not in GIVEN_OUT
    return address.is_global and not address.is_multicast and not is_elsewhere


def destination(address: Address) -> Address:
    """Where a packet to this address may end: IPv4 addresses hide in IPv6 ones (mapped, 6to4, Teredo, NAT64)."""
    if isinstance(address, IPv4Address):
        return address
    hidden = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
    if hidden is None and int(address) > 1 and any(address in network for network in TRANSLATED):
        hidden = IPv4Address(int(address) & 0xFFFFFFFF)
    return hidden or address
