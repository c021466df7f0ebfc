"""What the bus lets a plugin do that does not run inside Amber: compiled from its manifest, held by the server."""

import hmac
import re
from collections.abc import Iterable

from amber.bus import fact_subject
from amber.config import BusConfig
from amber.errors import ConfigError
from amber.hosting.rpc import QUESTIONS, rpc_subject
from amber.plugin.manifest import Manifest
from amber.processes.natsserver import Guest

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
FACT = re.compile(r"[a-z0-9_]+\.[a-z0-9_]+")


def check_guest(manifest: Manifest) -> None:
    """Raises ConfigError where a plugin cannot run outside of Amber's processes, or names what reaches too far."""
    if not NAME.fullmatch(manifest.name):
        raise ConfigError(f"the name {manifest.name!r} cannot be used outside of Amber's processes: use a-z, 0-9, _, -")
    for kind in manifest.rights.publish:
        if not FACT.fullmatch(kind):
            raise ConfigError(f"rights.publish names {kind!r}, which is no type of a fact, such as thing.happened")
    if found := inside(manifest):
        raise ConfigError(only_inside(manifest.name, found))


def inside(manifest: Manifest, answered: Iterable[str] = ()) -> tuple[str, ...]:
    """What a plugin has, or answers, that can only be had inside of Amber's own processes."""
    rights = [f"rights.{name}" for name in ("tables", "roles", "kernel") if getattr(manifest.rights, name)]
    return (*sorted({*manifest.hooks, *answered} - QUESTIONS.keys()), *rights)


def only_inside(plugin: str, what: Iterable[str]) -> str:
    """Why a plugin cannot run where it is meant to, and the mend."""
    return (
        f"{', '.join(what)} can only be had inside of Amber's own processes:"
        f' set [plugins.{plugin}] isolation = "inline" if you trust this plugin with them'
    )


def guest(manifest: Manifest, bus: BusConfig) -> Guest:
    """A plugin's login. Its password follows from Amber's own, so that every process knows it and none has to keep it.

    Raises ConfigError where the manifest cannot be used for one.
    """
    check_guest(manifest)
    return Guest(
        login_name(manifest.name),
        password(bus, manifest.name),
        hears=(rpc_subject(manifest.name, "*"), f"{inbox(manifest.name)}.>"),
        says=(rpc_subject(manifest.name, "*.*"), *(fact_subject(kind, "*") for kind in manifest.rights.publish)),
    )


def guests(manifests: Iterable[Manifest], bus: BusConfig) -> list[Guest]:
    """The logins of those whose manifests can be used."""
    found = []
    for manifest in manifests:
        try:
            found.append(guest(manifest, bus))
        except ConfigError:  # the plugin's state says why, wherever it would run
            continue
    return found


def bus_of(plugin: str, bus: BusConfig) -> BusConfig:
    """How a plugin reaches the bus. A bus that lets in anybody holds nobody to their rights."""
    login = login_name(plugin) if bus.token else ""
    return BusConfig(url=bus.url, user=login, token=password(bus, plugin))


def login_name(plugin: str) -> str:
    """Who a plugin is to the bus."""
    return f"plugin-{plugin}"


def inbox(plugin: str) -> str:
    """The prefix of the subjects on which a plugin, and nobody else, hears answers."""
    return f"_INBOX_{plugin}"


def password(bus: BusConfig, plugin: str) -> str:
    """What a plugin's login needs; empty where Amber itself needs nothing."""
    return hmac.new(bus.token.encode(), f"plugin {plugin}".encode(), "sha256").hexdigest() if bus.token else ""
