"""Whether a password proves who somebody is, and how often one may try."""

from collections.abc import Mapping
from typing import Any

from amber import Context
from amber.errors import Denied
from amber.model import Directory, User
from amber_auth.failures import Failures, account, address
from amber_auth.password.hashing import is_right
from amber_auth.password.rule import LONGEST

PER_ACCOUNT, PER_ADDRESS = 5, 50
"""Wrong passwords within five minutes, for one account from one address and for all accounts from one address,
before even a right one has to wait."""


def proven(form: Mapping[str, str], client_ip: str, ctx: Context[Any]) -> User:
    """The person whose `email` and `password` the form holds; `Denied` with 401 or, after too many wrong ones, 429.

    A stranger costs the work of somebody known, so that the time taken tells nobody who is known.
    """
    email, password = form.get("email", "").strip(), form.get("password", "")
    failures = ctx.keep("failures", lambda: Failures(ctx.database, "password"))
    limits, now = {account(email, client_ip): PER_ACCOUNT, address(client_ip): PER_ADDRESS}, ctx.now()
    _check(failures, limits, now)
    # noted before it is known to be wrong: requests sent at once must not all be let through to the hash
    failures.note(tuple(limits), now)
    _check(failures, {who: limit + 1 for who, limit in limits.items()}, now)
    directory: Directory = ctx.role("directory")
    found = directory.user_by_email(email) if email.isprintable() else None
    fits = is_right(password if len(password) <= LONGEST else "", found.password_hash if found else "")
    if found is None or not fits:
        raise Denied("the e-mail or the password is wrong", status=401)
    failures.forget(account(email, client_ip))
    failures.forget(address(client_ip), at=now)
    return found


def _check(failures: Failures, limits: Mapping[str, int], now: float) -> None:
    if any(failures.count(who, now) >= limit for who, limit in limits.items()):
        raise Denied("too many wrong passwords from here: wait five minutes", status=429)
