"""What AMBER's headers are checked against."""

import ipaddress
import re
from typing import Annotated

import pyotp
from msgspec import Meta, Struct

from amber import Secret
from amber.errors import ConfigError

SHORTEST_KEY = 32
"""Characters of a secret that signs: RFC 7518 wants as many bits as the hash has."""


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """How AMBER's clients may log in; what is left empty is refused."""

    admin_secret: Annotated[
        Secret, Meta(description="What `x-ember-admin` must hold; empty: nobody is admin by it")
    ] = Secret("")
    totp_secret: Annotated[
        Secret, Meta(description="Base32 secret of the one-time codes wanted in `x-ember-otp`; empty: none are")
    ] = Secret("")
    admin_networks: Annotated[
        tuple[str, ...], Meta(description="Networks (such as 10.0.0.0/8) the admin may come from; empty: any")
    ] = ()
    organisation: Annotated[str, Meta(description="Slug of the admin's organisation; empty: the only one")] = ""
    jwt_secret: Annotated[
        Secret, Meta(description="Signs the JSON Web Tokens of teams, 32 characters at least; empty: none are taken")
    ] = Secret("")


def check(config: Config) -> None:
    """Raises ConfigError that says what is wrong and how to mend it."""
    if config.jwt_secret and len(config.jwt_secret) < SHORTEST_KEY:
        raise ConfigError(f"[plugins.ember] jwt_secret has {SHORTEST_KEY} characters at least")
    try:
        if config.totp_secret:
            pyotp.TOTP(plain_secret(config)).at(0)
    except ValueError:
        wanted = "23 letters A to Z and digits 2 to 7 at least"
        raise ConfigError(f"[plugins.ember] totp_secret cannot be used: base32 is wanted, {wanted}") from None
    for network in config.admin_networks:
        try:
            ipaddress.ip_network(network, strict=False)
        except ValueError as error:
            raise ConfigError(f"[plugins.ember] admin_networks: {error}") from None


def plain_secret(config: Config) -> str:
    """The secret of the one-time codes without the spaces and dashes people copy along."""
    return re.sub(r"[\s-]", "", config.totp_secret)
