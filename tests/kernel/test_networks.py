import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amber.errors import ConfigError, Reject
from amber.plugin.networks import allowed, may_reach, parse_networks

PRIVATE = (
    "0.0.0.0",
    "10.0.0.7",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:10.0.0.7",
    "::ffff:169.254.169.254",
    "64:ff9b::10.0.0.7",
    "64:ff9b:1::1",
    "100::1",
    "2001:db8::1",
    "2002:a00:7::1",
    "2001:0:4136:e378:8000:63bf:f5ff:fff8",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
)
PUBLIC = ("1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1")


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_the_internets_is_refused(address: str) -> None:
    with pytest.raises(Reject, match=r"is a private address: allow it with \[outbound\] allowed_networks"):
        allowed("hooks.example.org", [address], ())


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_may_be_reached(address: str) -> None:
    assert allowed("hooks.example.org", [address], ()) == [address]


@pytest.mark.parametrize("address", ["10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::10.1.2.3", "fd12:3456::1"])
def test_an_allowed_network_may_be_reached_however_it_is_written(address: str) -> None:
    networks = parse_networks(["10.1.0.0/16", "fd12:3456::/32"])
    assert may_reach(address, networks)
    assert not may_reach("10.2.0.1", networks)


def test_of_several_addresses_the_private_ones_are_left_out() -> None:
    assert allowed("h", ["10.0.0.1", "1.1.1.1", "127.0.0.1"], ()) == ["1.1.1.1"]


@pytest.mark.parametrize(
    ("host", "shown"), [("hooks.example.org", "hooks.example.org: 10.0.0.7 is"), ("10.0.0.7", "10.0.0.7 is")]
)
def test_the_refusal_names_host_and_address(host: str, shown: str) -> None:
    with pytest.raises(Reject) as refused:
        allowed(host, ["10.0.0.7"], ())
    assert refused.value.detail.startswith(shown)


def test_a_network_nobody_can_read_is_told() -> None:
    with pytest.raises(ConfigError, match=r"\[outbound\] allowed_networks: .*'10\.1'.*looks like 10\.1\.0\.0/16"):
        parse_networks(["10.1"])


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_judged_alike_in_every_disguise(address: ipaddress.IPv4Address) -> None:
    verdict = may_reach(str(address), ())
    number = int(address)
    disguises = [0xFFFF << 32 | number, 0x0064_FF9B << 96 | number, 0x2002 << 112 | number << 80]
    assert [may_reach(str(ipaddress.IPv6Address(one)), ()) for one in disguises] == [verdict] * 3


@given(st.ip_addresses())
def test_no_address_that_python_calls_private_is_reached(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    inner = getattr(address, "ipv4_mapped", None) or address
    if inner.is_private or inner.is_loopback or inner.is_link_local or inner.is_multicast or inner.is_unspecified:
        assert not may_reach(str(address), ())
