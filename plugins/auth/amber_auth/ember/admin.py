"""The admin of AMBER's clients: one secret, one-time codes and networks."""

import hmac
import ipaddress

from amber import Context
from amber.errors import Denied
from amber.model import AuthRequest, Directory, Principal
from amber_auth.ember.codes import Codes
from amber_auth.ember.config import Config, plain_secret
from amber_auth.failures import Failures, address

LIMIT = 10
"""Wrong secrets or codes from one address within five minutes before even right ones have to wait."""
LONGEST_NAME = 100


def admin(request: AuthRequest, ctx: Context[Config]) -> Principal:
    """The admin whose secret came in `x-ember-admin`; `Denied` says what is missing."""
    if not ctx.config.admin_secret:
        raise Denied("no admin secret is set here: give [plugins.ember] admin_secret in amber.toml", status=401)
    if not _is_near(request.client_ip, ctx.config.admin_networks):
        raise Denied("the admin may not come from this address: see [plugins.ember] admin_networks", status=401)
    _prove(request, ctx)
    actor = "".join(letter for letter in request.headers.get("x-ember-actor", "") if letter.isprintable())
    return Principal(
        kind="token",
        id="ember-admin",
        name=actor.strip()[:LONGEST_NAME] or "admin",
        organisation=_organisation(ctx.role("directory"), ctx.config.organisation),
        scopes=frozenset({"admin"}),
    )


def _prove(request: AuthRequest, ctx: Context[Config]) -> None:
    """Returns where secret and one-time code are right; counts what is wrong."""
    failures = ctx.keep("failures", lambda: Failures(ctx.database, "ember"))
    who, now = address(request.client_ip), ctx.now()
    if failures.count(who, now) >= LIMIT:
        raise Denied("too many wrong admin secrets or codes from here: wait five minutes", status=429)
    if not _is_same(request.headers.get("x-ember-admin", ""), ctx.config.admin_secret):
        failures.note([who], now)
        raise Denied("the admin secret is wrong", status=401)
    if not ctx.config.totp_secret:
        return
    codes = Codes(ctx.database, plain_secret(ctx.config))
    step = codes.step_of(request.headers.get("x-ember-otp", ""), now)
    if step is None:
        failures.note([who], now)
        raise Denied("x-ember-otp needs the one-time code of now", status=401)
    if not codes.take(step):  # no guess, so it is not counted: the admin's own script may be too quick
        raise Denied("this one-time code was used before: wait for the next one", status=401)


def _is_same(shown: str, kept: str) -> bool:
    return hmac.compare_digest(shown.encode("utf-8", "surrogatepass"), kept.encode("utf-8", "surrogatepass"))


def _is_near(client_ip: str, networks: tuple[str, ...]) -> bool:
    if not networks:
        return True
    try:
        place = ipaddress.ip_address(client_ip)
    except ValueError:
        return False
    return any(place in ipaddress.ip_network(network, strict=False) for network in networks)


def _organisation(directory: Directory, slug: str) -> int:
    every = directory.organisations()
    found = [one for one in every if one.slug == slug] if slug else list(every)
    if len(found) == 1:
        return found[0].id
    reason = f"there is no organisation {slug!r}" if slug else f"there are {len(found)} organisations"
    raise Denied(f"{reason}: say whose admin this is with [plugins.ember] organisation", status=409)
