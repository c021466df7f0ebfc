"""What callers show to prove who they are: cookies, origins, JSON Web Tokens and their claims."""

from collections.abc import Iterator
from contextlib import contextmanager

import jwt

from amber.errors import Denied
from amber.ingest.crosssite import is_cross_site
from amber.model import AuditEntry, Token, new_token
from amber.testing.running import context
from amber_auth.browser import local
from amber_auth.cookie import secret_of
from amber_auth.ember import signed
from amber_auth.keys.origins import is_allowed

from .decoder import Decoder, Run, header_of, json_of, lines_of
from .kernels import JWT_SECRET, URL, running_kernel

NOON = 1_795_300_000.0
FAR = 1 << 40
"""An expiry no clock of ours reaches."""


def decoders() -> list[Decoder]:
    """Headers as anybody can send them, and claims as only a holder of the key can."""
    return [
        Decoder("jwt", lambda: _signed(is_forged=True), (Denied,)),
        Decoder("jwt_claims", lambda: _signed(is_forged=False), (Denied,)),
        Decoder("cookie", _cookie, ()),
        Decoder("origin", _origin, ()),
        Decoder("next_page", _local, ()),
    ]


@contextmanager
def _signed(is_forged: bool) -> Iterator[Run]:
    """The file is a token as it is shown, or the JSON of claims that are signed with the right key."""
    with running_kernel() as (kernel, _):
        ember, directory = context(kernel, "ember"), kernel.stores.directory
        audit = AuditEntry(0, "fuzz", "fuzz", "", NOON)
        organisation = directory.add_organisation("acme", "Acme", audit)
        team = directory.add_team(organisation.id, "web", "Web", audit)
        _, digest = new_token()
        row = Token(0, organisation.id, None, "t", "hint", ("read",), NOON, last_used_at=float(FAR), team=team.id)
        directory.add_token(row, digest, audit)

        def run(data: bytes) -> object:
            if is_forged:
                return signed.signed_principal(header_of(data), ember)
            claims = json_of(data)
            if not isinstance(claims, dict):
                return None
            try:
                shown = jwt.encode({"exp": FAR, "iat": 0, **claims}, JWT_SECRET, algorithm=signed.ALGORITHM)
            except (TypeError, ValueError, RecursionError):  # the library signs no such claims
                return None
            return signed.signed_principal(shown, ember)

        yield run


def _cookie() -> Run:
    def run(data: bytes) -> object:
        secret = secret_of(header_of(data), URL)
        assert ";" not in secret
        return secret

    return run


def _origin() -> Run:
    """The first line is the page's origin, each further one a pattern of the project's."""

    def run(data: bytes) -> object:
        origin, *patterns = header_of(data.replace(b"\n", b"\x00")).split("\x00")
        headers = {"origin": origin, "host": "amber.test"}
        return is_allowed(origin, patterns), is_cross_site("POST", headers, URL)

    return run


def _local() -> Run:
    def run(data: bytes) -> object:
        path, *_ = lines_of(data, 1)
        found = local(header_of(path))
        assert not found or (found.startswith("/") and not found.startswith(("//", "/\\"))), found
        return found

    return run
