"""Who asks, and what they may touch."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

from msgspec import Struct

Role = Literal["owner", "admin", "member"]
"""What somebody is in an organisation; see `amber.model.scopes` for what each may do."""


class Principal(Struct, frozen=True):
    """Who is asking.

    `projects` is set where the principal reaches these projects alone (a project key, a project's or a team's token);
    None is every project of its organisation. `scopes` are names such as `project:read`; see `amber.model.scopes`.
    `session` is the id of the session a person came with; such a request may be another site's doing, so the kernel
    refuses it where the browser says that it is.
    """

    kind: Literal["anonymous", "key", "token", "user", "system"]
    id: str = ""
    name: str = ""
    organisation: int | None = None
    projects: frozenset[int] | None = None
    scopes: frozenset[str] = frozenset()
    session: int | None = None

    @property
    def project(self) -> int | None:
        """The project it is bound to, where that is one."""
        return next(iter(self.projects)) if self.projects is not None and len(self.projects) == 1 else None

    def reaches(self, project: int) -> bool:
        """Whether a project of its organisation is among those it may know of."""
        return self.projects is None or project in self.projects


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
    """A person. `password_hash` is empty for those who cannot log in by password.

    `is_superuser`: looks after the whole installation: switches plugins, sees dead letters.
    """

    id: int
    email: str
    name: str
    password_hash: str
    created_at: float
    is_superuser: bool = False


class Member(Struct, frozen=True):
    """A person's place in an organisation."""

    user: User
    organisation: int
    role: Role
    joined_at: float


class Invitation(Struct, frozen=True):
    """A place in an organisation kept for an e-mail address until `expires_at`; its secret is known by a hash alone."""

    id: int
    organisation: int
    email: str
    role: Role
    invited_by: str
    created_at: float
    expires_at: float


class Session(Struct, frozen=True):
    """A person's stay in one browser, acting for one organisation; its secret is known by a hash alone."""

    id: int
    user: int
    organisation: int
    created_at: float
    last_used_at: float
    expires_at: float
    client_ip: str
    user_agent: str


class LoginField(Struct, frozen=True):
    """A field of a login form; `type` and `autocomplete` are HTML's."""

    name: str
    label: str
    type: str = "text"
    autocomplete: str = ""


class LoginMethod(Struct, frozen=True):
    """One way to prove who one is.

    `verify(form, client_ip)` answers the person whose proof the form holds, or raises `Denied`: status 401 for a wrong
    proof, 429 for too many of them. It may be slow (a password's hash is meant to be).
    """

    name: str
    title: str
    fields: tuple[LoginField, ...]
    verify: Callable[[Mapping[str, str], str], User | Awaitable[User]]


class Token(Struct, frozen=True):
    """An API token; only a hash of the secret is kept, `hint` is its last four characters.

    It reaches one `project`, or the projects of a `team`, or where both are None every project of the organisation.
    """

    id: int
    organisation: int
    project: int | None
    name: str
    hint: str
    scopes: tuple[str, ...]
    created_at: float
    last_used_at: float | None = None
    revoked_at: float | None = None
    team: int | None = None


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
