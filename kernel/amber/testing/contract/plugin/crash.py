"""Trouble: arguments that are none, two kernels at once, an end without warning; host and plugin live through it."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from inspect import signature
from pathlib import Path
from typing import Any

from amber.errors import AmberError
from amber.plugin import spec
from amber.plugin.spec import Kind, hooks
from amber.registry import State
from amber.testing.bench import Bench, as_it_is
from amber.testing.contract.plugin.base import Contract
from amber.testing.contract.plugin.fitting import counts_for
from amber.testing.memorybus import MemoryBus
from amber.testing.subject import Subject, make_kernel

NOT_ASKED = ("plugin_start", "plugin_stop", "cli_commands")
"""Hooks whose failure has a place of its own, or that are asked without arguments."""
RUBBISH: tuple[Any, ...] = (None, 7, "", [], {}, object())
KILLED = """
import asyncio, json, os, sys
from pathlib import Path
from typing import Any
from amber.testing.memorybus import MemoryBus
from amber.testing.subject import find_plugin, make_kernel
subject = find_plugin(sys.argv[1], json.loads(sys.argv[3]))
async def live():
    await make_kernel(subject, Path(sys.argv[2])).start(MemoryBus())
    os._exit(9)
asyncio.run(live())
"""


def spoiled(bench: Bench, hook: str) -> Iterator[str]:
    """What a hook does with arguments that nobody should give it: the errors it failed with, in words."""
    names = [name for name in signature(getattr(spec, hook)).parameters if name != "ctx"]
    for rubbish in RUBBISH:
        try:
            bench.ask(hook, as_it_is, **dict.fromkeys(names, rubbish))
        except AmberError as error:  # the host's own words: the call was contained
            yield str(error)


class CrashContract(Contract):
    suite = "crash"

    def given_something(self, subject: Subject) -> list[str]:
        """The hooks of the plugin that are given something."""
        return [one for one in subject.hooks if hooks()[one].kind is not Kind.ROLE and one not in NOT_ASKED]

    def test_rubbish_ends_at_the_plugin(self, bench: Bench) -> None:
        before = set(bench.run(_tasks()))
        for hook in self.given_something(bench.subject):
            for said in spoiled(bench, hook):
                assert "SystemExit" not in said, "sys.exit is for programs: raise an error"
        left = set(bench.run(_tasks())) - before
        assert left == set(), "what fails must not leave tasks behind: use asyncio.TaskGroup"
        assert bench.kernel.registry.plugins[bench.subject.name].state is State.RUNNING, "the host must go on"

    def test_after_a_failure_it_answers_as_before(self, bench: Bench) -> None:
        asked = [
            hook for hook in ("ingest_protocols", "api_routes", "plugin_health", "scheduled_jobs", "login_methods")
        ]
        mine = [hook for hook in asked if hook in bench.subject.hooks]
        before = {hook: repr(type(bench.ask(hook))) for hook in mine}
        for hook in self.given_something(bench.subject):
            list(spoiled(bench, hook))
        assert {hook: repr(type(bench.ask(hook))) for hook in mine} == before, "a failed call must change nothing"

    def test_two_kernels_live_side_by_side(self, subject: Subject, tmp_path: Path) -> None:
        async def live() -> str:
            first, second = (make_kernel(subject, tmp_path / name) for name in ("one", "two"))
            for kernel in (first, second):
                kernel.data.mkdir()
                await kernel.start(MemoryBus())
            await first.stop()
            state = str(second.registry.plugins[subject.name].state)
            if "plugin_health" in subject.hooks:
                with suppress(AmberError):
                    await second.dispatcher.ask(subject.name, "plugin_health", as_it_is)
                    state = "healthy"
            await second.stop()
            return state

        hint = "what one kernel ends another one still needs: keep it in ctx.keep, not in the module"
        assert asyncio.run(live()) == ("healthy" if "plugin_health" in subject.hooks else State.RUNNING), hint

    @counts_for("silver")
    def test_it_starts_again_after_an_end_without_warning(self, subject: Subject, tmp_path: Path) -> None:
        from msgspec.json import encode

        command = [sys.executable, "-c", KILLED, subject.name, str(tmp_path), encode(dict(subject.table)).decode()]
        ended = subprocess.run(command, capture_output=True, text=True, env=os.environ)  # noqa: S603 - our own words
        assert ended.returncode == 9, f"it ends its process: {ended.stderr[-500:]}"

        async def live() -> tuple[State, str]:
            kernel = make_kernel(subject, tmp_path)
            await kernel.start(MemoryBus())
            plugin = kernel.registry.plugins[subject.name]
            await kernel.stop()
            return plugin.state, plugin.reason

        state, reason = asyncio.run(live())
        assert state is State.RUNNING, f"what the last process left half-done must not keep it from starting: {reason}"


async def _tasks() -> list[str]:
    """What else goes on in the loop."""
    await asyncio.sleep(0)
    return [str(task.get_coro()) for task in asyncio.all_tasks() if task is not asyncio.current_task()]
