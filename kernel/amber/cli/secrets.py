"""`amber secrets`: the keys that seal what is kept in the database."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec

from amber.cli.options import placed
from amber.model import AuditEntry, Directory, PluginSettings, Target
from amber.processes import runtime
from amber.tables.vault import Vault, is_sealed
from amber.tables.vault import new_key as make_key


@click.group()
def secrets() -> None:
    """The keys that seal webhook secrets and their like in the database."""


@click.command("new-key")
def new_key() -> None:
    """Print a key for `[secrets] keys`; put it first, keep the old ones behind it, then rotate."""
    click.echo(make_key())


@click.command()
def rotate(data: Path, config: Path | None) -> None:
    """Seal everything anew with the newest key; afterwards the older keys may go."""
    from amber.kernel import Kernel

    async def run() -> int:
        kernel = Kernel(runtime.settings(data, config), data)
        await kernel.start()
        try:
            return reseal(kernel.stores.directory, kernel.sender.vault)
        finally:
            await kernel.stop()

    count = asyncio.run(run())
    click.echo(f"{count} {'place' if count == 1 else 'places'} with secrets sealed anew.")


secrets.add_command(new_key)
secrets.add_command(placed(rotate))


def reseal(directory: Directory, vault: Vault) -> int:
    """Seal all secrets with the newest key; how many targets, and settings of plugins, that changed. Raises Reject."""
    changed = 0
    for organisation, target in _targets(directory):
        settings = {name: _with_newest(value, vault) for name, value in target.settings.items()}
        if settings != target.settings:
            audit = AuditEntry(organisation, "system", "target.resealed", f"target:{target.id}", time.time())
            directory.change_target(target.id, {"settings": settings}, audit)
            changed += 1
    return changed + sum(_resealed(directory, row, vault) for row in directory.plugin_settings())


def _resealed(directory: Directory, row: PluginSettings, vault: Vault) -> bool:
    values = {name: _with_newest(value, vault) for name, value in row.values.items()}
    if values == row.values:
        return False
    audit = AuditEntry(row.organisation or 0, "system", "settings.resealed", f"plugin:{row.plugin}", time.time())
    directory.set_plugin_settings(msgspec.structs.replace(row, values=values), audit)
    return True


def _targets(directory: Directory) -> Iterator[tuple[int, Target]]:
    for organisation in directory.organisations():
        for project in directory.projects(organisation.id):
            for target in directory.targets(project.id):
                yield organisation.id, target


def _with_newest(value: Any, vault: Vault) -> Any:
    is_old = is_sealed(value) and vault.needs_rotation(value)
    return vault.seal(vault.open(value)) if is_old else value
