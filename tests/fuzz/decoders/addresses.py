"""Addresses and headers that other servers and proxies send."""

from amber.errors import Reject
from amber.ingest.intake import client_ip
from amber.plugin.networks import parse_networks
from amber.plugin.outbound import read_url
from amber_integrations.webhook.answers import seconds

from .decoder import Decoder, Run, header_of, lines_of, text_of


def decoders() -> list[Decoder]:
    """What webhooks point at and answer, and what proxies say of a client."""
    return [
        Decoder("url", lambda: lambda data: read_url(text_of(data)), (Reject,)),
        Decoder("retry_after", _retry_after, ()),
        Decoder("forwarded_for", _forwarded, ()),
    ]


def _retry_after() -> Run:
    def run(data: bytes) -> object:
        return seconds(header_of(data), 1_795_300_000.0)

    return run


def _forwarded() -> Run:
    """The first line is the peer, the second the header."""
    proxies = parse_networks(["10.0.0.0/8", "fd00::/8"])

    def run(data: bytes) -> object:
        peer, header = lines_of(data, 2)
        return client_ip(header_of(peer), {"x-forwarded-for": header_of(header)}, proxies)

    return run
