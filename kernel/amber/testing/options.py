"""What `amber` adds to pytest: which installed plugin is under test, how, and what the contract said of it.

pytest loads this wherever Amber is installed, so it imports nothing of Amber before it is needed.
"""

from collections.abc import Sequence
from typing import Any

import pytest

pytest_plugins = ("amber.testing.fixtures",)
REPORT = "amber-contract-report"


def pytest_addoption(parser: Any) -> None:
    """The options, and `amber_plugin` for pytest's configuration."""
    group = parser.getgroup("amber")
    group.addoption(
        "--plugin",
        action="append",
        default=[],
        metavar="NAME",
        help="the installed plugin that is under test; all: each one",
    )
    group.addoption(
        "--plugin-config", metavar="FILE", help="an amber.toml with values for what a plugin's Config requires"
    )
    group.addoption(
        "--plugin-target",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a value of the plugin's TargetConfig; {peer} stands for the address of the contract's HTTP server",
    )
    group.addoption(
        "--tier",
        choices=("bronze", "silver", "gold"),
        default="silver",
        help="what the contract asks for; what is missing for a higher tier is told, and is no failure",
    )
    group.addoption("--contract-report", metavar="FILE", help="write tier and reasons of each plugin to a JSON file")
    group.addoption(
        "--bus", dest="amber_bus", choices=("memory", "nats"), default="memory", help="the bus under `kernel`"
    )
    parser.addini("amber_plugin", "the installed plugin that is under test", default="")


def pytest_configure(config: Any) -> None:
    """The marker, and where plugins are named the report about them."""
    config.addinivalue_line(
        "markers", "plugin(name=…, **table): the plugin that `kernel` runs, and keys of its table in amber.toml"
    )
    if config.getoption("plugin"):
        from amber.testing.contract.naming import named
        from amber.testing.contract.plugin.report import Reporter

        named(config)  # one that is not there is one line now, not an error of every module
        config.pluginmanager.register(Reporter(config), REPORT)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: Any) -> Any:
    """What only a higher tier asks for is no failure of this one."""
    report = yield
    if report.failed and _is_contract(item):
        from amber.testing.contract.plugin.fitting import is_asked

        if not is_asked(item, item.config.getoption("tier")):
            report.outcome, report.wasxfail = "skipped", "a higher tier asks for it"
    return report


def pytest_collection_modifyitems(config: Any, items: "list[Any]") -> None:
    """Leave out what does not fit the plugin, such as deliveries of one that delivers nothing."""
    if any(_is_contract(item) for item in items):
        from amber.errors import ConfigError
        from amber.testing.contract.plugin.fitting import fits, is_asked

        # what a higher tier asks for is tried where somebody wants to know, not in a plugin's own tests
        is_judged, tier = bool(config.getoption("plugin")), config.getoption("tier")
        wanted = [item for item in items if not _is_contract(item) or is_judged or is_asked(item, tier)]
        try:
            fit: Sequence[Any] = [item for item in wanted if not _is_contract(item) or fits(item)]
        except ConfigError as error:
            raise pytest.UsageError(f"{error}. Install what is under test first: pip install -e .") from None
        left = set(items) - set(fit)
        config.hook.pytest_deselected(items=[item for item in items if item in left])
        items[:] = fit


def _is_contract(item: Any) -> bool:
    return getattr(getattr(item, "cls", None), "suite", None) is not None
