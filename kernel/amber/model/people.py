"""Who asks, and what they may touch."""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct


class Principal(Struct, frozen=True):
    """Who is asking.

    `project` is set where the principal is bound to one project (a project key, a project's token). `scopes` are names
    such as `project:read`; see `amber.access`.
    """

    kind: Literal["anonymous", "key", "token", "user", "system"]
    id: str = ""
    name: str = ""
    organisation: int | None = None
    project: int | None = None
    scopes: frozenset[str] = frozenset()


class AuthRequest(Struct, frozen=True):
    """What is known of a request when the kernel asks who it is from. Header names are lower case.

    `key` and `project` are what an ingest protocol found; both are empty for every other request.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    client_ip: str
    key: str = ""
    project: str = ""


class Resource(Struct, frozen=True):
    """What an action is about: an organisation, and a project in it where there is one."""

    organisation: int | None = None
    project: int | None = None


class Organisation(Struct, frozen=True):
    """The tenant: everything belongs to one. Times are Unix seconds."""

    id: int
    slug: str
    name: str
    created_at: float


class Team(Struct, frozen=True):
    """A group of people in one organisation."""

    id: int
    organisation: int
    slug: str
    name: str
    created_at: float


class Project(Struct, frozen=True):
    """One app whose errors are kept together.

    `settings` hold what plugins read per project, such as `scrub_ip_addresses` or `allowed_domains`.
    """

    id: int
    organisation: int
    slug: str
    name: str
    platform: str
    created_at: float
    settings: Mapping[str, object] = {}


class ProjectKey(Struct, frozen=True):
    """A key SDKs send with; `public_key` is 32 hex digits and no secret."""

    id: int
    project: int
    public_key: str
    label: str
    is_active: bool
    created_at: float


class User(Struct, frozen=True):
    """A person in one organisation. `role` is owner, admin or member."""

    id: int
    organisation: int
    email: str
    name: str
    role: str
    password_hash: str
    created_at: float


class Token(Struct, frozen=True):
    """An API token; only a hash of the secret is kept, `hint` is its last four characters."""

    id: int
    organisation: int
    project: int | None
    name: str
    hint: str
    scopes: tuple[str, ...]
    created_at: float
    last_used_at: float | None = None
    revoked_at: float | None = None


class AuditEntry(Struct, frozen=True):
    """One change somebody made: who, what, from where, before and after."""

    organisation: int
    actor: str
    action: str
    subject: str
    at: float
    before: Mapping[str, object] = {}
    after: Mapping[str, object] = {}
    client_ip: str = ""
