"""What `amber` adds to pytest: which installed plugin `amber.testing.contract` is to look at.

pytest loads this wherever Amber is installed, so it imports nothing.
"""

from typing import Any


def pytest_addoption(parser: Any) -> None:
    """`--plugin NAME` and `--plugin-config FILE` for `pytest --pyargs amber.testing.contract`."""
    group = parser.getgroup("amber")
    group.addoption(
        "--plugin", action="append", default=[], metavar="NAME", help="hold this installed plugin to Amber's contract"
    )
    group.addoption(
        "--plugin-config", metavar="FILE", help="an amber.toml with values for what a plugin's Config requires"
    )
