"""`amber plugins credentials` and `run`: a plugin that runs on another host, and how it reaches the bus."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec
from msgspec import Struct

from amber.bus.reading import read_json
from amber.config import BusConfig, Settings, plugin_values
from amber.errors import ConfigError
from amber.plugin.manifest import Manifest
from amber.processes import runtime

if TYPE_CHECKING:
    from amber.registry import Plugin


class Credentials(Struct, frozen=True):
    """How a plugin reaches the bus: the login, where it hears answers, where it is asked, what it may publish to."""

    url: str
    user: str
    password: str
    inbox: str
    asked: str
    publishes: str


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.option(
    "--nats", "as_nats", is_flag=True, help="Print who may log in to a NATS server of your own, Amber included."
)
def credentials(name: str | None, data: Path, config: Path | None, as_json: bool, as_nats: bool) -> None:
    """Print how a plugin that runs elsewhere logs in to the bus, and what it may do there. Passwords are secrets."""
    from amber.hosting.logins import guest

    settings = runtime.settings(data, config)
    if as_nats:
        click.echo(_logins(settings), nl=False)
        return
    if name is None:
        raise click.UsageError("name a plugin, or give --nats for all that a server of your own must know")
    _, manifest = _installed(name, settings)
    if not settings.bus.token:
        raise ConfigError("the bus has no password yet: start Amber once, or set [bus] url, user and token")
    login = guest(manifest, settings.bus)
    inbox, says = login.hears[1].removesuffix(".>"), " ".join(login.says)
    said = Credentials(settings.bus.url, login.name, login.password, inbox, login.hears[0], says)
    if as_json:
        click.echo(msgspec.json.encode(said).decode())
        return
    for key, value in msgspec.structs.asdict(said).items():
        click.echo(f"{key:<10}{value}")


def _logins(settings: Settings) -> str:
    """The part of a server's configuration that lets Amber in, and the plugins that run outside of its processes."""
    from amber.hosting.logins import guests
    from amber.processes.natsserver import Guest, authorization
    from amber.registry import discover

    bus = settings.bus
    if not (bus.user and bus.token):
        raise ConfigError(
            "a server that tells plugins from Amber needs a login of Amber's own: set [bus] user and token"
        )
    manifests = [one.manifest for one in discover(settings) if one.manifest and one.placing.isolation != "inline"]
    return authorization([Guest(bus.user, bus.token, (), ()), *guests(manifests, bus)])


@click.command()
@click.argument("name")
@click.option(
    "--credentials",
    "file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=True,
    help="What `amber plugins credentials NAME --json` printed beside Amber.",
)
def run(name: str, data: Path, config: Path | None, file: Path) -> None:
    """Run a plugin in this process until SIGTERM, for an Amber elsewhere where it has isolation = "remote"."""
    from amber.hosting import child
    from amber.hosting.rpc import Given, encode

    settings = runtime.settings(data, config)
    plugin, manifest = _installed(name, settings)
    printed = f"in {file}: what `amber plugins credentials {name} --json` prints"
    login = read_json(file.read_bytes(), Credentials, printed)
    values = plugin_values(settings.plugins.get(name, {}), os.environ)
    bus, networks = BusConfig(login.url, login.user, login.password), settings.outbound.allowed_networks
    child.run(encode(Given(manifest, plugin.place, plugin.version, "", values, bus, str(data), networks)))


def _installed(name: str, settings: Settings) -> tuple["Plugin", Manifest]:
    """A plugin that is installed here. Raises ConfigError."""
    from amber.registry import discover

    found = next((one for one in discover(settings) if one.name == name), None)
    if found is None or found.manifest is None:
        reason = f"there is no plugin {name!r}: install the package that holds its manifest"
        raise ConfigError(found.reason if found else reason)
    return found, found.manifest
