"""A plugin of a stranger's, `guest`, in the kernel of `amber.testing.running`: made of functions, gone after the test.

Import the fixtures `guest` and `leave` into a `conftest.py`.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import pytest
from msgspec import Struct

from amber.plugin.manifest import Manifest
from amber.plugin.spec import hookimpl
from amber.registry import Plugin, State
from amber.testing.running import Kernel

__all__ = ["guest", "leave"]
NOTHING: Mapping[str, Any] = MappingProxyType({})


@pytest.fixture
def leave(kernel: Kernel) -> Callable[[], None]:
    """Take the plugin away, as switching it off does."""

    def leave() -> None:
        if "guest" in kernel.registry.plugins:
            kernel.registry.manager.unregister(name="guest")
            del kernel.registry.plugins["guest"]
            kernel.dispatcher.forget("guest")

    return leave


@pytest.fixture
def guest(kernel: Kernel, leave: Callable[[], None], tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Let a plugin run that answers these hooks; the answer is its folder.

    `config` is its `Config`; `told` stands in its manifest, such as `settings` and `rights`.
    """

    def enter(config: type[Struct] | None = None, told: Mapping[str, Any] = NOTHING, **hooks: Any) -> Path:
        module = ModuleType("guest")
        module.__file__ = str(tmp_path / "__init__.py")
        for name, function in hooks.items():
            setattr(module, name, hookimpl(function))
        if config is not None:
            module.Config = config  # type: ignore[attr-defined]  # as a module has it
        manifest = Manifest("guest", "Guest & friends", "A stranger's.", ("console",), **told)
        kernel.registry.plugins["guest"] = Plugin("guest", "", "1", State.FOUND, manifest=manifest)
        kernel.registry.add("guest", module)
        kernel._introduce(kernel.registry.plugins["guest"])
        return tmp_path

    yield enter
    leave()
