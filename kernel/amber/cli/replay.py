"""`amber replay`: a plugin hears what happened before it was enabled."""

import asyncio
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec.structs import replace

from amber.cli.moments import Moment, Rate, moment
from amber.errors import ConfigError
from amber.processes import runtime

if TYPE_CHECKING:
    from amber.bus import Bus
    from amber.cli.feeding import Feeder, Plan, Replay
    from amber.kernel import Kernel

PATIENCE = 10.0
"""Seconds in which a plugin that runs elsewhere should have answered."""


@click.command("replay")
@click.option("--plugin", required=True, help="Whom to feed.")
@click.option("--since", type=Moment(), default="7d", show_default=True, help="From when: 7d, 12h, or a date.")
@click.option("--until", type=Moment(), default="0s", show_default="now", help="Up to when.")
@click.option("--project", default="", help="Slug or id of the project it is about; all if not given.")
@click.option("--rate", type=Rate(), default="100/s", show_default=True, help="At most so many facts or events.")
@click.option("--dry-run", is_flag=True, help="Only say how much there is.")
@click.option("--resume", is_flag=True, help="Go on with the last replay of this plugin, which was broken off.")
@click.option("--again", is_flag=True, help="Also facts that a replay has told this plugin before.")
def replay_past(data: Path, config: Path | None, dry_run: bool, rate: float, **chosen: Any) -> None:
    """Feed a plugin what happened before: facts, which are kept for 7 days, to its on_fact and evaluate_fact; stored
    events to its enrich_events, whose additions are kept with them. No other plugin hears of it, and nothing is counted
    again.
    """
    try:
        asyncio.run(_replay(data, config, None if dry_run else rate, chosen))
    except KeyboardInterrupt:
        click.echo(f"\nStopped. `amber replay --plugin {chosen['plugin']} --resume` goes on.", err=True)
        raise SystemExit(130) from None


async def _replay(data: Path, config: Path | None, rate: float | None, chosen: Mapping[str, Any]) -> None:
    from amber.bus.connect import NatsBus
    from amber.cli.feeding import Feeder, last_replay
    from amber.kernel import Kernel
    from amber.running.hosts import Hosts
    from amber.switches import read_switches

    settings = runtime.settings(data, config)
    if not settings.bus.url:
        raise ConfigError(f"no Amber has run on {data} yet, and no [bus] url is set")
    bus = await NatsBus(settings.bus).connect(attempts=10)
    kernel = Kernel(settings, data)
    kernel.registry.heed(await read_switches(bus))
    await kernel.start(bus)
    hosts = Hosts(kernel)
    hosting = asyncio.create_task(hosts.run())
    try:
        await _check(kernel, chosen["plugin"])
        wanted = _wanted(kernel, chosen, await last_replay(bus, chosen["plugin"]))
        feeder = Feeder(kernel, bus, wanted, rate or 1.0)
        plan = await feeder.plan()
        _tell(wanted, plan, "would be fed" if rate is None else "is fed")
        if rate is not None:
            await _feed(kernel, bus, feeder, plan)
    finally:
        hosting.cancel()
        await hosts.close()
        await kernel.stop()


async def _check(kernel: "Kernel", name: str) -> None:
    """Raises ConfigError where the plugin does not run, or nothing can be fed to it.

    One with a process of its own is given `PATIENCE` to say hello.
    """
    from amber.errands.hearing import HEARS
    from amber.registry import State

    plugin = kernel.registry.plugins.get(name)
    if plugin is None:
        raise ConfigError(f"there is no plugin {name!r}; `amber plugins` lists those there are")
    deadline = time.monotonic() + PATIENCE
    while plugin.state is State.STARTING:
        if time.monotonic() > deadline:
            break
        await asyncio.sleep(0.05)
    if plugin.state is not State.RUNNING:
        raise ConfigError(f"plugin {name} is {plugin.state}, so it cannot be fed: {plugin.reason}")
    hooks = (*HEARS, "enrich_events")
    if not any(kernel.dispatcher.answers(name, hook) for hook in hooks):
        raise ConfigError(f"plugin {name} has none of {', '.join(hooks)}: there is nothing to feed it")


def _wanted(kernel: "Kernel", chosen: Mapping[str, Any], last: "Replay | None") -> "Replay":
    """The replay to go on with, or a new one. Raises ConfigError."""
    from amber.cli.feeding import Replay

    name = chosen["plugin"]
    if last is not None and last.is_running:
        raise ConfigError(f"plugin {name} is being fed already; end that first, or wait a few seconds if it has died")
    if chosen["resume"]:
        if last is None or last.is_done:
            raise ConfigError(f"no replay of plugin {name} was broken off")
        return last
    project = kernel.stores.directory.project(chosen["project"]) if chosen["project"] else None
    if chosen["project"] and project is None:
        raise ConfigError(f"there is no project {chosen['project']!r}")
    new = Replay(secrets.token_hex(6), name, chosen["since"], chosen["until"], project.id if project else 0)
    return new if last is None or chosen["again"] else replace(new, stream=last.stream, told=last.told)


def _tell(wanted: "Replay", plan: "Plan", verb: str) -> None:
    click.echo(f"{wanted.plugin} {verb} what happened from {moment(wanted.since)} to {moment(wanted.until)}:")
    for what, counts in (("facts", plan.facts), ("stored events", plan.events)):
        kinds = ", ".join(f"{kind} {count:,}" for kind, count in sorted(counts.items()))
        click.echo(f"  {sum(counts.values()):,} {what}{f' ({kinds})' if kinds else ''}")
    if plan.known:
        click.echo(f"  {plan.known:,} facts were fed to it before and are left out; --again takes them in")


async def _feed(kernel: "Kernel", bus: "Bus", feeder: "Feeder", plan: "Plan") -> None:
    from amber.model import AuditEntry

    told = {"since": feeder.replay.since, "until": feeder.replay.until, "project": feeder.replay.project}
    homes = await asyncio.to_thread(kernel.stores.directory.organisations)
    first = min((one.id for one in homes), default=0)  # where its owner looks for what concerns all of Amber
    subject = f"plugin:{feeder.replay.plugin}"
    entry = AuditEntry(first, "cli", "plugin.replay", subject, time.time(), after=told)
    await asyncio.to_thread(kernel.stores.directory.note_change, entry)
    with click.progressbar(length=plan.total, label="Feeding") as bar:
        feeder.on_fed = bar.update
        await feeder.run()
    click.echo(f"{feeder.replay.facts:,} facts and {feeder.replay.events:,} stored events were fed.")
