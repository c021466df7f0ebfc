"""`amber.toml` and the environment, read into Structs; every problem is found at once, with its line."""

import difflib
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeVar, cast, get_args, get_origin

import msgspec
from msgspec import UNSET, Meta, Struct

from amber.errors import ConfigError
from amber.model.secrets import Secret

T = TypeVar("T")


class Server(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the HTTP side listens and how it is reached."""

    host: Annotated[str, Meta(description="Address to listen on")] = "127.0.0.1"
    port: Annotated[int, Meta(description="Port to listen on", ge=0, le=65535)] = 8000
    public_url: Annotated[str, Meta(description="Address people and SDKs use; empty: made from host and port")] = ""
    trusted_proxies: Annotated[
        tuple[str, ...], Meta(description="Peers (address or network) whose X-Forwarded-For is believed")
    ] = ()

    @property
    def url(self) -> str:
        """The address to show to people, without a final slash."""
        host = "127.0.0.1" if self.host in {"", "0.0.0.0", "::"} else self.host  # noqa: S104 - compared, not bound
        return (self.public_url or f"http://{host}:{self.port}").rstrip("/")


class BusConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """The NATS server that carries items and facts."""

    url: Annotated[str, Meta(description="nats:// address; empty: `amber up` starts its own server")] = ""
    user: Annotated[str, Meta(description="User to log in as, with `token` as password; empty: the token alone")] = ""
    token: Annotated[str, Meta(description="Token or password to log in with")] = ""
    durability: Annotated[
        Literal["power", "process"],
        Meta(description="What a 200 survives: loss of power (fsync) or the death of any process"),
    ] = "power"
    partitions: Annotated[int, Meta(description="Subjects items are spread over", ge=1, le=256)] = 1
    max_bytes: Annotated[int, Meta(description="Bytes of waiting items before clients hear 503", ge=1 << 20)] = 8 << 30


class DatabaseConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """The relational database."""

    url: Annotated[
        str, Meta(description="sqlite:///… or postgresql+psycopg://…; empty: a SQLite file in the data folder")
    ] = ""


class IngestConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """What the edge takes in."""

    max_in_flight: Annotated[
        int, Meta(description="Bytes of request bodies held at once before clients hear 503", ge=1 << 20)
    ] = 256 << 20
    publish_timeout: Annotated[float, Meta(description="Seconds to wait for the bus before a 503", gt=0)] = 5.0


class WorkerConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """How a worker digests."""

    batch: Annotated[int, Meta(description="Messages (frames) taken from the bus at once", ge=1, le=1000)] = 128
    attempts: Annotated[int, Meta(description="Deliveries of one message before it is dead-lettered", ge=1)] = 8
    ack_wait: Annotated[float, Meta(description="Seconds without a sign of life before a redelivery", ge=1)] = 5.0
    hang_after: Annotated[
        float, Meta(description="Seconds a worker may be stuck as a whole before it ends itself", gt=0)
    ] = 30.0
    pause_share: Annotated[
        float, Meta(description="Share of dead letters among a consumer's last ends that pauses it", gt=0, le=1)
    ] = 0.5
    probe_after: Annotated[
        float, Meta(description="Seconds before a paused consumer tries one message; it doubles up to 300", gt=0)
    ] = 10.0


class OutboundConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """Requests that plugins send to the outside."""

    allowed_networks: Annotated[
        tuple[str, ...],
        Meta(description="Private networks (such as 10.1.0.0/16) that requests may go to; all others are refused"),
    ] = ()


class SecretsConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """What seals the secrets that are kept in the database."""

    keys: Annotated[
        tuple[Secret, ...],
        Meta(description="Keys (32 bytes, URL-safe base64), the newest first; empty: made up in the data folder"),
    ] = ()


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """All of `amber.toml`. `plugins` keeps each plugin's table as it stands until the plugin is loaded."""

    server: Server = Server()
    bus: BusConfig = BusConfig()
    database: DatabaseConfig = DatabaseConfig()
    ingest: IngestConfig = IngestConfig()
    worker: WorkerConfig = WorkerConfig()
    outbound: OutboundConfig = OutboundConfig()
    secrets: SecretsConfig = SecretsConfig()
    plugins: Annotated[
        dict[str, dict[str, Any]],
        Meta(
            description="One table per plugin; `enabled` switches it, `isolation` (inline, process, remote) says where"
            " it runs, `memory_mb` how much memory a process of its own may take"
        ),
    ] = {}
    roles: Annotated[dict[str, str], Meta(description="Which plugin holds a role, such as `issue_store`")] = {}
    order: Annotated[dict[str, tuple[str, ...]], Meta(description="Order of plugins in a hook")] = {}


SWITCHES = frozenset({"enabled", "isolation", "memory_mb"})
"""Keys of a plugin's table that are Amber's: whether it runs, where, and how much memory it may take there."""


class Placing(Struct, frozen=True):
    """Where a plugin runs: inside Amber's processes, in one of its own, or somewhere else, started by somebody else."""

    isolation: Literal["inline", "process", "remote"] = "inline"
    memory_mb: Annotated[int, Meta(ge=64)] = 256


class Problem(Struct, frozen=True):
    """One thing wrong with a configuration, and where."""

    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


def load(path: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of `path` (defaults where it does not exist) with `AMBER_<SECTION>_<KEY>` laid over them.

    Raises ConfigError that lists every problem, one a line.
    """
    settings, problems = check(path, environment)
    if problems:
        raise ConfigError("\n".join(map(str, problems)))
    return settings


def check(path: Path, environment: Mapping[str, str] = os.environ) -> tuple[Settings, list[Problem]]:
    """The settings as far as they can be read, and everything that is wrong with them."""
    try:
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        raw = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return Settings(), [Problem(str(path), f"not TOML: {error}")]
    problems: list[Problem] = []

    laid_over = _overlay(raw, environment)

    def report(where: tuple[str, ...], message: str) -> None:
        problems.append(Problem(laid_over.get(where) or _place(path, text, where), message))

    return _read(raw, Settings, (), report), problems


def plugin_config(
    raw: Mapping[str, Any],
    schema: type[T],
    plugin: str,
    environment: Mapping[str, str],
    stored: Mapping[str, Any] = MappingProxyType({}),
) -> T:
    """A plugin's own table as its Config Struct; `{ env = "NAME" }` stands for a variable of the environment.

    `stored` is what people set elsewhere: it holds where the table says nothing, and may name what is no more.
    """
    problems: list[str] = []
    known = {field.encode_name for field in msgspec.structs.fields(cast("type[Struct]", schema))}
    table = {key: value for key, value in stored.items() if key in known} | plugin_values(raw, environment)
    config = _read(table, schema, (), lambda where, message: problems.append(f"{'.'.join(where)}: {message}"))
    if problems:
        raise ConfigError(f"[plugins.{plugin}] " + "; ".join(problems))
    return config


def plugin_values(raw: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """The plugin's own keys of its table, with the values that stand in the environment."""
    return {key: _from_environment(value, environment) for key, value in raw.items() if key not in SWITCHES}


def _from_environment(value: Any, environment: Mapping[str, str]) -> Any:
    if isinstance(value, dict) and set(value) == {"env"}:
        name = str(value["env"])
        if name not in environment:
            raise ConfigError(f"the environment has no variable {name}, which amber.toml names")
        return environment[name]
    return value


def _overlay(raw: dict[str, Any], environment: Mapping[str, str]) -> dict[tuple[str, ...], str]:
    """Lay variables of the environment over the tables; which variable each key came from."""
    laid_over: dict[tuple[str, ...], str] = {}
    for section in msgspec.structs.fields(Settings):
        kind = section.type
        if not (isinstance(kind, type) and issubclass(kind, Struct)):
            continue
        for field in msgspec.structs.fields(kind):
            variable = f"AMBER_{section.name}_{field.name}".upper()
            table = raw.setdefault(section.name, {}) if variable in environment else None
            if isinstance(table, dict):  # anything else is reported when it is read
                text = environment[variable]
                table[field.encode_name] = _parts(text) if _is_list(field.type) else text
                laid_over[section.name, field.encode_name] = variable
    return laid_over


def _is_list(kind: Any) -> bool:
    plain = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    return get_origin(plain) is tuple


def _parts(text: str) -> list[str]:
    """What a variable holds for a list: its parts, separated by commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


def _read(raw: Any, schema: type[T], where: tuple[str, ...], report: Callable[[tuple[str, ...], str], None]) -> T:
    """`raw` as `schema`, field by field, so that one wrong field does not hide the next."""
    if not isinstance(raw, dict):
        report(where, "must be a table")
        raw = {}
    fields = {field.encode_name: field for field in msgspec.structs.fields(cast("type[Struct]", schema))}
    for key in raw.keys() - fields.keys():
        close = difflib.get_close_matches(key, fields, n=1)
        report((*where, key), f"unknown key {key!r}" + (f"; did you mean {close[0]!r}?" if close else ""))
    values: dict[str, Any] = {}
    for name, field in fields.items():
        if name in raw:
            value = _field(raw[name], field.type, (*where, name), report)
            if value is not UNSET:
                values[field.name] = value
        elif field.required:
            report((*where, name), "is missing")
    try:
        return schema(**values)
    except TypeError:  # a required field is missing and has been reported
        return UNSET  # type: ignore[return-value]


def _field(raw: Any, kind: Any, where: tuple[str, ...], report: Callable[[tuple[str, ...], str], None]) -> Any:
    if isinstance(kind, type) and issubclass(kind, Struct):
        return _read(raw, kind, where, report)
    try:
        return msgspec.convert(raw, kind, strict=not isinstance(raw, str), dec_hook=_secret)
    except msgspec.ValidationError as error:
        report(where, str(error))
        return UNSET


def _secret(kind: type, value: Any) -> Any:
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise ValueError(f"expected {kind.__name__}")


def _place(path: Path, text: str, where: tuple[str, ...]) -> str:
    """`path:line` of the key, found by its table's header and its name; `path` alone where it is not found."""
    wanted, table = ".".join(where), ""
    for number, line in enumerate(text.splitlines(), 1):
        found = ""
        if header := re.match(r"\s*\[([^\[\]]+)\]", line):
            found = table = header[1].replace('"', "").replace(" ", "")
        elif key := re.match(r'\s*"?([\w-]+)"?\s*[.=]', line):
            found = ".".join(filter(None, (table, key[1])))
        if found == wanted:
            return f"{path}:{number}"
    return str(path)
