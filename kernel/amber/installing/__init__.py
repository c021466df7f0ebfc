"""Installs, upgrades and removes plugins beside a running Amber: all of it, or nothing.

`examine` makes an offer of what somebody asks for; nothing of it is imported or installed before it is accepted.
`read` only reads it. `Installer` does the rest.
"""

from amber.installing.installer import Installed, Installer
from amber.installing.offers import examine, read

__all__ = ["Installed", "Installer", "examine", "read"]
